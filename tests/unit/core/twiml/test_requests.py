"""The parameters of a TwiML request."""

import pytest

from midcall.core.twiml.requests import call_parameters, standard_parameters
from midcall.model.families import Leg
from midcall.model.twiml import Dial, Parameter
from tests.unit.core.calls.stage import PARENT, Stage, clients, parent_call

CALL = parent_call()


def _asked(*parameters: tuple[str, str]) -> dict[str, str]:
    given = tuple(Parameter(name, value) for name, value in parameters)
    return call_parameters(Leg(call=CALL, identity="ann", parameters=given))


def test_a_request_says_what_the_page_lists() -> None:
    """The standard fields of an SDK's call; it has no called party of its own."""
    assert _asked() == {
        "AccountSid": CALL.account_sid,
        "ApiVersion": "2010-04-01",
        "ApplicationSid": CALL.application_sid,
        "CallSid": PARENT,
        "CallStatus": "ringing",
        "Called": "",
        "Caller": "client:ann",
        "Direction": "inbound",
        "From": "client:ann",
        "To": "bob",
    }


def test_the_callers_own_parameters_travel_along() -> None:
    """They are plain fields beside the standard ones; of duplicates the last counts."""
    asked = _asked(("mood", "good"), ("mood", "better"), ("", "nameless"))
    assert asked["mood"] == "better"
    assert asked[""] == "nameless"


@pytest.mark.parametrize(
    "name",
    ["AccountSid", "ApplicationSid", "CallSid", "CallStatus", "Called", "From", "Direction", "To"],
)
def test_the_callers_own_parameters_cannot_forge_a_standard_one(name: str) -> None:
    """A device must not pass for another identity, account or call."""
    assert _asked((name, "forged"))[name] == _asked()[name]


def test_a_child_names_its_parent() -> None:
    """``ParentCallSid`` tells where a dialled call belongs; it names who is called as well."""
    child = Stage(Dial(nouns=clients("bob"))).child("bob").call
    asked = standard_parameters(child)
    assert asked["ParentCallSid"] == PARENT
    assert asked["Called"] == asked["To"] == "client:bob"
    assert asked["Direction"] == "outbound-dial"
