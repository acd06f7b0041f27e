"""Timers by owner and name, by a clock of the day that is not the loop's."""

import asyncio
from datetime import datetime, timedelta

from midcall.runtime.timers import Timers
from tests.unit.runtime.clockwork import clock, clockwork


class Bell:
    """Rings, and remembers when."""

    def __init__(self) -> None:
        self.rang: list[tuple[str, float]] = []

    def __call__(self, name: str) -> None:
        """Ring."""
        self.rang.append((name, round(asyncio.get_running_loop().time(), 3)))


def after(seconds: float) -> datetime:
    """Return the moment so many seconds from now."""
    return clock() + timedelta(seconds=seconds)


@clockwork
async def test_a_timer_fires_when_it_is_due() -> None:
    """Once, at its time, with its name; then it is forgotten."""
    timers, bell = Timers(clock), Bell()
    timers.replace("a", {"one": after(10), "two": after(20)}, bell)
    assert len(timers) == 2
    await asyncio.sleep(100)
    assert bell.rang == [("one", 10), ("two", 20)]
    assert len(timers) == 0


@clockwork
async def test_a_timer_that_is_overdue_fires_at_once() -> None:
    """What came due while nobody looked is not waited for again, nor called right away."""
    timers, bell = Timers(clock), Bell()
    timers.replace("a", {"one": after(-3600)}, bell)
    assert not bell.rang
    await asyncio.sleep(0.001)
    assert bell.rang == [("one", 0)]


@clockwork
async def test_what_is_not_wished_for_any_more_does_not_fire() -> None:
    """Each replacement says all of an owner's timers."""
    timers, bell = Timers(clock), Bell()
    timers.replace("a", {"one": after(10), "two": after(10)}, bell)
    timers.replace("a", {"two": after(10)}, bell)
    await asyncio.sleep(100)
    assert bell.rang == [("two", 10)]


@clockwork
async def test_a_timer_that_is_wished_for_again_keeps_running() -> None:
    """The same wish changes nothing, however often it is said."""
    timers, bell = Timers(clock), Bell()
    due = after(10)
    for _ in range(9):
        timers.replace("a", {"one": due}, bell)
        await asyncio.sleep(1)
    await asyncio.sleep(100)
    assert bell.rang == [("one", 10)]


@clockwork
async def test_a_timer_is_moved() -> None:
    """The same name with another time replaces the first wish, sooner or later."""
    timers, bell = Timers(clock), Bell()
    timers.replace("a", {"later": after(10), "sooner": after(10)}, bell)
    timers.replace("a", {"later": after(30), "sooner": after(5)}, bell)
    await asyncio.sleep(100)
    assert bell.rang == [("sooner", 5), ("later", 30)]


@clockwork
async def test_owners_do_not_know_each_other() -> None:
    """The same name of two owners is two timers."""
    timers, bell = Timers(clock), Bell()
    timers.replace("a", {"one": after(10)}, bell)
    timers.replace("b", {"one": after(20)}, bell)
    timers.replace("a", {}, bell)
    await asyncio.sleep(100)
    assert bell.rang == [("one", 20)]


@clockwork
async def test_a_timer_may_be_set_again_while_it_fires() -> None:
    """Whoever is told may want to be told again."""
    timers, bell = Timers(clock), Bell()

    def again(name: str) -> None:
        bell(name)
        if len(bell.rang) < 3:
            timers.replace("a", {name: after(10)}, again)

    timers.replace("a", {"one": after(10)}, again)
    await asyncio.sleep(100)
    assert bell.rang == [("one", 10), ("one", 20), ("one", 30)]


@clockwork
async def test_a_timer_may_stop_another_while_it_fires() -> None:
    """Two that are due together: the first may make the second pointless."""
    timers, bell = Timers(clock), Bell()

    def only_one(name: str) -> None:
        bell(name)
        timers.replace("a", {}, only_one)

    timers.replace("a", {"one": after(10), "two": after(10)}, only_one)
    await asyncio.sleep(100)
    assert bell.rang == [("one", 10)]
    assert len(timers) == 0


@clockwork
async def test_a_clock_that_is_set_back_makes_a_timer_wait() -> None:
    """A timer is due by the clock of the day, and never early."""
    ahead = timedelta(seconds=60)
    timers, bell = Timers(lambda: clock() + ahead), Bell()
    timers.replace("a", {"one": clock() + timedelta(seconds=70)}, bell)
    await asyncio.sleep(5)
    ahead = timedelta(0)
    await asyncio.sleep(100)
    assert bell.rang == [("one", 70)]


@clockwork
async def test_after_the_end_nothing_fires() -> None:
    """Neither what was wished for before, nor what somebody still wishes for."""
    timers, bell = Timers(clock), Bell()
    timers.replace("a", {"one": after(10)}, bell)
    timers.close()
    timers.replace("b", {"two": after(10)}, bell)
    assert len(timers) == 0
    await asyncio.sleep(100)
    assert not bell.rang


@clockwork
async def test_after_the_clock_was_moved_timers_are_due_by_it() -> None:
    """What is due by now fires at once, what is not yet waits for the rest of its time."""
    ahead = timedelta(0)
    timers, bell = Timers(lambda: clock() + ahead), Bell()
    first, second = after(10), after(100)
    timers.replace("a", {"one": first, "two": second}, bell)
    assert timers.next_due() == first
    ahead = timedelta(seconds=60)
    timers.rearm()
    await asyncio.sleep(0.001)
    assert bell.rang == [("one", 0)]
    assert timers.next_due() == second
    await asyncio.sleep(200)
    assert bell.rang == [("one", 0), ("two", 40)]
    assert timers.next_due() is None
