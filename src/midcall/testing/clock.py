"""A clock that a test can move: what is due by it happens, and nobody waits.

The server's clock runs as always; ``advance`` puts it ahead. It goes there in steps, from one thing
that is due to the next, and lets each come to its end before the next one: a callback that fails is
tried again at all the times in between, as it would be.

What is measured on the network is not moved: heartbeats, how long a customer's server may take to
answer, and how long a request with ``ReplyTimeout`` is kept open.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Final

from midcall.app.server import LASTING_TASKS, Server
from midcall.app.time import utc_now

QUIET_SECONDS: Final = 2.0
"""How long is waited for what is under way. A customer's server may take long to answer."""

ADVANCE_SECONDS: Final = 20.0
"""How long an ``advance`` may take. Then the clock goes to its end in one step: something is due
again and again, as a document that leads to itself."""

_LOOK_SECONDS: Final = 0.001
"""How long the server may run between two looks at whether it is done."""

_STEP: Final = timedelta(milliseconds=1)
"""How far behind a due time the clock is put, so that the time has come for sure."""

Run = Callable[[Coroutine[Any, Any, None], float], None]


class MovableTime:
    """The time of day, and how far a test has put it ahead."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        """Return the time now: aware, in UTC."""
        return utc_now() + self._ahead

    def move(self, by: timedelta) -> None:
        """Put it ahead."""
        self._ahead += by


class ServerClock:
    """Moves the time of one server. It runs in the server's event loop."""

    def __init__(self, time: MovableTime, server: Server) -> None:
        self._time = time
        self._server = server

    async def advance(self, by: timedelta) -> None:
        """Go ahead, from one due time to the next."""
        until = self._time() + by
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ADVANCE_SECONDS):
                await self._step_until(until)
        self._jump(until)
        await self.quiet()

    async def quiet(self) -> None:
        """Return when nothing is under way or due, or after ``QUIET_SECONDS``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET_SECONDS):
                while await self._busy():  # noqa: ASYNC110 - nobody knows of all that goes on
                    await asyncio.sleep(_LOOK_SECONDS)

    async def _step_until(self, until: datetime) -> None:
        while True:
            await self.quiet()
            due = await self._next_due()
            if due is None or due + _STEP >= until:
                return
            self._jump(due + _STEP)

    def _jump(self, to: datetime) -> None:
        by = max(timedelta(0), to - self._time())
        self._time.move(by)
        server = self._server
        server.runtime.hasten(by.total_seconds())
        server.delivery.wake()
        for work in server.upkeep:
            work.wake()

    async def _next_due(self) -> datetime | None:
        server = self._server
        entry = await server.store.next_due_at(busy=frozenset())
        return min(filter(None, (server.runtime.next_due(), entry)), default=None)

    async def _busy(self) -> bool:
        """Tell whether something is being done, or has to be done now."""
        server = self._server
        if any(task.get_name() not in LASTING_TASKS for task in server.runtime.busy()):
            return True
        if not all(work.resting for work in server.upkeep):
            return True
        due = await self._next_due()
        return due is not None and due <= self._time()


class Clock:
    """What a test has of the server's time."""

    def __init__(self, time: MovableTime, server_clock: ServerClock, run: Run) -> None:
        self._time = time
        self._server_clock = server_clock
        self._run = run

    @property
    def now(self) -> datetime:
        """What time it is for the server: aware, in UTC."""
        return self._time()

    def advance(
        self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> None:
        """Let time pass, and return when all that it brings about has been done.

        Raises ``ValueError`` for a time that lies back.
        """
        by = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        if by < timedelta(0):
            raise ValueError("the clock goes ahead only")
        self._run(self._server_clock.advance(by), ADVANCE_SECONDS + 2 * QUIET_SECONDS)
