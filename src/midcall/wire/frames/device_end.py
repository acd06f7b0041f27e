"""The device's end of the wire: what servers send is read, what devices send is written.

The frames are the same classes that the server reads and writes. A type that is not known here is
read over, as in the SDK: a server may have learnt more than its clients.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, get_args
from urllib.parse import quote, unquote_plus

import msgspec

from midcall.model.errors import MalformedFrame
from midcall.wire.frames.client import CLIENT_TYPES, ClientFrame, UnreadableFrame
from midcall.wire.frames.payload import VERSION, Payload
from midcall.wire.frames.server import SERVER_TYPES, ServerFrame

_UNRESERVED: Final = "!'()*"
"""What ``encodeURIComponent`` leaves alone beside what Python's ``quote`` does."""

_DECODERS: Final = {
    SERVER_TYPES[kind]: msgspec.json.Decoder(kind) for kind in get_args(ServerFrame)
}
_NAMES: Final = {kind: name for name, kind in CLIENT_TYPES.items()}


class _Envelope(msgspec.Struct, frozen=True):
    type: str
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class _Sent(msgspec.Struct, frozen=True):
    type: str
    payload: Payload
    version: str = VERSION


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_ENCODER: Final = msgspec.json.Encoder()
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)


Content = msgspec.Raw
"""The content of a message, as JSON."""


def parse_from_server(text: str | bytes) -> ServerFrame | None:
    """Understand a frame from a server; ``None`` if it is of a type that is not known here.

    Raises ``UnreadableFrame``.
    """
    try:
        envelope = _ENVELOPE.decode(text)
    except _UNREADABLE:
        # The texts of these errors may quote content.
        raise UnreadableFrame(MalformedFrame("not a frame")) from None
    decoder = _DECODERS.get(envelope.type)
    if decoder is None:
        return None
    try:
        frame: ServerFrame = decoder.decode(envelope.payload)
    except _UNREADABLE:
        fault = MalformedFrame(f"'{envelope.type}' is not as it should be")
        raise UnreadableFrame(fault) from None
    return frame


def serialize_for_server(frame: ClientFrame) -> str:
    """Write a frame for a server."""
    return _ENCODER.encode(_Sent(_NAMES[type(frame)], frame)).decode()


def write_content(value: object) -> Content:
    """Write the content of a message: any value that JSON has.

    Raises ``TypeError`` for one that it has not, and ``ValueError`` for text that is none.
    """
    return Content(_ENCODER.encode(value))


def read_content(content: Content) -> Any:
    """Return the value of a message's content.

    What only a lenient reader takes, as half of a character, is read as JavaScript reads it.
    """
    try:
        return msgspec.json.decode(content)
    except _UNREADABLE:
        return json.loads(bytes(content))


def write_connect_parameters(parameters: Mapping[str, str]) -> str:
    """Encode the parameters of ``connect()`` as the SDK does: for ``connect_parameters``."""
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in parameters.items())


def read_invite_parameters(text: str) -> dict[str, str]:
    """Decode ``parameters.Params`` of an invite: values are encoded, names are not.

    Of two parameters with one name the last counts, as in the SDK.
    """
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return {name: unquote_plus(value) for name, _, value in pairs}


def _encode(text: str) -> str:
    return quote(text, safe=_UNRESERVED)
