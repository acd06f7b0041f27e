"""The pump of one socket, between a real client and a dialogue that the test writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Protocol

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from structlog.testing import capture_logs
from websockets.asyncio.client import connect

from midcall.app.sockets import AbortingWebSocket, listen
from midcall.core.limits import FRAME_BYTES
from midcall.gateway import closing
from midcall.gateway.connection import Connection
from midcall.gateway.limits import LIMITS, Limits
from midcall.wire import frames
from midcall.wire.session import Received, SessionEvent
from tests.support.softphone import PATIENCE_SECONDS, Closed, Softphone, write

Take = Callable[[Connection, SessionEvent], Awaitable[None]]

ALICE = frames.Reject(callsid="CA1")


async def nothing(_connection: Connection, _event: SessionEvent) -> None:
    """Do nothing about anything."""


async def until(come_true: Callable[[], bool]) -> None:
    """Wait for what nobody tells of."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not come_true():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


@dataclass
class Scripted:
    """A dialogue that does what the test says, and keeps what it was given."""

    connection: Connection
    do: Take
    taken: list[SessionEvent] = field(default_factory=list)
    all_settled: asyncio.Event = field(default_factory=asyncio.Event)
    is_settling: asyncio.Event = field(default_factory=asyncio.Event)
    has_left: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, event: SessionEvent) -> None:
        await self.do(self.connection, event)
        self.taken.append(event)

    async def settled(self) -> None:
        self.is_settling.set()
        await self.all_settled.wait()

    def left(self) -> None:
        assert not self.has_left.is_set()
        self.has_left.set()


class Server(Protocol):
    """Starts a server whose every socket has a scripted dialogue."""

    async def __call__(
        self, do: Take = nothing, limits: Limits = LIMITS, *, linger_seconds: float = 15.0
    ) -> "Running": ...


@dataclass
class Running:
    """A server: its address, its dialogues, its sockets."""

    url: str
    http: uvicorn.Server
    dialogues: "asyncio.Queue[Scripted]"

    @property
    def sockets(self) -> int:
        """How many sockets are open."""
        return len(self.http.server_state.connections)

    async def dialogue(self) -> Scripted:
        """Return the dialogue of the next socket."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.dialogues.get()

    async def empties(self) -> None:
        """Wait until no socket is left."""
        await until(lambda: not self.sockets)


@pytest.fixture
async def serve() -> AsyncIterator[Server]:
    """Give a maker of servers; whatever happened on them, nothing of it may be left."""
    before = asyncio.all_tasks()
    async with AsyncExitStack() as stack:

        async def make(
            do: Take = nothing, limits: Limits = LIMITS, *, linger_seconds: float = 15.0
        ) -> Running:
            dialogues: asyncio.Queue[Scripted] = asyncio.Queue()

            async def signal(websocket: WebSocket) -> None:
                connection = Connection(websocket, limits)
                connection.session.authorized = True
                dialogue = Scripted(connection, do)
                dialogue.all_settled.set()
                dialogues.put_nowait(dialogue)
                await connection.run(dialogue)

            class Aborting(AbortingWebSocket):
                pass

            Aborting.linger_seconds = linger_seconds
            config = uvicorn.Config(
                Starlette(routes=[WebSocketRoute("/signal", signal)]),
                ws=Aborting,
                ws_max_size=FRAME_BYTES,
                ws_per_message_deflate=False,
                ws_ping_interval=None,
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
            return Running(f"ws://127.0.0.1:{listener.getsockname()[1]}/signal", http, dialogues)

        yield make
    left = {task for task in asyncio.all_tasks() - before if "signalling" in task.get_name()}
    assert not left


@pytest.fixture
async def device() -> AsyncIterator[Callable[[Running], Awaitable[Softphone]]]:
    """Give a maker of connected softphones."""
    async with AsyncExitStack() as stack:

        async def make(running: Running) -> Softphone:
            phone = Softphone(running.url, "")
            stack.push_async_callback(phone.leave)
            return await phone.connect()

        yield make


Device = Callable[[Running], Awaitable[Softphone]]

QUICK = Limits(heartbeat_seconds=0.02, listen_seconds=3600, close_seconds=5)
HASTY = Limits(heartbeat_seconds=3600, close_seconds=0.05)


# --- heartbeats


async def test_heartbeats_keep_coming(serve: Server, device: Device) -> None:
    """A device that answers hears one after the other and stays."""
    running = await serve(limits=QUICK)
    phone = await device(running)
    phone.echoes = False
    for _ in range(3 * LIMITS.unanswered_heartbeats):
        await phone.heartbeat()
        await phone.echo()
    await phone.say(write("reject", callsid="CA1"))
    dialogue = await running.dialogue()
    assert not dialogue.has_left.is_set()


async def test_a_device_that_never_answers_is_given_up(serve: Server, device: Device) -> None:
    """Whoever leaves so many heartbeats unanswered is closed by name."""
    phone = await device(await serve(limits=QUICK))
    phone.echoes = False
    assert await phone.next() == Closed(*closing.SILENT)
    assert phone.unanswered >= LIMITS.unanswered_heartbeats


async def test_barriers_are_not_heartbeats_missed(serve: Server, device: Device) -> None:
    """A device with messages on many legs owes an echo for each, and is not gone for that."""

    async def barriers(connection: Connection, _event: SessionEvent) -> None:
        for _ in range(3 * LIMITS.unanswered_heartbeats):
            connection.heartbeat(lambda: None)

    running = await serve(barriers, limits=QUICK)
    phone = await device(running)
    phone.echoes = False
    await phone.heartbeat()
    await phone.say(write("reject", callsid="CA1"))
    await until(lambda: phone.unanswered > 3 * LIMITS.unanswered_heartbeats)
    phone.echoes = True
    while phone.unanswered:
        await phone.echo()
    await phone.say(write("reject", callsid="CA2"))
    dialogue = await running.dialogue()
    await until(lambda: len(dialogue.taken) == 2)
    assert not dialogue.has_left.is_set()


async def test_an_echo_brings_its_own_mark(serve: Server, device: Device) -> None:
    """Periodic heartbeats and barriers echo in one order, and each barrier gets its own echo."""
    marks: list[int] = []

    async def barrier(connection: Connection, _event: SessionEvent) -> None:
        number = len(marks)
        marks.append(0)
        connection.heartbeat(lambda: marks.__setitem__(number, marks[number] + 1))

    running = await serve(barrier, limits=QUICK)
    phone = await device(running)
    for _ in range(20):
        await phone.say(write("reject", callsid="CA1"))
    await until(lambda: marks == [1] * 20)


async def test_a_socket_without_a_token_is_given_up(serve: Server, device: Device) -> None:
    """Whoever connects and never presents a token is closed by name."""
    running = await serve(limits=Limits(heartbeat_seconds=0.02, listen_seconds=0.04))
    phone = await device(running)
    dialogue = await running.dialogue()
    dialogue.connection.session.authorized = False
    assert await phone.next() == Closed(*closing.LISTEN_TIMEOUT)


# --- the end


async def test_a_client_that_leaves_leaves_nothing_behind(serve: Server, device: Device) -> None:
    """After the client's close the dialogue is told, once, and every task ends."""
    running = await serve()
    phone = await device(running)
    dialogue = await running.dialogue()
    await phone.leave()
    await asyncio.wait_for(dialogue.has_left.wait(), PATIENCE_SECONDS)
    await running.empties()


async def test_what_is_said_last_is_read_before_the_close(serve: Server, device: Device) -> None:
    """Frames that were queued before the end go out before the close frame."""

    async def goodbye(connection: Connection, _event: SessionEvent) -> None:
        for number in range(100):
            connection.send(frames.Cancel(callsid=f"CA{number}"))
        connection.close(closing.DRAINING)
        connection.close(closing.SILENT)
        connection.send(frames.Ready())

    phone = await device(await serve(goodbye))
    await phone.say(write("reject", callsid="CA1"))
    for number in range(100):
        await phone.expect("cancel", callsid=f"CA{number}")
    await phone.expect("ready")
    assert await phone.next() == Closed(*closing.DRAINING)


async def test_a_frame_that_was_begun_is_finished(serve: Server, device: Device) -> None:
    """The end waits for the frame at hand and takes no other."""
    begun, finish = asyncio.Event(), asyncio.Event()

    async def slow(_connection: Connection, _event: SessionEvent) -> None:
        begun.set()
        await finish.wait()

    running = await serve(slow)
    phone = await device(running)
    dialogue = await running.dialogue()
    await phone.say(write("reject", callsid="CA1"))
    await phone.say(write("reject", callsid="CA2"))
    await begun.wait()
    dialogue.connection.close(closing.DRAINING)
    await asyncio.sleep(0)
    assert not dialogue.has_left.is_set()
    finish.set()
    assert await phone.next() == Closed(*closing.DRAINING)
    await asyncio.wait_for(dialogue.has_left.wait(), PATIENCE_SECONDS)
    assert dialogue.taken == [Received(frames.Reject(callsid="CA1"))]


async def test_what_was_taken_is_answered_before_the_close(serve: Server, device: Device) -> None:
    """The end waits until everything under way has its answer, which still goes out."""
    running = await serve()
    phone = await device(running)
    dialogue = await running.dialogue()
    dialogue.all_settled.clear()
    dialogue.connection.close(closing.DRAINING)
    await asyncio.wait_for(dialogue.is_settling.wait(), PATIENCE_SECONDS)
    dialogue.connection.send(frames.Ready())
    dialogue.all_settled.set()
    await phone.expect("ready")
    assert await phone.next() == Closed(*closing.DRAINING)


async def test_the_end_has_a_deadline(serve: Server, device: Device) -> None:
    """Work that does not come to its end cannot keep a socket open for ever."""

    async def never(_connection: Connection, _event: SessionEvent) -> None:
        await asyncio.Event().wait()

    running = await serve(never, limits=HASTY)
    phone = await device(running)
    dialogue = await running.dialogue()
    await phone.say(write("reject", callsid="CA1"))
    dialogue.connection.close(closing.DRAINING)
    await asyncio.wait_for(dialogue.has_left.wait(), PATIENCE_SECONDS)


async def test_everything_that_came_before_the_end_is_taken(serve: Server, device: Device) -> None:
    """A client that sends and leaves is heard to the end, though it hears no answers."""

    async def answer(connection: Connection, _event: SessionEvent) -> None:
        connection.send(frames.Ready())
        await asyncio.sleep(0)

    running = await serve(answer)
    phone = await device(running)
    dialogue = await running.dialogue()
    texts = (write("reject", callsid=f"CA{number}") for number in range(500))
    phone.say_at_once(*texts, leaving=True)
    await asyncio.wait_for(dialogue.has_left.wait(), PATIENCE_SECONDS)
    assert len(dialogue.taken) == 500


async def test_a_failing_dialogue_ends_its_own_socket_only(serve: Server, device: Device) -> None:
    """A mistake of ours closes the one socket with 1011, and is logged without its contents."""

    async def fail(_connection: Connection, event: SessionEvent) -> None:
        raise KeyError(event)

    running = await serve(fail)
    phone, other = await device(running), await device(running)
    with capture_logs() as logs:
        await phone.say(write("reject", callsid="CA1"))
        assert await phone.next() == Closed(*closing.FAILED)
    (failed,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert "KeyError" in failed["error"]
    assert "CA1" not in str(logs)
    await other.leave()


# --- clients that do not read


def flood(connection: Connection) -> None:
    """Say more than anybody's socket holds."""
    frame = frames.Cancel(callsid="x" * 60_000)
    for _ in range(400):
        connection.send(frame)


async def test_a_slow_consumer_is_cut_off(serve: Server) -> None:
    """A client that does not read is given up with bounded memory, and its socket freed.

    It does not even take the close frame, so its connection is aborted.
    """

    async def say_much(connection: Connection, _event: SessionEvent) -> None:
        flood(connection)

    running = await serve(say_much, limits=HASTY, linger_seconds=0.05)
    async with connect(running.url, compression=None, proxy=None, close_timeout=1) as deaf:
        deaf.transport.pause_reading()
        with capture_logs() as logs:
            await deaf.send(write("reject", callsid="CA1"))
            dialogue = await running.dialogue()
            await asyncio.wait_for(dialogue.has_left.wait(), PATIENCE_SECONDS)
        assert [entry["reason"] for entry in logs] == [closing.SLOW_CONSUMER.reason]
        assert not dialogue.connection._outbound._texts
        await running.empties()


async def test_a_client_that_reads_slowly_but_reads_stays(serve: Server, device: Device) -> None:
    """Much in the course of time is fine as long as little waits."""

    async def say_some(connection: Connection, _event: SessionEvent) -> None:
        connection.send(frames.Cancel(callsid="x" * 60_000))

    running = await serve(say_some)
    phone = await device(running)
    for _ in range(100):
        await phone.say(write("reject", callsid="CA1"))
        await phone.expect("cancel")
    dialogue = await running.dialogue()
    assert not dialogue.has_left.is_set()


async def test_a_client_that_sends_too_fast_is_read_more_slowly(
    serve: Server, device: Device
) -> None:
    """Past the burst reading pauses until the client leaves off; every frame is taken, in order."""
    running = await serve(limits=Limits(frames_per_second=2000, frames_burst=10))
    phone = await device(running)
    dialogue = await running.dialogue()
    began = asyncio.get_running_loop().time()
    for number in range(210):
        await phone.say(write("reject", callsid=f"CA{number}"))
    await until(lambda: len(dialogue.taken) == 210)
    assert asyncio.get_running_loop().time() - began >= 0.09
    assert dialogue.taken == [
        Received(frames.Reject(callsid=f"CA{number}")) for number in range(210)
    ]


async def test_a_client_that_is_read_slowly_is_not_to_blame_for_its_echoes(
    serve: Server, device: Device
) -> None:
    """Its heartbeats are answered behind what is not read yet: it is not taken for gone."""
    limits = Limits(
        heartbeat_seconds=0.01, unanswered_heartbeats=3, frames_per_second=200, frames_burst=1
    )
    running = await serve(limits=limits)
    phone = await device(running)
    phone.echoes = False
    phone.say_at_once(*(write("reject", callsid="CA1") for _ in range(30)))
    dialogue = await running.dialogue()
    await until(lambda: len(dialogue.taken) == 30)
    assert not dialogue.has_left.is_set()
    assert await phone.ended() == Closed(*closing.SILENT)


async def test_a_pause_does_not_outlive_its_socket(serve: Server, device: Device) -> None:
    """A socket that is closed while reading pauses is gone at once."""
    running = await serve(limits=Limits(frames_per_second=0.001, frames_burst=1))
    phone = await device(running)
    dialogue = await running.dialogue()
    phone.say_at_once(*(write("reject", callsid="CA1") for _ in range(3)))
    await until(lambda: len(dialogue.taken) == 2)
    dialogue.connection.close(closing.DRAINING)
    assert await phone.next() == Closed(*closing.DRAINING)


async def test_the_mark_of_a_slow_consumer_is_a_setting(serve: Server) -> None:
    """What may wait for a client is as much as the limits say."""

    async def say_a_little(connection: Connection, _event: SessionEvent) -> None:
        for _ in range(10):
            connection.send(frames.Cancel(callsid="x" * 1000))

    running = await serve(say_a_little, limits=Limits(queued_bytes=5000, close_seconds=0.05))
    async with connect(running.url, compression=None, proxy=None, close_timeout=1) as client:
        await client.send(write("reject", callsid="CA1"))
        await client.wait_closed()
        assert Closed(client.close_code or 0, client.close_reason or "") == Closed(
            *closing.SLOW_CONSUMER
        )
