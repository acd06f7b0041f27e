"""What devices send: what is understood, and what is refused."""

import contextlib
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from midcall.model.twiml import Parameter
from midcall.wire import frames

CALL = "CA" + "1" * 32
OWN_NAME = "TJSf2a6b5b5-7b1c-4d62-9a0e-1d4a6f0a7c11"
MESSAGE = "KX" + "2" * 32

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def write(kind: str, **payload: Any) -> str:
    """Write a frame as the JavaScript SDK does."""
    return json.dumps({"payload": payload, "type": kind, "version": "1.6"})


def refusal(text: str | bytes) -> frames.UnreadableFrame:
    """Return what a text is refused with."""
    with pytest.raises(frames.UnreadableFrame) as caught:
        frames.parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        (
            write(
                "listen",
                browserinfo={"p": "browser", "plugin": "rtc", "v": "2.18.5"},
                reconnectTimeout=30,
                token="a.b.c",
            ),
            frames.Listen(token="a.b.c", reconnect_timeout=30),
        ),
        (write("register", media={"audio": True}), frames.Register()),
        (
            write("register", media={"audio": False}),
            frames.Register(media=frames.MediaCapabilities(audio=False)),
        ),
        (
            write("invite", callsid=OWN_NAME, sdp="v=0", twilio={"params": "To=bob"}),
            frames.ClientInvite(
                callsid=OWN_NAME, sdp="v=0", twilio=frames.TwilioParameters(params="To=bob")
            ),
        ),
        (
            write("invite", callsid=CALL, sdp="v=0", reconnect="secret", twilio={}),
            frames.ClientInvite(callsid=CALL, sdp="v=0", reconnect="secret"),
        ),
        (write("answer", sdp="v=0", callsid=CALL), frames.ClientAnswer(callsid=CALL, sdp="v=0")),
        (write("reinvite", sdp="v=0", callsid=CALL), frames.Reinvite(callsid=CALL, sdp="v=0")),
        (write("reject", callsid=CALL), frames.Reject(callsid=CALL)),
        (write("hangup", callsid=OWN_NAME), frames.ClientHangup(callsid=OWN_NAME)),
        (
            write("hangup", callsid=CALL, message="media failed"),
            frames.ClientHangup(callsid=CALL, message="media failed"),
        ),
        (write("dtmf", callsid=CALL, dtmf="12w#"), frames.Dtmf(callsid=CALL, dtmf="12w#")),
    ],
)
def test_frames_of_the_sdk_are_understood(text: str, frame: frames.ClientFrame) -> None:
    """Every frame that the SDK sends is read, its unknown fields are read over."""
    assert frames.parse(text) == frame
    assert frames.parse(text.encode()) == frame


def test_a_message_says_what_it_is_by_default() -> None:
    """A message without a type or a content type is a user-defined message in JSON."""
    frame = frames.parse(write("message", callsid=CALL, content={"a": 1}, voiceeventsid=MESSAGE))
    assert isinstance(frame, frames.ClientMessage)
    assert frame.messagetype == "user-defined-message"
    assert frame.contenttype == "application/json"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "hello",
        "null",
        "42",
        "[]",
        "{}",
        '{"type": 7}',
        '{"type": null, "payload": {}}',
        '{"type": "hangup"}',
        '{"type": "hangup", "payload": null}',
        '{"type": "hangup", "payload": []}',
        '{"type": "hangup", "payload": {"callsid": 7}}',
        '{"type": "message", "payload": {"callsid": "CA", "voiceeventsid": "KX"}}',
        '{"type": "presence", "payload": {}}',
        '{"type": "listen", "payload": {"token": {}}}',
        '{"type": "listen", "payload": {"reconnectTimeout": "soon"}}',
        '{"type": "listen", "payload": {"reconnectTimeout": 1e999}}',
        '{"type": "register", "payload": {"media": {"audio": "yes"}}}',
        '{"type": "reject", "payload": {"callsid": "CA"}',
        b"\xff\xfe",
        "\ud83d",
        "[" * 100_000,
    ],
)
def test_anything_else_is_refused_as_malformed(text: str | bytes) -> None:
    """A text that is no frame, of no known type or with the wrong payload is refused (31100)."""
    assert refusal(text).fault.code == 31100


@given(st.text() | st.binary())
def test_no_text_does_more_than_be_refused(text: str | bytes) -> None:
    """Whatever a client sends is a frame or an UnreadableFrame, never another exception."""
    with contextlib.suppress(frames.UnreadableFrame):
        frames.parse(text)


@given(
    st.sampled_from(["listen", "register", "invite", "answer", "hangup", "message", "dtmf", "x"]),
    json_values
    | st.dictionaries(
        st.sampled_from(
            ["token", "callsid", "sdp", "content", "voiceeventsid", "media", "twilio", "dtmf"]
        ),
        json_values,
    ),
)
def test_no_payload_does_more_than_be_refused(kind: str, payload: Any) -> None:
    """Whatever stands in a payload, it is understood or refused, never another exception."""
    with contextlib.suppress(frames.UnreadableFrame):
        frame = frames.parse(json.dumps({"type": kind, "payload": payload}))
        if isinstance(frame, frames.ClientMessage):
            frames.content_text(frame.content)


def test_a_refusal_says_what_it_was_about() -> None:
    """The error about a malformed payload can be addressed to its call and message."""
    refused = refusal(write("message", callsid=CALL, voiceeventsid=MESSAGE))
    assert (refused.callsid, refused.voiceeventsid) == (CALL, MESSAGE)


def test_a_refusal_finds_its_message_behind_half_an_emoji() -> None:
    """JavaScript writes half of a surrogate pair; whoever sent that is told which message it was.

    An app that cuts a text after so many characters does this, and waits for ``messageSent``.
    """
    half = '{"text": "Bye \\ud83d"}'
    text = write("message", callsid=CALL, voiceeventsid=MESSAGE, content="HERE")
    refused = refusal(text.replace('"HERE"', half))
    assert (refused.callsid, refused.voiceeventsid) == (CALL, MESSAGE)


@pytest.mark.parametrize("name", ["x" * 129, "\N{SNOWMAN}", 7, None, ["CA"]])
def test_a_refusal_repeats_no_nonsense(name: object) -> None:
    """What cannot be a name is not sent back as one."""
    refused = refusal(write("message", callsid=name, voiceeventsid=name))
    assert (refused.callsid, refused.voiceeventsid) == (None, None)


@pytest.mark.parametrize("field", ["callsid", "voiceeventsid", "messagetype", "contenttype"])
def test_names_without_end_are_refused(field: str) -> None:
    """A name that no SID or type can have is refused before it is looked up, logged or kept."""
    payload: dict[str, Any] = {"callsid": CALL, "voiceeventsid": MESSAGE, "content": 1}
    refused = refusal(write("message", **{**payload, field: "x" * 256}))
    assert field in str(refused.fault)
    assert "xxx" not in str(refused.fault)


def test_a_refusal_shows_little_of_an_unknown_type() -> None:
    """The name of an unknown type is told, but not all of it."""
    refused = refusal(write("z" * 1000))
    assert "z" * 40 in str(refused.fault)
    assert "z" * 41 not in str(refused.fault)


@pytest.mark.parametrize("keys", ["1", "0123456789*#ABCDw", "1ww2", "1" * 256])
def test_pressed_keys_are_read(keys: str) -> None:
    """A ``dtmf`` frame has the keys as they were pressed."""
    parsed = frames.parse(write("dtmf", callsid="CA1", dtmf=keys))
    assert parsed == frames.Dtmf(callsid="CA1", dtmf=keys)


@pytest.mark.parametrize(
    "keys", ["", "x", "1 2", "E", "a", "W", "1\n", "\u0661", "1" * 257, 5, None]
)
def test_what_is_no_key_makes_a_frame_malformed(keys: object) -> None:
    """The refusal is 31100 and names the call."""
    with pytest.raises(frames.UnreadableFrame) as refused:
        frames.parse(write("dtmf", callsid="CA1", dtmf=keys))
    assert refused.value.fault.code == 31100
    assert refused.value.callsid == "CA1"


def test_keys_belong_to_a_call() -> None:
    """A ``dtmf`` frame without a CallSid is malformed."""
    with pytest.raises(frames.UnreadableFrame):
        frames.parse(write("dtmf", dtmf="1"))


# --- content


def content_of(text: str) -> str:
    """Return the content as text that a message with this JSON carries."""
    frame = frames.parse(
        '{"type":"message","payload":{"callsid":"CA","voiceeventsid":"KX","content":' + text + "}}"
    )
    assert isinstance(frame, frames.ClientMessage)
    return frames.content_text(frame.content)


@given(json_values.filter(lambda value: not isinstance(value, str)))
@example({"a": "\ud7ff\N{GRINNING FACE}", "b": ['\\"', 1e-7, -0.0]})
def test_content_survives_as_compact_json(value: Any) -> None:
    """Any JSON value comes out as JSON of the same value without spaces between its parts."""
    text = content_of(json.dumps(value, indent=2))
    assert json.loads(text) == value
    assert text == content_of(text)
    assert len(text) <= len(json.dumps(value, separators=(",", ":")))


@given(st.text())
@example('{"type": "typing"}')
@example("not JSON")
def test_a_string_passes_as_what_it_says(value: str) -> None:
    """A JSON string is its own content: mobile SDKs send JSON text in a string."""
    assert content_of(json.dumps(value)) == value


@pytest.mark.parametrize(
    "text", ["1.0", "1e2", "-0", "12345678901234567890123456789", '"a"', '{"a":1,"a":2}']
)
def test_numbers_and_names_stay_as_they_were_written(text: str) -> None:
    """Content is not rewritten: a number keeps its digits, and a repeated name is repeated."""
    assert content_of(f"[{text}]") == f"[{text}]"


@pytest.mark.parametrize("text", ["NaN", "01", '{"a":"\\q"}', '{"a":"\x01"}', "[1,]", "{'a':1}"])
def test_content_that_is_no_json_is_refused(text: str) -> None:
    """What the callback's receiver could not parse is not taken."""
    with pytest.raises(frames.UnreadableFrame):
        content_of(text)


# --- parameters


@given(st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_connect_parameters_arrive_as_they_were_given(pairs: list[tuple[str, str]]) -> None:
    """Whatever names and values an app passes to connect(), it is what the TwiML request has."""
    encoded = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    assert frames.connect_parameters(encoded) == tuple(Parameter(*pair) for pair in pairs)


@pytest.mark.parametrize(
    ("params", "pairs"),
    [
        ("", []),
        ("&&", []),
        ("To", [("To", "")]),
        ("To=", [("To", "")]),
        ("a=b=c", [("a", "b=c")]),
        ("a=1&a=2", [("a", "1"), ("a", "2")]),
        ("a=b+c%2B", [("a", "b c+")]),
        ("a=%zz", [("a", "%zz")]),
        ("a=%ff", [("a", "\N{REPLACEMENT CHARACTER}")]),
    ],
)
def test_odd_parameters_have_a_meaning(params: str, pairs: list[tuple[str, str]]) -> None:
    """No text of parameters is an error; duplicates are kept, in order."""
    assert frames.connect_parameters(params) == tuple(Parameter(*pair) for pair in pairs)
