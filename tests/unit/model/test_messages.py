"""User-defined messages and what is remembered of a create."""

from midcall.model.messages import AcceptedRequest, Created, MessageState
from midcall.model.sids import AccountSid, CallSid
from tests.unit.core.calls.stage import NOW


def test_a_message_settles_once() -> None:
    """Delivered, expired and failed are ends; accepted and sent are on the way."""
    terminal = {state.value for state in MessageState if state.terminal}
    assert terminal == {"delivered", "expired", "failed"}


def test_an_accepted_request_gives_its_first_answer_again() -> None:
    """The answer is what the resource was, without the key."""
    request = AcceptedRequest(
        account_sid=AccountSid("AC1"),
        call_sid=CallSid("CA1"),
        resource="UserDefinedMessages",
        key="k",
        fingerprint="f",
        sid="KX1",
        created_at=NOW,
    )
    assert request.answer == Created(
        account_sid=AccountSid("AC1"), call_sid=CallSid("CA1"), sid="KX1", created_at=NOW
    )
