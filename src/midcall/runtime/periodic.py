"""Work that is done again and again, whatever becomes of it once."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from midcall.runtime.whereabouts import whereabouts

_log = structlog.get_logger(__name__)


class Periodic:
    """Does a work at once, and again so many seconds after it was done."""

    def __init__(self, name: str, work: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._name = name
        self._work = work
        self._seconds = seconds
        self._stopped = False
        self._woken = asyncio.Event()
        self._working = True

    @property
    def resting(self) -> bool:
        """Whether it waits for the next time."""
        return not self._working and not self._woken.is_set()

    def stop(self) -> None:
        """Begin no more; what has begun is finished."""
        self._stopped = True
        self._woken.set()

    def wake(self) -> None:
        """Do it now: the clock was moved."""
        self._woken.set()

    async def run(self) -> None:
        """Run until ``stop``."""
        while not self._stopped:
            self._woken.clear()
            self._working = True
            try:
                await self._work()
            except Exception as error:
                # Whatever is wrong with the store, going on later is better than never again.
                _log.error("Periodic work failed", work=self._name, error=whereabouts(error))
            self._working = False
            try:
                async with asyncio.timeout(self._seconds):
                    await self._woken.wait()
            except TimeoutError:
                continue
