"""The time of day."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)
