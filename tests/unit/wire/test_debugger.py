"""The debugger's resources, by the older API and the newer one."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from midcall.model.exchanges import Exchange
from midcall.model.notifications import Level, Notification
from midcall.model.sids import AccountSid, CallSid, NotificationSid
from midcall.wire import debugger

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
NOTIFICATION = Notification(
    sid=NotificationSid("NO" + "a" * 32),
    account_sid=AccountSid("AC" + "a" * 32),
    call_sid=CallSid("CA" + "a" * 32),
    code=11200,
    level=Level.ERROR,
    text="An attempt to retrieve content failed",
    created_at=AT,
    request_url="https://example.com/voice",
    request_method="POST",
    request_variables="CallSid=CA1",
    response_headers="Content-Type=text%2Fhtml",
    response_body="<html>",
)
BASE = f"/2010-04-01/Accounts/{NOTIFICATION.account_sid}"


def shown(resource: object) -> dict[str, Any]:
    """Return a resource as a client reads it."""
    read: dict[str, Any] = json.loads(msgspec.json.encode(resource))
    return read


def test_a_notification_says_what_went_wrong() -> None:
    """Codes and levels are strings; the whole one adds what was sent and what came back."""
    read = shown(debugger.notification(NOTIFICATION))
    assert (read["error_code"], read["log"]) == ("11200", "0")
    assert read["message_date"] == read["date_created"] == "Mon, 04 May 2026 03:02:01 +0000"
    assert read["more_info"].endswith("/errors/11200")
    assert read["uri"] == f"{BASE}/Notifications/{NOTIFICATION.sid}.json"
    whole = shown(debugger.whole_notification(NOTIFICATION))
    assert {name: whole.pop(name) for name in set(whole) - set(read)} == {
        "request_variables": "CallSid=CA1",
        "response_headers": "Content-Type=text%2Fhtml",
        "response_body": "<html>",
    }
    assert whole == read


def test_a_calls_notification_is_below_its_call() -> None:
    """Its ``uri`` leads to where it was found."""
    call = f"{BASE}/Calls/{NOTIFICATION.call_sid}"
    for read in (
        shown(debugger.notification(NOTIFICATION, of_call=True)),
        shown(debugger.whole_notification(NOTIFICATION, of_call=True)),
    ):
        assert read["uri"] == f"{call}/Notifications/{NOTIFICATION.sid}.json"


def test_a_warning_without_a_request_has_none() -> None:
    """What there was not is ``null``."""
    warning = msgspec.structs.replace(
        NOTIFICATION, level=Level.WARNING, call_sid=None, request_url="", request_method=""
    )
    read = shown(debugger.notification(warning))
    assert (read["log"], read["call_sid"]) == ("1", None)
    assert (read["request_url"], read["request_method"]) == (None, None)


def test_an_alert_is_the_same_in_newer_words() -> None:
    """Dates are RFC 3339, the level is a word, the call is the resource."""
    read = shown(debugger.alert(NOTIFICATION, "https://monitor.example.com/v1/Alerts"))
    assert (read["log_level"], read["error_code"]) == ("error", "11200")
    assert read["date_generated"] == read["date_created"] == "2026-05-04T03:02:01Z"
    assert read["resource_sid"] == NOTIFICATION.call_sid
    assert read["url"] == f"https://monitor.example.com/v1/Alerts/{NOTIFICATION.sid}"
    whole = shown(debugger.whole_alert(NOTIFICATION, read["url"]))
    assert whole["response_body"] == "<html>"
    assert {**whole, **read} == whole


def test_an_event_is_a_request_and_its_response() -> None:
    """No response has no code."""
    exchange = Exchange(
        account_sid=NOTIFICATION.account_sid,
        call_sid=CallSid("CA" + "a" * 32),
        requested_at=AT,
        method="POST",
        url="https://example.com/voice",
        parameters={"CallSid": "CA1"},
        duration_ms=12,
    )
    read = shown(debugger.call_event(exchange))
    assert read["request"] == {
        "method": "POST",
        "url": "https://example.com/voice",
        "parameters": {"CallSid": "CA1"},
    }
    assert read["response"] == {
        "response_code": None,
        "request_duration": 12,
        "content_type": None,
        "response_body": None,
        "date_created": "Mon, 04 May 2026 03:02:01 +0000",
    }
