"""The device's end of the wire: it writes what servers read, and reads what they write."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midcall.model.twiml import Parameter
from midcall.wire import frames
from midcall.wire.frames import client

CLIENT_FRAMES: list[frames.ClientFrame] = [
    frames.Listen(token="a.b.c", reconnect_timeout=30),
    frames.Register(),
    frames.Register(media=frames.MediaCapabilities(audio=False)),
    frames.ClientInvite(callsid="TJS1", sdp="v=0", twilio=frames.TwilioParameters(params="a=b")),
    frames.ClientInvite(callsid="CA1", sdp="v=0", reconnect="token"),
    frames.ClientAnswer(callsid="CA1", sdp="v=0"),
    frames.Reinvite(callsid="CA1", sdp="v=0"),
    frames.Reject(callsid="CA1"),
    frames.ClientHangup(callsid="CA1", message="why"),
    frames.Dtmf(callsid="CA1", dtmf="12w#"),
]

SERVER_FRAMES: list[frames.ServerFrame] = [
    frames.Connected(
        region="r", edge="e", home="h", token=frames.TokenState(identity="alice", ttl=60)
    ),
    frames.Ready(),
    frames.Offline(),
    frames.Close(),
    frames.ServerInvite(callsid="CA1", sdp="v=0", parameters={"From": "x"}, reconnect="t"),
    frames.Ringing(callsid="CA1"),
    frames.ServerAnswer(callsid="CA1", sdp="v=0", reconnect="t"),
    frames.ServerHangup(callsid="CA1", error=frames.Failure(code=31404, message="m")),
    frames.Cancel(callsid="CA1"),
    frames.Ack(callsid="CA1", voiceeventsid="KX1", acktype="message"),
    frames.Error(error=frames.Failure(code=20503, message="m", retry_after=2.5), callsid="CA1"),
]

json_values: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("frame", CLIENT_FRAMES, ids=lambda frame: type(frame).__name__)
def test_servers_read_what_devices_write(frame: frames.ClientFrame) -> None:
    """Every client frame comes back as it was."""
    assert frames.parse(frames.serialize_for_server(frame)) == frame


@pytest.mark.parametrize("frame", SERVER_FRAMES, ids=lambda frame: type(frame).__name__)
def test_devices_read_what_servers_write(frame: frames.ServerFrame) -> None:
    """Every server frame comes back as it was."""
    assert frames.parse_from_server(frames.serialize(frame)) == frame


def test_no_frame_is_missing_here() -> None:
    """The examples above are all frames there are, messages aside."""
    assert {type(frame) for frame in CLIENT_FRAMES} | {frames.ClientMessage} == set(
        get_args(frames.ClientFrame)
    )
    assert {type(frame) for frame in SERVER_FRAMES} | {frames.ServerMessage} == set(
        get_args(frames.ServerFrame)
    )
    assert set(get_args(frames.ClientFrame)) == set(client.CLIENT_TYPES.values())


@settings(max_examples=50)
@given(json_values)
def test_content_passes_as_the_value_that_it_is(value: Any) -> None:
    """A message's content is the same value on the other end, either way."""
    message = frames.ClientMessage(
        callsid="CA1", content=frames.write_content(value), voiceeventsid="KX1"
    )
    parsed = frames.parse(frames.serialize_for_server(message))
    assert isinstance(parsed, frames.ClientMessage)
    assert frames.read_content(parsed.content) == value


def test_half_a_character_is_read_as_browsers_read_it() -> None:
    """What JavaScript writes for half of an emoji arrives."""
    assert frames.read_content(msgspec.Raw(b'"\\ud83d"')) == "\ud83d"


def test_defaults_are_written() -> None:
    """A server that knows other defaults is told what is meant."""
    text = frames.serialize_for_server(frames.Register())
    assert text == '{"type":"register","payload":{"media":{"audio":true}},"version":"1.6"}'


@settings(max_examples=50)
@given(st.dictionaries(st.text(), st.text()))
def test_parameters_of_a_call_arrive(parameters: dict[str, str]) -> None:
    """Whatever is in names and values, the server reads what the device was given."""
    encoded = frames.write_connect_parameters(parameters)
    expected = tuple(Parameter(name, value) for name, value in parameters.items())
    assert frames.connect_parameters(encoded) == expected


def test_parameters_of_an_invite_are_read_as_the_sdk_does() -> None:
    """Values are decoded and names are not; of two with one name the last counts."""
    read = frames.read_invite_parameters("a+b=1%202&a+b=x+y&c%20d=%3D&e")
    assert read == {"a+b": "x y", "c%20d": "=", "e": ""}
    assert frames.read_invite_parameters("") == {}
