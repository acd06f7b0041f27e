"""The debugger's resources: ``Notification``, ``Alert`` and ``CallEvent``.

A notification and an alert are the same error or warning, told by the older API and the newer one.
"""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from midcall.model.calls import API_VERSION
from midcall.model.exchanges import Exchange
from midcall.model.notifications import Level, Notification
from midcall.wire.dates import format_rfc2822
from midcall.wire.problems import more_info
from midcall.wire.resources import Resource, account_uri
from midcall.wire.shapes import (
    AccountSidText,
    CallSidText,
    DateText,
    DigitsText,
    IsoDateText,
    MethodText,
    NotificationSidText,
    PathText,
    UrlText,
    Version,
)

LOG_OF = {Level.ERROR: "0", Level.WARNING: "1"}
"""What ``log`` says of each level (Notification resource page)."""


class NotificationResource(Resource, frozen=True, kw_only=True):
    """``Notification``, as lists show it."""

    account_sid: AccountSidText
    api_version: Version = API_VERSION
    call_sid: CallSidText | None
    date_created: DateText
    date_updated: DateText
    error_code: DigitsText
    log: Literal["0", "1"]
    message_date: DateText
    message_text: str
    more_info: UrlText
    request_method: MethodText | None
    request_url: str | None
    sid: NotificationSidText
    uri: PathText


class WholeNotificationResource(NotificationResource, frozen=True, kw_only=True):
    """``Notification``, as it is shown alone: with what was sent and what came back."""

    request_variables: str | None
    response_body: str | None
    response_headers: str | None


class AlertResource(Resource, frozen=True, kw_only=True):
    """``Alert``, as lists show it."""

    account_sid: AccountSidText
    alert_text: str
    api_version: Version = API_VERSION
    date_created: IsoDateText
    date_generated: IsoDateText
    date_updated: IsoDateText
    error_code: DigitsText
    log_level: Level
    more_info: UrlText
    request_method: MethodText | None
    request_url: str | None
    resource_sid: CallSidText | None
    service_sid: str | None = None
    sid: NotificationSidText
    url: UrlText


class WholeAlertResource(AlertResource, frozen=True, kw_only=True):
    """``Alert``, as it is shown alone: with what was sent and what came back."""

    request_headers: str | None = None
    request_variables: str | None
    response_body: str | None
    response_headers: str | None


class EventRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was asked of a customer's server."""

    method: str
    url: str
    parameters: dict[str, str]


class EventResponse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came back. ``request_duration`` is in milliseconds; no code means no response."""

    response_code: int | None
    request_duration: int
    content_type: str | None
    response_body: str | None
    date_created: DateText


class CallEventResource(Resource, frozen=True, kw_only=True):
    """``CallEvent``: one request on behalf of a call, and its response."""

    request: EventRequest
    response: EventResponse


def notification(notification: Notification, *, of_call: bool = False) -> NotificationResource:
    """Show a notification in a list; ``of_call`` if it is the list of its call."""
    return NotificationResource(**_notification(notification, of_call=of_call))


def whole_notification(
    notification: Notification, *, of_call: bool = False
) -> WholeNotificationResource:
    """Show a notification alone; ``of_call`` if it was asked for as one of its call."""
    return WholeNotificationResource(
        **_notification(notification, of_call=of_call), **_exchange(notification)
    )


def alert(notification: Notification, url: str) -> AlertResource:
    """Show an alert in a list. ``url`` is that of the list."""
    return AlertResource(**_alert(notification, f"{url}/{notification.sid}"))


def whole_alert(notification: Notification, url: str) -> WholeAlertResource:
    """Show an alert alone. ``url`` is its own."""
    return WholeAlertResource(**_alert(notification, url), **_exchange(notification))


def call_event(exchange: Exchange) -> CallEventResource:
    """Show a request on behalf of a call, and its response."""
    return CallEventResource(
        request=EventRequest(
            method=exchange.method, url=exchange.url, parameters=exchange.parameters
        ),
        response=EventResponse(
            response_code=exchange.response_code,
            request_duration=exchange.duration_ms,
            content_type=exchange.content_type or None,
            response_body=exchange.response_body or None,
            date_created=format_rfc2822(exchange.requested_at),
        ),
    )


def format_iso(at: datetime) -> str:
    """Write a time as the newer APIs do, to the second: ``2019-12-18T20:02:01Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _notification(notification: Notification, *, of_call: bool) -> dict[str, Any]:
    at = format_rfc2822(notification.created_at)
    call = f"/Calls/{notification.call_sid}" if of_call else ""
    return {
        "account_sid": notification.account_sid,
        "call_sid": notification.call_sid,
        "date_created": at,
        "date_updated": at,
        "error_code": str(notification.code),
        "log": LOG_OF[notification.level],
        "message_date": at,
        "message_text": notification.text,
        "more_info": more_info(notification.code),
        "request_method": notification.request_method or None,
        "request_url": notification.request_url or None,
        "sid": notification.sid,
        "uri": f"{account_uri(notification.account_sid)}{call}/Notifications/"
        f"{notification.sid}.json",
    }


def _alert(notification: Notification, url: str) -> dict[str, Any]:
    at = format_iso(notification.created_at)
    return {
        "account_sid": notification.account_sid,
        "alert_text": notification.text,
        "date_created": at,
        "date_generated": at,
        "date_updated": at,
        "error_code": str(notification.code),
        "log_level": notification.level,
        "more_info": more_info(notification.code),
        "request_method": notification.request_method or None,
        "request_url": notification.request_url or None,
        "resource_sid": notification.call_sid,
        "sid": notification.sid,
        "url": url,
    }


def _exchange(notification: Notification) -> dict[str, Any]:
    return {
        "request_variables": notification.request_variables or None,
        "response_body": notification.response_body or None,
        "response_headers": notification.response_headers or None,
    }
