"""A device's line to its server: one socket after another, each opened when the last was lost.

Texts go into the session and its events to the device, one after the other; what shall go out waits
in a bounded queue for one writer. The device reacts at once and never waits, so what is read, acks
above all, never waits for a listener of the app's.

Invariants
- A line that was stopped opens no further socket, and leaves nothing running.
- A socket on which the server is silent for as long as the SDK would take it is given up.
- What was queued for a socket never goes out on another one.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, assert_never

from midcall.client.backoff import Backoff
from midcall.client.events import Tasks, report
from midcall.client.sockets import ABNORMAL, Socket, SocketEnded, Unreachable
from midcall.wire import frames
from midcall.wire.client_session import Came, ClientSession, Unread

log = logging.getLogger(__name__)

SILENCE_SECONDS: Final = 15.0
"""How long a server may be silent. It sends a heartbeat every 5 s; this is the SDK's watchdog."""

QUEUED_CHARACTERS: Final = 4 * 1024 * 1024
"""What may wait to be written to one socket; a server that reads so slowly is given up."""

DRAIN_SECONDS: Final = 1.0
"""How long what waits may take to be written when a device is destroyed."""

Open = Callable[[], Awaitable[Socket]]
Sleep = Callable[[float], Awaitable[None]]
Settle = Callable[[], None]
"""Says that a frame was dispatched to everybody who listens."""


class Station(Protocol):
    """What hangs on a line."""

    @property
    def in_call(self) -> bool:
        """Whether there is a call to come back to."""
        ...

    def opened(self) -> None:
        """There is a socket."""
        ...

    def take(self, frame: frames.ServerFrame, settle: Settle) -> None:
        """A frame came."""
        ...

    def lost(self, code: int, reason: str) -> None:
        """The socket is gone."""
        ...

    def unreachable(self, trouble: Unreachable) -> None:
        """No socket could be opened. The line is stopped if that will not change."""
        ...


class Line:
    """The sockets of one device, one at a time."""

    def __init__(
        self, open_socket: Open, station: Station, tasks: Tasks, backoff: Backoff, sleep: Sleep
    ) -> None:
        self._open = open_socket
        self._tasks = tasks
        self._station = station
        self._backoff = backoff
        self._sleep = sleep
        self._queue: _Queue | None = None
        self._life: asyncio.Task[None] | None = None
        self._past: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Open a socket, unless there is one or will be one again."""
        if self._life is None or self._life.done():
            self._life = self._tasks.spawn("signalling line", self._live(self._past))

    async def stop(self) -> None:
        """Write what waits, say goodbye, and open no further socket."""
        life, self._life = self._life, None
        if life is None or life.done():
            return
        if self._queue is not None:
            await self._queue.drained()
        life.cancel()
        await asyncio.wait([life])

    def hang_up_soon(self) -> None:
        """Let go of the socket, and open no further one until the line is started anew."""
        if self._life is not None:
            self._life.cancel()
            self._past, self._life = self._life, None

    def send(self, frame: frames.ClientFrame) -> bool:
        """Queue a frame for the socket; tell whether there is one."""
        if self._queue is None:
            return False
        self._queue.put(frames.serialize_for_server(frame))
        return True

    # --- the life of the line

    async def _live(self, past: asyncio.Task[None] | None) -> None:
        if past is not None:
            await asyncio.wait([past])
        while True:
            try:
                socket = await self._open()
            except Unreachable as trouble:
                self._station.unreachable(trouble)
                if trouble.lasting:
                    return
            except Exception as error:
                report("A socket could not be opened", error)
                self._station.unreachable(Unreachable(type(error).__name__, lasting=True))
                return
            else:
                await self._converse(socket)
            await self._sleep(self._backoff.pause(in_call=self._station.in_call))

    async def _converse(self, socket: Socket) -> None:
        queue = self._queue = _Queue(socket)
        writing = asyncio.create_task(queue.run(), name="signalling writer")
        ended = SocketEnded(ABNORMAL, "")
        try:
            self._station.opened()
            ended = await self._read(socket, queue)
        finally:
            self._queue = None
            queue.end()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            with contextlib.suppress(TimeoutError, SocketEnded):
                async with asyncio.timeout(SILENCE_SECONDS):
                    await socket.close()
            self._station.lost(ended.code, ended.reason)

    async def _read(self, socket: Socket, queue: "_Queue") -> SocketEnded:
        session = ClientSession()
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    text = await socket.receive()
            except SocketEnded as ended:
                return ended
            except TimeoutError:
                socket.abort()
                return SocketEnded(ABNORMAL, "the server is silent")
            self._take(text, session, queue)

    def _take(self, text: str, session: ClientSession, queue: "_Queue") -> None:
        event = session.receive(text)
        match event:
            case Came(frame=frame, receipt=receipt):

                def settle() -> None:
                    session.dispatched(receipt)
                    queue.put(*session.echoes())

                try:
                    self._station.take(frame, settle)
                except Exception as error:
                    report(f"A frame {type(frame).__name__} was not dispatched", error)
                    settle()
            case Unread(reason=reason):
                log.warning("A frame of the server's was not understood: %s", reason)
            case None:
                pass
            case _:
                assert_never(event)
        queue.put(*session.echoes())


class _Queue:
    """What waits to be written to one socket, in order."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._texts: deque[str] = deque()
        self._characters = 0
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._over = False

    def put(self, *texts: str) -> None:
        """Queue texts, unless the socket is over."""
        if self._over or not texts:
            return
        self._texts.extend(texts)
        self._characters += sum(map(len, texts))
        self._empty.clear()
        self._wake.set()
        if self._characters > QUEUED_CHARACTERS:
            self.end()
            self._socket.abort()

    async def drained(self) -> None:
        """Return when everything was written, or it takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._empty.wait()

    async def run(self) -> None:
        """Write until the socket ends; the reader comes to that too."""
        try:
            while True:
                await self._wake.wait()
                while self._texts:
                    text = self._texts.popleft()
                    await self._socket.send(text)
                    self._characters -= len(text)
                if not self._over:
                    self._empty.set()
                self._wake.clear()
        except SocketEnded:
            self.end()

    def end(self) -> None:
        """Write nothing more; whoever waits for the end of it waits no more."""
        self._over = True
        self._texts.clear()
        self._empty.set()
