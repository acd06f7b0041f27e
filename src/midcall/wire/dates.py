"""Dates as the 2010-04-01 API and its webhooks write them.

Written: RFC 2822 in UTC, always with a two-digit day and ``+0000``, because official libraries
parse exactly that form. Read: any RFC 2822 date and the HTTP dates of RFC 9110, section 5.6.7.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

# English whatever the locale is, which strftime would follow.
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def format_rfc2822(at: datetime) -> str:
    """Write a time, to the second: ``Wed, 18 Dec 2019 20:02:01 +0000``.

    A time without a zone is a ``ValueError``: it would be taken for local time.
    """
    if at.tzinfo is None:
        raise ValueError("a date without a time zone has no place on the wire")
    utc = at.astimezone(UTC)
    day, month = _DAYS[utc.weekday()], _MONTHS[utc.month - 1]
    return (
        f"{day}, {utc.day:02} {month} {utc.year:04}"
        f" {utc.hour:02}:{utc.minute:02}:{utc.second:02} +0000"
    )


def parse_rfc2822(text: str) -> datetime:
    """Read a date, in UTC. Text that is no date is a ``ValueError``."""
    at = parsedate_to_datetime(text)
    # "-0000" says UTC without saying where the sender is (RFC 5322, section 3.3).
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
