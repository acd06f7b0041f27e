"""How fast a socket is read: a token bucket that tells how long to wait, and refuses nothing."""


class Throttle:
    """So many a second on average, so many at once after a quiet time. Times are in seconds."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._tokens = self._burst
        self._at: float | None = None

    def take(self, now: float) -> float:
        """Let one pass; return how long it has to wait for that. ``now`` never goes back."""
        elapsed = now - self._at if self._at is not None else 0.0
        self._at = now
        self._tokens = min(self._burst, self._tokens + elapsed * self._per_second) - 1
        return max(0.0, -self._tokens / self._per_second)
