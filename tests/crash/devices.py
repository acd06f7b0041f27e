"""Devices that live through kills as the SDK does."""

import asyncio
import contextlib
import json
from collections import deque
from typing import Any, Final

from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.crash.stage import Flow, Stage
from tests.support.ledger import (
    Acked,
    Arrived,
    Placed,
    Said,
    canonical,
)
from tests.support.softphone import Closed, Frame, Softphone, new_message_sid

UNDER_WAY: Final = 12
"""The most uplinks of one device, and downlinks to it, that are under way at once."""

PAUSE_SECONDS: Final = 0.1
"""Between two tries, and two calls of the restless: load, but not all of the machine."""

LOST: Final = (OSError, WebSocketException, TimeoutError)
"""How a socket ends, or does not come about, when the server is killed."""


class Talker:
    """A device in a call that goes on and on.

    What it says while its socket is down it keeps and sends behind ``listen`` on the next one; what
    it has written is gone with the socket, as the SDK has it. A ``careful`` one sends that again,
    under the same SIDs, until it is acked.
    """

    def __init__(self, stage: Stage, phone: Softphone, *, careful: bool) -> None:
        self.stage = stage
        self.phone = phone
        self.careful = careful
        self.leg = ""
        self.reconnect = ""
        self.lanes: list[str] = []
        self.uplinks = Flow(UNDER_WAY)
        self.downlinks = Flow(UNDER_WAY)
        self.there = asyncio.Event()
        self.left = asyncio.Event()
        self._waiting: deque[str] = deque()
        self._contents: dict[str, str] = {}
        self._unacked: dict[str, None] = {}
        self._open = False
        self._sockets = 0

    def join(self, leg: str, reconnect: str) -> None:
        """Begin with the leg that the phone, which is connected, has got."""
        self.leg, self.reconnect = leg, reconnect
        self._open = True
        self.there.set()

    async def live(self) -> None:
        """Take what comes and come back, until cancelled."""
        while True:
            try:
                while not isinstance(came := await self._next(), Closed):
                    await self._take(came)
            except ConnectionClosed:
                pass
            self._lost()
            while not self._open:
                await self.stage.up.wait()
                try:
                    await self._come_back()
                except LOST:
                    self._lost()
                    await asyncio.sleep(PAUSE_SECONDS)

    async def chat(self) -> None:
        """Say one thing after the other as long as there shall be load."""
        number = 0
        while self.stage.busy:
            await self.uplinks.room()
            await self.say({"from": self.leg, "number": number})
            number += 1

    async def say(self, content: Any) -> None:
        """Say something now, or keep it for the next socket."""
        sid = new_message_sid()
        text = self._contents[sid] = canonical(content)
        self.stage.ledger.note(Said(leg=self.leg, sid=sid, content=text))
        for lane in self.lanes:
            self.uplinks.begin((lane, sid))
        if self._open:
            with contextlib.suppress(ConnectionClosed):
                await self._send(sid)
        else:
            self._waiting.append(sid)
        # Others have their turn even if nothing had to be waited for.
        await asyncio.sleep(0)

    async def _next(self) -> Frame | Closed:
        while True:
            with contextlib.suppress(TimeoutError):
                return await self.phone.next()

    async def _send(self, sid: str) -> None:
        self._unacked[sid] = None
        await self.phone.message(self.leg, json.loads(self._contents[sid]), sid)

    def _lost(self) -> None:
        self._open = False
        self.there.clear()
        if not self.careful:
            for sid in self._unacked:
                self._forget(sid)
            self._unacked.clear()

    def _forget(self, sid: str) -> None:
        for lane in self.lanes:
            self.uplinks.end((lane, sid))

    async def _come_back(self) -> None:
        await self.phone.connect()
        self._sockets += 1
        await self.phone.send("listen", token=self.phone.token, reconnectTimeout=30)
        for sid in tuple(self._unacked):
            await self._send(sid)
        while self._waiting:
            await self._send(self._waiting.popleft())
        self._open = True

    async def _take(self, frame: Frame) -> None:
        match frame:
            case Frame("connected"):
                await self.phone.reattach(self.leg, self.reconnect)
            case Frame("answer"):
                self.there.set()
            case Frame("ack", {"voiceeventsid": sid}):
                self._unacked.pop(sid, None)
                self.stage.ledger.note(Acked(leg=self.leg, sid=sid))
            case Frame("message", {"messagetype": "user-defined-message"} as payload):
                self._arrived(payload)
            case Frame("hangup") if self.stage.over:
                self.left.set()
            case Frame("hangup" | "error" | "cancel" | "close"):
                self.stage.surprise(f"{self.leg} was told {frame}")
            case _:
                pass

    def _arrived(self, payload: dict[str, Any]) -> None:
        content = canonical(payload["content"])
        self.stage.ledger.note(
            Arrived(
                leg=payload["callsid"],
                sid=payload["voiceeventsid"],
                content=content,
                socket=self._sockets,
            )
        )
        self.downlinks.end(content)


class Restless:
    """A pair of devices: one calls the other again and again, and soon hangs up.

    Neither comes back to a call that a kill cut off, so that all these have to end by themselves.
    """

    def __init__(self, stage: Stage, caller: Softphone, callee: Softphone) -> None:
        self.stage = stage
        self.caller = caller
        self.callee = callee

    async def call(self) -> None:
        """Place calls, one after the other."""
        while self.stage.busy:
            await self.stage.up.wait()
            with contextlib.suppress(*LOST):
                await self.caller.connect()
                await self.caller.send("listen", token=self.caller.token, reconnectTimeout=0)
                await self._place_calls()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _place_calls(self) -> None:
        while await self._place():
            await asyncio.sleep(PAUSE_SECONDS)  # Load, but not all of the machine.
            if not self.stage.busy:
                return

    async def _place(self) -> bool:
        """Place one call and leave it; return whether the socket is still there."""
        leaves_at = self.stage.chance.choice(("ringing", "answer"))
        name = await self.caller.invite()
        while not isinstance(came := await self.caller.next(), Closed):
            if came.type == "ringing":
                self._placed(came.payload["callsid"])
            if came.type in {leaves_at, "hangup"}:
                await self.caller.hang_up(name)
                return True
        return False

    async def answer(self) -> None:
        """Take every call that comes."""
        while self.stage.busy:
            await self.stage.up.wait()
            with contextlib.suppress(*LOST):
                await self.callee.connect()
                await self.callee.send("listen", token=self.callee.token, reconnectTimeout=0)
                await self.callee.send("register", media={"audio": True})
                while not isinstance(came := await self.callee.next(), Closed):
                    if came.type == "invite":
                        self._placed(came.payload["callsid"])
                        await self.callee.accept(came.payload["callsid"])
            await asyncio.sleep(PAUSE_SECONDS)

    def _placed(self, call: str) -> None:
        self.stage.ledger.note(Placed(call=call))
