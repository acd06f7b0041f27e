"""The runtime as one thing: mailboxes, timers and side tasks of one server."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any
from weakref import WeakSet

from midcall.runtime.mailbox import Letter, Mailbox
from midcall.runtime.supervisor import Supervisor
from midcall.runtime.timers import Timers


class LoopRuntime:
    """What rooms need of the event loop, and an orderly end of all of it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
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

    async def close(self, seconds: float) -> None:
        """Stop the timers, let mailboxes and tasks finish within so many seconds."""
        self.timers.close()
        drains = [asyncio.ensure_future(mailbox.drained()) for mailbox in self._mailboxes]
        if drains:
            _, late = await asyncio.wait(drains, timeout=seconds)
            for drain in late:
                drain.cancel()
        await self.supervisor.close(seconds)
