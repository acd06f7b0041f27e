"""Timers by owner and name. Each owner says at once which timers it has; older wishes are gone."""

import asyncio
from collections.abc import Callable
from datetime import datetime


class Timers:
    """Timers on the event loop, due by the clock of the day."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._running: dict[str, dict[str, tuple[datetime, asyncio.TimerHandle]]] = {}
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
        for name in [name for name, (due, _) in running.items() if due_at.get(name) != due]:
            running.pop(name)[1].cancel()
        for name, due in due_at.items():
            if name not in running:
                running[name] = due, self._start(owner, name, due, fire)
        if running:
            self._running[owner] = running
        else:
            self._running.pop(owner, None)

    def close(self) -> None:
        """Stop every timer, those of the past and those to come."""
        for owner in list(self._running):
            self.replace(owner, {}, lambda _: None)
        self._closed = True

    def _start(
        self, owner: str, name: str, due: datetime, fire: Callable[[str], None]
    ) -> asyncio.TimerHandle:
        seconds = max(0.0, (due - self._clock()).total_seconds())

        def ring() -> None:
            if due > self._clock():
                # The clock of the day was set back, or the loop's runs ahead of it by a hair.
                self._running[owner][name] = due, self._start(owner, name, due, fire)
                return
            running = self._running[owner]
            del running[name]
            if not running:
                del self._running[owner]
            fire(name)

        return asyncio.get_running_loop().call_later(seconds, ring)
