"""What a message owes to customers' servers, as entries of the outbox."""

from datetime import datetime
from uuid import UUID

from midcall.core.ports import Entropy
from midcall.model.endpoints import Endpoint
from midcall.model.messages import (
    Direction,
    StandingSubscription,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.outbox import (
    Entry,
    EntryKind,
    EntryState,
    copy_lane,
    receipt_lane,
    subscription_lane,
)


class EntryWriter:
    """Writes entries. ``first_sequence_number`` is what a leg's ``SequenceNumber`` counts from."""

    def __init__(self, entropy: Entropy, first_sequence_number: int) -> None:
        self._entropy = entropy
        self._first_sequence_number = first_sequence_number

    def owed(
        self,
        message: UserDefinedMessage,
        subscription: Subscription | StandingSubscription,
        now: datetime,
    ) -> Entry:
        """Owe a message to a subscription (Call Message Events page, the callback's fields).

        A standing subscription may be told of both directions, so its callbacks say which. What it
        is told of a downlink is a copy: whether that arrives says nothing about the message.
        ``Timestamp`` is left to the sender: it is when the message is sent.
        """
        lane, extra = subscription_lane(subscription.sid), {}
        downlink = message.direction is Direction.DOWNLINK
        if isinstance(subscription, StandingSubscription):
            name = copy_lane if downlink else subscription_lane
            lane = name(subscription.sid, message.call_sid)
            extra = {"Direction": message.direction.value, "SubscriptionSid": subscription.sid}
        return Entry(
            lane=lane,
            position=message.position,
            kind=EntryKind.USER_DEFINED_MESSAGE,
            account_sid=message.account_sid,
            call_sid=message.call_sid,
            message_sid=None if downlink else message.sid,
            endpoint=subscription.callback,
            parameters={
                "AccountSid": message.account_sid,
                "CallSid": message.call_sid,
                "Content": message.content,
                "ContentType": message.content_type,
                "SequenceNumber": str(message.position + self._first_sequence_number),
                "Sid": message.sid,
                **extra,
            },
            token=self._token(),
            created_at=now,
            due_at=now,
        )

    def receipt(self, message: UserDefinedMessage, callback: Endpoint) -> Entry:
        """Owe word of how a message came out, once it has.

        What it says is left to the sender: the message's state, and since when.
        """
        return Entry(
            lane=receipt_lane(message.call_sid, message.sid),
            position=0,
            kind=EntryKind.RECEIPT,
            account_sid=message.account_sid,
            call_sid=message.call_sid,
            message_sid=message.sid,
            endpoint=callback,
            parameters={
                "AccountSid": message.account_sid,
                "CallSid": message.call_sid,
                "Sid": message.sid,
            },
            token=self._token(),
            created_at=message.created_at,
            due_at=message.created_at,
            state=EntryState.WAITING,
        )

    def _token(self) -> str:
        return str(UUID(bytes=self._entropy(16), version=4))
