"""Callbacks as resources: what is owed to an application's server, and every attempt.

The original does not have them. The classes follow the rules of ``wire.resources``; a URL is shown
without user and password.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from midcall.model.outbox import Attempt, Entry, EntryKind, EntryState, OutcomeKind
from midcall.wire.dates import format_rfc2822
from midcall.wire.resources import Resource, account_uri
from midcall.wire.shapes import (
    AccountSidText,
    CallbackIdText,
    CallSidText,
    DateText,
    MessageSidText,
    MethodText,
    PathText,
    SubscriptionSidText,
)
from midcall.wire.urls import shown

Attempted = tuple[Entry, Attempt]
"""An attempt, and the entry that it was made on."""


class AttemptResource(Resource, frozen=True, kw_only=True):
    """One request to a customer's server. ``response_code`` is ``null`` if there was no response.

    ``duration_ms`` is in milliseconds; ``error`` says what went wrong.
    """

    callback_id: CallbackIdText
    subscription_sid: SubscriptionSidText | None
    kind: EntryKind
    url: str
    date: DateText
    duration_ms: int
    outcome: OutcomeKind
    response_code: int | None
    error: str | None


class CallbackResource(Resource, frozen=True, kw_only=True):
    """A request that is owed to a customer's server, or was.

    ``attempt_count`` counts since ``date_redriven``; ``date_due`` is when the next attempt is, if
    there is to be one.
    """

    id: CallbackIdText
    kind: EntryKind
    state: EntryState
    account_sid: AccountSidText
    call_sid: CallSidText
    message_sid: MessageSidText | None
    subscription_sid: SubscriptionSidText | None
    url: str
    method: MethodText
    attempt_count: int
    date_created: DateText
    date_due: DateText | None
    date_redriven: DateText | None
    uri: PathText


class WholeCallbackResource(CallbackResource, frozen=True, kw_only=True):
    """A callback as it is shown alone: with every attempt, oldest first."""

    attempts: list[AttemptResource]


class RedrivenResource(Resource, frozen=True, kw_only=True):
    """How many callbacks are sent again."""

    redriven: int


def attempt(entry: Entry, attempt: Attempt) -> AttemptResource:
    """Show an attempt on an entry."""
    return AttemptResource(
        callback_id=entry.token,
        subscription_sid=entry.subscription_sid,
        kind=entry.kind,
        url=shown(entry.endpoint.url),
        date=format_rfc2822(attempt.attempted_at),
        duration_ms=attempt.duration_ms,
        outcome=attempt.outcome,
        response_code=attempt.status,
        error=attempt.fault or None,
    )


def callback(entry: Entry) -> CallbackResource:
    """Show a callback."""
    return CallbackResource(**_callback(entry))


def whole_callback(entry: Entry, attempts: Sequence[Attempt]) -> WholeCallbackResource:
    """Show a callback with the attempts on it."""
    return WholeCallbackResource(
        **_callback(entry), attempts=[attempt(entry, one) for one in attempts]
    )


def _callback(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.token,
        "kind": entry.kind,
        "state": entry.state,
        "account_sid": entry.account_sid,
        "call_sid": entry.call_sid,
        "message_sid": entry.message_sid,
        "subscription_sid": entry.subscription_sid,
        "url": shown(entry.endpoint.url),
        "method": entry.endpoint.method.value,
        "attempt_count": entry.attempts,
        "date_created": format_rfc2822(entry.created_at),
        "date_due": _date(entry.due_at) if entry.state is EntryState.PENDING else None,
        "date_redriven": _date(entry.redriven_at),
        "uri": f"{account_uri(entry.account_sid)}/Callbacks/{entry.token}.json",
    }


def _date(at: datetime | None) -> str | None:
    return None if at is None else format_rfc2822(at)
