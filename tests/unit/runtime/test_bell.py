"""A bell that many listen to."""

import asyncio

from midcall.runtime.bell import Bell

FOREVER = 30.0


async def test_a_ring_wakes_everybody_who_listens() -> None:
    """Each listener hears of it once."""
    bell = Bell()
    listeners = [bell.listen() for _ in range(3)]
    waiting = [asyncio.create_task(listener.wait(FOREVER)) for listener in listeners]
    await asyncio.sleep(0)
    bell.ring()
    assert await asyncio.gather(*waiting) == [True, True, True]
    assert not any(listener.rung.is_set() for listener in listeners)


async def test_a_ring_between_two_waits_is_not_missed() -> None:
    """Whoever looks while the bell is rung looks once more."""
    bell = Bell()
    listener = bell.listen()
    bell.ring()
    bell.ring()
    assert await listener.wait(FOREVER)
    assert await listener.wait(0)
    assert not listener.rung.is_set()


async def test_a_wait_ends_without_a_ring() -> None:
    """A listener goes on after its time, to show that it is still there."""
    assert await Bell().listen().wait(0)


async def test_a_bell_that_is_closed_sends_everybody_away() -> None:
    """Those who wait, those who do not at the moment, and those who come too late."""
    bell = Bell()
    waiting, later = bell.listen(), bell.listen()
    task = asyncio.create_task(waiting.wait(FOREVER))
    await asyncio.sleep(0)
    bell.close()
    assert not await task
    assert not await later.wait(FOREVER)
    assert not await bell.listen().wait(FOREVER)


async def test_who_listens_no_more_is_forgotten() -> None:
    """A bell keeps nobody who has gone."""
    bell = Bell()
    listener = bell.listen()
    assert len(bell) == 1
    listener.close()
    listener.close()
    assert len(bell) == 0
