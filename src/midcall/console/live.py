"""``/console/live``: word that something may have changed, as server-sent events.

It says that something was committed, not what: the page asks again for what it shows. Many changes
at once are one event, and there are no more than some each second.

Nobody listens longer than their session lasts.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from midcall.console.session import bearer_token, refuse
from midcall.core.access import Caller, check_active
from midcall.core.ports import Feed, Store
from midcall.model.errors import AuthenticationRequired, Fault, TooManyStreams
from midcall.model.sids import AccountSid

HEARTBEAT_SECONDS: Final = 15.0
"""How often something is sent: proxies close what is silent for a minute, some for half of one."""

PAUSE_SECONDS: Final = 0.2
"""How long nothing is said after a change: people see no more than five a second."""

STREAMS: Final = 50
"""How many pages of one account may listen."""

CHANGE: Final = b"event: change\ndata: {}\n\n"

HEARTBEAT: Final = b":\n\n"
"""A comment, which clients pass over."""

Respond = Callable[[AsyncGenerator[bytes, None]], Response]
"""Answers with pieces as they come, until the client is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the stream works with. ``find_session`` tells whose session a token is."""

    find_session: Callable[[str], AccountSid | None]
    store: Store
    listen: Callable[[], Feed]
    respond: Respond
    streams: Counter[AccountSid] = field(default_factory=Counter)

    def routes(self) -> list[BaseRoute]:
        """Return the route of the stream."""
        return [Route("/console/live", self.answer, methods=["GET"])]

    async def answer(self, request: Request) -> Response:
        """Begin to tell of changes, or refuse to."""
        token = bearer_token(request)
        try:
            sid = await self._let_in(token)
        except Fault as fault:
            return refuse(fault)
        return self.respond(self.pieces(token, sid))

    async def _let_in(self, token: str) -> AccountSid:
        sid = self.find_session(token)
        if sid is None or not await self._may_listen(sid):
            raise AuthenticationRequired
        if self.streams[sid] >= STREAMS:
            raise TooManyStreams(STREAMS)
        return sid

    async def _may_listen(self, sid: AccountSid) -> bool:
        account = await self.store.find_account(sid)
        if account is None:
            return False
        owner_sid = account.owner_sid
        owner = None if owner_sid is None else await self.store.find_account(owner_sid)
        try:
            check_active(Caller(account=account), owner, account, changes=False)
        except Fault:
            return False
        return True

    async def pieces(self, token: str, sid: AccountSid) -> AsyncGenerator[bytes, None]:
        """Yield an event for what changed meanwhile, and a heartbeat when nothing did."""
        loop = asyncio.get_running_loop()
        self.streams[sid] += 1
        try:
            with closing(self.listen()) as feed:
                yield HEARTBEAT
                beat_at = loop.time() + HEARTBEAT_SECONDS
                while await feed.wait(beat_at - loop.time()):
                    if self.find_session(token) is None:
                        return
                    if feed.rang:
                        yield CHANGE
                        await asyncio.sleep(PAUSE_SECONDS)
                    if loop.time() >= beat_at:
                        if not await self._may_listen(sid):
                            return
                        yield HEARTBEAT
                        beat_at = loop.time() + HEARTBEAT_SECONDS
        finally:
            self.streams[sid] -= 1
