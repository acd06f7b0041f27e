"""The runtime as one thing: mailboxes, timers and side tasks of one server."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakSet

from midcall.runtime.mailbox import Letter, Mailbox
from midcall.runtime.supervisor import Supervisor
from midcall.runtime.timers import Timers


class LoopRuntime:
    """What rooms need of the event loop, and an orderly end of all of it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.timers = Timers(clock)
        self.supervisor = Supervisor()
        self._mailboxes: WeakSet[Mailbox] = WeakSet()

    def open_mailbox(
        self, name: str, take: Callable[[Sequence[Letter]], Awaitable[None]]
    ) -> Mailbox:
        """Open a mailbox that hands its letters to ``take``."""
        mailbox = Mailbox(name, take)
        self._mailboxes.add(mailbox)
        return mailbox

    def set_timers(
        self, owner: str, due_at: dict[str, datetime], fire: Callable[[str], None]
    ) -> None:
        """Replace all timers of an owner."""
        self.timers.replace(owner, due_at, fire)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after so many seconds."""
        self.supervisor.later(seconds, call)

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a side task to its end."""
        self.supervisor.spawn(name, work)

    def hasten(self, seconds: float) -> None:
        """Follow a clock that was moved ahead: what is due by now happens at once."""
        self.timers.rearm()
        self.supervisor.hasten(seconds)

    def next_due(self) -> datetime | None:
        """Return when the next timer or later call is due, ``None`` if there is none."""
        seconds = self.supervisor.next_seconds()
        later = None if seconds is None else self._clock() + timedelta(seconds=seconds)
        return min(filter(None, (self.timers.next_due(), later)), default=None)

    def busy(self) -> list[asyncio.Task[None]]:
        """Return what is under way: mailboxes that are worked off, and side tasks."""
        mailboxes = (mailbox.task for mailbox in self._mailboxes)
        return [*filter(None, mailboxes), *self.supervisor.tasks]

    async def close(self, seconds: float) -> None:
        """Stop the timers, let mailboxes and tasks finish within so many seconds.

        A task that is not finished then is cancelled. A mailbox is not: what it has taken may be
        half done.
        """
        self.timers.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                # What one mailbox takes may go on to another, or to a task, and come back.
                while busy := self.busy():
                    await asyncio.wait(busy)
        await self.supervisor.close(0)
