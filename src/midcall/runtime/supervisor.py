"""Side tasks with a name: what they raise is logged, and nothing of them is left at the end."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()

CANCEL_SECONDS = 5.0
"""How long a task may take to come to its end once it has been cancelled."""


class Supervisor:
    """Keeps the side tasks of the server."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._handles: set[asyncio.TimerHandle] = set()
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

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after so many seconds, unless the server closes first."""
        if self._closed:
            return

        def ring() -> None:
            self._handles.discard(handle)
            call()

        handle = asyncio.get_running_loop().call_later(seconds, ring)
        self._handles.add(handle)

    async def close(self, seconds: float) -> None:
        """Give the tasks so many seconds to end, then cancel them."""
        self._closed = True
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()
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
