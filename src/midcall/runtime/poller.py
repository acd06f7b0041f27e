"""The loop behind an outbox: claim what is due, process it, wait. Knows no SQL and no HTTP.

- One item of a lane is in flight at a time; the next of the lane is claimed after it is done.
- At most ``concurrency`` items are in flight; more are not claimed, so nothing queues up here.
- ``wake`` is never lost: a wake-up during a claim leads to another claim.
- An item whose processing raises is not lost either: its lane rests a while, then it is claimed
  again. The same goes for a claim that raises, with the whole loop at rest.
- What is not woken still looks for itself, at the next due time or after ``longest_wait_seconds``.
- A due time that is further ahead than any can be (``latest_due_seconds``) is of a clock that has
  been put back since, while the server was down. Such an item does not wait for it: it is claimed
  once nothing is due, or due sooner.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

import msgspec
import structlog

from midcall.runtime.whereabouts import whereabouts

_log = structlog.get_logger(__name__)

# Due times have microseconds, timers rather less: without a shortest wait, a due time that is a
# hair away would be asked for again and again.
_SHORTEST_WAIT_SECONDS = 0.01


class Laned(Protocol):
    """Something that leaves in the order of its lane."""

    @property
    def lane(self) -> str:
        """The name of the lane."""
        ...


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a loop goes. All times are in seconds.

    ``concurrency`` is how many items may be in flight. ``rest_seconds`` is how long a lane, or the
    loop, rests after an error. ``longest_wait_seconds`` bounds a wait that nobody ends, and
    ``drain_seconds`` how long what is in flight may still take when the loop is stopped.
    ``latest_due_seconds`` is how far ahead a due time can be; ``None`` if it can be any.
    """

    concurrency: int
    rest_seconds: float = 5.0
    longest_wait_seconds: float = 30.0
    drain_seconds: float = 20.0
    latest_due_seconds: float | None = None


Item = TypeVar("Item", bound=Laned)


class Poller(Generic[Item]):
    """Runs one such loop.

    ``claim(now, busy, limit)`` returns at most ``limit`` due items, the first of each lane outside
    ``busy``. ``process`` takes one to its end; when it returns, the item is not claimed again
    unless it is due again. ``next_due(busy)`` says when the next item outside ``busy`` is due.
    """

    def __init__(
        self,
        *,
        claim: Callable[[datetime, frozenset[str], int], Awaitable[Sequence[Item]]],
        process: Callable[[Item], Awaitable[None]],
        next_due: Callable[[frozenset[str]], Awaitable[datetime | None]],
        clock: Callable[[], datetime],
        pace: Pace,
    ) -> None:
        self._claim = claim
        self._process = process
        self._next_due = next_due
        self._clock = clock
        self._pace: Final = pace
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._resting: dict[str, datetime] = {}
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()

    @property
    def in_flight(self) -> int:
        """How many items are being processed."""
        return len(self._in_flight)

    def wake(self) -> None:
        """Say that there may be something new."""
        self._woken.set()

    def stop(self) -> None:
        """Take nothing more. ``run`` returns when what is in flight is done, or out of time."""
        self._stopped.set()
        self._woken.set()

    async def run(self) -> None:
        """Run until ``stop``; give what is in flight then ``drain_seconds`` to finish.

        If this is cancelled, so is what is in flight.
        """
        try:
            while not self._stopped.is_set():
                await self._turn()
            if self._in_flight:
                await asyncio.wait(self._in_flight.values(), timeout=self._pace.drain_seconds)
        finally:
            left = tuple(self._in_flight.values())
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _turn(self) -> None:
        # Cleared before the claim, so that whatever comes after it started leads to another.
        self._woken.clear()
        try:
            await self._take(self._clock())
            seconds = await self._seconds_to_wait()
        except Exception as error:
            # Whatever is wrong with the store, going on later is better than never again.
            _log.error("Claiming from the outbox failed", error=whereabouts(error))
            await _wait(self._stopped, self._pace.rest_seconds)
        else:
            await _wait(self._woken, seconds)

    async def _take(self, due_by: datetime) -> None:
        """Begin what is due by a time, as far as there is room."""
        free = self._pace.concurrency - len(self._in_flight)
        if free <= 0:
            return
        now = self._clock()
        self._resting = {lane: until for lane, until in self._resting.items() if until > now}
        for item in await self._claim(due_by, self._busy(), free):
            if item.lane not in self._in_flight and not self._stopped.is_set():
                task = asyncio.create_task(self._run_one(item), name=f"outbox {item.lane}")
                self._in_flight[item.lane] = task

    def _busy(self) -> frozenset[str]:
        return frozenset(self._in_flight) | frozenset(self._resting)

    async def _run_one(self, item: Item) -> None:
        try:
            await self._process(item)
        except Exception as error:
            self._resting[item.lane] = self._clock() + timedelta(seconds=self._pace.rest_seconds)
            _log.error(
                "Processing an outbox entry failed", lane=item.lane, error=whereabouts(error)
            )
        finally:
            del self._in_flight[item.lane]
            self._woken.set()

    async def _seconds_to_wait(self) -> float:
        if len(self._in_flight) >= self._pace.concurrency:
            return self._pace.longest_wait_seconds  # The end of one of them will wake us.
        due, now = await self._next_due(self._busy()), self._clock()
        if due is not None and self._misdated(due, now):
            await self._take(due)
            return _SHORTEST_WAIT_SECONDS
        times = [*self._resting.values(), *([] if due is None else [due])]
        if not times:
            return self._pace.longest_wait_seconds
        seconds = (min(times) - now).total_seconds()
        return min(max(seconds, _SHORTEST_WAIT_SECONDS), self._pace.longest_wait_seconds)

    def _misdated(self, due: datetime, now: datetime) -> bool:
        latest = self._pace.latest_due_seconds
        return latest is not None and due > now + timedelta(seconds=latest)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
