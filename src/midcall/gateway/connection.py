"""One device's socket: the pump between the WebSocket and the dialogue.

Texts go into the session and its events to the dialogue, one after the other; what shall go out
waits in a bounded queue for one writer. The socket ends for exactly one reason: the client left, or
a ``Closing`` was decided here or in the dialogue.
"""

import asyncio
from typing import Protocol

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from midcall.core.limits import HEARTBEAT_SECONDS, LISTEN_SECONDS
from midcall.gateway import closing
from midcall.gateway.closing import Closing
from midcall.gateway.outbound import Outbound
from midcall.wire import frames
from midcall.wire.session import Echoed, Mark, Refused, ServerSession, SessionEvent

log = structlog.get_logger()

UNANSWERED_HEARTBEATS = 6
"""A device that has not answered so many heartbeats is gone without a word."""

MALFORMED_FRAMES = 50
"""A client that sent so many malformed frames is not a device."""

CLOSE_SECONDS = 5.0
"""How long a client may take to read what is still said to it, and its close frame."""


class Dialogue(Protocol):
    """What is said on a socket."""

    async def take(self, event: SessionEvent) -> None:
        """Do what the client asks for."""
        ...

    def left(self) -> None:
        """The socket is gone."""
        ...


class Connection:
    """A socket while it lives."""

    def __init__(self, websocket: WebSocket) -> None:
        self.session = ServerSession()
        self._websocket = websocket
        self._outbound = Outbound(websocket.send_text, lambda: self.close(closing.SLOW_CONSUMER))
        self._ending: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._malformed = 0

    def send(self, frame: frames.ServerFrame) -> None:
        """Queue a frame."""
        self._outbound.put(frames.serialize(frame))

    def heartbeat(self, mark: Mark | None = None) -> None:
        """Queue a heartbeat; ``mark`` is called when it comes back."""
        self._outbound.put(self.session.heartbeat(mark))

    def close(self, why: Closing) -> None:
        """End the socket for a reason; the first reason counts."""
        if not self._ending.done():
            self._ending.set_result(why)

    async def run(self, dialogue: Dialogue) -> None:
        """Serve the socket until it ends."""
        await self._websocket.accept()
        reading = asyncio.create_task(self._read(dialogue), name="signalling reader")
        writing = asyncio.create_task(self._outbound.run(), name="signalling writer")
        beating = asyncio.create_task(self._beat(), name="signalling heartbeat")
        try:
            await asyncio.wait(
                (reading, writing, self._ending), return_when=asyncio.FIRST_COMPLETED
            )
            if self._ending.done():
                await self._say_goodbye(self._ending.result(), writing)
        finally:
            for task in (reading, writing, beating):
                task.cancel()
            results = await asyncio.gather(reading, writing, beating, return_exceptions=True)
            self._ending.cancel()
            dialogue.left()
            _log_failures(results)

    async def _read(self, dialogue: Dialogue) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                self.close(closing.NOT_TEXT)
                return
            event = self.session.receive(text)
            if event is None:
                continue
            if isinstance(event, Refused):
                self._count_malformed()
            if isinstance(event, Echoed):
                if event.mark is not None:
                    event.mark()
            else:
                await dialogue.take(event)

    def _count_malformed(self) -> None:
        self._malformed += 1
        if self._malformed > MALFORMED_FRAMES:
            self.close(closing.TOO_MANY_ERRORS)

    async def _beat(self) -> None:
        """Keep the client's watchdog quiet, and notice when nobody is there any more."""
        patience = LISTEN_SECONDS
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            patience -= HEARTBEAT_SECONDS
            if not self.session.authorized and patience <= 0:
                self.close(closing.LISTEN_TIMEOUT)
            if self.session.outstanding >= UNANSWERED_HEARTBEATS:
                self.close(closing.SILENT)
            self.heartbeat()

    async def _say_goodbye(self, why: Closing, writing: asyncio.Task[None]) -> None:
        """Write what still waits, then the close frame, as far as the client reads it."""
        log.info("A socket is closed", code=why.code, reason=why.reason)
        self._outbound.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.wait([writing])
                await self._websocket.close(why.code, why.reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            # It is gone, or does not read: the server drops it.
            return


def _log_failures(results: tuple[BaseException | None, ...]) -> None:
    for result in results:
        if isinstance(result, Exception) and not isinstance(
            result, WebSocketDisconnect | ConnectionError
        ):
            log.error("A socket failed", exc_info=result)
