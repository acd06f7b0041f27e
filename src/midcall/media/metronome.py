"""The beat to which audio that we make ourselves is sent: one task for all endpoints."""

import asyncio
from collections.abc import Awaitable, Callable

from midcall.media.codecs import FRAME_SECONDS
from midcall.media.streams import Clock

LATE_SECONDS = 0.1
"""Past this, beats that were missed are dropped. Up to it they follow at once, because a device
plays 100 ms from its jitter buffer without a gap."""


class Metronome:
    """Calls ``beat`` every 20 ms on average, for as long as ``wanted`` says so.

    Time and sleeping are arguments, so that tests need none.
    """

    def __init__(
        self,
        beat: Callable[[], Awaitable[None]],
        wanted: Callable[[], bool],
        *,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._beat = beat
        self._wanted = wanted
        self._clock = clock
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Beat, unless it does so already."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self.run(), name="media-metronome")

    async def stop(self) -> None:
        """Stop, and wait until it has stopped."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def run(self) -> None:
        """Beat until it is no longer wanted."""
        due = self._clock()
        while self._wanted():
            await self._beat()
            due += FRAME_SECONDS
            late = self._clock() - due
            if late > LATE_SECONDS:
                due += late
            await self._sleep(max(0.0, due - self._clock()))
