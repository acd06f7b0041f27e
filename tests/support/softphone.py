"""A scripted SDK user: it speaks the signalling protocol and leaves judgement to the test.

Like the SDK it echoes each heartbeat behind everything that came before it, unless it was told not
to. It does what it is told, also what no SDK would do.
"""

import asyncio
import json
import secrets
import ssl
from types import TracebackType
from typing import Any, Final, NamedTuple
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE_SECONDS: Final = 30.0
"""How long a test waits for what has to happen: generous, and never what is measured."""

OFFER: Final = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
"""A session description for servers without media."""


class Frame(NamedTuple):
    """A frame from the server."""

    type: str
    payload: dict[str, Any]


class Closed(NamedTuple):
    """How the socket ended, in the server's words if it said anything."""

    code: int
    reason: str


class Softphone:
    """One device. ``token`` is its Access Token, which it presents on every socket."""

    def __init__(self, url: str, token: str, tls: ssl.SSLContext | None = None) -> None:
        self.url = url
        self.token = token
        self.tls = tls
        self.echoes = True
        self.unanswered = 0
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._frames: asyncio.Queue[Frame | Closed] = asyncio.Queue()
        self._beaten = asyncio.Event()

    async def __aenter__(self) -> "Softphone":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.leave()

    # --- the socket

    async def connect(self) -> "Softphone":
        """Open a socket, instead of the one before it if there was one."""
        await self.leave()
        self._frames = asyncio.Queue()
        self.unanswered = 0
        self._beaten.clear()
        self._socket = await connect(
            self.url,
            ssl=self.tls,
            compression=None,
            proxy=None,
            ping_interval=None,
            max_size=None,
            open_timeout=PATIENCE_SECONDS,
            close_timeout=1,
        )
        self._reader = asyncio.create_task(self._read(self._socket), name="softphone")
        return self

    async def leave(self) -> None:
        """Close the socket as a client does that goes away."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader
        self._socket = self._reader = None

    def cut(self) -> None:
        """Lose the socket without a word."""
        self._connected.transport.abort()

    @property
    def _connected(self) -> ClientConnection:
        assert self._socket is not None, "connect first"
        return self._socket

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                if text == "\n":
                    self.unanswered += 1
                    self._beaten.set()
                    if self.echoes:
                        await self.echo()
                    continue
                frame = json.loads(text)
                self._frames.put_nowait(Frame(frame["type"], frame["payload"]))
        except ConnectionClosed:
            pass
        code, reason = socket.close_code, socket.close_reason
        self._frames.put_nowait(Closed(code if code is not None else 1006, reason or ""))

    # --- saying

    async def say(self, text: str | bytes) -> None:
        """Send a text, or bytes, as they are."""
        await self._connected.send(text)

    def say_at_once(self, *texts: str, leaving: bool = False) -> None:
        """Send texts in one piece, with the close frame behind them if the client is leaving."""
        socket = self._connected
        for text in texts:
            socket.protocol.send_text(text.encode())
        if leaving:
            socket.protocol.send_close(1001)
        socket.transport.write(b"".join(socket.protocol.data_to_send()))

    async def send(self, type: str, **payload: Any) -> None:
        """Send a frame."""
        await self.say(write(type, **payload))

    async def echo(self) -> None:
        """Answer one heartbeat."""
        self.unanswered -= 1
        if not self.unanswered:
            self._beaten.clear()
        await self.say("\n")

    # --- hearing

    async def next(self) -> Frame | Closed:
        """Take what comes next: a frame, or the end of the socket."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._frames.get()

    async def expect(self, type: str, **known: Any) -> dict[str, Any]:
        """Take the next frame, which must be of this type; return its payload."""
        came = await self.next()
        assert came[0] == type, f"{came} came instead of '{type}'"
        assert isinstance(came, Frame)
        assert came.payload | known == came.payload
        return came.payload

    async def find(self, type: str) -> dict[str, Any]:
        """Take frames up to the next of a type; return its payload."""
        seen: list[Any] = []
        while True:
            came = await self.next()
            if isinstance(came, Closed):
                raise AssertionError(f"the socket ended ({came}) without '{type}': {seen}")
            if came.type == type:
                return came.payload
            seen.append(came)

    async def ended(self) -> Closed:
        """Take what still comes up to the end of the socket; return how it ended."""
        while not isinstance(came := await self.next(), Closed):
            pass
        return came

    async def heartbeat(self) -> None:
        """Wait until a heartbeat is unanswered."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._beaten.wait()

    async def nothing(self) -> None:
        """Make sure that nothing comes before the answer to a question."""
        await self.send("nothing")
        refused = await self.expect("error")
        assert "nothing" in refused["error"]["message"]

    # --- what the SDK does

    async def listen(self) -> dict[str, Any]:
        """Present the token; return what ``connected`` says."""
        await self.send("listen", token=self.token, reconnectTimeout=0, browserinfo={"p": "test"})
        return await self.expect("connected")

    async def register(self) -> None:
        """Ask for incoming calls."""
        await self.send("register", media={"audio": True})
        await self.expect("ready")

    async def sign_in(self) -> "Softphone":
        """Connect, listen and register."""
        await self.connect()
        await self.listen()
        await self.register()
        return self

    async def invite(self, params: str = "") -> str:
        """Call through the application of the token; return the device's own name for the call."""
        name = f"TJS{uuid4()}"
        await self.send("invite", callsid=name, sdp=OFFER, twilio={"params": params})
        return name

    async def reattach(self, call: str, reconnect: str) -> None:
        """Come back to a call."""
        await self.send("invite", callsid=call, sdp=OFFER, reconnect=reconnect, twilio={})

    async def accept(self, call: str) -> None:
        """Take an incoming call."""
        await self.send("answer", callsid=call, sdp=OFFER)

    async def hang_up(self, call: str) -> None:
        """Leave a call."""
        await self.send("hangup", callsid=call)

    async def message(self, call: str, content: Any, sid: str | None = None) -> str:
        """Send a user-defined message; return its voice event SID."""
        sid = sid or new_message_sid()
        await self.say(write_message(call, content, sid))
        return sid


def write(type: str, **payload: Any) -> str:
    """Write a frame as the JavaScript SDK does."""
    return json.dumps({"payload": payload, "type": type, "version": "1.6"})


def write_message(call: str, content: Any, sid: str) -> str:
    """Write a user-defined message as the JavaScript SDK does."""
    return write(
        "message",
        callsid=call,
        content=content,
        contenttype="application/json",
        messagetype="user-defined-message",
        voiceeventsid=sid,
    )


def new_message_sid() -> str:
    """Make a voice event SID."""
    return "KX" + secrets.token_hex(16)
