"""The history of a call over HTTP: everything that happened to it, in one list."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from midcall.core.ports import (
    AddEntry,
    AddExchange,
    AddMessage,
    AddNotification,
    AddTrace,
    SettleEntry,
)
from midcall.model.messages import MessageState
from midcall.model.outbox import Attempt, EntryState, OutcomeKind
from midcall.model.traces import Trace, TraceKind
from tests.integration.rest.conftest import Answer, Site, copied
from tests.integration.rest.records import ACCOUNT, AT, BASE, LIVE, OVER, THEIRS, owed, uplink
from tests.integration.rest.test_every_operation import EXCHANGE, NOTIFICATION

TIMELINE = f"{BASE}/Calls/{LIVE}/Timeline.json"


def trace(kind: TraceKind, second: int, name: str, **details: str) -> AddTrace:
    """Keep something that happened to the live call."""
    return AddTrace(
        Trace(
            account_sid=ACCOUNT.sid,
            call_sid=LIVE,
            at=AT.replace(second=second, microsecond=250_999),
            kind=kind,
            name=name,
            details=details,
        )
    )


@pytest.fixture(scope="module")
def eventful(blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve a call to which one thing of each kind happened, to tests that only look."""
    site = Site(copied(blank, tmp_path_factory.mktemp("timeline")))
    entry = owed(1, state=EntryState.PENDING)
    failed = Attempt(
        lane=entry.lane,
        position=1,
        attempted_at=AT.replace(second=31),
        duration_ms=7,
        outcome=OutcomeKind.RETRY,
        fault="no connection",
    )
    asked = replace(
        EXCHANGE,
        call_sid=LIVE,
        requested_at=AT.replace(second=11),
        parameters={"CallSid": LIVE, "Long": "x" * 5_000},
        content_type="text/xml",
        response_body="<Response/>" + "x" * 9_000,
    )
    said = replace(uplink(1), created_at=AT.replace(second=30), settled_at=AT.replace(second=32))
    site.commit(
        trace(TraceKind.REPORT, 50, "feedback/received", quality_score="5"),
        trace(TraceKind.QUALITY, 40, "quality", jitter="2"),
        AddNotification(replace(NOTIFICATION, call_sid=LIVE, created_at=AT.replace(second=33))),
        AddMessage(replace(said, state=MessageState.DELIVERED)),
        AddEntry(entry),
        SettleEntry(entry, failed),
        trace(TraceKind.VERB, 12, "Dial", to="client:bob"),
        AddExchange(asked),
        trace(TraceKind.SENT, 10, "ringing"),
        trace(TraceKind.RECEIVED, 9, "invite"),
        trace(TraceKind.STATUS, 9, "ringing"),
    )
    yield site
    site.stop()


def kinds(answer: Answer) -> list[str]:
    """Return what a page of the timeline tells of."""
    assert answer.status == 200
    return [one["kind"] for one in answer.json["timeline"]]


EVERY = [
    "received",
    "status",
    "sent",
    "request",
    "verb",
    "message",
    "attempt",
    "alert",
    "quality",
    "report",
]


def test_everything_is_told_in_its_order(eventful: Site) -> None:
    """Oldest first, whatever it is; times are exact to the millisecond."""
    answer = eventful.ask("GET", TIMELINE)
    assert kinds(answer) == EVERY
    first = answer.json["timeline"][0]
    assert first == {
        "date": "2026-05-04T03:02:09.250Z",
        "kind": "received",
        "name": "invite",
        "call_sid": LIVE,
        "details": {},
        "sid": None,
    }


def test_a_request_is_told_with_its_parameters_and_response(eventful: Site) -> None:
    """Both are cut: the call's events have more of them."""
    request = eventful.ask("GET", TIMELINE).json["timeline"][3]
    assert request["name"] == "POST https://example.com/voice"
    details = request["details"]
    assert (details["CallSid"], details["status"], details["duration_ms"]) == (LIVE, "200", "12")
    assert details["content_type"] == "text/xml"
    assert details["response_body"].startswith("<Response/>x")
    assert (len(details["response_body"]), len(details["Long"])) == (4_000, 500)


def test_a_message_an_attempt_and_an_alert_are_told_whole(eventful: Site) -> None:
    """What is to be known of each is there; a URL is without its password."""
    message, attempt, alert = eventful.ask("GET", TIMELINE).json["timeline"][5:8]
    assert (message["name"], message["sid"]) == ("uplink", uplink(1).sid)
    assert message["details"] == {
        "state": "delivered",
        "content": '{"number": 1}',
        "content_type": "application/json",
        "sequence_number": "1",
        "date_settled": "2026-05-04T03:02:32.000Z",
    }
    assert attempt["details"] == {
        "kind": "user-defined-message",
        "url": "https://example.com/messages",
        "outcome": "retry",
        "duration_ms": "7",
        "error": "no connection",
        "callback_id": owed(1).token,
        "message_sid": uplink(1).sid,
    }
    assert (alert["name"], alert["sid"]) == ("11200", NOTIFICATION.sid)
    assert alert["details"] == {"text": NOTIFICATION.text, "level": "error"}


def test_pages_lead_through_the_whole(eventful: Site) -> None:
    """By the URIs that each names."""
    page = eventful.ask("GET", f"{TIMELINE}?PageSize=4")
    found = kinds(page)
    while uri := page.json["next_page_uri"]:
        page = eventful.ask("GET", uri)
        found += kinds(page)
    assert found == EVERY


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{BASE}/Calls/{THEIRS}/Timeline.json", 404, 20404),
        (f"{BASE}/Calls/CA1/Timeline.json", 404, 20404),
        (f"{TIMELINE}?PageSize=1001", 400, 20007),
    ],
)
def test_what_is_not_there_is_not_told(eventful: Site, path: str, status: int, code: int) -> None:
    """Another account's call is none of the caller's business."""
    answer = eventful.ask("GET", path)
    assert (answer.status, answer.json["code"]) == (status, code)


def test_a_call_to_which_nothing_happened_has_an_empty_history(eventful: Site) -> None:
    """The list is there all the same."""
    assert kinds(eventful.ask("GET", f"{BASE}/Calls/{OVER}/Timeline")) == []
