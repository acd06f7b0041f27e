"""What must still leave for a customer's server, and every attempt to send it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from midcall.model.endpoints import Endpoint
from midcall.model.sids import AccountSid, CallSid, MessageSid, SubscriptionSid


class EntryKind(StrEnum):
    """What an outbox entry carries."""

    USER_DEFINED_MESSAGE = "user-defined-message"
    STATUS_CALLBACK = "status-callback"
    RECEIPT = "receipt"
    """How a downlink came out, for the ``StatusCallback`` that was given with it."""


def subscription_lane(sid: SubscriptionSid, call_sid: CallSid | None = None) -> str:
    """Name the lane of a subscription; ``call_sid`` is the leg, where the subscription is standing.

    The order of messages is that of their leg, so a standing subscription has a lane for each.
    """
    return f"{sid}/{call_sid}" if call_sid else sid


def copy_lane(sid: SubscriptionSid, call_sid: CallSid) -> str:
    """Name the lane in which a standing subscription is told of a leg's downlinks."""
    return f"{subscription_lane(sid, call_sid)}/downlinks"


def receipt_lane(call_sid: CallSid, message_sid: MessageSid) -> str:
    """Name the lane of a message's receipt: there is one receipt, and it waits for no other."""
    return f"{call_sid}/{message_sid}"


class EntryState(StrEnum):
    """How far an outbox entry has come."""

    WAITING = "waiting"
    """Not owed yet: its message has not come to its end."""
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up; can be sent again by hand."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request that is owed.

    Entries of one ``lane`` leave in the order of ``position``, one in flight; lane and position
    together name the entry. ``token`` goes out as ``I-Twilio-Idempotency-Token``, the same on
    every repeat; it names the entry for customers. ``attempts`` counts since ``redriven_at``, when
    it was last asked for by hand that it be sent again.
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
    redriven_at: datetime | None = None

    @property
    def subscription_sid(self) -> SubscriptionSid | None:
        """The subscription that it is owed to, standing or not, if it is owed to one."""
        if self.kind is not EntryKind.USER_DEFINED_MESSAGE:
            return None
        return SubscriptionSid(self.lane.partition("/")[0])


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
