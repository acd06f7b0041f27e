"""Asking a running server over its REST API, as the account that the settings or its store name."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from midcall.app import bootstrap
from midcall.app.settings import Settings
from midcall.cli.refusing import Refused
from midcall.model.calls import API_VERSION
from midcall.model.sids import AccountSid
from midcall.store.faults import StoreUnusable
from midcall.store.sqlite import open_for_reading

ANSWER_SECONDS = 30.0
"""How long the server may take to answer: what the official libraries wait."""

QUIET_SECONDS = 60.0
"""How long a stream may be silent: the server says something every fifteen seconds."""

AGAIN_SECONDS = 1.0
"""How long to wait before a stream is listened to again."""

PAGE_SIZE = "1000"


class Rest:
    """An account's part of the REST API."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, account: str) -> None:
        self._session = session
        self._origin = origin
        self._account = account

    async def ask(self, method: str, path: str, **parameters: str) -> dict[str, Any]:
        """Ask for something below the account; raise ``Refused`` with what the server said."""
        url = f"{self._origin}/{API_VERSION}/Accounts/{self._account}/{path}.json"
        return await self._ask(method, url, parameters)

    async def pages(self, path: str, name: str, **filters: str) -> AsyncIterator[dict[str, Any]]:
        """Yield the items of a list, page after page."""
        page = await self.ask("GET", path, PageSize=PAGE_SIZE, **filters)
        while True:
            for item in page[name]:
                yield item
            if page["next_page_uri"] is None:
                return
            page = await self._ask("GET", f"{self._origin}{page['next_page_uri']}", {})

    async def first(self, limit: int, path: str, name: str, **filters: str) -> list[dict[str, Any]]:
        """Return so many items of a list at most."""
        found: list[dict[str, Any]] = []
        async for item in self.pages(path, name, **filters):
            if len(found) == limit:
                break
            found.append(item)
        return found

    async def events(self, path: str) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
        """Yield the events of a stream: kind, data as text, and as an object.

        When the connection is lost it is made anew, from behind the last event that came.
        """
        last = None
        while True:
            try:
                async with self._listen(path, last) as response:
                    if response.status == 204:
                        return  # What was watched is over.
                    async for event in _events(response):
                        last = event.get("id", last)
                        if "data" in event:
                            yield event["event"], event["data"], msgspec.json.decode(event["data"])
            except (aiohttp.ClientError, TimeoutError, OSError):
                await asyncio.sleep(AGAIN_SECONDS)

    @asynccontextmanager
    async def _listen(self, path: str, last: str | None) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {} if last is None else {"Last-Event-ID": last}
        quiet = aiohttp.ClientTimeout(total=None, sock_read=QUIET_SECONDS)
        url = f"{self._origin}/{API_VERSION}/Accounts/{self._account}/{path}"
        async with self._session.get(url, headers=headers, timeout=quiet) as response:
            if response.status >= 400:
                body = await response.json()
                raise Refused(f"{body['message']} ({body['code']})")
            yield response

    async def _ask(self, method: str, url: str, parameters: dict[str, str]) -> dict[str, Any]:
        query, form = (parameters, None) if method == "GET" else (None, parameters)
        try:
            async with self._session.request(method, url, params=query, data=form) as response:
                text = await response.read()
                body: dict[str, Any] = msgspec.json.decode(text) if text else {}
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            reason = str(error) or type(error).__name__
            raise Refused(f"no answer from {self._origin}: {reason}") from error
        if response.status >= 400:
            raise Refused(f"{body['message']} ({body['code']})")
        return body


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[Rest]:
    """Give the account's part of the REST API at the settings' public URL."""
    account, token = await credentials(settings)
    async with aiohttp.ClientSession(
        headers={"Authorization": aiohttp.encode_basic_auth(account, token)},
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        connector=aiohttp.TCPConnector(ssl=_tls(settings)),
    ) as session:
        yield Rest(session, settings.public_url, account)


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, str]]:
    """Yield server-sent events as their fields (WHATWG HTML, "Parsing an event stream")."""
    fields: dict[str, str] = {}
    async for line in response.content:
        name, _, value = line.decode().rstrip("\r\n").partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif not value and fields:
            yield fields
            fields = {}


async def credentials(settings: Settings) -> tuple[str, str]:
    """Return an account's SID and auth token: the stated ones, or those in the store."""
    if settings.account_sid is not None and settings.auth_token is not None:
        return settings.account_sid, settings.auth_token.get_secret_value()
    try:
        store = await open_for_reading(settings.store, master_key=settings.store_key)
    except StoreUnusable as error:
        raise Refused(f"{error}. Or name an account with --account-sid and --auth-token") from error
    try:
        wanted = AccountSid(settings.account_sid) if settings.account_sid else None
        found = await bootstrap.find_kept(store, wanted)
    finally:
        await store.close()
    if found is None:
        raise Refused(f"there is no account with a key in {settings.store} yet")
    return found.account.sid, found.account.auth_token


def _tls(settings: Settings) -> ssl.SSLContext | bool:
    """Return what trusts the server: the local CA too, if there is one."""
    ca = settings.tls_directory / "ca.pem"
    if not ca.is_file():
        return True
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=ca)
    return context
