"""Event streams: a response that goes on, and how it ends."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import structlog
from starlette.types import Message, Scope

from midcall.rest import events
from midcall.rest.events import EventStream

GET: Scope = {"type": "http", "method": "GET"}
HEAD: Scope = {"type": "http", "method": "HEAD"}


class Source:
    """Pieces, one after the other, and whether it was begun and closed."""

    def __init__(self, *pieces: bytes | Exception, endless: bool = False) -> None:
        self.began = self.closed = False
        self._pieces = pieces
        self._endless = endless

    async def run(self) -> AsyncGenerator[bytes, None]:
        """Yield the pieces; wait for ever behind them if there is no end."""
        self.began = True
        try:
            for piece in self._pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
            if self._endless:
                await asyncio.Event().wait()
        finally:
            self.closed = True


class Client:
    """The other end: what it received, and when it leaves or stops reading."""

    def __init__(self, *, leaves_after: int | None = None, stops_after: int | None = None) -> None:
        self.received: list[Message] = []
        self.reads = asyncio.Event()
        self._leaves_after = leaves_after
        self._stops_after = stops_after
        self._gone = asyncio.Event()

    @property
    def body(self) -> bytes:
        """All pieces together."""
        return b"".join(message.get("body", b"") for message in self.received)

    @property
    def finished(self) -> bool:
        """Whether the response came to its end."""
        return self.received[-1].get("more_body") is False

    async def send(self, message: Message) -> None:
        """Take a message from the server."""
        if self._stops_after is not None and len(self.received) > self._stops_after:
            await asyncio.Event().wait()
        self.received.append(message)
        if message.get("body"):
            self.reads.set()
        if self._leaves_after is not None and len(self.received) > self._leaves_after:
            self._gone.set()

    async def receive(self) -> Message:
        """Say nothing until it leaves."""
        await self._gone.wait()
        return {"type": "http.disconnect"}


async def answered(source: Source, client: Client, scope: Scope = GET) -> None:
    """Answer a client with a source."""
    await EventStream(source.run())(scope, client.receive, client.send)


async def test_pieces_are_sent_until_there_are_no_more() -> None:
    """The response begins as a stream that nobody keeps or holds back, and ends as it should."""
    source, client = Source(b"one", b"two"), Client()
    await answered(source, client)
    start = client.received[0]
    assert start["status"] == 200
    assert dict(start["headers"]) == {
        b"content-type": b"text/event-stream; charset=utf-8",
        b"cache-control": b"no-store",
        b"x-accel-buffering": b"no",
    }
    assert (client.body, client.finished, source.closed) == (b"onetwo", True, True)


async def test_head_has_no_events() -> None:
    """The source is not even begun."""
    source, client = Source(endless=True), Client()
    await answered(source, client, HEAD)
    assert (client.received[0]["status"], client.body, source.began) == (200, b"", False)


async def test_a_client_that_leaves_is_not_waited_for() -> None:
    """The source is closed as soon as nobody is there, whatever it waits for."""
    source, client = Source(b"one", endless=True), Client(leaves_after=1)
    async with asyncio.timeout(10):
        await answered(source, client)
    assert (client.body, source.closed) == (b"one", True)


async def test_a_client_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the deadline of a piece the response is given up, which the log says."""
    monkeypatch.setattr(events, "WRITE_SECONDS", 0.01)
    source, client = Source(b"one", b"two", endless=True), Client(stops_after=1)
    with structlog.testing.capture_logs() as logs:
        await answered(source, client)
    assert (client.body, client.finished, source.closed) == (b"one", False, True)
    assert [entry["log_level"] for entry in logs] == ["warning"]


async def test_a_source_that_breaks_ends_the_response() -> None:
    """The client is cut off, to come back; the log names the fault and not what it says."""
    source, client = Source(b"one", ValueError("secret")), Client()
    with structlog.testing.capture_logs() as logs:
        await answered(source, client)
    assert (client.body, client.finished, source.closed) == (b"one", False, True)
    (entry,) = logs
    assert (entry["log_level"], entry["fault"]) == ("error", "ValueError")
    assert "secret" not in str(entry)


async def test_a_server_that_stops_closes_the_source() -> None:
    """Whoever cancels the response leaves nothing behind."""
    source, client = Source(b"one", endless=True), Client()
    answering = asyncio.create_task(answered(source, client))
    async with asyncio.timeout(10):
        await client.reads.wait()
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert source.closed


def test_an_event_is_three_lines_and_an_empty_one() -> None:
    """The parts are as the format has them; a position alone is no event."""
    assert events.event(7, "receipt", b"{}") == b"id: 7\nevent: receipt\ndata: {}\n\n"
    assert events.position(7) == b"id: 7\n\n"
