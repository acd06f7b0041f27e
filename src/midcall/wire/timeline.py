"""The history of a leg as one list: whatever happened, in one shape.

``details`` are texts, for whoever looks; programs have the resources that each item comes from. A
URL is shown without user and password, and what may be long is cut.
"""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

from midcall.model.exchanges import Exchange
from midcall.model.messages import UserDefinedMessage
from midcall.model.notifications import Notification
from midcall.model.outbox import Attempt, Entry
from midcall.model.sids import CallSid
from midcall.model.traces import Trace
from midcall.wire.resources import Resource
from midcall.wire.shapes import CallSidText
from midcall.wire.urls import shown

BODY_CHARACTERS: Final = 4_000
"""How much of a response is shown here; the call's events have more of it."""

PARAMETER_CHARACTERS: Final = 500
PARAMETERS: Final = 60
"""How much of a request is shown here: the original's requests have some twenty parameters."""

MomentText: TypeAlias = Annotated[
    str,
    Meta(
        description="RFC 3339 with milliseconds, in GMT: `2019-12-18T20:02:01.250Z`.",
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
    ),
]

Kind: TypeAlias = Literal[
    "status",
    "verb",
    "received",
    "sent",
    "request",
    "message",
    "attempt",
    "alert",
    "quality",
    "report",
]


class TimelineResource(Resource, frozen=True, kw_only=True):
    """One thing that happened to a call. ``sid`` names the message or notification that it is."""

    date: MomentText
    kind: Kind
    name: str
    call_sid: CallSidText
    details: dict[str, str]
    sid: str | None


def format_moment(at: datetime) -> str:
    """Write a time to the millisecond: ``2019-12-18T20:02:01.250Z``."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def trace(trace: Trace) -> TimelineResource:
    """Show what happened in the call, or on its signalling, or was reported of it."""
    return TimelineResource(
        date=format_moment(trace.at),
        kind=trace.kind.value,
        name=trace.name,
        call_sid=trace.call_sid,
        details=trace.details,
        sid=None,
    )


def request(exchange: Exchange) -> TimelineResource:
    """Show a request to a customer's server: its parameters, and what came back."""
    parameters = {
        name: value[:PARAMETER_CHARACTERS]
        for name, value in list(exchange.parameters.items())[:PARAMETERS]
    }
    return _item(
        exchange.requested_at,
        "request",
        f"{exchange.method} {exchange.url}",
        exchange.call_sid,
        parameters
        | {
            "status": _number(exchange.response_code),
            "duration_ms": str(exchange.duration_ms),
            "content_type": exchange.content_type,
            "response_body": exchange.response_body[:BODY_CHARACTERS],
        },
    )


def message(message: UserDefinedMessage) -> TimelineResource:
    """Show a message where it was accepted, as far as it has come since."""
    return _item(
        message.created_at,
        "message",
        message.direction.value,
        message.call_sid,
        {
            "state": message.state.value,
            "content": message.content,
            "content_type": message.content_type,
            "sequence_number": str(message.position),
            "date_sent": _date(message.sent_at),
            "date_settled": _date(message.settled_at),
        },
        sid=message.sid,
    )


def attempt(entry: Entry, attempt: Attempt) -> TimelineResource:
    """Show an attempt on a callback."""
    return _item(
        attempt.attempted_at,
        "attempt",
        entry.kind.value,
        entry.call_sid,
        {
            "kind": entry.kind.value,
            "url": shown(entry.endpoint.url),
            "outcome": attempt.outcome.value,
            "response_code": _number(attempt.status),
            "duration_ms": str(attempt.duration_ms),
            "error": attempt.fault,
            "callback_id": entry.token,
            "message_sid": entry.message_sid or "",
        },
    )


def alert(notification: Notification, call_sid: CallSid) -> TimelineResource:
    """Show an error or warning of a call."""
    return _item(
        notification.created_at,
        "alert",
        str(notification.code),
        call_sid,
        {
            "text": notification.text,
            "level": notification.level.value,
            "url": shown(notification.request_url),
        },
        sid=notification.sid,
    )


def _item(
    at: datetime,
    kind: Kind,
    name: str,
    call_sid: CallSid,
    details: dict[str, str],
    *,
    sid: str | None = None,
) -> TimelineResource:
    """Make an item; a detail that says nothing is left out."""
    return TimelineResource(
        date=format_moment(at),
        kind=kind,
        name=name,
        call_sid=call_sid,
        details={name: text for name, text in details.items() if text},
        sid=sid,
    )


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _date(at: datetime | None) -> str:
    return "" if at is None else format_moment(at)
