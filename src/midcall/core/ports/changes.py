"""Changes: what a decision writes. A commit takes many, in order, all or nothing."""

from datetime import datetime
from enum import StrEnum

import msgspec

from midcall.model.accounts import Account, ApiKey, Application
from midcall.model.exchanges import Exchange
from midcall.model.families import Family
from midcall.model.messages import (
    AcceptedRequest,
    Broadcast,
    MessageState,
    StandingSubscription,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.notifications import Notification
from midcall.model.numbers import PhoneNumber
from midcall.model.outbox import Attempt, Entry
from midcall.model.sids import (
    ApplicationSid,
    CallSid,
    KeySid,
    MessageSid,
    PhoneNumberSid,
    SubscriptionSid,
)
from midcall.model.traces import Trace


class PutAccount(msgspec.Struct, frozen=True):
    """Add an account, or replace the one with its SID."""

    account: Account


class PutApiKey(msgspec.Struct, frozen=True):
    """Add an API key, or replace the one with its SID."""

    key: ApiKey


class RemoveApiKey(msgspec.Struct, frozen=True):
    """Remove an API key if it is there."""

    sid: KeySid


class PutApplication(msgspec.Struct, frozen=True):
    """Add an application, or replace the one with its SID."""

    application: Application


class RemoveApplication(msgspec.Struct, frozen=True):
    """Remove an application if it is there."""

    sid: ApplicationSid


class PutFamily(msgspec.Struct, frozen=True):
    """Keep a family as it now is, with the calls of all its legs for the Calls resource.

    ``family.over`` tells the store that it need not be loaded at the next start.
    """

    family: Family


class AddMessage(msgspec.Struct, frozen=True):
    """Add a user-defined message. Its SID is unique within its call."""

    message: UserDefinedMessage


class MarkMessage(msgspec.Struct, frozen=True):
    """Move a user-defined message to another state.

    A message in a terminal state stays as it is: what was settled once does not change.
    """

    call_sid: CallSid
    sid: MessageSid
    state: MessageState
    at: datetime


class ExpireMessages(msgspec.Struct, frozen=True):
    """Expire what nobody will take any more, because a leg is over.

    That is every downlink that is not settled, and every uplink that is held.
    """

    call_sid: CallSid
    at: datetime


class HoldMessages(msgspec.Struct, frozen=True):
    """Hold every downlink of a leg that is accepted: no device can take it now."""

    call_sid: CallSid
    at: datetime


class ExpireHeld(msgspec.Struct, frozen=True):
    """Expire the downlinks of a leg that wait, unsent, since before a time."""

    call_sid: CallSid
    created_before: datetime
    at: datetime


class ExpireUplinks(msgspec.Struct, frozen=True):
    """Expire the held uplinks of a leg up to a position: there are too many of them."""

    call_sid: CallSid
    last_position: int
    at: datetime


class TakeUplinks(msgspec.Struct, frozen=True):
    """Have the held uplinks of a leg accepted: a subscription takes them."""

    call_sid: CallSid


class AddSubscription(msgspec.Struct, frozen=True):
    """Add a subscription."""

    subscription: Subscription


class RemoveSubscription(msgspec.Struct, frozen=True):
    """Remove a subscription if it is there. What its callback is owed already stays owed."""

    sid: SubscriptionSid


class AddStandingSubscription(msgspec.Struct, frozen=True):
    """Add a subscription to an account's messages."""

    subscription: StandingSubscription


class RemoveStandingSubscription(msgspec.Struct, frozen=True):
    """Remove one if it is there. What its callback is owed already stays owed."""

    sid: SubscriptionSid


class AddBroadcast(msgspec.Struct, frozen=True):
    """Remember to which legs a message goes. Account and key are unique together."""

    broadcast: Broadcast


class AddAcceptedRequest(msgspec.Struct, frozen=True):
    """Remember the answer given under an idempotency key."""

    request: AcceptedRequest


class AddEntry(msgspec.Struct, frozen=True):
    """Owe a request to a customer's server."""

    entry: Entry


class SettleEntry(msgspec.Struct, frozen=True):
    """Keep an attempt, and the entry as the attempt left it (state, attempts, due_at)."""

    entry: Entry
    attempt: Attempt


class RedriveEntry(msgspec.Struct, frozen=True):
    """Let a dead entry be pending again, due at once, with its attempts counted anew.

    Its message, if that failed, is accepted again. An entry that is not dead stays as it is.
    """

    lane: str
    position: int
    at: datetime


class RemoveContent(msgspec.Struct, frozen=True):
    """Remove what was said in a call that is over; the call itself stays.

    That is its messages and their events, its entries and attempts, its exchanges and traces, and
    what its notifications quote of requests and responses.
    """

    call_sid: CallSid


class Perishable(StrEnum):
    """What is removed by its age alone."""

    ACCEPTED_REQUEST = "accepted-request"
    """An idempotency key of a call that has been over for that long, or of no call at all."""
    BROADCAST = "broadcast"
    NOTIFICATION = "notification"
    MESSAGE_EVENT = "message-event"


class RemoveOld(msgspec.Struct, frozen=True):
    """Remove what is older than a time, the oldest first; at most a thousand in one change."""

    kind: Perishable
    before: datetime


class RemoveCall(msgspec.Struct, frozen=True):
    """Remove a call that is over, with its messages, subscriptions, entries and whatever else."""

    sid: CallSid


class PutPhoneNumber(msgspec.Struct, frozen=True):
    """Add a phone number, or replace the one with its SID. Two cannot have the same number."""

    number: PhoneNumber


class RemovePhoneNumber(msgspec.Struct, frozen=True):
    """Remove a phone number if it is there."""

    sid: PhoneNumberSid


class AddExchange(msgspec.Struct, frozen=True):
    """Keep a request to a customer's server and its response."""

    exchange: Exchange


class AddNotification(msgspec.Struct, frozen=True):
    """Show an error or warning in the debugger."""

    notification: Notification


class AddTrace(msgspec.Struct, frozen=True):
    """Keep what happened to a call, for whoever looks at it.

    Nothing is kept of a call that is not there, is another account's, or has had what was said in
    it removed: a trace may come late.
    """

    trace: Trace


Change = (
    PutAccount
    | PutApiKey
    | RemoveApiKey
    | PutApplication
    | RemoveApplication
    | PutFamily
    | AddMessage
    | MarkMessage
    | ExpireMessages
    | HoldMessages
    | ExpireHeld
    | ExpireUplinks
    | TakeUplinks
    | AddSubscription
    | RemoveSubscription
    | AddStandingSubscription
    | RemoveStandingSubscription
    | AddBroadcast
    | AddAcceptedRequest
    | AddEntry
    | SettleEntry
    | RedriveEntry
    | RemoveCall
    | RemoveContent
    | RemoveOld
    | PutPhoneNumber
    | RemovePhoneNumber
    | AddExchange
    | AddNotification
    | AddTrace
)
