"""A raw signalling socket: what the SDK would send, and what it never would."""

import asyncio
import json
from types import TracebackType
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.acceptance.support.loops import LoopThread
from tests.acceptance.support.processes import PATIENCE_SECONDS
from tests.acceptance.support.servers import Midcall


class Signalling:
    """A client of the protocol without any judgement of its own.

    websockets' client for threads is not used: it reads and writes one TLS socket from two threads,
    which Python's ssl module does not support before 3.13, and now and then hangs.
    """

    def __init__(self, midcall: Midcall) -> None:
        self._midcall = midcall
        self._thread = LoopThread("signalling")
        self._seen: list[str] = []

    def __enter__(self) -> "Signalling":
        self._socket = self._thread.run(self._open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.run(self._socket.close())
        self._thread.stop()

    async def _open(self) -> ClientConnection:
        url = f"wss://{self._midcall.host}/signal"
        return await connect(
            url, ssl=self._midcall.tls(), proxy=None, open_timeout=PATIENCE_SECONDS
        )

    def say(self, text: str | bytes) -> None:
        """Send text, or bytes, as they are."""
        self._thread.run(self._socket.send(text))

    def send(self, kind: str, **payload: Any) -> None:
        """Send a frame."""
        self.say(json.dumps({"type": kind, "version": "1.6", "payload": payload}))

    def listen(self, token: str) -> dict[str, Any]:
        """Present a token; return the payload of ``connected``."""
        self.send("listen", token=token, reconnectTimeout=30, browserinfo={})
        return self.expect("connected")

    def expect(self, kind: str) -> dict[str, Any]:
        """Return the payload of the next frame of a type; what comes before it is dropped."""
        self._seen = []
        try:
            return self._thread.run(asyncio.wait_for(self._next(kind), PATIENCE_SECONDS))
        except TimeoutError:
            raise AssertionError(f"no {kind} frame came, but {self._seen}") from None
        except ConnectionClosed as end:
            raise AssertionError(f"closed ({end}) before {kind}, after {self._seen}") from None

    async def _next(self, kind: str) -> dict[str, Any]:
        while True:
            text = await self._socket.recv()
            if text == "\n":
                await self._socket.send("\n")
                continue
            frame = json.loads(text)
            self._seen.append(frame["type"])
            if frame["type"] == kind:
                payload = frame["payload"]
                assert isinstance(payload, dict)
                return payload

    def is_alive(self) -> bool:
        """Tell whether the server still answers on this socket."""

        async def ping() -> bool:
            await asyncio.wait_for(await self._socket.ping(), PATIENCE_SECONDS)
            return True

        return self._thread.run(ping())

    def close_code(self) -> int | None:
        """Wait until the server closes; return the code."""

        async def end() -> int | None:
            try:
                while True:
                    await self._socket.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else None

        return self._thread.run(asyncio.wait_for(end(), PATIENCE_SECONDS))
