"""A whole server inside the test's process: what it keeps and knows can be looked at."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import SecretStr

from midcall.app.bootstrap import DEV_TWIML, ensure_stated
from midcall.app.compose import compose
from midcall.app.hooks import NO_HOOKS, Hooks
from midcall.app.server import Server
from midcall.app.settings import Settings
from midcall.app.sockets import AbortingWebSocket, listen
from midcall.app.time import utc_now
from midcall.core.ports import MessageFilter, PutApplication
from midcall.model.accounts import Application
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.sids import (
    APPLICATION,
    AccountSid,
    ApplicationSid,
    CallSid,
    MessageSid,
    from_entropy,
)
from midcall.store.sqlite import open_store
from tests.support.site import Site
from tests.support.softphone import PATIENCE_SECONDS

ALL = 1000


class Inside(Site):
    """A server in this process, with a store in memory."""

    server: Server
    application_sid: ApplicationSid

    async def reaches_state(self, call: str, sid: str, state: MessageState) -> None:
        """Look at a message until it is in a state."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.message(call, sid)).state is not state:
                pass

    async def message(self, call: str, sid: str) -> UserDefinedMessage:
        """Return a message of a leg."""
        found = await self.server.store.find_message(CallSid(call), MessageSid(sid))
        assert found is not None
        return found

    async def keeps(self, call: str, direction: Direction) -> list[UserDefinedMessage]:
        """Return the messages of a leg, in their order."""
        account = AccountSid(self.credentials.account_sid)
        filters = MessageFilter(call_sid=CallSid(call), direction=direction)
        found = await self.server.store.list_messages(account, filters, offset=0, limit=ALL)
        return sorted(found, key=lambda message: message.position)


@asynccontextmanager
async def running_inside(
    *, incoming_hold_seconds: float = 0, hooks: Hooks = NO_HOOKS, **changes: Any
) -> AsyncIterator[Inside]:
    """Run a server in this process. Its application calls whom the caller names as ``To``.

    ``changes`` are settings that are not the usual ones.
    """
    site = Inside(Path())
    ours = site.credentials
    (listener,) = listen("127.0.0.1", 0)
    site.port = listener.getsockname()[1]
    settings = Settings(
        host="127.0.0.1",
        port=site.port,
        tls="off",
        media="none",
        store="sqlite:///:memory:",
        account_sid=ours.account_sid,
        auth_token=SecretStr(ours.auth_token),
        api_key_sid=ours.key_sid,
        api_key_secret=SecretStr(ours.key_secret),
        incoming_hold_seconds=incoming_hold_seconds,
        **changes,
    )
    site.server = server = compose(settings, await open_store(settings.store), None, hooks=hooks)
    await ensure_stated(server.store, settings, utc_now)
    site.application_sid = await _add_application(server, AccountSid(ours.account_sid))
    await server.start()
    config = uvicorn.Config(
        server.app(None, mints_tokens=False),
        ws=AbortingWebSocket,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    http = uvicorn.Server(config)
    config.load()
    http.lifespan = config.lifespan_class(config)
    await http.startup([listener])
    try:
        yield site
    finally:
        await server.drain()
        await http.shutdown([listener])
        await server.stop()


async def _add_application(server: Server, account: AccountSid) -> ApplicationSid:
    now = utc_now()
    sid = ApplicationSid(from_entropy(APPLICATION, secrets.token_bytes(16)))
    application = Application(
        sid=sid,
        account_sid=account,
        friendly_name="calls whom the caller names",
        created_at=now,
        updated_at=now,
        voice_twiml=DEV_TWIML,
    )
    await server.journal.commit([PutApplication(application)])
    return sid
