"""Whether to try again, and when: pure functions of the entry, the reply, the time and chance.

An *attempt* may take several requests: what the URL's connection overrides ask to repeat is
repeated at once (``repeats_at_once``). What failed for all that is tried again later (``decide``):

- Only 2xx is delivered. A redirect that delivery did not follow would lose the body, so nobody has
  taken the message; the same goes for every other status.
- What will not change by itself is given up at once: a URL that cannot be used, an address that is
  refused, a redirect, a 4xx other than 408, 425 and 429.
- Everything else is tried again on a schedule, within the horizon. An entry that waited in its lane
  beyond the horizon still gets a few tries, so that one dead hour does not take with it what came
  later.
- An entry that is sent again by hand begins anew: its attempts and its horizon count from then on.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, assert_never

import msgspec

from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply
from midcall.model.outbox import Entry


class Delivered(msgspec.Struct, frozen=True):
    """The customer's server has taken it."""


class TryAgain(msgspec.Struct, frozen=True):
    """It is due again at ``due_at``."""

    due_at: datetime


class GaveUp(msgspec.Struct, frozen=True):
    """It will not be tried again by itself."""


Outcome = Delivered | TryAgain | GaveUp


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When repeats are due. All times are in seconds.

    ``delays`` are the waits after the first failure, the second, and so on. Each is shortened by
    chance, by up to ``jitter`` of it (0 to 1), so that what failed together does not come back
    together. ``horizon`` is the age at which an entry has had its time, though not before
    ``least_attempts``. ``longest_retry_after`` bounds what a server may ask for: the lane behind
    the entry waits too.
    """

    delays: tuple[float, ...]
    horizon: float
    least_attempts: int
    longest_retry_after: float
    jitter: float = 0.2

    @property
    def longest_wait(self) -> float:
        """The longest time that lies between two attempts."""
        return max(*self.delays, self.longest_retry_after, 0.0)


MESSAGES: Final = Schedule(
    delays=(1, 2, 5, 15, 30, 60, 300, 600, 900, 1200),
    horizon=3600,
    least_attempts=4,
    longest_retry_after=300,
)
"""User-defined messages: seconds at first, since somebody is on the phone; an hour in all, since a
deployment or an outage should not cost a message."""

STATUS_CALLBACKS: Final = Schedule(
    delays=(1, 5, 15, 60, 300), horizon=900, least_attempts=3, longest_retry_after=120
)
"""Status callbacks and receipts: news of a call or of one of its messages is worth little a quarter
of an hour later."""

# Request Timeout, Too Early, Too Many Requests: they say "later", not "never" (RFC 9110, RFC 8470,
# RFC 6585).
_TEMPORARY_CLIENT_ERRORS: Final = frozenset({408, 425, 429})

_BROKEN: Final = "broken"
_EVERY_POLICY: Final = frozenset({"4xx", "5xx", "ct", "rt", _BROKEN})
_POLICIES: Final = {
    FailureKind.NO_SUCH_HOST: "ct",
    FailureKind.CONNECT: "ct",
    FailureKind.CONNECT_TIMEOUT: "ct",
    FailureKind.TLS: "ct",
    FailureKind.TIMEOUT: "rt",
    FailureKind.PROTOCOL: _BROKEN,
}


def decide(entry: Entry, reply: Reply, now: datetime, chance: float, schedule: Schedule) -> Outcome:
    """Decide what becomes of an entry after the attempt that had this reply.

    ``entry`` is as it was before the attempt; ``chance`` is from 0 up to but not 1.
    """
    match reply:
        case Answer(status=status) if 200 <= status < 300:
            return Delivered()
        case Answer(status=status, retry_after_seconds=asked):
            permanent = status < 500 and status not in _TEMPORARY_CLIENT_ERRORS
        case Failure(kind=kind):
            permanent, asked = kind.permanent, None
        case _:
            assert_never(reply)
    if permanent:
        return GaveUp()
    return _again(entry, asked, now, chance, schedule)


def repeats_at_once(reply: Reply, policies: Collection[str]) -> bool:
    """Tell whether retry policies name a reply: ``4xx``, ``5xx``, ``ct``, ``rt`` or ``all``.

    ``ct`` is for a connection that did not come about, ``rt`` for an answer that did not come in
    time. ``all`` also takes a connection that broke. What cannot change in a moment (a bad URL, a
    refused address, a certificate) is not repeated ("connection overrides" page).
    """
    match reply:
        case Answer(cut=FailureKind.TIMEOUT | FailureKind.PROTOCOL as cut):
            policy = _POLICIES[cut]
        case Answer(status=status):
            policy = f"{status // 100}xx"
        case Failure(kind=kind):
            policy = _POLICIES.get(kind, "")
        case _:
            assert_never(reply)
    return policy in policies or ("all" in policies and policy in _EVERY_POLICY)


def _again(
    entry: Entry, asked: float | None, now: datetime, chance: float, schedule: Schedule
) -> Outcome:
    if entry.attempts >= len(schedule.delays):
        return GaveUp()
    delay = schedule.delays[entry.attempts] * (1 - schedule.jitter * chance)
    if asked is not None:
        delay = max(delay, min(asked, schedule.longest_retry_after))
    due_at = now + timedelta(seconds=delay)
    began_at = entry.redriven_at or entry.created_at
    too_old = due_at > began_at + timedelta(seconds=schedule.horizon)
    if too_old and entry.attempts + 1 >= schedule.least_attempts:
        return GaveUp()
    return TryAgain(due_at)
