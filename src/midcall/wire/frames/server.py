"""What devices are told, and how it is written."""

from typing import Final
from urllib.parse import quote

import msgspec

from midcall.model.errors import Fault
from midcall.model.messages import CALL_PROGRESS_EVENT, JSON_CONTENT_TYPE
from midcall.model.twiml import Parameter
from midcall.wire.frames.payload import VERSION, Payload


class TokenState(Payload, frozen=True, kw_only=True):
    """Who the token names, and for how many seconds still."""

    identity: str
    ttl: int


class Connected(Payload, frozen=True, kw_only=True, omit_defaults=False):
    """The token is good. ``home`` leads the SDK's insights to this server."""

    region: str
    edge: str
    home: str
    token: TokenState


class Ready(Payload, frozen=True):
    """The device is registered."""


class Offline(Payload, frozen=True):
    """The device is not registered any more."""


class Close(Payload, frozen=True):
    """The device must not come back with what it has."""


class ServerInvite(Payload, frozen=True, kw_only=True, omit_defaults=False):
    """An incoming call. ``reconnect`` is the token to come back with."""

    callsid: str
    sdp: str
    parameters: dict[str, str]
    reconnect: str


class Ringing(Payload, frozen=True, kw_only=True):
    """The device's call is under way, and has this CallSid."""

    callsid: str


class ServerAnswer(Payload, frozen=True, kw_only=True):
    """The device's call is answered, or is the device's again."""

    callsid: str
    sdp: str = ""
    reconnect: str = ""


class Failure(Payload, frozen=True, kw_only=True):
    """A fault, as the SDK reads it. ``retry_after`` is in seconds."""

    code: int
    message: str
    retry_after: float | None = msgspec.field(default=None, name="retryAfter")


class ServerHangup(Payload, frozen=True, kw_only=True):
    """The call is over."""

    callsid: str
    error: Failure | None = None


class Cancel(Payload, frozen=True, kw_only=True):
    """The incoming call is withdrawn."""

    callsid: str


class Ack(Payload, frozen=True, kw_only=True):
    """The user-defined message is safe."""

    callsid: str
    voiceeventsid: str
    acktype: str


class ServerMessage(Payload, frozen=True, kw_only=True, omit_defaults=False):
    """A user-defined message. ``content`` is JSON, and arrives as the value that it stands for."""

    callsid: str
    content: msgspec.Raw
    contenttype: str
    messagetype: str
    voiceeventsid: str


def progress_message(callsid: str, sid: str, content: dict[str, str]) -> ServerMessage:
    """Write what a caller's device is told of a stage of a child of its call."""
    return ServerMessage(
        callsid=callsid,
        content=msgspec.Raw(msgspec.json.encode(content)),
        contenttype=JSON_CONTENT_TYPE,
        messagetype=CALL_PROGRESS_EVENT,
        voiceeventsid=sid,
    )


class Error(Payload, frozen=True, kw_only=True):
    """Something that the device asked for was refused."""

    error: Failure
    callsid: str | None = None
    voiceeventsid: str | None = None


SERVER_TYPES: Final[dict[type[Payload], str]] = {
    Connected: "connected",
    Ready: "ready",
    Offline: "offline",
    Close: "close",
    ServerInvite: "invite",
    Ringing: "ringing",
    ServerAnswer: "answer",
    ServerHangup: "hangup",
    Cancel: "cancel",
    Ack: "ack",
    ServerMessage: "message",
    Error: "error",
}

ServerFrame = (
    Connected
    | Ready
    | Offline
    | Close
    | ServerInvite
    | Ringing
    | ServerAnswer
    | ServerHangup
    | Cancel
    | Ack
    | ServerMessage
    | Error
)


class _Sent(msgspec.Struct, frozen=True):
    type: str
    payload: Payload
    version: str = VERSION


_ENCODER: Final = msgspec.json.Encoder()


def serialize(frame: ServerFrame) -> str:
    """Write a frame for a client."""
    return _ENCODER.encode(_Sent(SERVER_TYPES[type(frame)], frame)).decode()


def failure(fault: Fault, retry_after: float | None = None) -> Failure:
    """Write a fault as the SDK reads it."""
    return Failure(code=fault.code, message=str(fault), retry_after=retry_after)


def refusal(
    fault: Fault,
    callsid: str | None = None,
    voiceeventsid: str | None = None,
    *,
    retry_after: float | None = None,
) -> Error:
    """Write what a device is told that asked for what cannot be."""
    failed = failure(fault, retry_after)
    return Error(error=failed, callsid=callsid, voiceeventsid=voiceeventsid)


def invite_params(parameters: tuple[Parameter, ...]) -> str:
    """Encode custom parameters for ``parameters.Params`` of an invite.

    The SDK splits this on ``&`` and ``=``, decodes values and leaves names alone, so names go out
    as they are and values percent-encoded. A name with one of those two signs cannot arrive whole.
    """
    return "&".join(f"{one.name}={quote(one.value, safe='')}" for one in parameters)
