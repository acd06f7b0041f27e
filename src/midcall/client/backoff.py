"""How long to stay away after a socket was lost: the SDK's two schedules, as values.

Both begin at 100 ms and double, and chance moves each pause by up to 40 % of itself either way.
With a call to come back to, a pause is a second at most; without one it may grow to twenty.
"""

from collections.abc import Callable

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 20.0
LONGEST_IN_CALL_SECONDS = 1.0
LONGEST_ADVISED_SECONDS = 60.0
"""What a server advises beyond this is not followed."""
JITTER = 0.4


class Backoff:
    """The pauses of one device. ``chance`` returns numbers from 0 up to, not including, 1."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._attempts = 0
        self._advised: float | None = None

    def advise(self, seconds: float) -> None:
        """Let the next pause be what the server asks for (``retryAfter``)."""
        self._advised = min(max(0.0, seconds), LONGEST_ADVISED_SECONDS)

    def reset(self) -> None:
        """Begin anew: the server took the device."""
        self._attempts = 0
        self._advised = None

    def pause(self, *, in_call: bool) -> float:
        """Return how many seconds to stay away now."""
        if self._advised is not None:
            advised, self._advised = self._advised, None
            return advised
        longest = LONGEST_IN_CALL_SECONDS if in_call else LONGEST_SECONDS
        # The cap on the exponent keeps a device that is away for days from doing large arithmetic.
        plain = FIRST_SECONDS * (1 << min(self._attempts, 16))
        self._attempts += 1
        return min(longest, plain * (1 + JITTER * (2 * self._chance() - 1)))
