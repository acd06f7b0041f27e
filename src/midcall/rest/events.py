"""Server-sent events (HTML, "Server-sent events") as a response that goes on.

- One piece is under way at a time: what comes next is not made before it is written.
- A client that does not read is dropped after a deadline, one that left is noticed at once.
- Whatever ends the response, its source is closed.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

WRITE_SECONDS: Final = 30.0
"""How long a client may leave a piece unread, with what its connection buffers before it."""

MEDIA_TYPE: Final = "text/event-stream"

HEARTBEAT: Final = b":\n\n"
"""A comment, which clients pass over."""

_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    # Some proxies would keep events back until they are many.
    "X-Accel-Buffering": "no",
}


class SlowReader(Exception):
    """The client left a piece unread for too long."""


def event(id: int, name: str, content: bytes) -> bytes:
    """Write an event. ``content`` is JSON, which has no line breaks."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (id, name.encode(), content)


def position(id: int) -> bytes:
    """Tell the client where it is, without an event: from there it goes on if it comes back."""
    return b"id: %d\n\n" % id


class EventStream(Response):
    """A response that sends pieces until there are no more, or the client is gone."""

    media_type = MEDIA_TYPE
    charset = "utf-8"

    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything."""
        if scope["method"] == "HEAD":
            await send(self._start)
            await send(_body(b"", more=False))
            return
        sides = {
            asyncio.create_task(self._write(send), name="event stream"),
            asyncio.create_task(_until_gone(receive), name="client of an event stream"),
        }
        try:
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for side in sides:
                side.cancel()
            await asyncio.wait(sides)

    @property
    def _start(self) -> Message:
        return {"type": "http.response.start", "status": 200, "headers": self.raw_headers}

    async def _write(self, send: Send) -> None:
        try:
            async with aclosing(self._pieces) as pieces:
                await _send(send, self._start)
                async for piece in pieces:
                    await _send(send, _body(piece, more=True))
            await _send(send, _body(b"", more=False))
        except SlowReader:
            log.warning("The reader of an event stream was too slow and is dropped")
        except Exception as error:
            # It is cut off; the client comes back and goes on where it was.
            log.error("An event stream broke off", fault=type(error).__name__)


def _body(piece: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": piece, "more_body": more}


async def _send(send: Send, message: Message) -> None:
    try:
        async with asyncio.timeout(WRITE_SECONDS):
            await send(message)
    except TimeoutError:
        raise SlowReader from None


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
