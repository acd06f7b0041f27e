"""Documents that cannot be had, from the request to the debugger."""

import itertools
from datetime import UTC, datetime

from midcall.core.calls import events as ev
from midcall.core.calls import machine
from midcall.core.ports import AddNotification
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.endpoints import Endpoint, Method
from midcall.model.families import Fetching, Origin, SessionId
from midcall.model.notifications import Evidence, Level
from midcall.model.sids import AccountSid, CallSid

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CALL = Call(
    sid=CallSid("CA" + "1" * 32),
    account_sid=AccountSid("AC" + "2" * 32),
    from_address="client:alice",
    to_address="",
    direction=CallDirection.INBOUND,
    status=CallStatus.RINGING,
    created_at=NOW,
    updated_at=NOW,
)


def test_the_debugger_shows_the_exchange_of_a_failed_document() -> None:
    """What was sent, and headers and body of what came back."""
    count = itertools.count(1)

    def entropy(size: int, /) -> bytes:
        return next(count).to_bytes(size, "big")

    placed = machine.Placed(
        call=CALL,
        identity="alice",
        session=SessionId("s1"),
        offer_sdp="offer",
        fingerprint="",
        parameters=(),
        origin=Origin(endpoint=Endpoint("https://a.example/voice", Method.GET)),
    )
    family = machine.place(placed, NOW, entropy).family
    activity = family.legs[CALL.sid].program.activity
    assert isinstance(activity, Fetching)
    evidence = Evidence(
        request_variables="CallSid=CA1", response_headers="Server=x", response_body="<p>broken</p>"
    )
    failed = ev.DocumentFailed(
        call_sid=CALL.sid,
        token=activity.token,
        code=11200,
        reason="the server answered 500",
        url="https://a.example/voice",
        evidence=evidence,
    )
    decision = machine.step(family, failed, NOW, entropy)
    (shown,) = [
        change.notification for change in decision.changes if isinstance(change, AddNotification)
    ]
    assert (shown.code, shown.level, shown.request_method) == (11200, Level.ERROR, "GET")
    assert (shown.request_variables, shown.response_headers, shown.response_body) == (
        "CallSid=CA1",
        "Server=x",
        "<p>broken</p>",
    )
