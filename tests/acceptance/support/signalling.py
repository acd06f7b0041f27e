"""A raw signalling socket: what the SDK would send, and what it never would."""

import json
import time
from types import TracebackType
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.acceptance.support.processes import PATIENCE_SECONDS
from tests.acceptance.support.servers import Midcall


class Signalling:
    """A client of the protocol without any judgement of its own."""

    def __init__(self, midcall: Midcall) -> None:
        self._opening = connect(
            f"wss://{midcall.host}/signal", ssl=midcall.tls(), proxy=None, open_timeout=30
        )

    def __enter__(self) -> "Signalling":
        self._socket = self._opening.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opening.__exit__(kind, error, trace)

    def say(self, text: str | bytes) -> None:
        """Send text, or bytes, as they are."""
        self._socket.send(text)

    def send(self, kind: str, **payload: Any) -> None:
        """Send a frame."""
        self.say(json.dumps({"type": kind, "version": "1.6", "payload": payload}))

    def listen(self, token: str) -> dict[str, Any]:
        """Present a token; return the payload of ``connected``."""
        self.send("listen", token=token, reconnectTimeout=30, browserinfo={})
        return self.expect("connected")

    def expect(self, kind: str, patience_seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Return the payload of the next frame of a type; what comes before it is dropped."""
        deadline = time.monotonic() + patience_seconds
        seen: list[str] = []
        while True:
            try:
                text = self._socket.recv(timeout=max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise AssertionError(f"no {kind} frame came, but {seen}") from None
            except ConnectionClosed as end:
                raise AssertionError(f"closed ({end}) before {kind}, after {seen}") from None
            if text == "\n":
                self.say("\n")
                continue
            frame = json.loads(text)
            seen.append(frame["type"])
            if frame["type"] == kind:
                payload = frame["payload"]
                assert isinstance(payload, dict)
                return payload

    def is_alive(self) -> bool:
        """Tell whether the server still answers on this socket."""
        pong = self._socket.ping()
        return pong.wait(PATIENCE_SECONDS)

    def close_code(self) -> int | None:
        """Wait until the server closes; return the code."""
        try:
            while True:
                self._socket.recv(timeout=PATIENCE_SECONDS)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else None
