"""The frames of signalling protocol 1.6: a class a frame type, both ways.

A frame is one WebSocket text message, ``{"type": …, "payload": {…}, "version": "1.6"}``; a text of
one line feed is a heartbeat and no frame. Parsing takes what the SDKs send and a little more:
fields that are not named here are read over, as in the SDK.
"""

import json
from typing import Annotated, Any, Final
from urllib.parse import quote, unquote_plus

import msgspec

from midcall.model.errors import Fault, MalformedFrame
from midcall.model.messages import CALL_PROGRESS_EVENT, JSON_CONTENT_TYPE, USER_DEFINED_MESSAGE
from midcall.model.twiml import Parameter

VERSION: Final = "1.6"
HEARTBEAT: Final = "\n"


NAME_CHARACTERS: Final = 128
"""The longest name of a call or a message: SIDs have 34 characters, the SDK's own names 39.

What is longer is no name, and would be repeated in errors and logs.
"""

Name = Annotated[str, msgspec.Meta(max_length=NAME_CHARACTERS)]

ContentType = Annotated[str, msgspec.Meta(max_length=255)]
"""A media type: 127 characters on either side of the slash (RFC 6838, section 4.2)."""


class _Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


# --- client to server -------------------------------------------------------------------------


class Listen(_Payload, frozen=True, kw_only=True):
    """The device presents its Access Token; the first frame on every socket, again when renewed.

    ``reconnect_timeout`` is how many seconds the device would like its legs to be kept for it.
    """

    token: str = ""
    reconnect_timeout: float = msgspec.field(default=0, name="reconnectTimeout")


class MediaCapabilities(_Payload, frozen=True, kw_only=True):
    """What a device registers for."""

    audio: bool = True


class Register(_Payload, frozen=True, kw_only=True):
    """The device wants incoming calls, or with ``audio: false`` none any more."""

    media: MediaCapabilities = MediaCapabilities()


class TwilioParameters(_Payload, frozen=True, kw_only=True):
    """The ``twilio`` object of an invite: the parameters of ``connect()``, encoded."""

    params: str = ""


class ClientInvite(_Payload, frozen=True, kw_only=True):
    """The device calls, or comes back to a call with the token that it got for it."""

    callsid: Name
    sdp: str
    twilio: TwilioParameters = TwilioParameters()
    reconnect: str | None = None


class ClientAnswer(_Payload, frozen=True, kw_only=True):
    """The device accepts an incoming call."""

    callsid: Name
    sdp: str


class Reinvite(_Payload, frozen=True, kw_only=True):
    """The device offers anew: its path through the network changed."""

    callsid: Name
    sdp: str


class Reject(_Payload, frozen=True, kw_only=True):
    """The device refuses an incoming call."""

    callsid: Name


class ClientHangup(_Payload, frozen=True, kw_only=True):
    """The device leaves a call. ``message`` says why, if it was for a failure."""

    callsid: Name
    message: str | None = None


class Dtmf(_Payload, frozen=True, kw_only=True):
    """The device presses keys that it cannot send in its audio. ``w`` waits half a second."""

    callsid: Name
    dtmf: Annotated[str, msgspec.Meta(pattern=r"\A[0-9*#A-Dw]{1,256}\Z")]


class ClientMessage(_Payload, frozen=True, kw_only=True):
    """The device sends a user-defined message. ``content`` is the JSON as it came."""

    callsid: Name
    content: msgspec.Raw
    voiceeventsid: Name
    messagetype: Name = USER_DEFINED_MESSAGE
    contenttype: ContentType = JSON_CONTENT_TYPE


ClientFrame = (
    Listen
    | Register
    | ClientInvite
    | ClientAnswer
    | Reinvite
    | Reject
    | ClientHangup
    | Dtmf
    | ClientMessage
)

_CLIENT_TYPES: Final[dict[str, type[ClientFrame]]] = {
    "listen": Listen,
    "register": Register,
    "invite": ClientInvite,
    "answer": ClientAnswer,
    "reinvite": Reinvite,
    "reject": Reject,
    "hangup": ClientHangup,
    "dtmf": Dtmf,
    "message": ClientMessage,
}

_DECODERS: Final = {name: msgspec.json.Decoder(kind) for name, kind in _CLIENT_TYPES.items()}


class _Envelope(msgspec.Struct, frozen=True):
    type: str
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class _Reference(msgspec.Struct, frozen=True):
    """What of a payload tells where an error about it belongs."""

    callsid: Any = None
    voiceeventsid: Any = None


_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_REFERENCE: Final = msgspec.json.Decoder(_Reference)


class UnreadableFrame(Exception):
    """A text that is no frame. ``callsid`` and ``voiceeventsid`` are what it still told."""

    def __init__(
        self, fault: MalformedFrame, callsid: str | None = None, voiceeventsid: str | None = None
    ) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.callsid = callsid
        self.voiceeventsid = voiceeventsid


def parse(text: str | bytes) -> ClientFrame:
    """Understand a frame from a client; raise ``UnreadableFrame``."""
    try:
        envelope = _ENVELOPE.decode(text)
    except _UNREADABLE as error:
        fault = MalformedFrame(f"not a frame: {error}")
        raise UnreadableFrame(fault, *_lenient_reference(text)) from None
    decoder = _DECODERS.get(envelope.type)
    if decoder is None:
        shown = envelope.type[:40]
        raise _unreadable(envelope.payload, f"unknown frame type '{shown}'")
    try:
        return decoder.decode(envelope.payload)
    except _UNREADABLE as error:
        raise _unreadable(envelope.payload, f"{envelope.type}: {error}") from None


def _unreadable(payload: msgspec.Raw, reason: str) -> UnreadableFrame:
    try:
        reference = _REFERENCE.decode(payload)
    except _UNREADABLE:
        reference = _Reference()
    return UnreadableFrame(
        MalformedFrame(reason), _name(reference.callsid), _name(reference.voiceeventsid)
    )


def _lenient_reference(text: str | bytes) -> tuple[str | None, str | None]:
    """Find what a text that is no frame is about, for a sender who waits for an answer.

    JavaScript writes half of a surrogate pair, as of an emoji that was cut, in a way that only a
    lenient reader takes (RFC 8259, section 8.2).
    """
    try:
        payload = json.loads(text)["payload"]
        return _name(payload.get("callsid")), _name(payload.get("voiceeventsid"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None, None


def _name(value: object) -> str | None:
    named = isinstance(value, str) and len(value) <= NAME_CHARACTERS and value.isascii()
    return str(value) if named else None


def content_text(raw: msgspec.Raw) -> str:
    """Return the content of a message as text.

    A JSON string passes as what it says (the mobile SDKs send JSON text in a string); any other
    value as compact JSON, its numbers and escapes as they came.
    """
    encoded = bytes(raw)
    if encoded.startswith(b'"'):
        try:
            return msgspec.json.decode(encoded, type=str)
        except msgspec.MsgspecError as error:
            raise MalformedFrame(f"content: {error}") from None
    return msgspec.json.format(encoded, indent=-1).decode()


def connect_parameters(params: str) -> tuple[Parameter, ...]:
    """Decode the parameters of ``connect()``: names and values percent-encoded, joined by ``&``."""
    pairs = (pair.partition("=") for pair in params.split("&") if pair)
    return tuple(Parameter(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs)


# --- server to client -------------------------------------------------------------------------


class TokenState(_Payload, frozen=True, kw_only=True):
    """Who the token names, and for how many seconds still."""

    identity: str
    ttl: int


class Connected(_Payload, frozen=True, kw_only=True, omit_defaults=False):
    """The token is good. ``home`` leads the SDK's insights to this server."""

    region: str
    edge: str
    home: str
    token: TokenState


class Ready(_Payload, frozen=True):
    """The device is registered."""


class Offline(_Payload, frozen=True):
    """The device is not registered any more."""


class Close(_Payload, frozen=True):
    """The device must not come back with what it has."""


class ServerInvite(_Payload, frozen=True, kw_only=True, omit_defaults=False):
    """An incoming call. ``reconnect`` is the token to come back with."""

    callsid: str
    sdp: str
    parameters: dict[str, str]
    reconnect: str


class Ringing(_Payload, frozen=True, kw_only=True):
    """The device's call is under way, and has this CallSid."""

    callsid: str


class ServerAnswer(_Payload, frozen=True, kw_only=True):
    """The device's call is answered, or is the device's again."""

    callsid: str
    sdp: str = ""
    reconnect: str = ""


class Failure(_Payload, frozen=True, kw_only=True):
    """A fault, as the SDK reads it. ``retry_after`` is in seconds."""

    code: int
    message: str
    retry_after: float | None = msgspec.field(default=None, name="retryAfter")


class ServerHangup(_Payload, frozen=True, kw_only=True):
    """The call is over."""

    callsid: str
    error: Failure | None = None


class Cancel(_Payload, frozen=True, kw_only=True):
    """The incoming call is withdrawn."""

    callsid: str


class Ack(_Payload, frozen=True, kw_only=True):
    """The user-defined message is safe."""

    callsid: str
    voiceeventsid: str
    acktype: str


class ServerMessage(_Payload, frozen=True, kw_only=True, omit_defaults=False):
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


class Error(_Payload, frozen=True, kw_only=True):
    """Something that the device asked for was refused."""

    error: Failure
    callsid: str | None = None
    voiceeventsid: str | None = None


_SERVER_TYPES: Final[dict[type[_Payload], str]] = {
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
    payload: _Payload
    version: str = VERSION


_ENCODER: Final = msgspec.json.Encoder()


def serialize(frame: ServerFrame) -> str:
    """Write a frame for a client."""
    return _ENCODER.encode(_Sent(_SERVER_TYPES[type(frame)], frame)).decode()


def failure(fault: Fault, retry_after: float | None = None) -> Failure:
    """Write a fault as the SDK reads it."""
    return Failure(code=fault.code, message=str(fault), retry_after=retry_after)


def invite_params(parameters: tuple[Parameter, ...]) -> str:
    """Encode custom parameters for ``parameters.Params`` of an invite.

    The SDK splits this on ``&`` and ``=``, decodes values and leaves names alone, so names go out
    as they are and values percent-encoded. A name with one of those two signs cannot arrive whole.
    """
    return "&".join(f"{one.name}={quote(one.value, safe='')}" for one in parameters)
