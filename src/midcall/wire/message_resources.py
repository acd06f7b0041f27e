"""Resources of user-defined messages that the original does not have.

What became of a message, and who is told of it. The classes follow the rules of ``wire.resources``;
a URL is shown without user and password.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, UnsetType

from midcall.model.endpoints import Endpoint
from midcall.model.errors import Fault
from midcall.model.messages import (
    Created,
    Direction,
    MessageState,
    StandingSubscription,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.sids import AccountSid, CallSid
from midcall.wire.callback_resources import Attempted, AttemptResource, attempt
from midcall.wire.dates import format_rfc2822
from midcall.wire.resources import (
    Resource,
    SubscriptionResource,
    UserDefinedMessageResource,
    account_uri,
)
from midcall.wire.shapes import (
    AccountSidText,
    ApplicationSidText,
    CallSidText,
    DateText,
    MessageSidText,
    MethodText,
    PathText,
    SubscriptionSidText,
)
from midcall.wire.urls import shown

LegOutcome = tuple[CallSid, Created | None, Fault | None]
"""What came of a message on a leg: ``Created``, or the fault that it was refused with."""


class ReplyResource(Resource, frozen=True, kw_only=True):
    """The device's answer to a message. ``content`` is JSON text."""

    sid: MessageSidText
    content: str
    content_type: str
    date_created: DateText


class CreatedUserDefinedMessageResource(UserDefinedMessageResource, frozen=True, kw_only=True):
    """``UserDefinedMessage``, and the reply to it if one was waited for."""

    reply: ReplyResource | UnsetType = UNSET


class ListedUserDefinedMessageResource(Resource, frozen=True, kw_only=True):
    """A message of either direction, and how far it has come.

    ``sequence_number`` counts the messages of one leg and direction from 0. ``content`` is JSON
    text.
    """

    account_sid: AccountSidText
    call_sid: CallSidText
    sid: MessageSidText
    direction: Direction
    state: MessageState
    content: str
    content_type: str
    sequence_number: int
    sends: int
    date_created: DateText
    date_held: DateText | None
    date_sent: DateText | None
    date_settled: DateText | None
    status_callback: str | None
    in_reply_to: MessageSidText | None
    uri: PathText


class WholeUserDefinedMessageResource(ListedUserDefinedMessageResource, frozen=True, kw_only=True):
    """A message as it is shown alone: with every request that was made for it, oldest first."""

    attempts: list[AttemptResource]


class WholeSubscriptionResource(SubscriptionResource, frozen=True, kw_only=True):
    """``UserDefinedMessageSubscription``, and where it leads."""

    callback: str
    method: MethodText
    replay: bool


class StandingSubscriptionResource(Resource, frozen=True, kw_only=True):
    """A subscription to the messages of every call of an account."""

    account_sid: AccountSidText
    sid: SubscriptionSidText
    date_created: DateText
    callback: str
    method: MethodText
    application_sid: ApplicationSidText | None
    identity: str | None
    direction: Literal["uplink", "downlink", "both"]
    uri: PathText


class LegResultResource(Resource, frozen=True, kw_only=True):
    """What came of a message on one leg. ``status`` is what a create there alone would answer."""

    call_sid: CallSidText
    sid: MessageSidText | None
    status: int
    code: int | None
    message: str | None


class BroadcastResource(Resource, frozen=True, kw_only=True):
    """What came of a message that was sent to several legs."""

    account_sid: AccountSidText
    date_created: DateText
    results: list[LegResultResource]


def created_message(
    created: Created, reply: UserDefinedMessage | None = None
) -> CreatedUserDefinedMessageResource:
    """Show a message that was accepted, and the reply to it if there is one."""
    return CreatedUserDefinedMessageResource(
        account_sid=created.account_sid,
        call_sid=created.call_sid,
        sid=created.sid,
        date_created=format_rfc2822(created.created_at),
        reply=UNSET if reply is None else _reply(reply),
    )


def listed_message(message: UserDefinedMessage) -> ListedUserDefinedMessageResource:
    """Show a message as it is now."""
    return ListedUserDefinedMessageResource(**_message(message))


def whole_message(
    message: UserDefinedMessage, attempted: Sequence[Attempted]
) -> WholeUserDefinedMessageResource:
    """Show a message as it is now, with the requests that were made for it."""
    return WholeUserDefinedMessageResource(
        **_message(message), attempts=[attempt(*one) for one in attempted]
    )


def whole_subscription(subscription: Subscription) -> WholeSubscriptionResource:
    """Show a subscription to the messages of a call."""
    return WholeSubscriptionResource(
        account_sid=subscription.account_sid,
        call_sid=subscription.call_sid,
        sid=subscription.sid,
        date_created=format_rfc2822(subscription.created_at),
        uri=f"{_call_uri(subscription.account_sid, subscription.call_sid)}"
        f"/UserDefinedMessageSubscriptions/{subscription.sid}.json",
        callback=shown(subscription.callback.url),
        method=subscription.callback.method.value,
        replay=subscription.replay,
    )


def standing_subscription(subscription: StandingSubscription) -> StandingSubscriptionResource:
    """Show a subscription to the messages of an account."""
    direction = subscription.direction
    return StandingSubscriptionResource(
        account_sid=subscription.account_sid,
        sid=subscription.sid,
        date_created=format_rfc2822(subscription.created_at),
        callback=shown(subscription.callback.url),
        method=subscription.callback.method.value,
        application_sid=subscription.application_sid,
        identity=subscription.identity,
        direction="both" if direction is None else direction.value,
        uri=f"{account_uri(subscription.account_sid)}"
        f"/UserDefinedMessageSubscriptions/{subscription.sid}.json",
    )


def broadcast(
    account: AccountSid, created_at: datetime, results: Sequence[LegOutcome]
) -> BroadcastResource:
    """Show what came of a message that was sent to several legs."""
    return BroadcastResource(
        account_sid=account,
        date_created=format_rfc2822(created_at),
        results=[leg_result(*result) for result in results],
    )


def leg_result(call: CallSid, created: Created | None, fault: Fault | None) -> LegResultResource:
    """Show what came of a message on one leg: it was accepted, or refused with a fault."""
    return LegResultResource(
        call_sid=call,
        sid=None if created is None else created.sid,
        status=201 if fault is None else fault.http_status,
        code=None if fault is None else fault.code,
        message=None if fault is None else str(fault),
    )


def _reply(message: UserDefinedMessage) -> ReplyResource:
    return ReplyResource(
        sid=message.sid,
        content=message.content,
        content_type=message.content_type,
        date_created=format_rfc2822(message.created_at),
    )


def _message(message: UserDefinedMessage) -> dict[str, Any]:
    return {
        "account_sid": message.account_sid,
        "call_sid": message.call_sid,
        "sid": message.sid,
        "direction": message.direction,
        "state": message.state,
        "content": message.content,
        "content_type": message.content_type,
        "sequence_number": message.position,
        "sends": message.sends,
        "date_created": format_rfc2822(message.created_at),
        "date_held": _date(message.held_at),
        "date_sent": _date(message.sent_at),
        "date_settled": _date(message.settled_at),
        "status_callback": _url(message.status_callback),
        "in_reply_to": message.in_reply_to,
        "uri": f"{_call_uri(message.account_sid, message.call_sid)}"
        f"/UserDefinedMessages/{message.sid}.json",
    }


def _call_uri(account: AccountSid, call: CallSid) -> str:
    return f"{account_uri(account)}/Calls/{call}"


def _url(endpoint: Endpoint | None) -> str | None:
    return None if endpoint is None else shown(endpoint.url)


def _date(at: datetime | None) -> str | None:
    return None if at is None else format_rfc2822(at)
