"""The AsyncAPI 3 document of the signalling, made of the classes that read and write its frames.

It describes midcall, so *receive* is what devices send and *send* is what devices are told. The
payloads' schemas come from the frames' classes, the sentences from their docstrings.

Invariants:

- Every type of frame that a server reads or writes is in the document, and no other.
- Whatever ``frames.serialize`` writes is as the document says.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from midcall.wire.frames.client import CLIENT_TYPES
from midcall.wire.frames.payload import HEARTBEAT, VERSION, Payload
from midcall.wire.frames.server import SERVER_TYPES

Schema = dict[str, Any]

PATH: Final = "/signal"
"""Where the signalling is, below the host."""

_SCHEMAS: Final = "#/components/schemas/{name}"
_MESSAGES: Final = "#/components/messages/{name}"
_IN_CHANNEL: Final = "#/channels/signalling/messages/{name}"
_CHANNEL: Final = "#/channels/signalling"

_FROM_DEVICES: Final[Mapping[str, type[Payload]]] = CLIENT_TYPES
_TO_DEVICES: Final[Mapping[str, type[Payload]]] = {
    name: kind for kind, name in SERVER_TYPES.items()
}

_ABOUT: Final = (
    "Signalling protocol 1.6, as the official Voice SDK for JavaScript speaks it: WebSocket text "
    "messages, each a JSON object with `type`, `payload` and `version`, or a heartbeat of one line "
    "feed. Fields that are not named here are read over."
)
_HEARTBEAT_ABOUT: Final = (
    "A text of one line feed. Whoever gets one sends one back, behind everything that it has "
    "handled before; so the echo of a heartbeat is a receipt for the messages in front of it."
)


def document(version: str, host: str) -> dict[str, Any]:
    """Return the document of a server of this version, reached at ``host`` (with its port)."""
    every = [*_FROM_DEVICES.values(), *_TO_DEVICES.values()]
    _, schemas = msgspec.json.schema_components(every, ref_template=_SCHEMAS)
    received = {_name(kind): _message(name, kind) for name, kind in _FROM_DEVICES.items()}
    sent = {_name(kind): _message(name, kind) for name, kind in _TO_DEVICES.items()}
    messages = {**received, **sent, "Heartbeat": _HEARTBEAT}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "midcall signalling",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"midcall": {"host": host, "protocol": "wss"}},
        "channels": {
            "signalling": {
                "address": PATH,
                "title": "Signalling",
                "messages": {name: {"$ref": _MESSAGES.format(name=name)} for name in messages},
            }
        },
        "operations": {
            "receive": _operation("receive", "What devices send", [*received, "Heartbeat"]),
            "send": _operation("send", "What devices are told", [*sent, "Heartbeat"]),
        },
        "components": {
            "messages": messages,
            "schemas": {name: _as_standard(schema) for name, schema in sorted(schemas.items())},
        },
    }


_HEARTBEAT: Final[Mapping[str, Any]] = {
    "name": "heartbeat",
    "title": "Heartbeat",
    "summary": _HEARTBEAT_ABOUT,
    "contentType": "text/plain",
    "payload": {"type": "string", "const": HEARTBEAT},
}


def sentence(kind: type[Payload]) -> str:
    """Return what a frame's docstring says first, as Markdown on one line."""
    return _plain(kind.__doc__ or "").partition("\n")[0]


def _name(kind: type[Payload]) -> str:
    return kind.__name__


def _message(name: str, kind: type[Payload]) -> dict[str, Any]:
    return {
        "name": name,
        "title": _name(kind),
        "summary": sentence(kind),
        "payload": {
            "type": "object",
            "required": ["type", "payload", "version"],
            "properties": {
                "type": {"type": "string", "const": name},
                "payload": {"$ref": _SCHEMAS.format(name=_name(kind))},
                "version": {"type": "string", "const": VERSION},
            },
        },
    }


def _operation(action: str, summary: str, names: Iterable[str]) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": _CHANNEL},
        "messages": [{"$ref": _IN_CHANNEL.format(name=name)} for name in names],
    }


def _as_standard(value: Any) -> Any:
    """Write a schema as JSON Schema has it: anchors as in ECMA-262, descriptions as Markdown."""
    match value:
        case dict():
            return {key: _standard_entry(key, one) for key, one in value.items()}
        case list():
            return [_as_standard(one) for one in value]
        case _:
            return value


def _standard_entry(key: str, value: Any) -> Any:
    match key, value:
        case "pattern", str():
            return value.replace(r"\A", "^").replace(r"\Z", "$")
        case "description", str():
            return _plain(value)
        case _:
            return _as_standard(value)


def _plain(docstring: str) -> str:
    """Join the lines of each paragraph, and write code as Markdown does."""
    paragraphs = re.split(r"\n\s*\n", docstring.strip())
    return "\n\n".join(" ".join(one.split()) for one in paragraphs).replace("``", "`")
