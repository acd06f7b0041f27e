"""What devices send, and how it is understood.

Parsing takes what the SDKs send and a little more: fields that are not named here are read over, as
in the SDK. What cannot be understood still tells, as far as it can, what it was about.
"""

import json
from typing import Annotated, Any, Final
from urllib.parse import unquote_plus

import msgspec

from midcall.model.errors import MalformedFrame
from midcall.model.messages import JSON_CONTENT_TYPE, USER_DEFINED_MESSAGE
from midcall.model.twiml import Parameter
from midcall.wire.frames.payload import Payload

NAME_CHARACTERS: Final = 128
"""The longest name of a call or a message: SIDs have 34 characters, the SDK's own names 39.

What is longer is no name, and would be repeated in errors and logs.
"""

Name = Annotated[str, msgspec.Meta(max_length=NAME_CHARACTERS)]

ContentType = Annotated[str, msgspec.Meta(max_length=255)]
"""A media type: 127 characters on either side of the slash (RFC 6838, section 4.2)."""


class Listen(Payload, frozen=True, kw_only=True, omit_defaults=False):
    """The device presents its Access Token; the first frame on every socket, again when renewed.

    ``reconnect_timeout`` is how many seconds the device would like its legs to be kept for it.
    """

    token: str = ""
    reconnect_timeout: float = msgspec.field(default=0, name="reconnectTimeout")


class MediaCapabilities(Payload, frozen=True, kw_only=True, omit_defaults=False):
    """What a device registers for."""

    audio: bool = True


class Register(Payload, frozen=True, kw_only=True, omit_defaults=False):
    """The device wants incoming calls, or with ``audio: false`` none any more."""

    media: MediaCapabilities = MediaCapabilities()


class TwilioParameters(Payload, frozen=True, kw_only=True):
    """The ``twilio`` object of an invite: the parameters of ``connect()``, encoded."""

    params: str = ""


class ClientInvite(Payload, frozen=True, kw_only=True):
    """The device calls, or comes back to a call with the token that it got for it."""

    callsid: Name
    sdp: str
    twilio: TwilioParameters = TwilioParameters()
    reconnect: str | None = None


class ClientAnswer(Payload, frozen=True, kw_only=True):
    """The device accepts an incoming call."""

    callsid: Name
    sdp: str


class Reinvite(Payload, frozen=True, kw_only=True):
    """The device offers anew: its path through the network changed."""

    callsid: Name
    sdp: str


class Reject(Payload, frozen=True, kw_only=True):
    """The device refuses an incoming call."""

    callsid: Name


class ClientHangup(Payload, frozen=True, kw_only=True):
    """The device leaves a call. ``message`` says why, if it was for a failure."""

    callsid: Name
    message: str | None = None


class Dtmf(Payload, frozen=True, kw_only=True):
    """The device presses keys that it cannot send in its audio. ``w`` waits half a second."""

    callsid: Name
    dtmf: Annotated[str, msgspec.Meta(pattern=r"\A[0-9*#A-Dw]{1,256}\Z")]


class ClientMessage(Payload, frozen=True, kw_only=True, omit_defaults=False):
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

CLIENT_TYPES: Final[dict[str, type[ClientFrame]]] = {
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

_DECODERS: Final = {name: msgspec.json.Decoder(kind) for name, kind in CLIENT_TYPES.items()}


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
