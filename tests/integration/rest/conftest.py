"""The REST API on a loopback port, over the real store, journal and rooms, with one live call."""

import asyncio
import http.client
import json
import os
import shutil
import socket
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest
import uvicorn
from starlette.applications import Starlette
from twilio.rest import Client as OfficialClient

from midcall.core.calls.requests import CallRequests
from midcall.core.calls.rooms import Room, Rooms
from midcall.core.effects import Effect
from midcall.core.messages.means import gather
from midcall.core.messages.rate import Rate
from midcall.core.messages.service import MessageService
from midcall.core.messages.settings import DEFAULT_SETTINGS
from midcall.core.outbox.redrive import Redriver
from midcall.core.ports import Change, PutAccount, PutApiKey, PutFamily
from midcall.model.calls import CallStatus
from midcall.model.families import Family
from midcall.model.messages import UserDefinedMessage
from midcall.model.sids import (
    AccountSid,
    CallSid,
    MessageSid,
)
from midcall.rest.desk import Desk, RestLimits
from midcall.rest.routes import document, routes
from midcall.runtime.bell import Bell
from midcall.runtime.journal import Journal
from midcall.runtime.loop import LoopRuntime
from midcall.runtime.rendezvous import Rendezvous
from midcall.store.sqlite import SqliteStore, open_store
from midcall.wire import contents
from midcall.wire.turn import TurnServers
from midcall.wire.urls import parse_webhook_url
from tests.integration.rest.records import (
    ACCOUNT,
    AT,
    KEY,
    LIVE,
    OTHER,
    OVER,
    OWN_TOKEN,
    THEIRS,
    family,
)
from tests.support.openapi import Described, Witness

T = TypeVar("T")

UNTIMED = RestLimits(account_rate=Rate(1, 1_000_000))
"""Limits for a server whose clock stands still: nobody's requests are too many."""

TURN = TurnServers(
    urls=("stun:turn.example.com", "turn:turn.example.com?transport=udp"), secret="a shared secret"
)


@dataclass(frozen=True)
class Answer:
    """What a request came back with."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        read: dict[str, Any] = json.loads(self.body)
        return read


class Site:
    """A running server, seen from outside, and its store, seen from inside."""

    def __init__(self, url: str, limits: RestLimits = UNTIMED) -> None:
        self._limits = limits
        self.bell = Bell()
        self.bearers: dict[str, AccountSid] = {}
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.desk: Desk
        self.rooms: Rooms
        self.witness: Witness
        self._server: uvicorn.Server
        self._thread = threading.Thread(target=self._serve, args=(url,), name="site")
        self._thread.start()
        assert self._ready.wait(30)

    def _serve(self, url: str) -> None:
        with closing(self._loop):
            self._loop.run_until_complete(self._run(url))

    async def _run(self, url: str) -> None:
        store = await open_store(url)
        journal = self._ringing(store)
        runtime = LoopRuntime(lambda: AT)
        rooms = self.rooms = await live_rooms(store, journal, runtime)
        self.desk = Desk(
            store=store,
            journal=journal,
            messaging=messaging(rooms, store, journal),
            redriving=Redriver(
                store=store, journal=journal, clock=lambda: AT, wake=lambda: None, turn=any_time
            ),
            calling=CallRequests(rooms=rooms, store=store, entropy=os.urandom),
            feeds=self.bell.listen,
            limits=self._limits,
            clock=lambda: AT,
            entropy=os.urandom,
            turn=TURN,
            public_url=self.url,
            bearer=self.bearers.get,
        )
        self.witness = Witness(Starlette(routes=routes(self.desk)), Described(document()))
        config = uvicorn.Config(self.witness, lifespan="off", log_config=None)
        self._server = uvicorn.Server(config)
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
        await runtime.close(10)
        await journal.close()
        await store.close()

    def _ringing(self, store: SqliteStore) -> Journal[Change]:
        async def commit(changes: Sequence[Change]) -> None:
            await store.commit(changes)
            self.bell.ring()

        return Journal(commit)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def commit(self, *changes: Change) -> None:
        """Write to the store."""
        self.run(self.desk.journal.commit(changes))

    def restore(self, live: Family) -> None:
        """Have one more call under way."""

        async def restore() -> None:
            await self.desk.journal.commit([PutFamily(live)])
            self.rooms.restore(live)

        self.run(restore())

    def close_feeds(self) -> None:
        """Send away whoever listens for message events, as a server does that stops."""
        self._loop.call_soon_threadsafe(self.bell.close)

    def stop(self) -> None:
        """Stop the server and wait for it."""
        self.close_feeds()
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()
        assert self.witness.complaints == []

    def ask(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str] | str | bytes | None = None,
        *,
        authorization: str | None = OWN_TOKEN,
        content_type: str = "application/x-www-form-urlencoded",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; ``parameters`` are a form, or a body as it is."""
        body = urlencode(parameters) if isinstance(parameters, Mapping) else parameters
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"] = content_type
        if authorization is not None:
            sent["Authorization"] = authorization
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def official(self, username: str = ACCOUNT.sid, password: str = ACCOUNT.auth_token) -> Any:
        """Return the official library, pointed here."""
        client = OfficialClient(username, password, ACCOUNT.sid)
        client.api.base_url = self.url
        client.monitor.base_url = self.url
        return client


async def live_rooms(store: SqliteStore, journal: Journal[Change], runtime: LoopRuntime) -> Rooms:
    """Return the live calls, in the real rooms."""
    rooms = Rooms(
        journal=journal,
        clock=lambda: AT,
        entropy=os.urandom,
        runtime=runtime,
        wake_delivery=lambda: None,
    )

    async def perform(room: Room, effect: Effect) -> None:
        """Have no device to tell."""

    rooms.perform = perform
    live = (
        family(LIVE, ACCOUNT.sid, CallStatus.IN_PROGRESS, minute=2),
        family(THEIRS, OTHER.sid, CallStatus.IN_PROGRESS),
    )
    over = family(OVER, ACCOUNT.sid, CallStatus.COMPLETED, minute=1, to_address="client:carol")
    await store.commit(
        [PutAccount(ACCOUNT), PutAccount(OTHER), PutApiKey(KEY), *map(PutFamily, (*live, over))]
    )
    for one in live:
        rooms.restore(one)
    return rooms


def messaging(rooms: Rooms, store: SqliteStore, journal: Journal[Change]) -> MessageService:
    """Return the real message service."""
    replies: Rendezvous[tuple[CallSid, MessageSid], UserDefinedMessage] = Rendezvous()
    means = gather(
        rooms=rooms,
        store=store,
        journal=journal,
        entropy=os.urandom,
        replies=replies,
        settings=DEFAULT_SETTINGS,
    )
    return MessageService(
        means,
        is_json=contents.is_json,
        find_replied=contents.find_replied,
        check_url=lambda url: parse_webhook_url(url, name="Callback"),
    )


@asynccontextmanager
async def any_time(call: CallSid, message: MessageSid) -> AsyncGenerator[None, None]:
    """Give a turn to settle a message where nobody else does."""
    yield


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with its tables: making them takes longer than most tests."""
    path = tmp_path_factory.mktemp("blank") / "midcall.db"

    async def make() -> None:
        await (await open_store(f"sqlite:///{path}")).close()

    asyncio.run(make())
    return path


def copied(blank: Path, directory: Path) -> str:
    """Return the URL of a store of its own."""
    return f"sqlite:///{shutil.copy(blank, directory)}"


@pytest.fixture
def database(blank: Path, tmp_path: Path) -> str:
    """Return the URL of a store for one test."""
    return copied(blank, tmp_path)


@pytest.fixture
def site(database: str) -> Iterator[Site]:
    """Serve until the test is over."""
    running = Site(database)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def standing(blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve for all tests that change nothing, or nothing that another one sees."""
    running = Site(copied(blank, tmp_path_factory.mktemp("rest")))
    yield running
    running.stop()
