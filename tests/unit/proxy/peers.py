"""Streams without sockets: what a peer says is fed, what it is sent is kept."""

import asyncio
from collections.abc import Callable

from midcall.proxy.tunnel import End


class Wire(asyncio.Transport):
    """A transport to a peer that reads everything, unless it is told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.sent = b""
        self.said_all = False
        self.closed = False
        self.aborted = False
        self.lingers = False  # Whether something remains unread when it is closed.
        self.protocol: asyncio.StreamReaderProtocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.said_all = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if self.closed or self.loop.is_closed():
            return
        self.closed = True
        if not self.lingers:
            self.loop.call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        self.aborted = True
        self.lingers = False
        self.closed = False
        self.close()

    def stick(self) -> None:
        """Have the peer read nothing from now on."""
        self.protocol.pause_writing()


class Peer:
    """Who is at the other side of a wire."""

    def __init__(self, limit: int = 2**16) -> None:
        self.reader = asyncio.StreamReader(limit=limit)
        self.wire = Wire()
        self.wire.protocol = asyncio.StreamReaderProtocol(self.reader)
        self.wire.protocol.connection_made(self.wire)
        self.writer = asyncio.StreamWriter(
            self.wire, self.wire.protocol, self.reader, self.wire.loop
        )
        self.end = End(self.reader, self.writer)

    def says(self, text: bytes, *, all: bool = False) -> None:
        """Have it say something."""
        if text:
            self.reader.feed_data(text)
        if all:
            self.reader.feed_eof()

    def breaks(self) -> None:
        """Have its connection reset."""
        self.wire.closed = True
        self.wire.protocol.connection_lost(ConnectionResetError())

    @property
    def heard(self) -> bytes:
        """What it was sent."""
        return self.wire.sent


async def until(true: Callable[[], bool]) -> None:
    """Let a moment of the clockwork's time pass, again and again, until something holds."""
    for _ in range(100_000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")
