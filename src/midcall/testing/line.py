"""The line between phones and the server, with the faults that a test asked for.

It stands between the WebSocket and the application: the server itself knows nothing of it. Without
faults every frame passes as it is.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast
from urllib.parse import urlsplit

import jwt

from midcall.app.sockets import AbortingWebSocket
from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply
from midcall.testing.faults import Cut, Delay, Drop, FaultList, Kind, Way
from midcall.wire.callbacks import OutgoingRequest

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

HEARTBEAT = "heartbeat"

_CUT = "midcall.cut"


class CuttableWebSocket(AbortingWebSocket):
    """A WebSocket that the application can lose."""

    async def run_asgi(self) -> None:
        """Serve the socket; its scope says how to lose it.

        What was written before is still sent, but no goodbye.
        """
        cast(dict[str, Any], self.scope)[_CUT] = self.transport.close
        await super().run_asgi()


class Line:
    """An ASGI application in front of another, whose sockets it troubles."""

    def __init__(self, app: App, faults: Callable[[], FaultList]) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            troubled = _Socket(self._faults, scope[_CUT])
            await self._app(scope, troubled.receiving(receive), troubled.sending(send))
        else:
            await self._app(scope, receive, send)


class _Socket:
    """What passes on one socket. ``identity`` is known from the first token on."""

    def __init__(self, faults: Callable[[], FaultList], cut: Callable[[], None]) -> None:
        self._faults = faults
        self._cut = cut
        self._identity = ""

    def receiving(self, receive: Receive) -> Receive:
        async def troubled() -> Message:
            while True:
                message = await receive()
                text = message.get("text")
                if not isinstance(text, str):
                    return message
                self._learn(text)
                passes, cut = await self._meet(text, "to server")
                if cut:
                    self._cut()
                if passes:
                    return message

        return troubled

    def sending(self, send: Send) -> Send:
        async def troubled(message: Message) -> None:
            text = message.get("text")
            if not isinstance(text, str):
                await send(message)
                return
            passes, cut = await self._meet(text, "to device")
            if passes:
                await send(message)
            if cut:
                self._cut()

        return troubled

    async def _meet(self, text: str, way: Way) -> tuple[bool, bool]:
        """Wait as long as the frame is held up; tell whether it passes, and the socket ends."""
        passes, cut = True, False
        for fault in self._faults().on_line(_name(text), way, self._identity):
            match fault:
                case Drop():
                    passes = False
                case Delay(seconds=seconds):
                    await asyncio.sleep(seconds)
                case Cut():
                    cut = True
        return passes, cut

    def _learn(self, text: str) -> None:
        """Read off whose socket it is. Whether the token is right, the server finds out."""
        if _name(text) != "listen":
            return
        try:
            token = json.loads(text)["payload"]["token"]
            claims = jwt.decode(token, options={"verify_signature": False})
            self._identity = str(claims["grants"]["identity"])
        except (ValueError, KeyError, TypeError, jwt.PyJWTError):
            return


def _name(text: str) -> str:
    if text == "\n":
        return HEARTBEAT
    try:
        return str(json.loads(text)["type"])
    except (ValueError, KeyError, TypeError):
        return ""


class CallbackTrouble:
    """Answers callbacks in the customer's place, as the faults want it."""

    def __init__(self, faults: Callable[[], FaultList]) -> None:
        self._faults = faults

    async def __call__(self, request: OutgoingRequest) -> Reply | None:
        """Return what comes of a request; ``None`` lets it leave."""
        kind = kind_of(request)
        if kind is None:
            return None
        fault = self._faults().at_callback(urlsplit(request.url).path, kind)
        if fault is None:
            return None
        if fault.status is None:
            return Failure(kind=FailureKind.CONNECT)
        return Answer(
            status=fault.status, duration_ms=0, retry_after_seconds=fault.retry_after_seconds
        )


def kind_of(request: OutgoingRequest) -> Kind | None:
    """Tell what a request is; ``None`` is one for a document or a sound."""
    says = request.parameters
    if "Content" in says:
        return "message"
    if "MessageStatus" in says:
        return "receipt"
    return "status" if "CallbackSource" in says else None
