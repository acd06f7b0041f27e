"""A server that the test plays itself, and the sockets to it, in memory."""

import asyncio
from typing import Any

import msgspec

from midcall.client import Device
from midcall.client.device import Surroundings
from midcall.client.sockets import SocketEnded, Unreachable
from midcall.wire import frames

CALL = "CA" + "1" * 32
PATIENCE_SECONDS = 20.0


class Wire:
    """One socket. ``sent`` is what the device wrote on it."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[str] = asyncio.Queue()
        self.aborted = False
        self.closed = False
        self._coming: asyncio.Queue[str | SocketEnded] = asyncio.Queue()

    # --- the device's end

    async def send(self, text: str) -> None:
        self.sent.put_nowait(text)

    async def receive(self) -> str:
        came = await self._coming.get()
        if isinstance(came, SocketEnded):
            raise came
        return came

    async def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    # --- the server's end

    def say(self, frame: frames.ServerFrame) -> None:
        """Send a frame to the device."""
        self._coming.put_nowait(frames.serialize(frame))

    def beat(self) -> None:
        """Send a heartbeat."""
        self._coming.put_nowait("\n")

    def junk(self, text: str) -> None:
        """Send a text as it is."""
        self._coming.put_nowait(text)

    def cut(self, code: int = 1006) -> None:
        """End the socket."""
        self._coming.put_nowait(SocketEnded(code, "cut"))

    async def hear(self) -> Any:
        """Take what the device said next: a frame, or a heartbeat's echo."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            text = await self.sent.get()
        return text if text == "\n" else frames.parse(text)

    async def hear_listen(self, ttl: int = 3600) -> frames.Listen:
        """Take the token, and find it good."""
        listen = await self.hear()
        assert isinstance(listen, frames.Listen)
        token = frames.TokenState(identity="alice", ttl=ttl)
        self.say(frames.Connected(region="r", edge="e", home="h", token=token))
        return listen


class Wires:
    """Opens sockets to the test's server. ``slept`` are the pauses of the device."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.trouble: list[Unreachable] = []
        self._opened: asyncio.Queue[Wire] = asyncio.Queue()

    async def open(self) -> Wire:
        if self.trouble:
            raise self.trouble.pop(0)
        wire = Wire()
        self._opened.put_nowait(wire)
        return wire

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    async def next(self) -> Wire:
        """Take the next socket that the device opens."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._opened.get()

    def device(self, **options: Any) -> Device:
        """Give a device that is on these sockets, and knows no chance."""
        counter = iter(range(1, 10_000))
        surroundings = Surroundings(
            open_socket=self.open,
            sleep=self.sleep,
            chance=lambda: 0.5,
            entropy=lambda size: next(counter).to_bytes(size, "big"),
        )
        return Device("token", url="https://midcall.test", surroundings=surroundings, **options)


def message(content: Any, sid: str) -> frames.ServerMessage:
    """Write a message of the server's."""
    return frames.ServerMessage(
        callsid=CALL,
        content=msgspec.Raw(msgspec.json.encode(content)),
        contenttype="application/json",
        messagetype="user-defined-message",
        voiceeventsid=sid,
    )
