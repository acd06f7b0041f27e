"""A place for callbacks to arrive at, which keeps them and answers what the test says.

Each path below the inbox is an endpoint: there is nothing to set up before a URL is given away.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from midcall.testing.waiting import Pulse
from midcall.wire import signature
from midcall.wire.callbacks import IDEMPOTENCY_HEADER

PREFIX: Final = "/inbox"
"""Where the inbox is on the emulator's server."""

XML: Final = "text/xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request that came.

    ``path`` is what the inbox's URL was asked for. ``fields`` are its parameters, from a form, a
    JSON object or the query. ``signed`` is whether ``X-Twilio-Signature`` is the right one.
    """

    path: str
    method: str
    fields: dict[str, str]
    headers: dict[str, str]
    body: bytes
    signed: bool

    @property
    def token(self) -> str:
        """The ``I-Twilio-Idempotency-Token``: the same on every repeat of a request."""
        return self.headers.get(IDEMPOTENCY_HEADER.lower(), "")


@dataclass(slots=True)
class _Endpoint:
    """What a path answers, and which of its requests were given out."""

    statuses: deque[int] = field(default_factory=deque)
    status: int = 204
    delay_seconds: float = 0.0
    body: str = ""
    content_type: str = XML


class Inbox:
    """Endpoints below one origin. ``auth_token`` is what requests have to be signed with."""

    def __init__(self, origin: str, auth_token: str) -> None:
        self._origin = origin
        self._auth_token = auth_token
        self._endpoints: dict[str, _Endpoint] = {}
        self._untaken: list[Received] = []
        self._all: list[Received] = []
        self._pulse = Pulse()

    def url(self, path: str = "/") -> str:
        """Return the URL of a path, for a callback or for TwiML."""
        return f"{self._origin}{PREFIX}/{path.lstrip('/')}"

    def answer(
        self,
        path: str,
        status: int | Sequence[int] = 200,
        *,
        body: str = "",
        content_type: str = XML,
        delay_seconds: float = 0.0,
    ) -> str:
        """Say what a path answers from now on; return its URL.

        Of several statuses each answers one request, the last one all that follow.
        """
        statuses = [status] if isinstance(status, int) else list(status)
        if not statuses:
            raise ValueError("say one status at least")
        self._endpoints[_clean(path)] = _Endpoint(
            statuses=deque(statuses),
            status=statuses[-1],
            delay_seconds=delay_seconds,
            body=body,
            content_type=content_type,
        )
        return self.url(path)

    def requests(self, path: str | None = None) -> list[Received]:
        """Return all that came, to a path or to any, oldest first."""
        return [one for one in tuple(self._all) if _fits(one, path)]

    # --- in the server's event loop

    async def take(self, path: str | None, count: int, seconds: float) -> list[Received]:
        """Wait for so many requests that were not taken yet, and take them."""
        return await self._pulse.until(
            lambda: self._take(path, count), seconds, lambda: self._complaint(path, count)
        )

    async def serve(self, request: Request) -> Response:
        """Keep a request and answer it."""
        path = _clean(request.scope["path"].removeprefix(PREFIX))
        received = await self._read(request, path)
        self._all.append(received)
        self._untaken.append(received)
        self._pulse.beat()
        endpoint = self._endpoints.get(path, _Endpoint())
        status = endpoint.statuses.popleft() if endpoint.statuses else endpoint.status
        await asyncio.sleep(endpoint.delay_seconds)
        if status == 204:
            return Response(status_code=status)
        return Response(endpoint.body, status, media_type=endpoint.content_type)

    async def _take(self, path: str | None, count: int) -> list[Received] | None:
        found = [one for one in self._untaken if _fits(one, path)][:count]
        if len(found) < count:
            return None
        self._untaken = [one for one in self._untaken if not any(one is each for each in found)]
        return found

    def _complaint(self, path: str | None, count: int) -> str:
        where = "anywhere" if path is None else f"at {_clean(path)}"
        came = [one.path for one in self._untaken]
        return f"fewer than {count} new requests came {where}; what waits to be taken: {came}"

    async def _read(self, request: Request, path: str) -> Received:
        body = await request.body()
        query = dict(parse_qsl(request.url.query, keep_blank_values=True))
        fields = _fields(request.headers.get("content-type", ""), body)
        given = request.headers.get(signature.HEADER, "")
        signed = signature.matches(given, self._auth_token, str(request.url), fields)
        return Received(
            path=path,
            method=request.method,
            fields=fields or query,
            headers=dict(request.headers),
            body=body,
            signed=signed,
        )


def _fields(content_type: str, body: bytes) -> dict[str, str]:
    """Return what a body says; nothing if it is neither a form nor a JSON object of strings."""
    try:
        if content_type.startswith("application/json"):
            return msgspec.json.decode(body, type=dict[str, str])
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except (msgspec.DecodeError, ValueError):
        return {}


def _clean(path: str) -> str:
    return f"/{path.strip('/')}"


def _fits(received: Received, path: str | None) -> bool:
    return path is None or received.path == _clean(path)
