"""What waits to be written to one socket."""

import asyncio
from dataclasses import dataclass, field

import pytest

from midcall.gateway.outbound import Outbound

QUEUED_BYTES = 16 * 1024


@dataclass
class Socket:
    """A socket whose peer reads only while it is ``reading``."""

    written: list[str] = field(default_factory=list)
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    overflows: int = 0

    async def write(self, text: str) -> None:
        await self.reading.wait()
        self.written.append(text)

    def overflowed(self) -> None:
        self.overflows += 1


async def settle() -> None:
    """Let every task run until all of them wait."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_texts_are_written_in_order() -> None:
    """What is put first is written first, before and while the writer runs."""
    socket = Socket()
    socket.reading.set()
    outbound = Outbound(socket.write, socket.overflowed, QUEUED_BYTES)
    outbound.put("1")
    outbound.put("2")
    running = asyncio.create_task(outbound.run())
    await settle()
    outbound.put("3")
    await settle()
    outbound.close()
    await running
    assert socket.written == ["1", "2", "3"]


async def test_what_waits_is_still_written_after_the_end() -> None:
    """Closing keeps what was said before it, and takes nothing after it."""
    socket = Socket()
    outbound = Outbound(socket.write, socket.overflowed, QUEUED_BYTES)
    running = asyncio.create_task(outbound.run())
    outbound.put("first")
    outbound.put("last")
    await settle()
    outbound.close()
    outbound.put("too late")
    socket.reading.set()
    await running
    assert socket.written == ["first", "last"]


async def test_a_peer_that_does_not_read_overflows_once() -> None:
    """Past the mark everything that waits is dropped, and the owner is told once."""
    socket = Socket()
    outbound = Outbound(socket.write, socket.overflowed, QUEUED_BYTES)
    running = asyncio.create_task(outbound.run())
    outbound.put("under way")
    await settle()
    for _ in range(2 * QUEUED_BYTES // 1024):
        outbound.put("x" * 1024)
    assert socket.overflows == 1
    socket.reading.set()
    await running
    assert socket.written == ["under way"]


async def test_a_peer_that_reads_never_overflows() -> None:
    """What was written does not count, however much it is in the course of time."""
    socket = Socket()
    socket.reading.set()
    outbound = Outbound(socket.write, socket.overflowed, QUEUED_BYTES)
    running = asyncio.create_task(outbound.run())
    text = "x" * (QUEUED_BYTES // 2)
    for _ in range(10):
        outbound.put(text)
        await settle()
    outbound.close()
    await running
    assert socket.overflows == 0
    assert len(socket.written) == 10


async def test_the_mark_itself_is_not_past_the_mark() -> None:
    """Exactly as much as the mark may wait."""
    socket = Socket()
    outbound = Outbound(socket.write, socket.overflowed, QUEUED_BYTES)
    outbound.put("x" * QUEUED_BYTES)
    assert socket.overflows == 0
    outbound.put("x")
    assert socket.overflows == 1


async def test_a_failing_socket_ends_the_writer() -> None:
    """The error of a write comes out of the writer; its owner decides what it means."""

    async def broken(_text: str) -> None:
        raise ConnectionResetError

    outbound = Outbound(broken, lambda: None, QUEUED_BYTES)
    outbound.put("text")
    with pytest.raises(ConnectionResetError):
        await outbound.run()
