"""How fast a device may send: a token bucket as a value."""

from datetime import datetime

import msgspec

LONGEST_SAVING_SECONDS = 300.0
"""How long somebody can save up: as long as a device may be away."""


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
    """Let one message pass, or return ``None`` if it comes too soon.

    A clock that was put back takes no tokens away and brings none. It does let one message pass,
    because only a bucket that lets one pass is kept: an empty one would wait for the clock to come
    back to where it was.
    """
    elapsed = (now - bucket.at).total_seconds()
    # More than a burst may have been saved up: time neither adds to that nor takes it away.
    full_again = max(bucket.tokens, float(rate.burst))
    tokens = min(full_again, bucket.tokens + max(0.0, elapsed) * rate.per_second)
    if elapsed < 0:
        tokens = max(1.0, tokens)
    return Bucket(tokens - 1, now) if tokens >= 1 else None


def saved(bucket: Bucket, rate: Rate, now: datetime) -> Bucket:
    """Return the bucket of somebody who could not send since: what would have passed may pass.

    On average that is no more than ``rate`` allows.
    """
    elapsed = min(max(0.0, (now - bucket.at).total_seconds()), LONGEST_SAVING_SECONDS)
    return Bucket(bucket.tokens + elapsed * rate.per_second, now)
