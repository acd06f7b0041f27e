"""Bytes both ways between two streams, until both ends have said everything.

- Each direction ends for itself: a peer that has said everything still hears the other one.
- What is not read is not taken either: a direction holds one chunk and what its socket buffers.
- A tunnel in which nothing moves ends, and so does one whose reader does not read.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

CHUNK_BYTES: Final = 64 * 1024
"""What is carried at once: about what a socket gives at most."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def close(self, seconds: float) -> None:
        """Close it once the peer has read everything, or after so many seconds; 0: at once."""
        if not seconds:
            # What broke in the middle is cut off: the rest of it is of no use to anybody.
            self.writer.transport.abort()
            return
        self.writer.close()
        try:
            async with asyncio.timeout(seconds):
                await self.writer.wait_closed()
        except OSError:
            # Broken, or out of time: TimeoutError is an OSError.
            self.writer.transport.abort()


async def carry(one: End, other: End, *, idle_seconds: float) -> bool:
    """Carry what each end says to the other; return whether both came to their end.

    They did not if one of them broke, or if nothing moved for ``idle_seconds``.
    """
    loop = asyncio.get_running_loop()
    whole = False
    try:
        async with asyncio.timeout(idle_seconds) as patience:

            def moved() -> None:
                if not patience.expired():
                    patience.reschedule(loop.time() + idle_seconds)

            async with asyncio.TaskGroup() as group:
                group.create_task(_carry_one_way(one, other, moved), name="tunnel up")
                group.create_task(_carry_one_way(other, one, moved), name="tunnel down")
        whole = True
    except* OSError:
        pass  # Broken, or out of time: TimeoutError is an OSError.
    return whole


async def _carry_one_way(source: End, sink: End, moved: Callable[[], None]) -> None:
    while chunk := await source.reader.read(CHUNK_BYTES):
        sink.writer.write(chunk)
        await sink.writer.drain()
        moved()
    if sink.writer.can_write_eof():
        sink.writer.write_eof()
