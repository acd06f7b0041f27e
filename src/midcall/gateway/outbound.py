"""What waits to be written to one socket: bounded, in order, written by one task."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable


class Outbound:
    """A queue of texts in front of a socket. Past its mark ``overflowed`` is called, once.

    The mark is ``queued_bytes``; what is written at this moment does not count.
    """

    def __init__(
        self,
        write: Callable[[str], Awaitable[None]],
        overflowed: Callable[[], None],
        queued_bytes: int,
    ) -> None:
        self._write = write
        self._overflowed = overflowed
        self._queued_bytes = queued_bytes
        self._texts: deque[str] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._closing = False

    def put(self, text: str) -> None:
        """Queue a text behind those that wait."""
        if self._closing:
            return
        self._texts.append(text)
        self._bytes += len(text)
        self._wake.set()
        if self._bytes > self._queued_bytes:
            self.close(drop=True)
            self._overflowed()

    def close(self, *, drop: bool = False) -> None:
        """Take nothing more; write what waits, or drop it."""
        self._closing = True
        if drop:
            self._texts.clear()
        self._wake.set()

    async def run(self) -> None:
        """Write until closed."""
        while True:
            while self._texts:
                text = self._texts.popleft()
                self._bytes -= len(text)
                await self._write(text)
            if self._closing:
                return
            self._wake.clear()
            await self._wake.wait()
