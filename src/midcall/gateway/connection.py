"""One device's socket: the pump between the WebSocket and the dialogue.

Texts go into the session and its events to the dialogue, one after the other; what shall go out
waits in a bounded queue for one writer. The socket ends for exactly one reason: the client left, or
a ``Closing`` was decided here or in the dialogue.

Invariants
- A frame that was begun is finished, and what was taken is answered, before the socket is let go
  of: half a frame's work would stay behind.
- What a client sent before it left is taken, even when nothing can be written to it any more.
- A client that sends faster than it may is read more slowly, and loses nothing by it.
- After the end nothing more is read, and nothing is left running.
"""

import asyncio
import contextlib
from typing import Protocol

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from midcall.gateway import closing
from midcall.gateway.closing import Closing
from midcall.gateway.limits import LIMITS, Limits
from midcall.gateway.outbound import Outbound
from midcall.gateway.throttle import Throttle
from midcall.runtime.whereabouts import whereabouts
from midcall.wire import frames
from midcall.wire.session import Echoed, Mark, Refused, ServerSession, SessionEvent

log = structlog.get_logger()


class Dialogue(Protocol):
    """What is said on a socket."""

    async def take(self, event: SessionEvent) -> None:
        """Do what the client asks for."""
        ...

    async def settled(self) -> None:
        """Return when everything that was taken has been answered."""
        ...

    def left(self) -> None:
        """The socket is gone."""
        ...


class Connection:
    """A socket while it lives."""

    def __init__(self, websocket: WebSocket, limits: Limits = LIMITS) -> None:
        self.session = ServerSession()
        self._websocket = websocket
        self._limits = limits
        self._outbound = Outbound(
            websocket.send_text, lambda: self.close(closing.SLOW_CONSUMER), limits.queued_bytes
        )
        self._throttle = Throttle(limits.frames_per_second, limits.frames_burst)
        self._ending: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._taking = False
        self._over = False
        self._malformed = 0
        self._unanswered = 0

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
        writing = asyncio.create_task(self._write(), name="signalling writer")
        beating = asyncio.create_task(self._beat(), name="signalling heartbeat")
        tasks = reading, writing, beating
        try:
            await asyncio.wait((reading, self._ending), return_when=asyncio.FIRST_COMPLETED)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.close_seconds):
                    await self._finish(reading, dialogue)
                    if self._ending.done():
                        await self._say_goodbye(self._ending.result(), writing)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._ending.cancel()
            dialogue.left()

    # --- the tasks

    async def _read(self, dialogue: Dialogue) -> None:
        try:
            while not self._over and (text := await self._next_text()) is not None:
                self._taking = True
                await self._take(text, dialogue)
                self._taking = False
                await self._keep_pace()
        except Exception as error:
            log.error("A dialogue failed", error=whereabouts(error))
            self.close(closing.FAILED)

    async def _write(self) -> None:
        try:
            await self._outbound.run()
        except (WebSocketDisconnect, RuntimeError):
            # The client is gone. The reader comes to that too, behind what the client still said.
            self._outbound.close(drop=True)
        except Exception as error:
            log.error("A socket cannot be written to", error=whereabouts(error))
            self._outbound.close(drop=True)
            self.close(closing.FAILED)

    async def _beat(self) -> None:
        """Keep the client's watchdog quiet, and notice when nobody is there any more."""
        patience = self._limits.listen_seconds
        while True:
            await asyncio.sleep(self._limits.heartbeat_seconds)
            patience -= self._limits.heartbeat_seconds
            if not self.session.authorized and patience <= 0:
                self.close(closing.LISTEN_TIMEOUT)
            if self._unanswered >= self._limits.unanswered_heartbeats:
                self.close(closing.SILENT)
            self._unanswered += 1
            self.heartbeat(self._answered)

    # --- reading

    async def _next_text(self) -> str | None:
        """Wait for a text message; ``None`` if there is no other."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        if text is None:
            self.close(closing.NOT_TEXT)
        return text

    async def _keep_pace(self) -> None:
        """Pause before the next text where the client sends faster than it may."""
        pause = self._throttle.take(asyncio.get_running_loop().time())
        if pause:
            # Its echoes wait here as well, and it is not to blame for that.
            self._unanswered = 0
            await asyncio.sleep(pause)

    async def _take(self, text: str, dialogue: Dialogue) -> None:
        event = self.session.receive(text)
        match event:
            case None:
                pass
            case Echoed(mark=mark):
                if mark is not None:
                    mark()
            case _:
                if isinstance(event, Refused):
                    self._count_malformed()
                await dialogue.take(event)

    def _answered(self) -> None:
        self._unanswered = 0

    def _count_malformed(self) -> None:
        self._malformed += 1
        if self._malformed > self._limits.malformed_frames:
            self.close(closing.TOO_MANY_ERRORS)

    # --- the end

    async def _finish(self, reading: asyncio.Task[None], dialogue: Dialogue) -> None:
        """Stop reading between two frames, and have everything answered."""
        self._over = True
        if not self._taking:
            reading.cancel()
        await asyncio.wait([reading])
        await dialogue.settled()

    async def _say_goodbye(self, why: Closing, writing: asyncio.Task[None]) -> None:
        """Write what still waits, then the close frame, as far as the client reads it."""
        log.info("A socket is closed", code=why.code, reason=why.reason)
        self._outbound.close()
        await asyncio.wait([writing])
        # It may be gone already.
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self._websocket.close(why.code, why.reason)
