"""Verbs as traces show them."""

import pytest

from midcall.core.twiml.describing import described
from midcall.model.endpoints import Endpoint, Method
from midcall.model.twiml import (
    Client,
    Dial,
    Gather,
    Hangup,
    Number,
    Parameter,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Verb,
)

SECRET = Endpoint("https://amy:secret@example.com:8443/next?token=secret#rc=2", Method.GET)
DIAL = Dial(
    nouns=(
        Client(identity="bob", parameters=(Parameter("pin", "secret"),)),
        Number(number="+15005550006", send_digits="secret"),
    ),
    action=SECRET,
    caller_id="+15005550009",
    answer_on_bridge=True,
)


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        (
            DIAL,
            {
                "to": "client:bob, +15005550006",
                "callerId": "+15005550009",
                "timeout": "30",
                "answerOnBridge": "true",
                "action": "https://example.com:8443/next",
            },
        ),
        (Say(text="hello", voice="x", loop=0), {"text": "hello", "voice": "x", "loop": "0"}),
        (Play(url=SECRET.url), {"url": "https://example.com:8443/next"}),
        (Play(url="../a.wav?secret"), {"url": "../a.wav"}),
        (Play(url="https://[secret"), {}),
        (Play(digits="1234"), {"keys": "4"}),
        (Pause(length_seconds=3), {"length": "3"}),
        (
            Gather(num_digits=4),
            {"timeout": "5", "numDigits": "4", "finishOnKey": "#"},
        ),
        (Redirect(endpoint=SECRET), {"url": "https://example.com:8443/next", "method": "GET"}),
        (Reject(busy=True), {"reason": "busy"}),
        (Reject(), {"reason": "rejected"}),
        (Hangup(), {}),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_verb_is_described_by_what_it_is_about(verb: Verb, expected: dict[str, str]) -> None:
    """Nothing usual is named, and nothing that may be secret: no key, parameter, user or query."""
    found = described(verb)
    assert found == expected
    assert "secret" not in str(found)
