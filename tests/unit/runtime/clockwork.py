"""An event loop whose time passes only while everybody waits, and then at once.

What waits for an hour is told after an hour of this loop's time, in the order in which it would be;
no test sleeps. A loop in which everybody waits for nothing that could come is an error.
"""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


class _Leap(selectors.EpollSelector):
    """Selects what is ready; if nothing is, leaps to when something is due."""

    leap: Callable[[float | None], None]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout != 0:
            self.leap(timeout)
        return ready


class ClockworkLoop(asyncio.SelectorEventLoop):
    """The loop."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = _Leap()
        selector.leap = self._leap
        super().__init__(selector)

    def time(self) -> float:
        """Return the time of this loop, in seconds."""
        return self.now

    def _leap(self, timeout: float | None) -> None:
        if timeout is None:
            raise AssertionError("everybody waits, and nothing will come")
        # Floats round; a hair more makes sure that what is due is due.
        self.now += timeout + 1e-9


def clock() -> datetime:
    """Return the time of day, by the time of the loop."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


def clockwork(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on such a loop."""

    @functools.wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        with asyncio.Runner(loop_factory=ClockworkLoop) as runner:
            runner.run(test(*arguments, **named))

    return run
