"""What is asked of the store by those who look at calls and at the servers behind them."""

from datetime import datetime
from typing import assert_never

import msgspec

from midcall.model.exchanges import Exchange
from midcall.model.messages import UserDefinedMessage
from midcall.model.notifications import Notification
from midcall.model.outbox import Attempt, Entry, EntryState
from midcall.model.traces import Trace


class AttemptMade(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt, with the entry that it was made on."""

    entry: Entry
    attempt: Attempt


Happening = Trace | Exchange | UserDefinedMessage | AttemptMade | Notification
"""One thing in the history of a leg."""


def happened_at(happening: Happening) -> datetime:
    """Return when something happened: a message, when it was accepted."""
    match happening:
        case Trace(at=at):
            return at
        case Exchange(requested_at=at):
            return at
        case UserDefinedMessage(created_at=at) | Notification(created_at=at):
            return at
        case AttemptMade(attempt=attempt):
            return attempt.attempted_at
        case _:
            assert_never(happening)


class MadeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a customer's server; no ``status`` means no response. Milliseconds."""

    url: str
    requested_at: datetime
    duration_ms: int
    status: int | None


class FailedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A callback's request that brought no response, and why."""

    url: str
    attempted_at: datetime
    fault: str


class OwedRequests(msgspec.Struct, frozen=True, kw_only=True):
    """How many callbacks of a URL are in a state that is not a good end."""

    url: str
    state: EntryState
    count: int


class RecentRequests(msgspec.Struct, frozen=True, kw_only=True):
    """What there lately was between an account and its customers' servers; each is a sample.

    ``made`` and ``failed`` are newest first.
    """

    made: tuple[MadeRequest, ...] = ()
    failed: tuple[FailedRequest, ...] = ()
    owed: tuple[OwedRequests, ...] = ()
