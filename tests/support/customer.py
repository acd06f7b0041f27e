"""A customer's web server: TwiML for calls, and a place for callbacks to arrive at."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import NamedTuple

import msgspec
from aiohttp import web

from tests.support.softphone import PATIENCE_SECONDS

DIAL = """\
<Response><Dial {attributes}><Client statusCallback="{status}"
  statusCallbackEvent="initiated ringing answered completed">{identity}</Client></Dial></Response>
"""


class Received(NamedTuple):
    """A request: its fields, from a form or a JSON object, and its headers."""

    fields: dict[str, str]
    headers: dict[str, str]


class Customer:
    """Answers each path with what the test put there, and keeps what came.

    A path in ``held`` is answered only once its event is set, one in ``statuses`` with that status.
    One in ``answers`` is answered with the status that its function gives, which is asked as soon
    as the request is there; the function keeps what came.
    """

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}
        self.statuses: dict[str, int] = {}
        self.answers: dict[str, Callable[[Received], Awaitable[int]]] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.received: defaultdict[str, list[Received]] = defaultdict(list)
        self._arrived = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def __aenter__(self) -> "Customer":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for event in self.held.values():
            event.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def url(self, path: str) -> str:
        """Return the URL of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def dials(self, identity: str, attributes: str = "") -> str:
        """Have a Voice URL that dials an identity; return it."""
        path = f"/voice/{identity}"
        self.documents[path] = DIAL.format(
            identity=identity, attributes=attributes, status=self.url("/status")
        )
        return self.url(path)

    def hold(self, path: str) -> asyncio.Event:
        """Leave requests for a path unanswered until the event is set."""
        self.held[path] = asyncio.Event()
        return self.held[path]

    async def arrived(self, path: str, number: int = 1) -> list[Received]:
        """Wait until so many requests for a path have come; return all of them."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._arrived:
            await self._arrived.wait_for(lambda: len(self.received[path]) >= number)
        return self.received[path]

    async def status(self, *statuses: str) -> dict[str, str]:
        """Wait for the status callback of one of these stages; return its fields."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._arrived:
            while True:
                for came in self.received["/status"]:
                    if came.fields["CallStatus"] in statuses:
                        return came.fields
                await self._arrived.wait()

    async def _answer(self, request: web.Request) -> web.Response:
        if request.content_type == "application/json":
            fields = msgspec.json.decode(await request.read(), type=dict[str, str])
        else:
            fields = {name: str(value) for name, value in (await request.post()).items()}
        received = Received(fields, dict(request.headers))
        if request.path in self.answers:
            return web.Response(status=await self.answers[request.path](received))
        async with self._arrived:
            self.received[request.path].append(received)
            self._arrived.notify_all()
        if request.path in self.held:
            await self.held[request.path].wait()
        document = self.documents.get(request.path)
        if request.path in self.statuses:
            return web.Response(status=self.statuses[request.path])
        if document is None:
            return web.Response(status=204)
        return web.Response(text=document, content_type="text/xml")
