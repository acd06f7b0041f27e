"""Listening sockets, and clients that take their time on them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from midcall.app.sockets import (
    AbortingWebSocket,
    CannotListen,
    ImpatientHttp,
    close_all,
    impatient_http,
    listen,
)
from tests.support.site import free_port
from tests.support.softphone import PATIENCE_SECONDS


def test_a_name_is_listened_on_at_every_address() -> None:
    """Each address of a name that this machine has gets a socket of its own, on the same port."""
    port = free_port()
    found = {entry[4][0] for entry in socket.getaddrinfo("localhost", port)}
    opened = listen("localhost", port)
    try:
        assert {one.getsockname()[0] for one in opened} <= found
        for one in opened:
            with socket.create_connection(one.getsockname()[:2], timeout=5):
                assert one.getsockname()[1] == port
    finally:
        close_all(opened)


def test_a_port_is_had_from_the_start() -> None:
    """Of two servers that start together on one port, the second is refused at once."""
    opened = listen("127.0.0.1", free_port())
    try:
        port = opened[0].getsockname()[1]
        with pytest.raises(CannotListen, match=f"127.0.0.1 port {port}"):
            listen("127.0.0.1", port)
    finally:
        close_all(opened)


def test_a_port_can_be_had_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart the connections of the server before do not keep the port."""
    opened = listen("127.0.0.1", free_port())
    address = opened[0].getsockname()
    with socket.create_connection(address, timeout=5) as client:
        opened[0].setblocking(True)
        served, _ = opened[0].accept()
        served.close()  # who closes first, keeps the connection in TIME_WAIT
        assert client.recv(1) == b""
    close_all(opened)
    close_all(listen(*address))


def test_an_address_family_that_is_switched_off_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``localhost`` has an IPv6 address also where the machine has none (RFC 6761)."""
    port = free_port()
    stream = socket.SOCK_STREAM
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_, **__: [
            (socket.AF_INET6, stream, 6, "", ("2001:db8::1", port, 0, 0)),
            (socket.AF_INET, stream, 6, "", ("127.0.0.1", port)),
        ],
    )
    opened = listen("localhost", port)
    close_all(opened)
    assert len(opened) == 1


def test_nothing_stays_open_when_one_address_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is taken at one address is not had at another either."""
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        stream = socket.SOCK_STREAM
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *_, **__: [
                (socket.AF_INET, stream, 6, "", ("127.0.0.1", port)),
                (socket.AF_INET, stream, 6, "", ("127.0.0.2", port)),
            ],
        )
        with pytest.raises(CannotListen):
            listen("localhost", port)
    socket.create_server(("127.0.0.1", port)).close()


async def test_what_is_small_is_sent_at_once() -> None:
    """A frame behind another does not wait for the first one's receipt (TCP_NODELAY)."""
    (listener,) = listen("127.0.0.1", 0)
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served: socket.socket = writer.get_extra_info("socket")
        accepted.set_result(served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(accept, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await asyncio.wait_for(accepted, PATIENCE_SECONDS)
        writer.close()


# --- clients that take their time

PATIENT = 3600.0
HASTY = 0.05
FAIR = 0.2  # enough for a request that is sent at once
GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"

Serve = Callable[[float], Awaitable[int]]


@pytest.fixture
async def answering() -> asyncio.Event:
    """Give what the server waits for before it answers ``/slow``."""
    return asyncio.Event()


@pytest.fixture
async def serve(answering: asyncio.Event) -> AsyncIterator[Serve]:
    """Give a maker of servers with so many seconds of patience; it returns the port."""

    async def slow(_request: Request) -> Response:
        await answering.wait()
        return Response("late")

    async def endless() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)  # the loop has others to serve
            yield bytes(65_536)

    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())

    async with AsyncExitStack() as stack:

        async def make(request_seconds: float) -> int:
            config = uvicorn.Config(
                Starlette(
                    routes=[
                        Route("/", lambda _request: Response("here")),
                        Route("/slow", slow),
                        Route("/endless", lambda _request: StreamingResponse(endless())),
                        WebSocketRoute("/echo", echo),
                    ]
                ),
                http=impatient_http(request_seconds),
                ws=AbortingWebSocket,
                lifespan="off",
                log_config=None,
                timeout_graceful_shutdown=1,
            )
            http = uvicorn.Server(config)
            config.load()
            http.lifespan = config.lifespan_class(config)
            (listener,) = listen("127.0.0.1", 0)
            await http.startup([listener])
            stack.push_async_callback(http.shutdown, [listener])
            port: int = listener.getsockname()[1]
            return port

        yield make


Dial = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    """Give a maker of connections."""
    writers = []

    async def make(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        return reader, writer

    yield make
    for writer in writers:
        writer.close()


async def answered(reader: asyncio.StreamReader) -> bytes:
    """Read one answer; return its body, of four bytes."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await reader.readuntil(b"\r\n\r\n")
        return await reader.readexactly(4)


async def dropped(reader: asyncio.StreamReader) -> bool:
    """Wait until the connection ends; tell whether nothing was said before."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True


@pytest.mark.parametrize("said", [b"", b"\r\n", b"G", b"GET / HTTP/1.1\r\nhost: localho"])
async def test_whoever_does_not_finish_its_request_is_dropped(
    serve: Serve, dial: Dial, said: bytes
) -> None:
    """A client that says nothing, or half of a request's head, does not keep its connection."""
    reader, writer = await dial(await serve(HASTY))
    writer.write(said)
    assert await dropped(reader)


async def test_whoever_trickles_is_dropped(serve: Serve, dial: Dial) -> None:
    """Time runs from the beginning, however often another byte comes."""
    reader, writer = await dial(await serve(HASTY))
    writer.write(b"GET / HTTP/1.1\r\n")
    ending = asyncio.create_task(dropped(reader))
    while not ending.done():
        writer.write(b"x-slow: loris\r\n")
        await asyncio.wait([ending], timeout=HASTY / 10)
    assert await ending


@pytest.mark.parametrize("said", [b"\r\n", b"GET / HT"])
async def test_a_second_request_has_to_come_whole_as_well(
    serve: Serve, dial: Dial, said: bytes
) -> None:
    """A connection that is kept alive is no way around it."""
    reader, writer = await dial(await serve(FAIR))
    writer.write(GET)
    assert await answered(reader) == b"here"
    writer.write(said)
    assert await dropped(reader)


async def test_requests_one_after_the_other_are_answered(serve: Serve, dial: Dial) -> None:
    """On one connection, together or apart, in pieces or whole."""
    reader, writer = await dial(await serve(PATIENT))
    for pieces in ([GET], [GET[:5], GET[5:]], [GET + GET], [GET + GET[:9], GET[9:]]):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        for _ in range(b"".join(pieces).count(b"GET")):
            assert await answered(reader) == b"here"


async def test_an_answer_may_take_its_time(
    serve: Serve, dial: Dial, answering: asyncio.Event
) -> None:
    """Only what the client says is timed: a request that came whole waits for its answer."""
    port = await serve(FAIR)
    reader, writer = await dial(port)
    writer.write(GET.replace(b"/", b"/slow", 1))
    idle, _ = await dial(port)
    assert await dropped(idle)  # its time, which began later, is over
    answering.set()
    assert await answered(reader) == b"late"


async def test_whoever_asks_and_does_not_read_is_dropped(
    serve: Serve, dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection is broken off, with whatever still lay there for it."""
    monkeypatch.setattr(ImpatientHttp, "reading_seconds", HASTY)
    reader, writer = await dial(await serve(PATIENT))
    writer.write(GET.replace(b"/", b"/endless", 1))
    hasty = await serve(HASTY)
    for _ in range(3):  # longer than a reader may take, once all buffers are full
        idle, _ = await dial(hasty)
        assert await dropped(idle)
    async with asyncio.timeout(PATIENCE_SECONDS):
        # What the socket held still comes; what has no end ends.
        with suppress(ConnectionError):
            await reader.read()


async def test_a_websocket_may_be_silent(serve: Serve, dial: Dial) -> None:
    """Once the handshake is done the time for requests is nobody's business any more."""
    port = await serve(FAIR)
    async with connect(f"ws://127.0.0.1:{port}/echo", proxy=None) as websocket:
        idle, _ = await dial(port)
        assert await dropped(idle)
        await websocket.send("still here")
        assert await websocket.recv() == "still here"
