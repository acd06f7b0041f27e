"""``midcall bench``: how many messages this machine takes, beside what its disk and network take.

A figure of one machine says nothing about another. So the same run measures what every message
costs anyway, one at a time: a synced SQLite commit on the same disk, and an HTTP round trip to the
same server. Latencies are told as multiples of these.

The server is a process of its own, with its store in a directory that is removed at the end. The
clients are in this process: they and the server share the machine, and take from each other.
"""

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import aiohttp
import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from midcall.cli.asking import Rest
from midcall.cli.bench_report import Phase, Report, measured, print_report
from midcall.cli.bench_server import Bench, running
from midcall.cli.printing import show_json
from midcall.cli.program import Json, app
from midcall.cli.refusing import Refused, run
from midcall.client import Call, Device, Message, VoiceError

REFERENCE_SECONDS: Final = 0.5
"""How long each reference is measured."""

LATE_SECONDS: Final = 30.0
"""How long the last messages may take to arrive."""

HOLD: Final = '<Response><Pause length="36000"/></Response>'

CONTENT: Final = '{"bench":"a message of usual size","items":[1,2,3]}'

Tick = Callable[[], None]
Count = Annotated[int, Parameter(validator=Number(gte=1))]


@app.command
def bench(
    *, calls: Count = 20, messages: Count = 50, seconds: Count = 60, as_json: Json = False
) -> int:
    """Measure how many messages a second this machine takes, in a server of its own.

    Client and server share the machine: a server alone takes more.

    Parameters
    ----------
    calls
        How many calls send and receive at the same time.
    messages
        How many messages each call sends and receives, one after another.
    seconds
        How long it may take; what was not sent by then is left out.
    as_json
        Print JSON, for programs.
    """
    return run(_bench(calls, messages, seconds, as_json=as_json))


async def _bench(calls: int, messages: int, seconds: int, *, as_json: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="midcall-bench-") as name:
        directory = Path(name)
        commits = await asyncio.to_thread(_time_commits, directory)
        try:
            async with running(directory) as site, AsyncExitStack() as stack:
                rest = await stack.enter_async_context(_asking(site, calls))
                trips = await _time_round_trips(site)
                legs = await _dial_all(site, rest, stack, calls)
                until = asyncio.get_running_loop().time() + seconds
                with _progress(as_json) as progress:
                    down = await _down(
                        rest, legs, messages, until, _ticking(progress, "down", legs, messages)
                    )
                    up = await _up(legs, messages, until, _ticking(progress, "up", legs, messages))
        except (VoiceError, TimeoutError) as error:
            raise Refused(
                f"the bench broke off: {str(error) or 'something took too long'}"
            ) from error
    report = Report(
        calls=calls,
        processors=os.cpu_count() or 1,
        commit=measured(commits),
        round_trip=measured(trips),
        downlink=down,
        uplink=up,
    )
    if as_json:
        show_json(report)
    else:
        print_report(report)


# --- what is measured beside it


def _time_commits(directory: Path) -> list[float]:
    """Time commits as the store makes them: write-ahead log, synced, one row each."""
    connection = sqlite3.connect(directory / "reference.db", isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE reference (content TEXT)")

        def commit() -> None:
            connection.execute("INSERT INTO reference VALUES (?)", [CONTENT])

        times: list[float] = []
        until = time.perf_counter() + REFERENCE_SECONDS
        while (began := time.perf_counter()) < until:
            commit()
            times.append(time.perf_counter() - began)
        return times
    finally:
        connection.close()


async def _time_round_trips(site: Bench) -> list[float]:
    """Time the least that the server answers, on one connection."""
    times: list[float] = []
    async with aiohttp.ClientSession() as session:
        until = time.perf_counter() + REFERENCE_SECONDS
        while (began := time.perf_counter()) < until:
            async with session.get(f"{site.url}/healthz") as response:
                await response.read()
            times.append(time.perf_counter() - began)
    # The first one opened the connection.
    return times[1:] or times


# --- messages


class _Leg:
    """One call, and when each of its messages came."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.came: dict[str, asyncio.Future[float]] = {}
        call.on("message_received", self._note)

    def expect(self, sid: str) -> asyncio.Future[float]:
        """Return when a message comes; it may have come before its 201."""
        return self.came.setdefault(sid, asyncio.get_running_loop().create_future())

    def _note(self, message: Message) -> None:
        coming = self.expect(message.voice_event_sid)
        if not coming.done():
            coming.set_result(time.perf_counter())


async def _dial_all(site: Bench, rest: Rest, stack: AsyncExitStack, calls: int) -> list[_Leg]:
    application = await rest.ask("POST", "Applications", VoiceTwiml=HOLD)
    legs: list[_Leg] = []
    for number in range(calls):
        token = site.token(f"bench-{number}", application["sid"])
        device = await stack.enter_async_context(Device(token, url=site.url))
        call = await device.connect()
        await call.wait_for("accept", LATE_SECONDS)
        legs.append(_Leg(call))
    return legs


async def _down(rest: Rest, legs: list[_Leg], messages: int, until: float, tick: Tick) -> Phase:
    """Send from the server application to the apps: 201s, and when each app had its message."""
    accepted: list[float] = []
    arriving: list[tuple[float, asyncio.Future[float]]] = []

    async def send(leg: _Leg) -> None:
        began = time.perf_counter()
        path = f"Calls/{leg.call.call_sid}/UserDefinedMessages"
        made = await rest.ask("POST", path, Content=CONTENT)
        accepted.append(time.perf_counter() - began)
        arriving.append((began, leg.expect(made["sid"])))
        tick()

    began = time.perf_counter()
    await _in_parallel(legs, messages, until, send)
    async with asyncio.timeout(LATE_SECONDS):
        ends = [(start, await coming) for start, coming in arriving]
    elapsed = max((end for _, end in ends), default=began) - began
    return Phase(
        messages=len(ends),
        per_second=len(ends) / elapsed if elapsed else 0.0,
        durable=measured(accepted),
        arrived=measured([end - start for start, end in ends]),
    )


async def _up(legs: list[_Leg], messages: int, until: float, tick: Tick) -> Phase:
    """Send from the apps to the server, which acknowledges what it has on disk."""
    acknowledged: list[float] = []
    content: Any = msgspec.json.decode(CONTENT)

    async def send(leg: _Leg) -> None:
        began = time.perf_counter()
        await leg.call.send_message(content)
        acknowledged.append(time.perf_counter() - began)
        tick()

    began = time.perf_counter()
    await _in_parallel(legs, messages, until, send)
    elapsed = time.perf_counter() - began
    return Phase(
        messages=len(acknowledged),
        per_second=len(acknowledged) / elapsed,
        durable=measured(acknowledged),
        arrived=None,
    )


async def _in_parallel(
    legs: list[_Leg], messages: int, until: float, send: Callable[[_Leg], Awaitable[None]]
) -> None:
    """Have every call send so many messages, one after another, as long as there is time."""
    loop = asyncio.get_running_loop()

    async def work(leg: _Leg) -> None:
        for _ in range(messages):
            if loop.time() >= until:
                return
            await send(leg)

    # The first that fails ends the run, and everybody's connections with it.
    await asyncio.gather(*map(work, legs))


# --- around it


@asynccontextmanager
async def _asking(site: Bench, calls: int) -> AsyncIterator[Rest]:
    async with aiohttp.ClientSession(
        headers={"Authorization": aiohttp.encode_basic_auth(site.account_sid, site.auth_token)},
        timeout=aiohttp.ClientTimeout(total=LATE_SECONDS),
        connector=aiohttp.TCPConnector(limit=calls),
    ) as session:
        yield Rest(session, site.url, site.account_sid)


def _progress(as_json: bool) -> Progress:
    # Not where the results go: those may be piped on.
    terminal = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=terminal,
        transient=True,
        disable=as_json or not terminal.is_terminal,
    )


def _ticking(progress: Progress, what: str, legs: list[_Leg], messages: int) -> Tick:
    names = {"down": "server to apps", "up": "apps to server"}
    task = progress.add_task(names[what], total=len(legs) * messages)
    return partial(progress.advance, task)
