"""How fast a device may send: a token bucket as a value."""

from datetime import datetime

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """So many messages a second on average, so many at once after a quiet time."""

    per_second: float
    burst: int


class Bucket(msgspec.Struct, frozen=True):
    """How many messages may still pass at once, and when that was so."""

    tokens: float
    at: datetime


def full(rate: Rate, now: datetime) -> Bucket:
    """Return the bucket of somebody who has not sent anything."""
    return Bucket(rate.burst, now)


def take(bucket: Bucket, rate: Rate, now: datetime) -> Bucket | None:
    """Let one message pass, or return ``None`` if it comes too soon."""
    elapsed = max(0.0, (now - bucket.at).total_seconds())
    tokens = min(float(rate.burst), bucket.tokens + elapsed * rate.per_second)
    return Bucket(tokens - 1, now) if tokens >= 1 else None
