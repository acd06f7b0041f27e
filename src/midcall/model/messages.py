"""User-defined messages and the subscriptions that receive them."""

from datetime import datetime
from enum import StrEnum

import msgspec

from midcall.model.endpoints import Endpoint
from midcall.model.sids import (
    AccountSid,
    ApplicationSid,
    CallSid,
    MessageSid,
    SubscriptionSid,
)

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
    """Durable, and on its way: a downlink waits for its turn, an uplink for its callbacks."""
    HELD = "held"
    """Waits for somebody to take it. Downlink: no device can, because it does not know its CallSid
    yet, or its app has no listener yet, or its socket is down. Uplink: nobody has subscribed."""
    SENT = "sent"
    """Downlink: written to the device's socket, the receipt still out."""
    DELIVERED = "delivered"
    """Downlink: dispatched to the app's listeners. Uplink: taken by every callback it owed."""
    EXPIRED = "expired"
    """The call ended first, or it waited for longer than it may."""
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

    ``held_at``, ``sent_at`` and ``settled_at`` are when it came to those states last; ``sends``
    counts how often a downlink was written to a socket. ``status_callback`` is told how a downlink
    came out. ``in_reply_to`` is the downlink that an uplink says it answers.
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
    held_at: datetime | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    sends: int = 0
    status_callback: Endpoint | None = None
    in_reply_to: MessageSid | None = None


class MessageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A message came to a state of which the application is told.

    There is one when an uplink is accepted (``accepted`` or ``held``) and one when a message of
    either direction is settled. ``id`` grows from event to event, over all accounts. ``message`` is
    as it is now, ``state`` and ``at`` are of the event.
    """

    id: int
    at: datetime
    state: MessageState
    message: UserDefinedMessage


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to be told of every uplink message of one call leg.

    With ``replay`` it began with those that had come before it.
    """

    sid: SubscriptionSid
    account_sid: AccountSid
    call_sid: CallSid
    callback: Endpoint
    created_at: datetime
    replay: bool = False


class StandingSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to be told of the messages of every call of an account, from its first frame on.

    It is narrowed to the calls of an application, the legs of an identity, and one direction;
    ``None`` narrows nothing.
    """

    sid: SubscriptionSid
    account_sid: AccountSid
    callback: Endpoint
    created_at: datetime
    application_sid: ApplicationSid | None = None
    identity: str | None = None
    direction: Direction | None = Direction.UPLINK

    def covers(
        self, application_sid: ApplicationSid | None, identity: str, direction: Direction
    ) -> bool:
        """Tell whether it is told of the messages of a leg in a direction."""
        return (
            self.application_sid in {None, application_sid}
            and self.identity in {None, identity}
            and self.direction in {None, direction}
        )


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a create: which resource there now is, and since when.

    ``call_sid`` is empty for what belongs to no call.
    """

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


class Broadcast(msgspec.Struct, frozen=True, kw_only=True):
    """To which legs a message went that was sent to several under one idempotency key.

    A repeat sends to the same legs again, each under a key of its own: what was accepted stays as
    it is, and what the server could not do any more before it ended is done.
    """

    account_sid: AccountSid
    key: str
    fingerprint: str
    call_sids: tuple[CallSid, ...]
    created_at: datetime
