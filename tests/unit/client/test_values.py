"""The small values of the client: pauses, addresses, errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.client.address import signalling_url
from midcall.client.backoff import Backoff
from midcall.client.errors import VoiceError, told


def test_pauses_double_up_to_their_mark() -> None:
    """Without a call up to twenty seconds, with one to come back to up to one."""
    backoff = Backoff(lambda: 0.5)
    pauses = [backoff.pause(in_call=False) for _ in range(10)]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20.0, 20.0]
    assert backoff.pause(in_call=True) == 1.0
    backoff.reset()
    assert backoff.pause(in_call=True) == 0.1


@given(st.floats(0, 1, exclude_max=True))
def test_chance_moves_a_pause_by_less_than_half(chance: float) -> None:
    """Devices that lost their server together do not come back together."""
    assert 0.06 <= Backoff(lambda: chance).pause(in_call=True) <= 0.14


def test_advice_is_followed_once_and_within_reason() -> None:
    """What the server asks for replaces the next pause, a minute at most."""
    backoff = Backoff(lambda: 0.5)
    backoff.advise(2.5)
    assert backoff.pause(in_call=True) == 2.5
    assert backoff.pause(in_call=True) == 0.1
    backoff.advise(3600)
    assert backoff.pause(in_call=True) == 60.0
    backoff.advise(-1)
    assert backoff.pause(in_call=True) == 0.0
    backoff.advise(5)
    backoff.reset()
    assert backoff.pause(in_call=True) == 0.1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://localhost:8443", "wss://localhost:8443/signal"),
        ("http://127.0.0.1:8080/", "ws://127.0.0.1:8080/signal"),
        ("wss://voice.example.com/behind/a/proxy", "wss://voice.example.com/behind/a/proxy"),
        ("ws://[::1]:80", "ws://[::1]:80/signal"),
    ],
)
def test_an_origin_is_enough_of_an_address(url: str, expected: str) -> None:
    """The path is the SDK's unless another one is given."""
    assert signalling_url(url) == expected


@pytest.mark.parametrize("url", ["localhost:8443", "ftp://localhost", "https://", ""])
def test_what_leads_nowhere_is_refused(url: str) -> None:
    """A URL that no WebSocket can be opened to is a mistake at once."""
    with pytest.raises(ValueError, match="url must be like"):
        signalling_url(url)


def test_errors_have_the_numbers_and_names_of_the_sdk() -> None:
    """Three codes get the SDK's own numbers; what it does not know keeps the server's."""
    assert [told(code, "").code for code in (31201, 31204, 31205)] == [20151, 20101, 20104]
    error = told(31206, "slow down", "KX1")
    assert str(error) == "RateExceededError (31206): slow down"
    assert (error.voice_event_sid, error.message) == ("KX1", "slow down")
    assert VoiceError(12345, "new").name == "UnknownError"
