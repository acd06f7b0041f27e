"""The sockets that the server listens on, and what becomes of clients that do not do their part."""

import asyncio
import errno
import socket
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

BACKLOG = 2048
"""Connections that the kernel keeps for us: every phone comes back at once after a restart."""

_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""The name has this address, but the machine does not: IPv6 is often switched off."""


class CannotListen(Exception):
    """The address or the port is not to be had."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of a name that this machine has; raise ``CannotListen``."""
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
            refusals.append(f"Cannot listen on {address[0]} port {port}: {error.strerror}")
            if error.errno not in _NOT_HERE:
                close_all(sockets)
                raise CannotListen("; ".join(refusals)) from error
    if not sockets:
        raise CannotListen("; ".join(refusals))
    return sockets


def close_all(sockets: list[socket.socket]) -> None:
    """Close the sockets."""
    for listener in sockets:
        listener.close()


def _listener(family: int, address: tuple[object, ...]) -> socket.socket:
    # Named, so that asyncio too knows its connections for TCP, and sends what is small at once.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Each address has a socket of its own.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        # Two that are bound and do not listen yet are no conflict: only this makes the port ours.
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


class AbortingWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, whose end does not depend on the client.

    An ordinary close waits until the client has read what was written to it. One that never reads
    would keep its socket, and what waits for it, for as long as its kernel answers.
    """

    linger_seconds: ClassVar[float] = 15.0
    """How long the client may take. uvicorn waits for its close frame for 10 s of these."""

    _abort: asyncio.TimerHandle | None = None

    async def run_asgi(self) -> None:
        """Serve the socket, and see to it that it ends after that."""
        try:
            await super().run_asgi()
        finally:
            if not self.disconnected:
                self._abort = self.loop.call_later(self.linger_seconds, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what waited for the end."""
        if self._abort is not None:
            self._abort.cancel()
        super().connection_lost(exc)


class ImpatientHttp(HttpToolsProtocol):
    """uvicorn's HTTP connection, which does not wait for ever for what a client asks.

    uvicorn drops a connection that is idle between two requests, but one on which nothing was
    asked yet, or where a request's head comes one byte at a time, it keeps for as long as the
    client likes. Who is being answered is not timed; a WebSocket is, in this, a request whose
    answer lasts. Nor does it wait for ever for a client that asks and does not read: what has been
    written for it lies in memory.
    """

    request_seconds: ClassVar[float] = 15.0
    """How long a client may take to say what it asks for, up to the end of the headers."""

    reading_seconds: ClassVar[float] = 30.0
    """How long a client may read nothing while there is more for it than the socket holds."""

    _patience: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _unanswered = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._lose_patience_later()

    def data_received(self, data: bytes) -> None:
        """Take what came; wait for the rest of a request's head if it is not all there."""
        super().data_received(data)
        if self._patience is None and not self._unanswered:
            self._lose_patience_later()

    def on_headers_complete(self) -> None:
        """Note that the client has said what it asks for."""
        self._stop_waiting()
        self._unanswered += 1
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Note that the client has its answer."""
        self._unanswered -= 1
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self.reading_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Note that the client reads."""
        self._stop_stalling()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what waited."""
        self._stop_stalling()
        self._stop_waiting()
        super().connection_lost(exc)

    def _lose_patience_later(self) -> None:
        self._patience = self.loop.call_later(self.request_seconds, self.transport.abort)

    def _stop_stalling(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def impatient_http(request_seconds: float) -> type[ImpatientHttp]:
    """Return the protocol for uvicorn's ``http``, with a patience of so many seconds."""
    return type("ImpatientHttp", (ImpatientHttp,), {"request_seconds": request_seconds})
