"""Timers by owner and name. Each owner says at once which timers it has; older wishes are gone."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple


class _Timer(NamedTuple):
    """A timer that runs: when it is due, whom it tells, and what the loop has of it."""

    due: datetime
    fire: Callable[[str], None]
    handle: asyncio.TimerHandle


class Timers:
    """Timers on the event loop, due by the clock of the day."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._running: dict[str, dict[str, _Timer]] = {}
        self._closed = False

    def __len__(self) -> int:
        """Count the timers that run."""
        return sum(map(len, self._running.values()))

    def replace(self, owner: str, due_at: dict[str, datetime], fire: Callable[[str], None]) -> None:
        """Let ``fire(name)`` be called for exactly these timers of the owner, once each.

        After ``close`` nothing is called any more.
        """
        if self._closed:
            return
        running = self._running.get(owner, {})
        for name in [name for name, timer in running.items() if due_at.get(name) != timer.due]:
            running.pop(name).handle.cancel()
        for name, due in due_at.items():
            if name not in running:
                running[name] = self._start(owner, name, due, fire)
        if running:
            self._running[owner] = running
        else:
            self._running.pop(owner, None)

    def next_due(self) -> datetime | None:
        """Return when the next timer is due, ``None`` if none runs."""
        due = (timer.due for running in self._running.values() for timer in running.values())
        return min(due, default=None)

    def rearm(self) -> None:
        """Look at the clock anew: it was moved, and what is due by it fires at once."""
        for owner, running in self._running.items():
            for name, timer in running.items():
                timer.handle.cancel()
                running[name] = self._start(owner, name, timer.due, timer.fire)

    def close(self) -> None:
        """Stop every timer, those of the past and those to come."""
        for owner in list(self._running):
            self.replace(owner, {}, lambda _: None)
        self._closed = True

    def _start(self, owner: str, name: str, due: datetime, fire: Callable[[str], None]) -> _Timer:
        seconds = max(0.0, (due - self._clock()).total_seconds())

        def ring() -> None:
            if due > self._clock():
                # The clock of the day was set back, or the loop's runs ahead of it by a hair.
                self._running[owner][name] = self._start(owner, name, due, fire)
                return
            running = self._running[owner]
            del running[name]
            if not running:
                del self._running[owner]
            fire(name)

        return _Timer(due, fire, asyncio.get_running_loop().call_later(seconds, ring))
