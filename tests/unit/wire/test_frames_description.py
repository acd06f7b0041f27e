"""The AsyncAPI document says what the frames' classes read and write."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from midcall.wire import frames, frames_description
from midcall.wire.frames.client import CLIENT_TYPES
from midcall.wire.frames.server import SERVER_TYPES

DOCUMENT: dict[str, Any] = json.loads(
    msgspec.json.encode(frames_description.document("1.2.3", "voice.example.com"))
)

CALL = "CA" + "1" * 32
FAILED = frames.Failure(code=31206, message="too much", retry_after=1.5)

WRITTEN = [
    frames.Connected(
        region="us1",
        edge="ashburn",
        home="localhost:8443/insights?",
        token=frames.TokenState(identity="alice", ttl=3600),
    ),
    frames.Ready(),
    frames.Offline(),
    frames.Close(),
    frames.ServerInvite(callsid=CALL, sdp="v=0", parameters={"From": "a"}, reconnect="r"),
    frames.Ringing(callsid=CALL),
    frames.ServerAnswer(callsid=CALL),
    frames.ServerAnswer(callsid=CALL, sdp="v=0", reconnect="r"),
    frames.ServerHangup(callsid=CALL),
    frames.ServerHangup(callsid=CALL, error=FAILED),
    frames.Cancel(callsid=CALL),
    frames.Ack(callsid=CALL, voiceeventsid="KX", acktype="message"),
    frames.progress_message(CALL, "KX", {"stage": "ringing"}),
    frames.Error(error=FAILED),
    frames.Error(error=FAILED, callsid=CALL, voiceeventsid="KX"),
]


def complaints(name: str, frame: Any) -> list[str]:
    """Return what the document has against a frame, taken as the message of this name."""
    payload = DOCUMENT["components"]["messages"][name]["payload"]
    validator = Draft7Validator({**payload, "components": DOCUMENT["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(frame)]


@pytest.mark.parametrize("frame", WRITTEN, ids=lambda frame: type(frame).__name__)
def test_what_the_server_writes_is_as_described(frame: frames.ServerFrame) -> None:
    """A frame for a device has the shape that the document gives it, with nothing left out."""
    name = type(frame).__name__
    assert complaints(name, json.loads(frames.serialize(frame))) == []
    assert complaints(name, {"type": "other", "payload": {}, "version": "1.6"}) != []


@settings(max_examples=50)
@given(st.sampled_from("0123456789*#ABCDw"), st.integers(1, 256))
def test_keys_that_the_server_takes_are_as_described(key: str, number: int) -> None:
    """What may be pressed is written so that readers of JSON Schema agree with the parser."""
    frame = {
        "type": "dtmf",
        "payload": {"callsid": CALL, "dtmf": key * number},
        "version": "1.6",
    }
    assert isinstance(frames.parse(json.dumps(frame)), frames.Dtmf)
    assert complaints("Dtmf", frame) == []


@pytest.mark.parametrize("keys", ["", "x", "1" * 257, "1\n"])
def test_keys_that_the_server_refuses_are_not_as_described(keys: str) -> None:
    """What the parser refuses is refused by the document too."""
    frame = {"type": "dtmf", "payload": {"callsid": CALL, "dtmf": keys}, "version": "1.6"}
    with pytest.raises(frames.UnreadableFrame):
        frames.parse(json.dumps(frame))
    if not keys.endswith("\n"):  # Python's `$` takes one, ECMA-262's does not.
        assert complaints("Dtmf", frame) != []


def test_patterns_are_written_for_readers_of_json_schema() -> None:
    """Anchors are those of ECMA-262, which knows no other (JSON Schema, section 6.4)."""
    dtmf = DOCUMENT["components"]["schemas"]["Dtmf"]["properties"]["dtmf"]
    assert dtmf["pattern"] == "^[0-9*#A-Dw]{1,256}$"


def test_every_type_of_frame_is_described_once() -> None:
    """Each direction has the types that the server reads, or writes, and the heartbeat."""

    def names(operation: str) -> set[str]:
        found = set()
        for reference in DOCUMENT["operations"][operation]["messages"]:
            name = reference["$ref"].rpartition("/")[2]
            assert DOCUMENT["channels"]["signalling"]["messages"][name]
            found.add(DOCUMENT["components"]["messages"][name]["name"])
        return found

    assert names("receive") == {*CLIENT_TYPES, "heartbeat"}
    assert names("send") == {*SERVER_TYPES.values(), "heartbeat"}


def test_every_reference_leads_somewhere() -> None:
    """No ``$ref`` of the document is broken."""

    def references(value: Any) -> list[str]:
        match value:
            case {"$ref": str(reference)}:
                return [reference]
            case dict():
                return [found for one in value.values() for found in references(one)]
            case list():
                return [found for one in value for found in references(one)]
            case _:
                return []

    for reference in references(DOCUMENT):
        at: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            assert step in at, reference
            at = at[step]


def test_every_frame_says_what_it_is_for() -> None:
    """Each message has one sentence at least, on one line, with code as Markdown has it."""
    for message in DOCUMENT["components"]["messages"].values():
        assert message["summary"].endswith("."), message["name"]
        assert "\n" not in message["summary"]
        assert "``" not in message["summary"]


def test_a_server_is_named_as_its_clients_reach_it() -> None:
    """The address is the public host's, at the path that the gateway has."""
    assert DOCUMENT["servers"]["midcall"] == {"host": "voice.example.com", "protocol": "wss"}
    assert DOCUMENT["channels"]["signalling"]["address"] == "/signal"
    assert DOCUMENT["info"]["version"] == "1.2.3"
