"""Asking a running server over its REST API, as the account that the settings or its store name."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from midcall.app import bootstrap
from midcall.app.settings import Settings
from midcall.cli.refusing import Refused
from midcall.model.calls import API_VERSION
from midcall.model.sids import AccountSid
from midcall.store.faults import StoreUnusable
from midcall.store.sqlite import open_for_reading

ANSWER_SECONDS = 30.0
"""How long the server may take to answer: what the official libraries wait."""

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

    async def _ask(self, method: str, url: str, parameters: dict[str, str]) -> dict[str, Any]:
        query, form = (parameters, None) if method == "GET" else (None, parameters)
        try:
            async with self._session.request(method, url, params=query, data=form) as response:
                body: dict[str, Any] = await response.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise Refused(f"no answer from {self._origin}: {reason}") from error
        if response.status >= 400:
            raise Refused(f"{body['message']} ({body['code']})")
        return body


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[Rest]:
    """Give the account's part of the REST API at the settings' public URL."""
    account, token = await _credentials(settings)
    async with aiohttp.ClientSession(
        headers={"Authorization": aiohttp.encode_basic_auth(account, token)},
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        connector=aiohttp.TCPConnector(ssl=_tls(settings)),
    ) as session:
        yield Rest(session, settings.public_url, account)


async def _credentials(settings: Settings) -> tuple[str, str]:
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
