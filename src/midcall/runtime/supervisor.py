"""Side tasks with a name: what they raise is logged, and nothing of them is left at the end."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()

CANCEL_SECONDS = 5.0
"""How long a task may take to come to its end once it has been cancelled."""


class Later:
    """A call that is due later, unless it is cancelled."""

    def __init__(
        self, seconds: float, call: Callable[[], None], over: Callable[["Later"], None]
    ) -> None:
        """Begin to wait; ``over`` is told when the call was made or cancelled."""
        self._call = call
        self._over = over
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_later(seconds, self._ring)

    @property
    def seconds(self) -> float:
        """In how many seconds it is due."""
        return max(0.0, self._handle.when() - self._loop.time())

    def hasten(self, seconds: float) -> None:
        """Let it be due so many seconds earlier, at once at the earliest."""
        due_in = max(0.0, self.seconds - seconds)
        self._handle.cancel()
        self._handle = self._loop.call_later(due_in, self._ring)

    def cancel(self) -> None:
        """Let it not be called."""
        self._handle.cancel()
        self._over(self)

    def _ring(self) -> None:
        self._over(self)
        self._call()


class Supervisor:
    """Keeps the side tasks of the server."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._laters: set[Later] = set()
        self._closed = False

    @property
    def tasks(self) -> frozenset[asyncio.Task[None]]:
        """The tasks that run."""
        return frozenset(self._tasks)

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a task to its end; what it raises is logged."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def later(self, seconds: float, call: Callable[[], None]) -> Later:
        """Call after so many seconds, unless the server closes first."""
        later = Later(seconds, call, self._laters.discard)
        if self._closed:
            later.cancel()
        else:
            self._laters.add(later)
        return later

    def hasten(self, seconds: float) -> None:
        """Let everything that is due later be due so many seconds earlier: the clock was moved."""
        for later in self._laters:
            later.hasten(seconds)

    def next_seconds(self) -> float | None:
        """Return in how many seconds something is due, ``None`` if nothing is."""
        return min((later.seconds for later in self._laters), default=None)

    async def close(self, seconds: float) -> None:
        """Give the tasks so many seconds to end, then cancel them."""
        self._closed = True
        for later in tuple(self._laters):
            later.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            _, stuck = await asyncio.wait(self._tasks, timeout=CANCEL_SECONDS)
            for task in stuck:
                log.error("A side task does not end", task=task.get_name())

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A side task failed", task=task.get_name(), exc_info=error)
