"""The console's routes, called as a server calls them, over accounts that a test names."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse

from midcall.console import advice, session
from midcall.console.live import Live
from midcall.console.sessions import Guesses, Sessions
from midcall.model.accounts import Account
from midcall.model.sids import AccountSid
from midcall.runtime.bell import Bell

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
ACCOUNT = Account(
    sid=AccountSid("AC" + "a" * 32),
    auth_token="1" * 32,
    friendly_name="Ours",
    created_at=AT,
    updated_at=AT,
)


@dataclass(frozen=True)
class Answer:
    """What a request came back with."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body as JSON."""
        decoded: dict[str, Any] = msgspec.json.decode(self.body)
        return decoded


class Server:
    """The console's routes and everything behind them."""

    def __init__(self, *accounts: Account) -> None:
        self.now = AT
        self.accounts = {account.sid: account for account in accounts or (ACCOUNT,)}
        self.failure: Exception | None = None
        self.drawn = 0
        self.bell = Bell()
        self.sessions = Sessions(lambda: self.now, self._draw)
        self.live = Live(
            find_session=self.sessions.find,
            store=self,  # type: ignore[arg-type]  # the part of the port that is used
            listen=self.bell.listen,
            respond=respond,
        )
        self._app = Starlette(
            routes=[
                *session.routes(
                    self.sessions,
                    Guesses(lambda: self.now),
                    self,  # type: ignore[arg-type]  # the part of the port that is used
                ),
                *self.live.routes(),
                *advice.routes(),
            ]
        )

    def _draw(self, size: int, /) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(size, "big")

    async def find_account(self, sid: AccountSid) -> Account | None:
        """Find an account."""
        if self.failure is not None:
            raise self.failure
        return self.accounts.get(sid)

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        address: str = "192.0.2.1",
    ) -> Answer:
        """Send one request; ``body`` is sent as JSON, unless it is bytes."""
        encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return await self._request(method, path, encoded, headers, address)

    async def _request(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], address: str
    ) -> Answer:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": (address, 50000),
            "server": ("127.0.0.1", 8443),
        }
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            if not waiting:  # The peer stays and says nothing more.
                await asyncio.Event().wait()
            return waiting.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        start, *rest = sent
        return Answer(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in rest),
        )


def respond(pieces: AsyncGenerator[bytes, None]) -> Response:
    """Answer with pieces as they come."""
    return StreamingResponse(pieces, media_type="text/event-stream")
