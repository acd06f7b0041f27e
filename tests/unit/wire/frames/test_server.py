"""What devices are told: what the SDK reads of what we write."""

import json
from typing import Any, get_args
from urllib.parse import unquote_plus

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from midcall.model.errors import RateExceeded, TokenExpired
from midcall.model.twiml import Parameter
from midcall.wire import frames
from midcall.wire.frames import server

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


def read(text: str) -> tuple[str, dict[str, Any]]:
    """Read a frame as the JavaScript SDK does."""
    frame = json.loads(text)
    return frame["type"], frame["payload"]


def sdk_query_to_json(params: str) -> dict[str, str]:
    """Read ``Params`` as the SDK does: values are decoded, names are not."""
    pairs = (pair.split("=", 1) for pair in params.split("&"))
    return {name: unquote_plus(value) for name, value in pairs}


@given(
    st.dictionaries(
        st.text(min_size=1).filter(lambda name: not {"&", "="} & set(name)), st.text(), min_size=1
    )
)
@example({"custom + param": "a&b=c+d %"})
def test_custom_parameters_reach_the_app(parameters: dict[str, str]) -> None:
    """The SDK of the called finds every parameter under its exact name with its exact value."""
    written = frames.invite_params(tuple(Parameter(*pair) for pair in parameters.items()))
    assert sdk_query_to_json(written) == parameters


@pytest.mark.parametrize(
    ("frame", "kind", "payload"),
    [
        (
            frames.Connected(
                region="US_EAST_VIRGINIA",
                edge="ashburn",
                home="localhost:8443/insights?",
                token=frames.TokenState(identity="", ttl=0),
            ),
            "connected",
            {
                "region": "US_EAST_VIRGINIA",
                "edge": "ashburn",
                "home": "localhost:8443/insights?",
                "token": {"identity": "", "ttl": 0},
            },
        ),
        (frames.Ready(), "ready", {}),
        (frames.Offline(), "offline", {}),
        (frames.Close(), "close", {}),
        (
            frames.ServerInvite(callsid=CALL, sdp="v=0", parameters={}, reconnect="secret"),
            "invite",
            {"callsid": CALL, "sdp": "v=0", "parameters": {}, "reconnect": "secret"},
        ),
        (frames.Ringing(callsid=CALL), "ringing", {"callsid": CALL}),
        (
            frames.ServerAnswer(callsid=CALL, sdp="v=0", reconnect="secret"),
            "answer",
            {"callsid": CALL, "sdp": "v=0", "reconnect": "secret"},
        ),
        (frames.ServerHangup(callsid=CALL), "hangup", {"callsid": CALL}),
        (
            frames.ServerHangup(callsid=CALL, error=frames.failure(TokenExpired())),
            "hangup",
            {"callsid": CALL, "error": {"code": 31205, "message": "JWT token expired"}},
        ),
        (frames.Cancel(callsid=CALL), "cancel", {"callsid": CALL}),
        (
            frames.Ack(callsid=CALL, voiceeventsid=MESSAGE, acktype="message"),
            "ack",
            {"callsid": CALL, "voiceeventsid": MESSAGE, "acktype": "message"},
        ),
        (
            frames.Error(
                error=frames.failure(RateExceeded(50), retry_after=2.5),
                callsid=CALL,
                voiceeventsid=MESSAGE,
            ),
            "error",
            {
                "error": {
                    "code": 31206,
                    "message": "Rate exceeded: at most 50 messages a second on a call",
                    "retryAfter": 2.5,
                },
                "callsid": CALL,
                "voiceeventsid": MESSAGE,
            },
        ),
    ],
)
def test_frames_are_what_the_sdk_reads(
    frame: frames.ServerFrame, kind: str, payload: dict[str, Any]
) -> None:
    """Every frame has its type, its payload under the SDK's names, and the version."""
    text = frames.serialize(frame)
    assert read(text) == (kind, payload)
    assert json.loads(text)["version"] == "1.6"


def test_every_server_frame_has_a_type() -> None:
    """There is no frame that cannot be written."""
    assert set(get_args(frames.ServerFrame)) == set(server.SERVER_TYPES)


@given(json_values)
def test_a_downlink_arrives_as_the_value_that_it_stands_for(value: Any) -> None:
    """The app gets the content as a value, not as text."""
    frame = frames.ServerMessage(
        callsid=CALL,
        content=msgspec.Raw(json.dumps(value).encode()),
        contenttype="application/json",
        messagetype="user-defined-message",
        voiceeventsid=MESSAGE,
    )
    kind, payload = read(frames.serialize(frame))
    assert kind == "message"
    assert payload == {
        "callsid": CALL,
        "content": value,
        "contenttype": "application/json",
        "messagetype": "user-defined-message",
        "voiceeventsid": MESSAGE,
    }


def test_a_refusal_says_where_it_belongs_and_when_to_come_back() -> None:
    """The names that are known go into the error, those that are not are left out."""
    assert read(frames.serialize(frames.refusal(TokenExpired(), CALL, MESSAGE))) == (
        "error",
        {
            "error": {"code": 31205, "message": "JWT token expired"},
            "callsid": CALL,
            "voiceeventsid": MESSAGE,
        },
    )
    assert read(frames.serialize(frames.refusal(TokenExpired(), retry_after=2.5))) == (
        "error",
        {"error": {"code": 31205, "message": "JWT token expired", "retryAfter": 2.5}},
    )
