"""Writes the page of frames in ``docs/reference`` from the classes that read and write them."""

from collections.abc import Mapping

import msgspec

import midcall
from midcall.wire import frames_description
from midcall.wire.frames.client import CLIENT_TYPES
from midcall.wire.frames.payload import Payload
from midcall.wire.frames.server import SERVER_TYPES


def page() -> str:
    """Return the page."""
    document = frames_description.document(midcall.__version__, "localhost:8443")
    sent = {name: kind for kind, name in SERVER_TYPES.items()}
    return "\n".join(
        [
            "# Signalling frames",
            "",
            "Generated from the code by `make reference`.",
            "",
            f"{document['info']['description']}",
            "",
            "The socket is at `wss://…/signal`. The first frame on it is `listen`. The same is "
            "served as an AsyncAPI 3.0 document at `/asyncapi.json`, with the types and bounds of "
            "the fields, and shown at `/docs`. In *italics* is what may be left out.",
            "",
            "## What devices send",
            "",
            *_table(CLIENT_TYPES),
            "",
            "## What devices are told",
            "",
            *_table(sent),
            "",
            "## Heartbeat",
            "",
            document["components"]["messages"]["Heartbeat"]["summary"],
            "",
        ]
    )


def _table(types: Mapping[str, type[Payload]]) -> list[str]:
    rows = [
        f"| `{name}` | {_fields(kind)} | {frames_description.sentence(kind)} |"
        for name, kind in types.items()
    ]
    return ["| type | payload | meaning |", "| --- | --- | --- |", *rows]


def _fields(kind: type[Payload]) -> str:
    written = [
        f"`{field.encode_name}`" if field.required else f"*`{field.encode_name}`*"
        for field in msgspec.structs.fields(kind)
    ]
    return " ".join(written)
