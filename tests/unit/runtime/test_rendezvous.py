"""Waiting for a value by its key."""

import asyncio

from midcall.runtime.rendezvous import Rendezvous

FOREVER = 30.0


async def nothing() -> str | None:
    """Find nothing."""
    return None


async def test_a_value_reaches_everybody_who_waits_for_its_key() -> None:
    """And nobody who waits for another."""
    meeting: Rendezvous[str, str] = Rendezvous()
    tasks = [asyncio.create_task(meeting.expect(key, FOREVER, nothing)) for key in ("a", "a", "b")]
    await asyncio.sleep(0)
    meeting.tell("a", "one")
    assert await asyncio.gather(*tasks[:2]) == ["one", "one"]
    assert not tasks[2].done()
    meeting.tell("b", "two")
    assert await tasks[2] == "two"


async def test_what_is_there_already_is_found() -> None:
    """Nobody waits for what can be had."""

    async def look() -> str | None:
        return "kept"

    assert await Rendezvous[str, str]().expect("a", FOREVER, look) == "kept"


async def test_what_comes_while_it_is_looked_for_is_not_missed() -> None:
    """Whoever looks is known to be waiting before it looks."""
    meeting: Rendezvous[str, str] = Rendezvous()

    async def look() -> str | None:
        meeting.tell("a", "meanwhile")
        return None

    assert await meeting.expect("a", FOREVER, look) == "meanwhile"


async def test_nothing_comes_in_time() -> None:
    """A wait has an end."""
    assert await Rendezvous[str, str]().expect("a", 0, nothing) is None


async def test_nothing_is_kept_for_those_who_went() -> None:
    """Neither after an answer, nor after the time was up, nor after a cancellation."""
    meeting: Rendezvous[str, str] = Rendezvous()
    await meeting.expect("a", 0, nothing)
    task = asyncio.create_task(meeting.expect("a", FOREVER, nothing))
    await asyncio.sleep(0)
    assert len(meeting) == 1
    task.cancel()
    await asyncio.wait([task])
    meeting.tell("a", "to nobody")
    assert len(meeting) == 0
