"""Events and who listens to them.

A listener is a function or a coroutine function. Functions are called at once, in the order in
which they came; coroutines run as tasks, so that one which waits holds nothing up. A listener that
fails is reported to the loop's exception handler and disturbs nobody else.
"""

import asyncio
import inspect
import weakref
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, NamedTuple

Listener = Callable[..., object]

LISTENER_SECONDS: Final = 1.0
"""How long listeners that still run when a device is destroyed may take to come to an end."""

STREAM_EVENTS: Final = 1_000
"""How many events may wait for somebody who iterates; past the mark the oldest are dropped."""


class Event(NamedTuple):
    """Something that happened. ``arguments`` are what listeners are called with."""

    name: str
    arguments: tuple[Any, ...]


class Tasks:
    """Tasks that nobody waits for, until they are all ended together."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin something; what goes wrong in it is reported."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def end(self) -> None:
        """Let what runs come to an end, or end it; whoever calls this from a task is spared."""
        current = asyncio.current_task()
        if running := [task for task in self._tasks if task is not current]:
            _, late = await asyncio.wait(running, timeout=LISTENER_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            report(f"'{task.get_name()}' failed", error)


def report(what: str, error: BaseException) -> None:
    """Tell the loop's exception handler of an error that nobody can be raised at."""
    asyncio.get_running_loop().call_exception_handler({"message": what, "exception": error})


class Emitter:
    """The events of a device or of a call, and their listeners."""

    def __init__(self, names: frozenset[str], tasks: Tasks) -> None:
        self._names = names
        self._tasks = tasks
        self._listeners: dict[str, list[Listener]] = {}
        self._waiters: dict[str, list[asyncio.Future[tuple[Any, ...]]]] = {}
        # Whoever does not refer to an iterator any more has left.
        self._streams: weakref.WeakSet[Events] = weakref.WeakSet()

    def on(self, name: str, listener: Listener) -> None:
        """Listen to an event; raise ``ValueError`` if there is none of that name."""
        self._check(name)
        self._listeners.setdefault(name, []).append(listener)

    def off(self, name: str, listener: Listener) -> None:
        """Listen no more; nothing happens if it did not."""
        self._check(name)
        listeners = self._listeners.get(name, [])
        if listener in listeners:
            listeners.remove(listener)

    def listeners(self, name: str) -> tuple[Listener, ...]:
        """Return who listens to an event."""
        return tuple(self._listeners.get(name, ()))

    def emit(self, name: str, *arguments: Any) -> None:
        """Tell everybody of an event."""
        for stream in tuple(self._streams):
            stream.put(Event(name, arguments))
        for waiter in self._waiters.pop(name, ()):
            if not waiter.done():
                waiter.set_result(arguments)
        for listener in self.listeners(name):
            self._tell(name, listener, arguments)

    def fail_waiters(self, error: Exception) -> None:
        """Raise an error at everybody who waits for an event that will not come any more."""
        waiters, self._waiters = self._waiters, {}
        for waiter in (one for several in waiters.values() for one in several):
            if not waiter.done():
                waiter.set_exception(error)

    async def wait_for(self, name: str, timeout_seconds: float | None) -> tuple[Any, ...]:
        """Return the arguments of the next event of a name; raise ``TimeoutError``."""
        self._check(name)
        waiter: asyncio.Future[tuple[Any, ...]] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(name, []).append(waiter)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await waiter
        finally:
            if waiter in self._waiters.get(name, ()):
                self._waiters[name].remove(waiter)

    def stream(self) -> "Events":
        """Return an iterator over the events from now on, until ``end_streams``."""
        stream = Events()
        self._streams.add(stream)
        return stream

    def end_streams(self) -> None:
        """Let whoever iterates come to the end, behind what still waits."""
        for stream in tuple(self._streams):
            stream.end()

    def _check(self, name: str) -> None:
        if name not in self._names:
            raise ValueError(f"there is no event '{name}', only {', '.join(sorted(self._names))}")

    def _tell(self, name: str, listener: Listener, arguments: tuple[Any, ...]) -> None:
        try:
            result = listener(*arguments)
        except Exception as error:
            report(f"A listener of '{name}' failed", error)
            return
        if inspect.iscoroutine(result):
            self._tasks.spawn(f"listener of {name}", result)


class Events:
    """Iterates over events in their order."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=STREAM_EVENTS)
        self._more = asyncio.Event()
        self._over = False

    def put(self, event: Event) -> None:
        """Add an event behind those that wait."""
        self._events.append(event)
        self._more.set()

    def end(self) -> None:
        """Come to the end behind what still waits."""
        self._over = True
        self._more.set()

    def __aiter__(self) -> "Events":
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._over:
                raise StopAsyncIteration
            self._more.clear()
            await self._more.wait()
        return self._events.popleft()
