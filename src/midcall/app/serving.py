"""Running a composed server: sockets, signals, uvicorn, and the order of the end."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path

import structlog
import uvicorn

from midcall.app import bootstrap
from midcall.app.bootstrap import Credentials
from midcall.app.certificates import CertificateFiles, ensure_certificates
from midcall.app.compose import STOP_SECONDS, compose, utc_now
from midcall.app.settings import Settings
from midcall.core.limits import FRAME_BYTES
from midcall.store.sqlite import open_store

log = structlog.get_logger()

Announce = Callable[[Credentials | None, CertificateFiles | None], None]
"""Told once, when the server takes work."""


class CannotListen(Exception):
    """The address or the port is not to be had."""


async def serve(settings: Settings, *, dev: bool, announce: Announce) -> None:
    """Serve until SIGTERM or SIGINT, then stop in order.

    Raises ``StoreUnusable``, ``CannotListen`` or ``OSError`` before anything is served.
    """
    certificates = _certificates(settings)
    sockets = listen(settings.host, settings.port)
    store = await open_store(settings.store)
    if dev:
        credentials: Credentials | None = await bootstrap.ensure_dev(
            store, settings, utc_now, os.urandom
        )
    else:
        credentials = await bootstrap.ensure_stated(store, settings, utc_now)
    server = compose(settings, store, certificates.ca if certificates else None)
    try:
        await server.start()
        app = server.app(credentials, mints_tokens=dev)
        http = _Http(_config(app, settings, certificates))
        http.on_started = lambda: announce(credentials, certificates)
        http.on_stopping = server.drain
        await http.serve(sockets)
        if not http.started:
            raise CannotListen(f"cannot serve on {settings.host} port {settings.port}")
    finally:
        await server.stop()
        for listener in sockets:
            listener.close()


def listen(host: str, port: int) -> list[socket.socket]:
    """Open a listening socket on every address of a name; raise ``CannotListen``."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CannotListen(f"HOST {host} has no address: {error.strerror}") from error
    sockets: list[socket.socket] = []
    refusals: list[str] = []
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            sockets.append(_listener(family, address))
        except OSError as error:
            refusals.append(f"{address[0]} port {port}: {error.strerror}")
            if error.errno != errno.EADDRNOTAVAIL:
                for opened in sockets:
                    opened.close()
                raise CannotListen("; ".join(refusals)) from error
    if not sockets:
        raise CannotListen("; ".join(refusals))
    return sockets


def _listener(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Each address has a socket of its own.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


class _Http(uvicorn.Server):
    """uvicorn that leaves signals to us and tells when it began and when it ends."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.on_started: Callable[[], None] = lambda: None
        self.on_stopping: Callable[[], None] = lambda: None

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
        await super().startup(sockets)
        if self.started:
            self.on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        log.info("The server stops")
        self.on_stopping()
        await super().shutdown(sockets)


def _config(
    app: object, settings: Settings, certificates: CertificateFiles | None
) -> uvicorn.Config:
    certificate = certificates.certificate if certificates else settings.tls_cert
    key = certificates.key if certificates else settings.tls_key
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # Starlette's own type for an ASGI application differs
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=FRAME_BYTES,
        # Small JSON gains nothing from compression, and each connection would keep a window.
        ws_per_message_deflate=False,
        # The signalling has heartbeats of its own.
        ws_ping_interval=None,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(STOP_SECONDS),
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )


def _certificates(settings: Settings) -> CertificateFiles | None:
    if settings.tls != "auto":
        return None
    return ensure_certificates(
        Path(settings.tls_directory), public_host=settings.public_host, now=datetime.now(UTC)
    )
