"""Whom the proxy connects."""

import pytest

from midcall.app.certificates import names_for
from midcall.proxy.heads import Target
from midcall.proxy.refusals import Refusal
from midcall.proxy.rules import Others, Rules, Way, decide

NAMES = frozenset(names_for("voice.example.com"))
BOTH: list[Others] = ["refuse", "tunnel"]


def rules(others: Others = "refuse") -> Rules:
    """Give the rules of a server at voice.example.com."""
    return Rules(names=NAMES, port=8443, others=others)


@pytest.mark.parametrize("others", BOTH)
@pytest.mark.parametrize(
    "host",
    ["api.twilio.com", "monitor.twilio.com", "eventgw.twilio.com", "voice-js.roaming.twilio.com"],
)
def test_what_is_replaced_leads_home(host: str, others: Others) -> None:
    """The names that programs ask for by themselves are midcall's own."""
    assert decide(Target(host, 443), rules(others)) is Way.HOME


@pytest.mark.parametrize("others", BOTH)
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "voice.example.com"])
def test_its_own_address_leads_home(host: str, others: Others) -> None:
    """A library that knows no NO_PROXY reaches midcall under its own names too."""
    assert decide(Target(host, 8443), rules(others)) is Way.HOME


@pytest.mark.parametrize("others", BOTH)
@pytest.mark.parametrize(
    "host", ["video.twilio.com", "api.dublin.ie1.twilio.com", "twilio.com", "www.twilio.com"]
)
def test_nothing_meant_for_twilio_reaches_it(host: str, others: Others) -> None:
    """A name of Twilio's that is not replaced is refused, even where others are tunnelled."""
    refusal = decide(Target(host, 443), rules(others))
    assert isinstance(refusal, Refusal)
    assert refusal.status == 403
    assert host in refusal.sentence


@pytest.mark.parametrize("others", BOTH)
def test_a_replaced_name_has_one_port(others: Others) -> None:
    """Nothing but HTTPS is answered under a replaced name."""
    refusal = decide(Target("api.twilio.com", 80), rules(others))
    assert isinstance(refusal, Refusal)
    assert (refusal.status, "80" in refusal.sentence) == (403, True)


@pytest.mark.parametrize(
    "target",
    [
        Target("example.com", 443),
        Target("nottwilio.com", 443),
        Target("twilio.com.evil.example", 443),
        Target("localhost", 443),
        Target("localhost", 22),
    ],
)
def test_others_are_refused_or_tunnelled(target: Target) -> None:
    """Every other host, and every other port of this one, is the setting's matter."""
    refusal = decide(target, rules())
    assert isinstance(refusal, Refusal)
    assert (refusal.status, target.host in refusal.sentence) == (403, True)
    assert decide(target, rules("tunnel")) is Way.OUTSIDE
