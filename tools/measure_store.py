"""Measure what the store costs, next to the bare driver in the same run.

    .venv/bin/python tools/measure_store.py [--seconds 0.5] [--rounds 5] [--directory DIR]

Every way of writing takes its turn for so many seconds, on a fresh file in DIR, in so many rounds;
the best round of each is printed, because other work on the machine can only make a round worse.
The bare driver inserts the same rows into the same tables with one prepared statement, in one
thread, from values made beforehand, and does nothing else. A row is a user-defined message
with 110 characters of content; an uplink is a message, its outbox entry and the head of its lane.
On a busy loop, the event loop's thread has no moment to spare while the store writes.
"""

import argparse
import asyncio
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from midcall.core.ports import AddEntry, AddMessage, Change
from midcall.model.endpoints import Endpoint
from midcall.model.messages import JSON_CONTENT_TYPE, Direction, UserDefinedMessage
from midcall.model.outbox import Entry, EntryKind
from midcall.model.sids import AccountSid, CallSid, MessageSid
from midcall.runtime.journal import Journal
from midcall.store import opening, rows, schema
from midcall.store.executing import prepared
from midcall.store.migrating import migrate
from midcall.store.sqlite import open_store
from midcall.store.writing import steps

NOW = datetime.now(UTC)
ACCOUNT = AccountSid("AC" + "0" * 32)
CONTENT = '{"key":"' + "x" * 100 + '"}'


class Figure(NamedTuple):
    """What one round gave. ``cpu`` is in microseconds a commit, over all threads."""

    per_second: float
    cpu: float


Way = Callable[[Path, float], Figure]
"""A way of writing, measured on a new file for so many seconds."""


class Round:
    """One round: so many seconds, and the commits in them."""

    def __init__(self, seconds: float) -> None:
        self.commits = 0
        self._start, self._cpu = time.perf_counter(), time.process_time()
        self._end = self._start + seconds

    def running(self) -> bool:
        """Tell whether there is time left."""
        return time.perf_counter() < self._end

    def figure(self) -> Figure:
        """Return what it gave."""
        seconds, cpu = time.perf_counter() - self._start, time.process_time() - self._cpu
        return Figure(self.commits / seconds, cpu / self.commits * 1e6)


def messages() -> Iterator[UserDefinedMessage]:
    """Make messages of a hundred calls, without end."""
    for number in itertools.count():
        yield UserDefinedMessage(
            sid=MessageSid(f"KX{number * 2654435761 % 2**64:032x}"),
            account_sid=ACCOUNT,
            call_sid=CallSid(f"CA{number % 100:032x}"),
            direction=Direction.UPLINK,
            position=number // 100,
            content=CONTENT,
            content_type=JSON_CONTENT_TYPE,
            created_at=NOW,
        )


def uplink(message: UserDefinedMessage) -> list[Change]:
    """Return what accepting an uplink changes: the message and the callback that it owes."""
    entry = Entry(
        lane=f"ZY{message.call_sid[2:]}",
        position=message.position,
        kind=EntryKind.USER_DEFINED_MESSAGE,
        account_sid=message.account_sid,
        call_sid=message.call_sid,
        endpoint=Endpoint("https://example.com/callback"),
        parameters={"Content": CONTENT, "Sid": message.sid, "CallSid": message.call_sid},
        token=message.sid,
        created_at=NOW,
        due_at=NOW,
        message_sid=message.sid,
    )
    return [AddMessage(message), AddEntry(entry)]


def bare(size: int, path: Path, seconds: float) -> Figure:
    """Insert message rows with the driver alone, so many in a commit."""
    source = messages()
    statement = next(steps(AddMessage(next(source)))).statement
    insert = prepared(statement)
    made = [
        insert.values(rows.MESSAGE.row(message)) for message in itertools.islice(source, 30_000)
    ]
    with closing(opening.connect(path)) as connection:
        migrate(connection, path)
        this = Round(seconds)
        for start in range(0, len(made) - size, size):
            if not this.running():
                break
            connection.execute("BEGIN IMMEDIATE")
            for row in made[start : start + size]:
                connection.execute(insert.sql, row)
            connection.execute("COMMIT")
            this.commits += 1
        return this.figure()


def core(size: int, path: Path, seconds: float) -> Figure:
    """Insert message rows through SQLAlchemy's engine, so many in a commit."""
    source = messages()
    with closing(opening.connect(path)) as connection:
        migrate(connection, path)
        engine = sa.create_engine(
            "sqlite://", creator=lambda: connection, poolclass=sa.pool.StaticPool
        )
        sa.event.listen(engine, "begin", lambda bound: bound.exec_driver_sql("BEGIN IMMEDIATE"))
        with engine.connect() as bound:
            this = Round(seconds)
            while this.running():
                with bound.begin():
                    for message in itertools.islice(source, size):
                        bound.execute(sa.insert(schema.messages), rows.MESSAGE.row(message))
                this.commits += 1
            return this.figure()


def store(size: int, path: Path, seconds: float) -> Figure:
    """Commit messages through the store, one commit after another."""

    async def measured() -> Figure:
        opened = await open_store(f"sqlite:///{path}")
        source = messages()
        this = Round(seconds)
        while this.running():
            await opened.commit([AddMessage(m) for m in itertools.islice(source, size)])
            this.commits += 1
        figure = this.figure()
        await opened.close()
        return figure

    return asyncio.run(measured())


def journal(callers: int, path: Path, seconds: float, *, busy: bool = False) -> Figure:
    """Let callers commit an uplink each, over and over, through the journal."""

    async def measured() -> Figure:
        opened = await open_store(f"sqlite:///{path}")
        writer = Journal(opened.commit)
        source = messages()
        this = Round(seconds)

        async def call() -> None:
            while this.running():
                await writer.commit(uplink(next(source)))
                this.commits += 1

        async def load() -> None:
            # In slices, as the work for a loaded server's connections comes.
            while this.running():
                end = time.perf_counter() + 0.0002
                while time.perf_counter() < end:
                    pass
                await asyncio.sleep(0)

        await asyncio.gather(*(call() for _ in range(callers)), *([load()] if busy else []))
        figure = this.figure()
        await opened.close()
        return figure

    return asyncio.run(measured())


def commits_of(size: int) -> dict[str, Way]:
    """Return the ways to write commits of so many messages."""
    return {
        f"bare driver, {size} rows a commit": partial(bare, size),
        f"SQLAlchemy Core, {size} rows a commit": partial(core, size),
        f"store, {size} rows a commit": partial(store, size),
    }


def uplinks(callers: tuple[int, ...], *, busy: bool = False) -> dict[str, Way]:
    """Return the ways to accept uplinks from so many callers at once."""
    when = ", busy loop" if busy else ""
    return {f"journal, {n} callers{when}": partial(journal, n, busy=busy) for n in callers}


GROUPS: list[tuple[int, dict[str, Way]]] = [
    (1, commits_of(1)),
    (32, commits_of(32)),
    (1, uplinks((1, 32, 256))),
    (1, uplinks((1, 32, 256), busy=True)),
]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--directory", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as made:
        for size, ways in GROUPS:
            report(size, ways, Path(made), options.rounds, options.seconds)


def report(size: int, ways: dict[str, Way], directory: Path, rounds: int, seconds: float) -> None:
    """Measure some ways in turns; print the best of each, next to the first."""
    figures: dict[str, list[Figure]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            figures[name].append(way(directory / f"{name}-{number}.db", seconds))
    first: Figure | None = None
    for name, measured in figures.items():
        best = Figure(max(f.per_second for f in measured), min(f.cpu for f in measured))
        first = first or best
        print(
            f"{name:46}{best.per_second:8,.0f} commits/s {best.per_second * size:8,.0f} rows/s"
            f"{best.cpu / size:7.0f} µs CPU a row   {best.per_second / first.per_second:5.2f}"
        )


if __name__ == "__main__":
    main()
