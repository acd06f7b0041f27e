"""``midcall demo``: a server in memory and two softphones play a call, and say what happens.

The demo worked if all of this came true, and each step has a deadline:

1. alice calls bob, who answers;
2. what alice's app says is acknowledged, and reaches the server application as a signed callback;
3. what the server application says reaches alice's app, and the receipt says so;
4. bob hangs up, and both legs are completed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import aiohttp
import msgspec
from rich.text import Text
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from midcall.app import logs
from midcall.app.bootstrap import mint_token
from midcall.app.embedding import Embedded, embedded, listen_anywhere, settings_for
from midcall.app.time import utc_now
from midcall.cli.asking import Rest
from midcall.cli.printing import console, show_json
from midcall.cli.program import Json, app
from midcall.cli.refusing import Refused, run
from midcall.client import Call, Device, VoiceError
from midcall.wire import signature

STEP_SECONDS: Final = 10.0
"""How long a step may take: far more than any does."""

CALLBACKS: Final = "/demo/messages"
RECEIPTS: Final = "/demo/receipts"

COLOURS: Final = {"server": "cyan", "alice": "green", "bob": "magenta", "application": "yellow"}

Result = TypeVar("Result")


class Step(msgspec.Struct, frozen=True):
    """One thing that happened: how long after the start, to whom, and what."""

    seconds: float
    who: str
    what: str


@dataclass(slots=True)
class Story:
    """What happened, told as it happens unless it is for programs."""

    quiet: bool
    steps: list[Step] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def tell(self, who: str, what: str) -> None:
        """Tell one thing."""
        step = Step(round(time.monotonic() - self.began, 4), who, what)
        self.steps.append(step)
        if not self.quiet:
            line = Text(f"{step.seconds:8.3f} s  ")
            line.append(f"{who:<12}", style=COLOURS[who])
            console().print(line.append(what))


@app.command
def demo(*, as_json: Json = False) -> int:
    """Play a call with messages both ways in a server of its own, and tell what happens.

    Nothing is kept, and nothing needs to run before. The exit code is 0 only if all of it worked.

    Parameters
    ----------
    as_json
        Print JSON, for programs.
    """
    logs.configure("error", "text")
    story = Story(quiet=as_json)
    code = run(_demonstrate(story))
    if as_json:
        show_json({"worked": code == 0, "steps": story.steps})
    elif code == 0:
        print("\nAll of it worked.")
    return code


async def _demonstrate(story: Story) -> None:
    try:
        async with _site() as (site, application), _asking(site) as rest:
            story.tell("server", f"is ready at {site.url}, in memory, without audio")
            async with _device(site, "alice") as alice, _device(site, "bob") as bob:
                await _Play(story, application, rest).play(alice, bob)
        story.tell("server", "has stopped")
    except (TimeoutError, VoiceError) as error:
        last = story.steps[-1] if story.steps else None
        behind = f" behind '{last.who} {last.what}'" if last is not None else ""
        reason = str(error) or f"nothing happened for {STEP_SECONDS:g} s"
        raise Refused(f"the demo failed{behind}: {reason}") from error


class _Application:
    """A customer's server: keeps the callbacks that are rightly signed."""

    def __init__(self, site: Embedded) -> None:
        self._origin = site.url
        self._auth_token = site.credentials.account.auth_token
        self._came: dict[str, asyncio.Queue[Mapping[str, str]]] = {
            path: asyncio.Queue() for path in (CALLBACKS, RECEIPTS)
        }
        site.app.router.routes[:0] = [
            Route(path, self._take, methods=["POST"]) for path in self._came
        ]

    def url(self, path: str) -> str:
        return f"{self._origin}{path}"

    async def next(self, path: str) -> Mapping[str, str]:
        """Wait for the next callback."""
        return await _in_time(self._came[path].get())

    async def _take(self, request: Request) -> Response:
        body, path = await request.body(), request.url.path
        fields: dict[str, str] = (
            msgspec.json.decode(body, type=dict[str, str])
            if path == CALLBACKS
            else dict(parse_qsl(body.decode()))
        )
        given = request.headers.get(signature.HEADER, "")
        if not signature.matches(given, self._auth_token, self.url(path), fields):
            return Response(status_code=403)
        self._came[path].put_nowait(fields)
        return Response(status_code=204)


class _Play:
    """The call, act by act."""

    def __init__(self, story: Story, application: _Application, rest: Rest) -> None:
        self._tell = story.tell
        self._application = application
        self._rest = rest

    async def play(self, alice: Device, bob: Device) -> None:
        """Play it; raise ``Refused``, ``VoiceError`` or ``TimeoutError`` where it goes wrong."""
        parent, child = await self._call(alice, bob)
        await self._say_up(parent)
        await self._say_down(parent)
        await self._end(parent, child)

    async def _call(self, alice: Device, bob: Device) -> tuple[Call, Call]:
        for name, device in (("alice", alice), ("bob", bob)):
            await _in_time(device.register())
            self._tell(name, "is registered")
        coming = asyncio.ensure_future(bob.wait_for("incoming", STEP_SECONDS))
        parent = await _in_time(alice.connect({"To": "bob"}))
        await parent.wait_for("ringing", STEP_SECONDS)
        self._tell("alice", f"calls bob: {parent.call_sid}")
        child: Call = await coming
        self._tell("bob", f"rings: {child.call_sid}")
        await _in_time(child.accept())
        await parent.wait_for("accept", STEP_SECONDS)
        self._tell("bob", "has answered")
        return parent, child

    async def _say_up(self, call: Call) -> None:
        path = f"Calls/{call.call_sid}/UserDefinedMessageSubscriptions"
        made = await self._rest.ask("POST", path, Callback=self._application.url(CALLBACKS))
        self._tell("application", f"subscribes to alice's messages: {made['sid']}")
        said = {"from": "alice's app", "items": 3}
        sid = await _in_time(call.send_message(said))
        self._tell("alice", f"says {_text(said)}, and the server has it on disk: {sid}")
        came = await self._application.next(CALLBACKS)
        _insist(came["Sid"] == sid and msgspec.json.decode(came["Content"]) == said, "the callback")
        self._tell("application", f"is told of it, rightly signed: {came['Content']}")

    async def _say_down(self, call: Call) -> None:
        coming = asyncio.ensure_future(call.wait_for("message_received", STEP_SECONDS))
        said = {"from": "the application", "total": 29.7}
        made = await self._rest.ask(
            "POST",
            f"Calls/{call.call_sid}/UserDefinedMessages",
            Content=_text(said),
            StatusCallback=self._application.url(RECEIPTS),
        )
        self._tell("application", f"says {_text(said)}: {made['sid']}")
        message = await coming
        _insist((message.voice_event_sid, message.content) == (made["sid"], said), "the message")
        self._tell("alice", f"is told {_text(message.content)}")
        receipt = await self._application.next(RECEIPTS)
        _insist((receipt["Sid"], receipt["MessageStatus"]) == (made["sid"], "delivered"), "receipt")
        self._tell("application", "has the receipt: delivered")

    async def _end(self, parent: Call, child: Call) -> None:
        await _in_time(child.disconnect())
        await parent.wait_for("disconnect", STEP_SECONDS)
        self._tell("bob", "hangs up")
        for call in (parent, child):
            kept = await self._rest.ask("GET", f"Calls/{call.call_sid}")
            _insist(kept["status"] == "completed", "the status of a call that was hung up")
        self._tell("server", "has completed both legs")


@asynccontextmanager
async def _site() -> AsyncIterator[tuple[Embedded, _Application]]:
    listeners = listen_anywhere()
    async with embedded(settings_for(listeners), listeners) as site:
        yield site, _Application(site)


@asynccontextmanager
async def _asking(site: Embedded) -> AsyncIterator[Rest]:
    account = site.credentials.account
    async with aiohttp.ClientSession(
        headers={"Authorization": aiohttp.encode_basic_auth(account.sid, account.auth_token)},
        timeout=aiohttp.ClientTimeout(total=STEP_SECONDS),
    ) as session:
        yield Rest(session, site.url, account.sid)


def _device(site: Embedded, identity: str) -> Device:
    return Device(mint_token(site.credentials, identity, utc_now()), url=site.url)


async def _in_time(what: Awaitable[Result]) -> Result:
    async with asyncio.timeout(STEP_SECONDS):
        return await what


def _insist(true: bool, what: str) -> None:
    if not true:
        raise Refused(f"{what} is not what it should be")


def _text(content: Any) -> str:
    return msgspec.json.encode(content).decode()
