"""The coffee bar, called and messaged as people would: the application runs as it is."""

import pytest
from app import create_app

from midcall.testing import Cut, Emulator, FailCallback, PhoneCall


@pytest.fixture
def call(midcall: Emulator) -> PhoneCall:
    """Give a call of alice's with the bar."""
    origin = midcall.serve_wsgi(create_app(midcall.client(), midcall.auth_token))
    midcall.answer_with(url=f"{origin}/voice")
    return midcall.phone("alice").dial().wait_until("open")


def test_an_order_is_answered_with_its_price(call: PhoneCall) -> None:
    """By a message in the same call."""
    call.send({"drink": "espresso", "cups": 2})
    assert call.received()[0].content == {"price": 4.4}


def test_what_is_not_there_is_regretted(call: PhoneCall) -> None:
    """Politely."""
    call.send({"drink": "tea", "cups": 1})
    assert call.received()[0].content == {"sorry": "we are out of that"}


def test_an_order_is_priced_once(midcall: Emulator, call: PhoneCall) -> None:
    """Even if its callback fails twice and its socket is cut behind it."""
    midcall.faults = [FailCallback(status=503, times=2), Cut(after="message", way="to server")]
    call.send({"drink": "cappuccino", "cups": 1})
    midcall.clock.advance(seconds=10)
    assert call.received()[0].content == {"price": 3.1}
    midcall.settle()
    assert len(call.messages) == 1


def test_strangers_are_turned_away(midcall: Emulator) -> None:
    """What midcall did not sign is not from midcall."""
    app = create_app(midcall.client(), midcall.auth_token)
    assert app.test_client().post("/messages", json={"Content": "{}"}).status_code == 403
