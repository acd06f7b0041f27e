"""Holds every REST response of the tests against midcall's own OpenAPI document.

``Witness`` stands around the served application, so it sees what every client sees: the tests' own,
the official Python library, the official Node library.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EVENTS = "text/event-stream"

_PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


class Described:
    """A document, and whether a response is as it says."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._components = document["components"]
        self._paths = [
            (re.compile(_PLACEHOLDER.sub("[^/]+", re.escape(path))), operations)
            for path, operations in document["paths"].items()
        ]

    @property
    def operation_ids(self) -> set[str]:
        """The names of all operations."""
        return {
            operation["operationId"]
            for _, operations in self._paths
            for operation in operations.values()
        }

    def find(self, method: str, path: str) -> Any:
        """Find the operation of a request; ``None`` if there is no such."""
        monitored = path.startswith("/v1/")
        whole = path.removesuffix(".json") + ("" if monitored else ".json")
        for pattern, operations in self._paths:
            if pattern.fullmatch(whole) and method.lower() in operations:
                return operations[method.lower()]
        return None

    def complaint(self, operation: Any, status: int, body: bytes) -> str | None:
        """Return what is wrong with an operation's response, ``None`` if nothing is."""
        if status >= 400:
            return self._mismatch({"$ref": "#/components/schemas/Problem"}, body)
        if operation is None:
            return "it is a success of an operation that is not described"
        if str(status) not in operation["responses"]:
            return "no such status is described"
        described = operation["responses"][str(status)]
        if "content" not in described:
            return "it should be empty" if body else None
        if EVENTS in described["content"]:
            return "it should be events"
        return self._mismatch(described["content"]["application/json"]["schema"], body)

    def complaint_of_event(self, operation: Any, content: bytes) -> str | None:
        """Return what is wrong with the content of a server-sent event."""
        described = operation["responses"]["200"].get("content", {})
        if EVENTS not in described:
            return "no events are described"
        return self._mismatch(described[EVENTS]["schema"], content)

    def _mismatch(self, schema: Mapping[str, Any], body: bytes) -> str | None:
        validator = Draft202012Validator({**schema, "components": self._components})
        errors = [
            f"{error.json_path}: {error.message}"
            for error in validator.iter_errors(json.loads(body))
        ]
        return "; ".join(errors) or None


class Witness:
    """An ASGI application that passes on to another one and remembers what was wrong."""

    def __init__(self, app: ASGIApp, described: Described) -> None:
        self._app = app
        self._described = described
        self.operation_ids = described.operation_ids
        self.complaints: list[str] = []
        self.succeeded: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and look at what comes back."""
        status, streams, pieces = 0, False, list[bytes]()

        async def watch(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = _type_of(message).startswith(EVENTS)
            piece = message.get("body", b"")
            if streams:
                self._look_at_events(scope, piece)
            else:
                pieces.append(piece)
            await send(message)

        await self._app(scope, receive, watch)
        # HEAD has no body, OPTIONS no resource; a client that left got no response.
        if status and not streams and scope["method"] not in {"HEAD", "OPTIONS"}:
            self._look(scope["method"], scope["path"], status, b"".join(pieces))

    def _look_at_events(self, scope: Scope, piece: bytes) -> None:
        """Look at a piece of a stream, which is of whole events, before it is passed on."""
        operation = self._described.find("GET", scope["path"])
        contents = [line[6:] for line in piece.split(b"\n") if line.startswith(b"data: ")]
        for content in contents:
            complaint = self._described.complaint_of_event(operation, content)
            if complaint is not None:
                self.complaints.append(f"GET {scope['path']}: {complaint}")
        self.succeeded.add(operation["operationId"])

    def _look(self, method: str, path: str, status: int, body: bytes) -> None:
        if path == "/openapi.json":
            return
        operation = self._described.find(method, path)
        complaint = self._described.complaint(operation, status, body)
        if complaint is not None:
            self.complaints.append(f"{method} {path} {status}: {complaint}")
        elif status < 400:
            self.succeeded.add(operation["operationId"])


def _type_of(start: Message) -> str:
    """Return the content type that a response begins with."""
    headers = dict(start.get("headers", ()))
    return bytes(headers.get(b"content-type", b"")).decode()
