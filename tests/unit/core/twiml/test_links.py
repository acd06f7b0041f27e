"""URLs in a document, relative to the document's own."""

from datetime import UTC, datetime

import pytest

from midcall.core.calls.turn import Turn
from midcall.core.twiml.links import absolute, absolute_endpoint
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.endpoints import Endpoint, Method
from midcall.model.families import Family, Leg, Origin, Program
from midcall.model.sids import AccountSid, CallSid

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SID = CallSid(f"CA{'0' * 32}")
ACCOUNT = AccountSid(f"AC{'0' * 32}")


def running(origin: Origin) -> Turn:
    """Return a turn in which a leg runs a document."""
    call = Call(
        sid=SID,
        account_sid=ACCOUNT,
        from_address="client:alice",
        to_address="",
        direction=CallDirection.INBOUND,
        status=CallStatus.IN_PROGRESS,
        created_at=NOW,
        updated_at=NOW,
    )
    leg = Leg(call=call, program=Program(origin=origin))
    return Turn(Family(sid=SID, account_sid=ACCOUNT, legs={SID: leg}), NOW, bytes)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("next", "https://a.example/voice/next"),
        ("/next?b=1", "https://a.example/next?b=1"),
        ("?b=1", "https://a.example/voice/start?b=1"),
        ("//b.example/x", "https://b.example/x"),
        ("http://b.example/x#rc=2", "http://b.example/x#rc=2"),
        ("next#rc=2", "https://a.example/voice/next#rc=2"),
        ("http://[", "http://["),
    ],
)
def test_a_url_is_resolved_against_the_documents_own(url: str, expected: str) -> None:
    """What the document's URL says is completed from it; what is no URL stays as it is."""
    turn = running(Origin(endpoint=Endpoint("https://a.example/voice/start?a=1#ct=100")))
    assert absolute(turn, SID, url) == expected
    endpoint = Endpoint(url, Method.GET)
    assert absolute_endpoint(turn, SID, endpoint) == Endpoint(expected, Method.GET)


def test_a_text_that_is_kept_here_has_no_url_to_resolve_against() -> None:
    """A relative URL in it stays as it is, for whoever asks it to find that it is none."""
    assert absolute(running(Origin(text="<Response/>")), SID, "next") == "next"
