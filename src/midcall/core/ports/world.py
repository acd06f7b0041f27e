"""The world outside: time and chance."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is: aware, in UTC."""

    def __call__(self) -> datetime:
        """Return the time now."""
        ...


class Entropy(Protocol):
    """Where randomness comes from: ``os.urandom`` in the server, a counter in tests."""

    def __call__(self, size: int, /) -> bytes:
        """Return ``size`` unpredictable bytes."""
        ...
