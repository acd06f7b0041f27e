"""The emulator's own way to its REST API: what a test says by hand goes where a library's goes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from ssl import create_default_context
from typing import Any, Final

import aiohttp

from midcall.model.calls import API_VERSION

ANSWER_SECONDS: Final = 30.0
"""How long an answer may take: what the official libraries wait."""


class ApiRefused(AssertionError):
    """The API refused a request. ``code`` is Twilio's, ``status`` that of HTTP."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{message} ({code}, HTTP {status})")
        self.status = status
        self.code = code


class Api:
    """An account's part of the REST API."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, account: str) -> None:
        self._session = session
        self._base = f"{origin}/{API_VERSION}/Accounts/{account}"

    async def ask(self, method: str, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        """Ask for something below the account; raise ``ApiRefused``."""
        query, form = (parameters, None) if method == "GET" else (None, parameters)
        url = f"{self._base}/{path}.json"
        async with self._session.request(method, url, params=query, data=form) as response:
            body: dict[str, Any] = await response.json() if await response.read() else {}
        if response.status >= 400:
            raise ApiRefused(response.status, body.get("code", 0), body.get("message", ""))
        return body


@asynccontextmanager
async def asking(origin: str, account: str, auth_token: str, ca: Path | None) -> AsyncIterator[Api]:
    """Give the API of an account; ``ca`` is the server's authority if it speaks TLS."""
    tls = create_default_context(cafile=ca) if ca is not None else True
    async with aiohttp.ClientSession(
        headers={"Authorization": aiohttp.encode_basic_auth(account, auth_token)},
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        connector=aiohttp.TCPConnector(ssl=tls),
    ) as session:
        yield Api(session, origin, account)
