"""A server inside a program, in the event loop of whoever asks for it: for tests, demonstrations.

It is the same server as ``midcall dev`` starts, on a free loopback port. It leaves signals to the
program, and takes its settings from the program alone, not from the environment.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette

from midcall.app import bootstrap
from midcall.app.bootstrap import Credentials
from midcall.app.compose import compose
from midcall.app.hooks import NO_HOOKS, Hooks
from midcall.app.server import Server
from midcall.app.serving import Http, certificates_of, http_config
from midcall.app.settings import Settings
from midcall.app.sockets import AbortingWebSocket, close_all, listen
from midcall.store.sqlite import open_store

LOOPBACK: Final = "127.0.0.1"

IN_MEMORY: Final = "sqlite:///:memory:"

Wrap = Callable[[Any], Any]
"""Makes one ASGI application of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A server that runs, what a client of it needs, and its authority if it speaks TLS.

    ``app`` is all that is served; a program may add routes of its own.
    """

    server: Server
    app: Starlette
    credentials: Credentials
    ca: Path | None

    @property
    def url(self) -> str:
        """The origin."""
        return self.server.settings.public_url


def listen_anywhere() -> list[socket.socket]:
    """Listen on a free loopback port; raise ``CannotListen``."""
    return listen(LOOPBACK, 0)


def settings_for(listeners: Sequence[socket.socket], **stated: object) -> Settings:
    """Return the settings of a server in memory without audio on these sockets.

    ``stated`` are settings of one's own, as values or as text. Raises pydantic's
    ``ValidationError`` for one that cannot be used.
    """
    port = listeners[0].getsockname()[1]
    tls = str(stated.get("tls", "off"))
    scheme = "http" if tls == "off" else "https"
    ours: dict[str, Any] = {
        "host": LOOPBACK,
        "port": port,
        "tls": tls,
        "public_url": f"{scheme}://{LOOPBACK}:{port}",
        "store": IN_MEMORY,
        "media": "none",
        "proxy_port": 0,
        "egress_allow": "127.0.0.0/8,::1/128",
    }
    return Settings(**{**ours, **stated})


@asynccontextmanager
async def embedded(
    settings: Settings,
    listeners: Sequence[socket.socket],
    *,
    hooks: Hooks = NO_HOOKS,
    wrap: Wrap = lambda app: app,
    websocket: type[AbortingWebSocket] = AbortingWebSocket,
    certificates_in: Path | None = None,
) -> AsyncIterator[Embedded]:
    """Run a server on sockets that listen already; they are closed at the end.

    ``wrap`` and ``websocket`` come between the network and the application. ``certificates_in`` is
    where the local CA is kept if not where the settings say.
    """
    async with AsyncExitStack() as stack:
        stack.callback(close_all, list(listeners))
        # Making keys takes a moment, in which others may go on.
        certificates = await asyncio.to_thread(certificates_of, settings, certificates_in)
        ca = certificates.ca if certificates is not None else None
        store = await open_store(settings.store, master_key=settings.store_key)
        server = compose(settings, store, ca, hooks=hooks)
        stack.push_async_callback(server.stop)
        credentials = await bootstrap.ensure_dev(store, settings, server.clock, os.urandom)
        await server.start()
        app = server.app(credentials, mints_tokens=True)
        http = Http(http_config(wrap(app), settings, certificates, websocket))
        http.on_stopping = server.drain
        await stack.enter_async_context(_served(http, list(listeners)))
        yield Embedded(server=server, app=app, credentials=credentials, ca=ca)


@asynccontextmanager
async def _served(http: Http, listeners: list[socket.socket]) -> AsyncIterator[None]:
    http.config.load()
    http.lifespan = http.config.lifespan_class(http.config)
    await http.startup(listeners)
    ticking = asyncio.create_task(http.main_loop(), name="http")
    try:
        yield
    finally:
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking
        await _end(http)


async def _end(http: Http) -> None:
    """Send everybody away and wait for nobody: who is still here is the same program."""
    for server in http.servers:
        server.close()
    await http.on_stopping()
    tasks = tuple(http.server_state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for connection in tuple(http.server_state.connections):
        connection.transport.abort()
