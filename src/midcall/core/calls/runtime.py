"""What the rooms need of the event loop. ``midcall.runtime`` has it; the core knows no loop."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Protocol


class Letter(Protocol):
    """A work in a mailbox. ``kept`` says that nobody waits for its answer."""

    work: Any
    kept: bool

    def answer(self, value: Any, /) -> None:
        """Give the answer to whoever waits for it."""
        ...

    def refuse(self, reason: Exception, /) -> None:
        """Raise where the answer is waited for."""
        ...


class Mailbox(Protocol):
    """A serial queue: its letters are taken together, in order, one batch at a time."""

    def post(self, work: Any, /) -> None:
        """Add a work whose answer nobody waits for."""
        ...

    async def ask(self, work: Any, /) -> Any:
        """Add a work and wait for its answer."""
        ...

    def close(self) -> None:
        """Finish what waits, take nothing more."""
        ...


Take = Callable[[Sequence[Letter]], Awaitable[None]]


class Runtime(Protocol):
    """What the rooms need of the event loop."""

    def open_mailbox(self, name: str, take: Take) -> Mailbox:
        """Open a mailbox that hands its letters to ``take``."""
        ...

    def set_timers(
        self, owner: str, due_at: dict[str, datetime], fire: Callable[[str], None]
    ) -> None:
        """Replace all timers of an owner. A timer that is due fires at once."""
        ...

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after so many seconds."""
        ...

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a side task to its end; what it raises is logged."""
        ...
