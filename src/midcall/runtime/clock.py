"""A clock for everything that is measured against earlier times of this process.

The time of day is set by others: an operator or a time server may put it back. What was due then,
or how old something is, would be wrong by that much, for hours perhaps. So, for as long as it is
asked by one process:

- it never goes backwards, and it never stands still: it advances at half speed at least;
- it is the time of day whenever that has not been put back, and jumps ahead with it;
- after the time of day was put back it goes on at half speed, until that has caught up.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

_SPEED: Final = 0.5
"""How fast it goes while it waits for the time of day: it catches up in twice the step."""


class SteadyClock:
    """The time now: aware, in UTC.

    ``wall`` is the time of day, aware and in UTC. ``monotonic`` is in seconds from any moment, and
    never goes backwards. A wait that is measured on this clock takes at most twice its time, and
    ends early where the time of day jumps ahead.
    """

    def __init__(self, wall: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._wall = wall
        self._monotonic = monotonic
        # When this was last the time of day. From there on it is counted while it is not: summing
        # up steps would lose those that are shorter than a microsecond.
        self._followed_at = wall()
        self._followed = monotonic()

    def __call__(self) -> datetime:
        """Return the time now."""
        wall, monotonic = self._wall(), self._monotonic()
        waited = timedelta(seconds=(monotonic - self._followed) * _SPEED)
        if wall < self._followed_at + waited:
            return self._followed_at + waited
        self._followed_at, self._followed = wall, monotonic
        return wall
