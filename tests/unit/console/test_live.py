"""Word that something changed, without a socket and without waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
from msgspec.structs import replace

from midcall.console import live
from midcall.console.live import CHANGE, HEARTBEAT, STREAMS
from midcall.model.accounts import AccountStatus
from tests.unit.console.server import ACCOUNT, Server

LIVE = "/console/live"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say everything at once."""
    monkeypatch.setattr(live, "PAUSE_SECONDS", 0)


@asynccontextmanager
async def listening(
    server: Server, token: str | None = None
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Listen, with a session of one's own unless told otherwise; the first piece has come."""
    token = token or server.sessions.open(ACCOUNT.sid).token
    pieces = server.live.pieces(token, ACCOUNT.sid)
    async with aclosing(pieces):
        assert await anext(pieces) == HEARTBEAT
        yield pieces


async def ends(pieces: AsyncIterator[bytes]) -> bool:
    """Tell whether nothing more comes."""
    return await anext(pieces, None) is None


async def test_a_change_is_said() -> None:
    """Each time; those that come before anybody looks are one."""
    server = Server()
    async with listening(server) as pieces:
        for _ in range(3):
            server.bell.ring()
            server.bell.ring()
            assert await anext(pieces) == CHANGE
        waiting = asyncio.ensure_future(anext(pieces))
        await asyncio.sleep(0)
        assert not waiting.done()
        server.bell.ring()
        assert await waiting == CHANGE


async def test_there_is_a_pause_after_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes meanwhile is said after it."""
    monkeypatch.setattr(live, "PAUSE_SECONDS", 0.2)
    pauses: list[float] = []
    server = Server()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        server.bell.ring()

    async with listening(server) as pieces:
        monkeypatch.setattr(asyncio, "sleep", pause)
        server.bell.ring()
        assert [await anext(pieces) for _ in range(3)] == [CHANGE] * 3
    assert pauses == [0.2, 0.2]


async def test_quiet_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment now and then keeps the connection; it is no change."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0)
    async with listening(Server()) as pieces:
        assert [await anext(pieces) for _ in range(3)] == [HEARTBEAT] * 3


async def test_a_busy_server_has_heartbeats_and_loses_no_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A ring at the time of a heartbeat is said as well."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0)
    server = Server()
    async with listening(server) as pieces:
        server.bell.ring()
        assert [await anext(pieces) for _ in range(2)] == [CHANGE, HEARTBEAT]


async def test_a_server_that_stops_ends_it() -> None:
    """As it should end, and the listener is gone."""
    server = Server()
    async with listening(server) as pieces:
        server.bell.close()
        assert await ends(pieces)
    assert len(server.bell) == 0
    assert server.live.streams[ACCOUNT.sid] == 0


async def test_whoever_logs_out_hears_no_more() -> None:
    """The next change is not said."""
    server = Server()
    token = server.sessions.open(ACCOUNT.sid).token
    async with listening(server, token) as pieces:
        server.sessions.close(token)
        server.bell.ring()
        assert await ends(pieces)


async def test_a_suspended_account_hears_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at with each heartbeat."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0)
    server = Server()
    async with listening(server) as pieces:
        server.accounts[ACCOUNT.sid] = replace(ACCOUNT, status=AccountStatus.SUSPENDED)
        assert await ends(pieces)


@pytest.mark.parametrize("token", [None, "", "0" * 64])
async def test_nobody_listens_without_a_session(token: str | None) -> None:
    """They are told to log in."""
    answer = await Server().ask("GET", LIVE, token=token)
    assert (answer.status, answer.json()["code"]) == (401, 20003)


async def test_an_account_has_so_many_listeners() -> None:
    """One more is refused, and the others hear on."""
    server = Server()
    token = server.sessions.open(ACCOUNT.sid).token
    server.live.streams[ACCOUNT.sid] = STREAMS
    answer = await server.ask("GET", LIVE, token=token)
    assert (answer.status, answer.json()["code"]) == (429, 20429)


async def test_the_answer_is_an_event_stream() -> None:
    """It begins at once, so that the page knows that it listens."""
    server = Server()
    token = server.sessions.open(ACCOUNT.sid).token
    server.bell.close()
    answer = await server.ask("GET", LIVE, token=token)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.body == HEARTBEAT
