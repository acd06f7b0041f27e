"""Side tasks with a name, and what becomes of them at the end."""

import asyncio

from structlog.testing import capture_logs

from midcall.runtime.supervisor import CANCEL_SECONDS, Supervisor
from tests.unit.runtime.clockwork import clockwork


@clockwork
async def test_a_task_runs_to_its_end_and_is_forgotten() -> None:
    """It has the name that it was given."""
    supervisor = Supervisor()
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(3)
        done.set()

    task = supervisor.spawn("a side task", work())
    assert task.get_name() == "a side task"
    assert supervisor.tasks == {task}
    await done.wait()
    await asyncio.sleep(0)
    assert not supervisor.tasks


@clockwork
async def test_what_a_task_raises_is_logged_and_nobody_else_falls() -> None:
    """The log names the task."""
    supervisor = Supervisor()

    async def fail() -> None:
        raise RuntimeError("broken")

    async def work() -> None:
        await asyncio.sleep(3)

    with capture_logs() as logs:
        supervisor.spawn("the broken one", fail())
        other = supervisor.spawn("the other one", work())
        await other
    assert [entry["task"] for entry in logs] == ["the broken one"]


@clockwork
async def test_what_is_called_later_is_called_then() -> None:
    """So many seconds later, once."""
    supervisor = Supervisor()
    called: list[float] = []
    loop = asyncio.get_running_loop()
    supervisor.later(5, lambda: called.append(round(loop.time())))
    supervisor.later(3, lambda: called.append(round(loop.time())))
    await asyncio.sleep(100)
    assert called == [3, 5]


@clockwork
async def test_closing_gives_tasks_time_to_end() -> None:
    """Who is quick enough is not cancelled; nobody waits longer than needed."""
    supervisor = Supervisor()
    ended: list[str] = []

    async def work(name: str, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
            ended.append(name)
        except asyncio.CancelledError:
            ended.append(f"{name} cancelled")
            raise

    supervisor.spawn("quick", work("quick", 3))
    supervisor.spawn("slow", work("slow", 300))
    with capture_logs() as logs:
        await supervisor.close(10)
    assert ended == ["quick", "slow cancelled"]
    assert round(asyncio.get_running_loop().time()) == 10
    assert not supervisor.tasks
    assert not logs


@clockwork
async def test_closing_calls_nothing_any_more() -> None:
    """Neither what was to be called later, nor what somebody still wants called."""
    supervisor = Supervisor()
    called: list[str] = []
    supervisor.later(5, lambda: called.append("before"))
    await supervisor.close(1)
    supervisor.later(5, lambda: called.append("after"))
    await asyncio.sleep(100)
    assert not called


@clockwork
async def test_a_task_that_does_not_end_is_left_behind_by_name() -> None:
    """Every wait has a deadline, the last one too."""
    supervisor = Supervisor()

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                if supervisor.tasks and asyncio.get_running_loop().time() > 500:
                    raise

    task = supervisor.spawn("stubborn", stubborn())
    await asyncio.sleep(1)
    with capture_logs() as logs:
        await supervisor.close(1)
    assert round(asyncio.get_running_loop().time()) == 2 + CANCEL_SECONDS
    assert [entry["task"] for entry in logs] == ["stubborn"]
    await asyncio.sleep(1000)
    task.cancel()


@clockwork
async def test_what_is_due_later_is_hastened() -> None:
    """By so many seconds, at once at the earliest; what was called or cancelled is not there."""
    supervisor = Supervisor()
    called: list[tuple[str, float]] = []
    loop = asyncio.get_running_loop()
    supervisor.later(5, lambda: called.append(("five", round(loop.time()))))
    supervisor.later(100, lambda: called.append(("hundred", round(loop.time()))))
    supervisor.later(1, lambda: called.append(("never", 0))).cancel()
    assert supervisor.next_seconds() == 5
    supervisor.hasten(60)
    await asyncio.sleep(0.001)
    assert called == [("five", 0)]
    assert round(supervisor.next_seconds() or 0) == 40
    await asyncio.sleep(200)
    assert called == [("five", 0), ("hundred", 40)]
    assert supervisor.next_seconds() is None
