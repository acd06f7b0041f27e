"""What must still leave for a customer's server, and every attempt to send it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from midcall.model.endpoints import Endpoint
from midcall.model.sids import AccountSid, CallSid, MessageSid


class EntryKind(StrEnum):
    """What an outbox entry carries."""

    USER_DEFINED_MESSAGE = "user-defined-message"
    STATUS_CALLBACK = "status-callback"


class EntryState(StrEnum):
    """How far an outbox entry has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up; can be sent again by hand."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request that is owed.

    Entries of one ``lane`` leave in the order of ``position``, one in flight; lane and position
    together name the entry. ``token`` goes out as ``I-Twilio-Idempotency-Token``, the same on
    every repeat.
    """

    lane: str
    position: int
    kind: EntryKind
    account_sid: AccountSid
    call_sid: CallSid
    endpoint: Endpoint
    parameters: dict[str, str]
    token: str
    created_at: datetime
    due_at: datetime
    message_sid: MessageSid | None = None
    attempts: int = 0
    state: EntryState = EntryState.PENDING


class OutcomeKind(StrEnum):
    """What became of one attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GAVE_UP = "gave-up"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to a customer's server, as it went.

    ``status`` is the response's status, or ``None`` if there was no response; ``fault`` then says
    why. ``duration_ms`` is in milliseconds.
    """

    lane: str
    position: int
    attempted_at: datetime
    duration_ms: int
    outcome: OutcomeKind
    status: int | None = None
    fault: str = ""
