"""Running a composed server: sockets, signals, uvicorn, and the order of the end."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from datetime import UTC, datetime
from pathlib import Path

import structlog
import uvicorn
from msgspec.structs import replace

from midcall.app import bootstrap
from midcall.app.bootstrap import Credentials
from midcall.app.certificates import CertificateFiles, ensure_certificates
from midcall.app.compose import compose, forward
from midcall.app.server import STOP_SECONDS
from midcall.app.settings import Settings
from midcall.app.sockets import (
    BACKLOG,
    AbortingWebSocket,
    CannotListen,
    close_all,
    impatient_http,
    listen,
)
from midcall.app.time import utc_now
from midcall.core.ports import Store
from midcall.store.sqlite import open_store

log = structlog.get_logger()

GOODBYE_SECONDS = 1.0
"""How long a peer may take to answer the end of its connection when the server stops."""

Announce = Callable[[Credentials | None, CertificateFiles | None], None]
"""Told once, when the server takes work."""


async def serve(settings: Settings, *, dev: bool, announce: Announce) -> None:
    """Serve until SIGTERM or SIGINT, then stop in order.

    Raises ``StoreUnusable``, ``CannotListen`` or ``OSError`` before anything is served.
    """
    certificates = certificates_of(settings)
    with contextlib.ExitStack() as stack:
        sockets = listen(settings.host, settings.port)
        stack.callback(close_all, sockets)
        proxied = _listen_for_proxy(settings)
        stack.callback(close_all, proxied)
        store = await open_store(settings.store, master_key=settings.store_key)
        proxy = forward(settings, sockets)
        server = compose(settings, store, certificates.ca if certificates else None)
        try:
            credentials = await _ensure_credentials(store, settings, dev=dev)
            if dev and credentials is not None:
                one_time_key = server.sessions.issue_key(credentials.account.sid)
                credentials = replace(credentials, console_key=one_time_key)
            await server.start()
            await proxy.start(proxied)
            app = server.app(credentials, mints_tokens=dev)
            http = Http(http_config(app, settings, certificates))
            http.on_started = lambda: announce(credentials, certificates)
            http.on_stopping = server.drain
            await http.serve(sockets)
        finally:
            await proxy.close(GOODBYE_SECONDS)
            await server.stop()


def _listen_for_proxy(settings: Settings) -> list[socket.socket]:
    if not settings.proxy_port:
        return []
    try:
        return listen(settings.proxy_host, settings.proxy_port)
    except CannotListen as error:
        raise CannotListen(f"{error} (the forward proxy's: MIDCALL_PROXY_PORT)") from error


async def _ensure_credentials(store: Store, settings: Settings, *, dev: bool) -> Credentials | None:
    if dev:
        return await bootstrap.ensure_dev(store, settings, utc_now, os.urandom)
    return await bootstrap.ensure_stated(store, settings, utc_now)


class Http(uvicorn.Server):
    """uvicorn that leaves signals to us and tells when it began and when it ends."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.on_started: Callable[[], None] = lambda: None
        self.on_stopping: Callable[[], Awaitable[None]]

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop once on a signal, at once on a second one; the exit code stays ours."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve the sockets, and tell of it."""
        await super().startup(sockets)
        if self.started:
            self.on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Send everybody away, then close what is left."""
        log.info("The server stops")
        # uvicorn would close every socket before anything is said on it. Nobody new comes in while
        # those who are here are sent away.
        for server in self.servers:
            server.close()
        await self.on_stopping()
        goodbyes = asyncio.create_task(
            _hasten_goodbyes(
                [connection.transport for connection in self.server_state.connections]
            ),
            name="hasten goodbyes",
        )
        try:
            await super().shutdown(sockets)
        finally:
            goodbyes.cancel()


async def _hasten_goodbyes(transports: list[asyncio.Transport]) -> None:
    """Cut off connections that were closed here and whose peer does not say goodbye.

    A TLS connection ends when both sides said so (RFC 8446 section 6.1), and a client with an idle
    connection in its pool does not read: the server would wait for it to the last second.
    """
    while True:
        await asyncio.sleep(GOODBYE_SECONDS)
        for transport in transports:
            if transport.is_closing():
                transport.abort()


def http_config(
    app: object,
    settings: Settings,
    certificates: CertificateFiles | None,
    websocket: type[AbortingWebSocket] = AbortingWebSocket,
) -> uvicorn.Config:
    """Return how uvicorn serves an application; ``websocket`` is its WebSocket protocol."""
    certificate = certificates.certificate if certificates else settings.tls_cert
    key = certificates.key if certificates else settings.tls_key
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # Starlette's own type for an ASGI application differs
        http=impatient_http(settings.request_seconds),
        ws=websocket,
        ws_max_size=settings.frame_bytes,
        # Small JSON gains nothing from compression, and each connection would keep a window.
        ws_per_message_deflate=False,
        # The signalling has heartbeats of its own.
        ws_ping_interval=None,
        backlog=BACKLOG,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(STOP_SECONDS),
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )


def certificates_of(settings: Settings, directory: Path | None = None) -> CertificateFiles | None:
    """Return the certificate of the local CA, made if it is missing; ``None`` if it is not used.

    ``directory`` is where it is kept if not where the settings say.
    """
    if settings.tls != "auto":
        return None
    return ensure_certificates(
        directory or settings.tls_directory, public_host=settings.public_host, now=datetime.now(UTC)
    )
