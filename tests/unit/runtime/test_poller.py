"""The loop is driven through its ports: a fake outbox, a clock that stands still, and gates."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from midcall.runtime.poller import Pace, Poller

NextDue = Callable[[frozenset[str]], Awaitable[datetime | None]]

START = datetime(2026, 1, 1, tzinfo=UTC)


class Item(msgspec.Struct, frozen=True):
    lane: str
    number: int
    due_at: datetime = START


class Outbox:
    """Pending items in order, and what the loop did with them."""

    def __init__(self, *items: Item) -> None:
        self.pending = list(items)
        self.now = START
        self.claims = 0
        self.claim_errors: list[Exception] = []
        self.begun: list[Item] = []
        self.done: list[Item] = []
        self.most_at_once = 0
        self.most_in_a_lane = 0
        self._running: dict[str, int] = defaultdict(int)
        self._changed = asyncio.Condition()
        self.work: Callable[[Item], Awaitable[None]] = self._no_work

    async def _no_work(self, item: Item) -> None:
        await asyncio.sleep(0)

    def _firsts(self, busy: frozenset[str]) -> list[Item]:
        firsts: dict[str, Item] = {}
        for item in self.pending:
            firsts.setdefault(item.lane, item)
        return [item for lane, item in firsts.items() if lane not in busy]

    async def claim(self, now: datetime, busy: frozenset[str], limit: int) -> list[Item]:
        self.claims += 1
        if self.claim_errors:
            raise self.claim_errors.pop()
        await asyncio.sleep(0)
        due = [item for item in self._firsts(busy) if item.due_at <= now][:limit]
        await self._tell()
        return due

    async def next_due(self, busy: frozenset[str]) -> datetime | None:
        return min((item.due_at for item in self._firsts(busy)), default=None)

    async def process(self, item: Item) -> None:
        self._running[item.lane] += 1
        self.most_at_once = max(self.most_at_once, sum(self._running.values()))
        self.most_in_a_lane = max(self.most_in_a_lane, self._running[item.lane])
        self.begun.append(item)
        await self._tell()
        try:
            await self.work(item)
            self.pending.remove(item)
            self.done.append(item)
        finally:
            self._running[item.lane] -= 1
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(condition)

    def poller(
        self,
        *,
        next_due: NextDue | None = None,
        concurrency: int = 10,
        rest_seconds: float = 5.0,
        longest_wait_seconds: float = 30.0,
        drain_seconds: float = 20.0,
        latest_due_seconds: float | None = None,
    ) -> Poller[Item]:
        return Poller(
            claim=self.claim,
            process=self.process,
            next_due=next_due or self.next_due,
            clock=lambda: self.now,
            pace=Pace(
                concurrency=concurrency,
                rest_seconds=rest_seconds,
                longest_wait_seconds=longest_wait_seconds,
                drain_seconds=drain_seconds,
                latest_due_seconds=latest_due_seconds,
            ),
        )


@asynccontextmanager
async def _running(poller: Poller[Item]) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(poller.run(), name="poller")
    try:
        yield task
    finally:
        poller.stop()
        async with asyncio.timeout(20):
            await asyncio.gather(task, return_exceptions=True)


async def test_a_lane_leaves_in_order_one_at_a_time() -> None:
    """Items of a lane never overtake each other, whatever the concurrency allows."""
    items = [Item(lane, number) for number in range(5) for lane in ("a", "b", "c")]
    outbox = Outbox(*items)
    async with _running(outbox.poller()):
        await outbox.until(lambda: len(outbox.done) == len(items))
    for lane in ("a", "b", "c"):
        assert [item.number for item in outbox.begun if item.lane == lane] == [0, 1, 2, 3, 4]
    assert outbox.most_in_a_lane == 1


async def test_concurrency_is_bounded() -> None:
    """No more items are in flight than allowed, and all of them get their turn."""
    outbox = Outbox(*(Item(f"lane {number}", number) for number in range(20)))
    async with _running(outbox.poller(concurrency=3)):
        await outbox.until(lambda: len(outbox.done) == 20)
    assert outbox.most_at_once == 3


async def test_a_slow_lane_does_not_hold_the_others_up() -> None:
    """While one lane waits, the rest of the outbox leaves."""
    outbox = Outbox(Item("slow", 0), *(Item("quick", number) for number in range(3)))
    gate = asyncio.Event()

    async def work(item: Item) -> None:
        if item.lane == "slow":
            await gate.wait()

    outbox.work = work
    async with _running(outbox.poller()):
        await outbox.until(lambda: len(outbox.done) == 3)
        gate.set()
        await outbox.until(lambda: len(outbox.done) == 4)


async def test_what_is_added_leaves_when_the_loop_is_woken() -> None:
    """An idle loop does not wait for its longest wait."""
    outbox = Outbox()
    poller = outbox.poller()
    async with _running(poller):
        await outbox.until(lambda: outbox.claims == 1)
        outbox.pending.append(Item("a", 0))
        poller.wake()
        await outbox.until(lambda: len(outbox.done) == 1)


async def test_a_wake_up_is_not_lost() -> None:
    """What is added after the loop has looked, and before it waits, leaves at once."""
    outbox = Outbox()

    async def look_then_add(busy: frozenset[str]) -> datetime | None:
        due = await outbox.next_due(busy)
        if outbox.claims == 1:
            outbox.pending.append(Item("a", 0))
            poller.wake()
        return due

    poller = outbox.poller(next_due=look_then_add)
    async with _running(poller):
        await outbox.until(lambda: len(outbox.done) == 1)


async def test_what_is_not_due_waits_for_its_time() -> None:
    """The loop looks again when the clock says that the item is due, not before."""
    outbox = Outbox(Item("a", 0, START + timedelta(seconds=60)))
    poller = outbox.poller(longest_wait_seconds=20)
    async with _running(poller):
        await outbox.until(lambda: outbox.claims == 1)
        poller.wake()
        await outbox.until(lambda: outbox.claims == 2)
        assert outbox.begun == []
        outbox.now += timedelta(seconds=60)
        poller.wake()
        await outbox.until(lambda: len(outbox.done) == 1)


async def test_the_loop_looks_again_at_the_next_due_time() -> None:
    """Nobody needs to wake it for what it knows of."""
    outbox = Outbox(Item("a", 0, START + timedelta(milliseconds=20)))
    async with _running(outbox.poller()):
        await outbox.until(lambda: outbox.claims == 1)
        outbox.now += timedelta(seconds=1)
        await outbox.until(lambda: len(outbox.done) == 1)


async def test_the_loop_looks_again_after_its_longest_wait() -> None:
    """What another node added is found without being told."""
    outbox = Outbox()
    async with _running(outbox.poller(longest_wait_seconds=0.01)):
        await outbox.until(lambda: outbox.claims == 2)
        outbox.pending.append(Item("a", 0))
        await outbox.until(lambda: len(outbox.done) == 1)


async def test_what_a_clock_put_far_ahead_does_not_wait_for_it() -> None:
    """No due time can be that far ahead: the clock was put back since, and the item leaves."""
    ahead = START + timedelta(days=1)
    outbox = Outbox(Item("a", 0, ahead), Item("a", 1, ahead), Item("b", 0, ahead))
    async with _running(outbox.poller(latest_due_seconds=60, concurrency=1)):
        await outbox.until(lambda: len(outbox.done) == 3)
    assert outbox.now == START


async def test_what_is_due_as_late_as_can_be_waits_for_its_time() -> None:
    """Only what is due later than that is taken before it is due."""
    outbox = Outbox(Item("a", 0, START + timedelta(seconds=60)))
    poller = outbox.poller(latest_due_seconds=60)
    async with _running(poller):
        await outbox.until(lambda: outbox.claims == 1)
        poller.wake()
        await outbox.until(lambda: outbox.claims == 2)
        assert outbox.begun == []


async def test_a_lane_that_rests_does_so_beside_a_due_time_that_cannot_be() -> None:
    """Taking what a clock misdated wakes no lane that rests after an error."""
    outbox = Outbox(Item("bad", 0))

    async def work(item: Item) -> None:
        if item.lane == "bad":
            raise RuntimeError

    outbox.work = work
    poller = outbox.poller(latest_due_seconds=60)
    async with _running(poller):
        # The error has woken the loop, which then sees a lane at rest.
        await outbox.until(lambda: outbox.claims == 2)
        outbox.pending.append(Item("ahead", 0, START + timedelta(days=1)))
        poller.wake()
        await outbox.until(lambda: len(outbox.done) == 1)
        seen = outbox.claims
        poller.wake()
        await outbox.until(lambda: outbox.claims > seen)
    assert [item.lane for item in outbox.begun] == ["bad", "ahead"]


async def test_a_lane_rests_after_an_error_and_is_tried_again() -> None:
    """An error in one lane costs neither its item nor the other lanes."""
    outbox = Outbox(Item("bad", 0), Item("good", 0))

    async def work(item: Item) -> None:
        if item.lane == "bad" and outbox.now == START:
            raise RuntimeError

    outbox.work = work
    poller = outbox.poller()
    async with _running(poller):
        await outbox.until(lambda: len(outbox.done) == 1)
        outbox.pending.append(Item("good", 1))
        poller.wake()
        await outbox.until(lambda: len(outbox.done) == 2)
        assert [item.lane for item in outbox.begun].count("bad") == 1
        outbox.now += timedelta(seconds=5)
        poller.wake()
        await outbox.until(lambda: len(outbox.done) == 3)


async def test_the_loop_survives_a_claim_that_fails() -> None:
    """A store that is away for a while stops nothing for good."""
    outbox = Outbox(Item("a", 0))
    outbox.claim_errors = [RuntimeError(), OSError()]
    async with _running(outbox.poller(rest_seconds=0.01)):
        await outbox.until(lambda: len(outbox.done) == 1)
    assert outbox.claims >= 3


async def test_stopping_finishes_what_is_in_flight_and_takes_nothing_more() -> None:
    """A drained loop leaves no item half done."""
    outbox = Outbox(Item("a", 0), Item("a", 1))
    gate = asyncio.Event()

    async def work(_: Item) -> None:
        await gate.wait()

    outbox.work = work
    poller = outbox.poller()
    async with _running(poller) as task:
        await outbox.until(lambda: len(outbox.begun) == 1)
        poller.stop()
        gate.set()
        async with asyncio.timeout(20):
            await task
    assert (len(outbox.done), poller.in_flight) == (1, 0)
    assert outbox.pending == [Item("a", 1)]


async def test_stopping_does_not_wait_for_ever() -> None:
    """What does not finish in time is cancelled, and its item is still pending."""
    outbox = Outbox(Item("a", 0))

    async def work(_: Item) -> None:
        await asyncio.Event().wait()

    outbox.work = work
    poller = outbox.poller(drain_seconds=0.01)
    async with _running(poller) as task:
        await outbox.until(lambda: len(outbox.begun) == 1)
        poller.stop()
        async with asyncio.timeout(20):
            await task
    assert (poller.in_flight, outbox.pending) == (0, [Item("a", 0)])


async def test_cancelling_the_loop_cancels_what_is_in_flight() -> None:
    """Nothing goes on behind the back of whoever ended it."""
    outbox = Outbox(Item("a", 0))
    cancelled = asyncio.Event()

    async def work(_: Item) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    outbox.work = work
    poller = outbox.poller()
    async with _running(poller) as task:
        await outbox.until(lambda: len(outbox.begun) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert cancelled.is_set()
    assert poller.in_flight == 0
