"""Waiting with a deadline, in one's own loop and in that of another thread."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from midcall.testing import NotInTime
from midcall.testing.waiting import Background, Pulse


@pytest.fixture
def background() -> Iterator[Background]:
    """Give a loop on a thread of its own."""
    running = Background("test")
    yield running
    running.close()


async def test_whoever_waits_looks_at_each_beat() -> None:
    """And returns what it finds then."""
    pulse = Pulse()
    looks: list[int] = []

    async def look() -> int | None:
        looks.append(1)
        if len(looks) < 3:
            asyncio.get_running_loop().call_soon(pulse.beat)
            return None
        return len(looks)

    assert await pulse.until(look, 30, str) == 3


async def test_what_changes_while_one_looks_is_looked_at() -> None:
    """A beat during a look leads to another one."""
    pulse = Pulse()
    looks = 0

    async def look() -> bool | None:
        nonlocal looks
        looks += 1
        pulse.beat()
        return True if looks == 2 else None

    assert await pulse.until(look, 30, str)


async def test_a_wait_for_nothing_fails_the_test() -> None:
    """An assertion that says what there was instead."""

    async def look() -> None:
        return None

    with pytest.raises(AssertionError, match=r"after 0\.001 s: nobody came"):
        await Pulse().until(look, 0.001, lambda: "nobody came")


def test_what_runs_in_the_background_returns_and_raises_here(background: Background) -> None:
    """On another thread, in its loop."""

    async def where() -> int:
        await asyncio.sleep(0)
        return threading.get_ident()

    async def fail() -> None:
        raise LookupError("broken")

    assert background.run(where()) != threading.get_ident()
    with pytest.raises(LookupError, match="broken"):
        background.run(fail())


def test_what_takes_too_long_in_the_background_is_ended(background: Background) -> None:
    """The deadline is the caller's, and nothing goes on behind it."""
    ended = threading.Event()

    async def stay() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(NotInTime):
        background.run(stay(), 0.001)
    assert ended.wait(30)


def test_a_timeout_of_ones_own_is_not_a_missed_deadline(background: Background) -> None:
    """What the work raises is passed on as it is."""

    async def fail() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        background.run(fail())


def test_a_loop_cannot_wait_for_itself(background: Background) -> None:
    """A listener that calls a waiting function is told so, instead of hanging."""

    async def nothing() -> None:
        return None

    async def listener() -> None:
        background.run(nothing())

    with pytest.raises(RuntimeError, match="the loop that it runs in"):
        background.run(listener())
