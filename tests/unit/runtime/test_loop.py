"""The runtime as one thing, and its end."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from midcall.runtime.loop import LoopRuntime
from midcall.runtime.mailbox import Letter, Mailbox
from tests.unit.runtime.clockwork import clock, clockwork


@clockwork
async def test_closing_waits_for_what_mailboxes_hand_on() -> None:
    """A letter that becomes another one's letter, and then a task's work, is seen to its end."""
    runtime = LoopRuntime(clock)
    done: list[str] = []
    second: Mailbox

    async def finish() -> None:
        await asyncio.sleep(1)
        done.append("task")
        if done.count("task") == 1:
            first.post("once more")

    async def take_second(letters: Sequence[Letter]) -> None:
        await asyncio.sleep(1)
        done.append("second")
        runtime.spawn("finish", finish())

    async def take_first(letters: Sequence[Letter]) -> None:
        await asyncio.sleep(1)
        done.append("first")
        second.post("on")

    first = runtime.open_mailbox("first", take_first)
    second = runtime.open_mailbox("second", take_second)
    first.post("go")
    await runtime.close(60)
    assert done == ["first", "second", "task"] * 2


@clockwork
async def test_closing_does_not_wait_for_ever() -> None:
    """After its time a task is cancelled; a mailbox is left to what it is doing."""
    runtime = LoopRuntime(clock)
    cancelled: list[str] = []

    async def slow(name: str) -> None:
        try:
            await asyncio.sleep(300)
        except asyncio.CancelledError:
            cancelled.append(name)
            raise

    async def take(letters: Sequence[Letter]) -> None:
        await slow("mailbox")

    mailbox = runtime.open_mailbox("m", take)
    mailbox.post("go")
    runtime.spawn("t", slow("task"))
    await runtime.close(10)
    assert cancelled == ["task"]
    assert round(asyncio.get_running_loop().time()) == 10
    assert mailbox.task is not None


@clockwork
async def test_closing_with_nothing_to_do_takes_no_time() -> None:
    """An idle server stops at once."""
    runtime = LoopRuntime(clock)
    runtime.open_mailbox("m", lambda _: asyncio.sleep(0))
    await runtime.close(60)
    assert asyncio.get_running_loop().time() < 1


@clockwork
async def test_timers_are_stopped_first() -> None:
    """What is worked off at the end sets no timer that could still fire."""
    runtime = LoopRuntime(clock)
    fired: list[str] = []

    async def take(letters: Sequence[Letter]) -> None:
        await asyncio.sleep(5)
        runtime.set_timers("o", {"late": clock()}, fired.append)

    runtime.set_timers("o", {"early": clock()}, fired.append)
    runtime.open_mailbox("m", take).post("go")
    await runtime.close(60)
    await asyncio.sleep(60)
    assert not fired


@clockwork
async def test_a_clock_that_was_moved_is_followed() -> None:
    """By timers and by what is called later alike; the next of both is known."""
    ahead = timedelta(0)
    runtime = LoopRuntime(lambda: clock() + ahead)
    happened: list[str] = []
    assert runtime.next_due() is None
    runtime.set_timers("a", {"timer": clock() + timedelta(seconds=30)}, happened.append)
    runtime.later(50, lambda: happened.append("later"))
    assert runtime.next_due() == clock() + timedelta(seconds=30)
    ahead = timedelta(seconds=40)
    runtime.hasten(40)
    await asyncio.sleep(0.001)
    assert happened == ["timer"]
    ahead = timedelta(seconds=60)
    runtime.hasten(20)
    await asyncio.sleep(0.001)
    assert happened == ["timer", "later"]
    await runtime.close(1)
