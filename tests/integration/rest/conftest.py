"""The REST API on a loopback port, over the real store, journal and rooms, with one live call."""

import asyncio
import base64
import http.client
import json
import os
import socket
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
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
from midcall.core.messages.rate import Rate
from midcall.core.messages.service import MessageService
from midcall.core.ports import Change, PutAccount, PutApiKey, PutFamily
from midcall.model.accounts import Account, ApiKey
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.families import Family, Leg
from midcall.model.sids import AccountSid, ApplicationSid, CallSid, KeySid
from midcall.rest.desk import Desk
from midcall.rest.routes import document, routes
from midcall.runtime.journal import Journal
from midcall.runtime.loop import LoopRuntime
from midcall.store.sqlite import SqliteStore, open_store
from midcall.wire.turn import TurnServers
from midcall.wire.urls import parse_webhook_url
from tests.support.openapi import Described, Witness

T = TypeVar("T")

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
DATE = "Mon, 04 May 2026 03:02:01 +0000"

ACCOUNT = Account(
    sid=AccountSid("AC" + "a" * 32),
    auth_token="1" * 32,
    friendly_name="Ours",
    created_at=AT,
    updated_at=AT,
)
OTHER = Account(
    sid=AccountSid("AC" + "b" * 32),
    auth_token="2" * 32,
    friendly_name="Theirs",
    created_at=AT,
    updated_at=AT,
)
KEY = ApiKey(
    sid=KeySid("SK" + "a" * 32),
    account_sid=ACCOUNT.sid,
    secret="3" * 32,
    friendly_name="Phones",
    created_at=AT,
    updated_at=AT,
)

LIVE = CallSid("CA" + "1" * 32)
"""A call in progress."""

OVER = CallSid("CA" + "2" * 32)
"""A call that has ended."""

THEIRS = CallSid("CA" + "3" * 32)
"""A call in progress of the other account."""

BASE = f"/2010-04-01/Accounts/{ACCOUNT.sid}"

TURN = TurnServers(
    urls=("stun:turn.example.com", "turn:turn.example.com?transport=udp"), secret="a shared secret"
)


def basic(username: str, password: str) -> str:
    """Return an ``Authorization`` header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


OWN_TOKEN = basic(ACCOUNT.sid, ACCOUNT.auth_token)
OWN_KEY = basic(KEY.sid, KEY.secret)


def family(
    sid: CallSid,
    account: AccountSid,
    status: CallStatus,
    *,
    minute: int = 0,
    day: int = AT.day,
    to_address: str = "client:bob",
) -> Family:
    """Return a family of one leg."""
    at = AT.replace(day=day, minute=minute)
    call = Call(
        sid=sid,
        account_sid=account,
        from_address="client:amy",
        to_address=to_address,
        application_sid=ApplicationSid("AP" + "a" * 32),
        direction=CallDirection.INBOUND,
        status=status,
        created_at=at,
        updated_at=at,
        answered_at=at,
        ended_at=at if status.terminal else None,
    )
    return Family(
        sid=sid,
        account_sid=account,
        legs={sid: Leg(call=call, identity="amy")},
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

    def __init__(self, url: str) -> None:
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.desk: Desk
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
        journal: Journal[Change] = Journal(store.commit)
        runtime = LoopRuntime(lambda: AT)
        rooms = await live_rooms(store, journal, runtime)
        self.desk = Desk(
            store=store,
            journal=journal,
            messaging=messaging(rooms, store, journal),
            calling=CallRequests(rooms=rooms, store=store, entropy=os.urandom),
            clock=lambda: AT,
            entropy=os.urandom,
            turn=TURN,
            public_url=self.url,
        )
        self.witness = Witness(Starlette(routes=routes(self.desk)), Described(document()))
        config = uvicorn.Config(self.witness, lifespan="off", log_config=None)
        self._server = uvicorn.Server(config)
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
        await runtime.close(10)
        await journal.close()
        await store.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def commit(self, *changes: Change) -> None:
        """Write to the store."""
        self.run(self.desk.journal.commit(changes))

    def stop(self) -> None:
        """Stop the server and wait for it."""
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
    ) -> Answer:
        """Send one request; ``parameters`` are a form, or a body as it is."""
        body = urlencode(parameters) if isinstance(parameters, Mapping) else parameters
        headers = {} if body is None else {"Content-Type": content_type}
        if authorization is not None:
            headers["Authorization"] = authorization
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, headers)
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
    return MessageService(
        rooms=rooms,
        store=store,
        journal=journal,
        entropy=os.urandom,
        is_json=is_json,
        check_url=lambda url: parse_webhook_url(url, name="Callback"),
        uplink_rate=Rate(50, 100),
        first_sequence_number=0,
    )


def is_json(text: str) -> bool:
    """Tell whether a text is JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve until the test is over."""
    running = Site(f"sqlite:///{tmp_path / 'midcall.db'}")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve for all tests that change nothing, or nothing that another one sees."""
    running = Site(f"sqlite:///{tmp_path_factory.mktemp('rest') / 'midcall.db'}")
    yield running
    running.stop()
