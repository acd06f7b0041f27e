"""Work that is done again and again."""

import asyncio

from structlog.testing import capture_logs

from midcall.runtime.periodic import Periodic


async def test_work_is_done_at_once_and_again_until_it_is_stopped() -> None:
    """The first time at the start, the last time before the stop."""
    done = asyncio.Semaphore(0)

    async def work() -> None:
        done.release()

    periodic = Periodic("count", work, 0)
    running = asyncio.create_task(periodic.run())
    async with asyncio.timeout(30):
        for _ in range(3):
            await done.acquire()
        periodic.stop()
        await running


async def test_work_that_fails_is_done_again() -> None:
    """The failure is logged without its text, and is not the end."""
    attempts = 0

    async def work() -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise ValueError("secret")
        periodic.stop()

    periodic = Periodic("fail", work, 0)
    with capture_logs() as logs:
        async with asyncio.timeout(30):
            await periodic.run()
    assert attempts == 2
    assert [line["work"] for line in logs] == ["fail"]
    assert "secret" not in str(logs)


async def test_a_stop_does_not_wait_for_the_next_time() -> None:
    """However long it is until then."""
    began = asyncio.Event()

    async def work() -> None:
        began.set()

    periodic = Periodic("rest", work, 3600)
    running = asyncio.create_task(periodic.run())
    await began.wait()
    periodic.stop()
    async with asyncio.timeout(30):
        await running


async def test_work_is_done_at_once_when_it_is_woken() -> None:
    """It rests in between, and says so."""
    done = asyncio.Semaphore(0)

    async def work() -> None:
        done.release()

    periodic = Periodic("rest", work, 3600)
    rested = [periodic.resting]
    running = asyncio.create_task(periodic.run())
    async with asyncio.timeout(30):
        await done.acquire()
        await asyncio.sleep(0)
        rested.append(periodic.resting)
        periodic.wake()
        rested.append(periodic.resting)
        await done.acquire()
        periodic.stop()
        await running
    assert rested == [False, True, False]
