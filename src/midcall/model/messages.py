"""User-defined messages and the subscriptions that receive them."""

from datetime import datetime
from enum import StrEnum

import msgspec

from midcall.model.endpoints import Endpoint
from midcall.model.sids import AccountSid, CallSid, MessageSid, SubscriptionSid

USER_DEFINED_MESSAGE = "user-defined-message"
"""The only ``messagetype`` that applications may send (Call Message Events page)."""

CALL_PROGRESS_EVENT = "call-progress-event"
"""The ``messagetype`` by which a caller's device is told of its call's children."""

JSON_CONTENT_TYPE = "application/json"
"""The only content type that the original supports (Call Message Events page)."""


class Direction(StrEnum):
    """Which way a user-defined message travels."""

    DOWNLINK = "downlink"
    """Server to SDK."""
    UPLINK = "uplink"
    """SDK to server."""


class MessageState(StrEnum):
    """How far a user-defined message has come."""

    ACCEPTED = "accepted"
    """Durable. A downlink waits for its turn, an uplink has been acknowledged."""
    SENT = "sent"
    """Downlink: written to the device's socket, the receipt still out."""
    DELIVERED = "delivered"
    """Downlink: dispatched to the app's listeners. Uplink: taken by every callback it owed."""
    EXPIRED = "expired"
    """Downlink: the call ended first."""
    FAILED = "failed"
    """Uplink: a callback was given up."""

    @property
    def terminal(self) -> bool:
        """Whether nothing more can become of it by itself."""
        return self in {MessageState.DELIVERED, MessageState.EXPIRED, MessageState.FAILED}


class UserDefinedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the middle of a call.

    ``content`` is JSON text. ``position`` counts the messages of one leg and direction from 0, in
    the order in which they were accepted; for an uplink it is what ``SequenceNumber`` shows.
    """

    sid: MessageSid
    account_sid: AccountSid
    call_sid: CallSid
    direction: Direction
    position: int
    content: str
    content_type: str
    created_at: datetime
    state: MessageState = MessageState.ACCEPTED
    sent_at: datetime | None = None
    settled_at: datetime | None = None


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A standing wish to be told of every uplink message of one call leg."""

    sid: SubscriptionSid
    account_sid: AccountSid
    call_sid: CallSid
    callback: Endpoint
    created_at: datetime


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a create: which resource there now is, and since when."""

    account_sid: AccountSid
    call_sid: CallSid
    sid: str
    created_at: datetime


class AcceptedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The first answer given under an idempotency key, to be given again on every repeat.

    ``fingerprint`` is a digest of the request's other parameters: the same key with other
    parameters is a conflict, not a repeat.
    """

    account_sid: AccountSid
    call_sid: CallSid
    resource: str
    key: str
    fingerprint: str
    sid: str
    created_at: datetime

    @property
    def answer(self) -> Created:
        """The answer that was given."""
        return Created(
            account_sid=self.account_sid,
            call_sid=self.call_sid,
            sid=self.sid,
            created_at=self.created_at,
        )
