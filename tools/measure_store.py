"""Measure what the store costs: commits a second, rows a second, next to the bare driver.

    .venv/bin/python tools/measure_store.py [--seconds 2] [--directory DIR] [--busy]

Every figure is measured on a fresh file in DIR, for so many seconds. The bare driver inserts the
same rows into the same tables with one prepared statement, in one thread, and does nothing else.
``--busy`` keeps the event loop's thread occupied, as a loaded server does, while the store writes.
"""

import argparse
import asyncio
import itertools
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

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


def accepted(message: UserDefinedMessage) -> list[Change]:
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


class Rate:
    """How often something happened, in how long."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.start = time.perf_counter()
        self.commits = 0

    def running(self) -> bool:
        """Tell whether there is time left."""
        return time.perf_counter() - self.start < self.seconds

    def per_second(self) -> float:
        """Return commits a second."""
        return self.commits / (time.perf_counter() - self.start)


def file_connection(directory: Path) -> sqlite3.Connection:
    """Open a fresh file with all tables."""
    path = Path(tempfile.mkdtemp(dir=directory)) / "store.db"
    connection = opening.connect(path)
    migrate(connection, path)
    return connection


def bare(directory: Path, size: int, seconds: float) -> float:
    """Insert message rows with the driver alone; return commits a second."""
    connection = file_connection(directory)
    source = messages()
    ((statement, _),) = steps(AddMessage(next(source)))
    sql, _ = prepared(statement)
    made = [rows.MESSAGE.row(next(source)) for _ in range(200_000)]
    batches = itertools.batched(made, size) if hasattr(itertools, "batched") else chunks(made, size)
    rate = Rate(seconds)
    for batch in batches:
        if not rate.running():
            break
        connection.execute("BEGIN IMMEDIATE")
        for row in batch:
            connection.execute(sql, row)
        connection.execute("COMMIT")
        rate.commits += 1
    result = rate.per_second()
    connection.close()
    return result


def chunks(made: list[rows.Row], size: int) -> Iterator[list[rows.Row]]:
    """Cut a list into pieces."""
    for start in range(0, len(made), size):
        yield made[start : start + size]


def core(directory: Path, size: int, seconds: float) -> float:
    """Insert message rows through SQLAlchemy's engine; return commits a second."""
    connection = file_connection(directory)
    engine = sa.create_engine(
        "sqlite://", creator=lambda: connection, poolclass=sa.pool.StaticPool
    )
    sa.event.listen(engine, "begin", lambda bound: bound.exec_driver_sql("BEGIN IMMEDIATE"))
    source = messages()
    rate = Rate(seconds)
    with engine.connect() as bound:
        while rate.running():
            with bound.begin():
                for message in itertools.islice(source, size):
                    bound.execute(sa.insert(schema.messages), rows.MESSAGE.row(message))
            rate.commits += 1
    result = rate.per_second()
    connection.close()
    return result


async def store(directory: Path, size: int, seconds: float) -> float:
    """Commit messages through the store, one commit at a time; return commits a second."""
    opened = await open_store(f"sqlite:///{tempfile.mkdtemp(dir=directory)}/store.db")
    source = messages()
    rate = Rate(seconds)
    while rate.running():
        await opened.commit([AddMessage(m) for m in itertools.islice(source, size)])
        rate.commits += 1
    result = rate.per_second()
    await opened.close()
    return result


async def journal(
    directory: Path,
    callers: int,
    seconds: float,
    changes: Callable[[UserDefinedMessage], list[Change]],
) -> float:
    """Let callers commit a message each, over and over, through the journal; return commits/s."""
    opened = await open_store(f"sqlite:///{tempfile.mkdtemp(dir=directory)}/store.db")
    writer = Journal(opened.commit)
    source = messages()
    rate = Rate(seconds)

    async def call() -> None:
        while rate.running():
            await writer.commit(changes(next(source)))
            rate.commits += 1

    await asyncio.gather(*(call() for _ in range(callers)))
    result = rate.per_second()
    await opened.close()
    return result


async def busy(seconds: float) -> None:
    """Use up the event loop's thread in slices, as a loaded server's connections do."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        slice_end = time.perf_counter() + 0.0002
        while time.perf_counter() < slice_end:
            pass
        await asyncio.sleep(0)


async def under_load(directory: Path, callers: int, seconds: float) -> float:
    """Measure the journal while the event loop's thread has no time to spare."""
    load = asyncio.create_task(busy(seconds), name="load")
    result = await journal(directory, callers, seconds, accepted)
    await load
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--directory", type=Path, default=None)
    parser.add_argument("--busy", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as made:
        report(Path(made), options.seconds, loaded=options.busy)


def report(directory: Path, seconds: float, *, loaded: bool) -> None:
    """Print every figure, each next to the bare driver's."""
    for size in (1, 32):
        base = bare(directory, size, seconds)
        for name, measured in (
            ("bare driver", base),
            ("SQLAlchemy Core", core(directory, size, seconds)),
            ("store.commit", asyncio.run(store(directory, size, seconds))),
        ):
            print(
                f"{name:24} {size:3} rows a commit {measured:9,.0f} commits/s "
                f"{measured * size:9,.0f} rows/s   {measured / base:.2f} of bare"
            )
    for callers in (1, 32, 256):
        figure = asyncio.run(journal(directory, callers, seconds, accepted))
        print(f"journal, {callers:3} callers     {figure:9,.0f} uplinks with a callback each /s")
    if loaded:
        for callers in (1, 32, 256):
            figure = asyncio.run(under_load(directory, callers, seconds))
            print(f"journal, {callers:3} callers     {figure:9,.0f} uplinks/s on a busy loop")


if __name__ == "__main__":
    main()
