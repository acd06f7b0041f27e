"""What was removed is in the store's files no more."""

import asyncio
import sqlite3
from pathlib import Path

import msgspec

from midcall.core.ports import (
    AddEntry,
    AddExchange,
    AddMessage,
    AddNotification,
    Change,
    NotificationFilter,
    Perishable,
    PutFamily,
    RemoveCall,
    RemoveContent,
    RemoveOld,
)
from midcall.model.calls import CallStatus
from midcall.model.messages import Direction
from midcall.store.sqlite import SqliteStore, open_store
from tests.contract.store.records import (
    ACCOUNT,
    NOW,
    after,
    call,
    call_sid,
    entry,
    exchange,
    family,
    message,
    message_sid,
    notification,
)

SAID = "4-7-1-1-said-in-the-call"
"""Stands in everything that is said in the call that is removed, and in nothing else."""

KEPT = "0-8-1-5-said-in-another"


def said(number: int, words: str, *, calls: int = 1) -> list[Change]:
    """Make calls that are over, and in them contents short and long, in every place."""
    changes: list[Change] = []
    for one in range(number, number + calls):
        of = call_sid(one)
        changes.append(PutFamily(family(call(one, status=CallStatus.COMPLETED, ended_at=NOW))))
        for position, length in enumerate((1, 40, 400)):
            content = f'"{words * length}"'
            up = message(position, of=of, direction=Direction.UPLINK)
            owed = entry(f"ZY-{one}", position, of=of, carries=message_sid(position))
            changes += [
                AddMessage(msgspec.structs.replace(up, content=content)),
                AddEntry(msgspec.structs.replace(owed, parameters={"Content": content})),
                AddExchange(msgspec.structs.replace(exchange(1, of=of), response_body=content)),
            ]
    return changes


def in_files(path: Path, words: str) -> list[str]:
    """Return which of the store's files have the words in them."""
    files = [one for one in path.parent.iterdir() if one.name.startswith(path.name)]
    return sorted(one.name for one in files if words.encode() in one.read_bytes())


async def test_removed_content_is_gone_from_the_file_and_the_log(tmp_path: Path) -> None:
    """While the store is open, neither its file nor its log has what was removed."""
    path = tmp_path / "store.db"
    store = await open_store(f"sqlite:///{path}")
    for number in range(0, 40, 2):
        await store.commit([*said(number, SAID), *said(number + 1, KEPT)])
    assert in_files(path, SAID)
    await store.commit([RemoveContent(call_sid(number)) for number in range(0, 20, 2)])
    await store.commit([RemoveCall(call_sid(number)) for number in range(20, 40, 2)])
    assert in_files(path, SAID) == []
    assert "store.db" in in_files(path, KEPT)
    assert (path.parent / "store.db-wal").stat().st_size == 0
    await store.close()
    assert in_files(path, SAID) == []


async def test_what_is_removed_by_its_age_is_gone_as_well(tmp_path: Path) -> None:
    """A notification shows what was sent and answered; it goes with all of it."""
    path = tmp_path / "store.db"
    store = await open_store(f"sqlite:///{path}")
    old = msgspec.structs.replace(notification(1, age=9), response_body=SAID)
    young = msgspec.structs.replace(notification(2), response_body=KEPT)
    await store.commit([AddNotification(old), AddNotification(young)])
    await store.commit([RemoveOld(Perishable.NOTIFICATION, after(-1))])
    assert in_files(path, SAID) == []
    found = await store.list_notifications(ACCOUNT, NotificationFilter(), offset=0, limit=9)
    assert found == [young]
    await store.close()


async def test_a_reader_delays_that_and_does_not_prevent_it(tmp_path: Path) -> None:
    """While another program reads the log it stays; the next removal takes it away."""
    path = tmp_path / "store.db"
    store = await open_store(f"sqlite:///{path}")
    await store.commit(said(1, SAID))
    backup = sqlite3.connect(path, isolation_level=None)
    backup.execute("BEGIN")
    backup.execute("SELECT count(*) FROM messages").fetchall()
    async with asyncio.timeout(10):
        await store.commit([RemoveContent(call_sid(1))])
    assert in_files(path, SAID) != []
    backup.execute("COMMIT")
    backup.close()
    # Nothing is old enough to be removed; looking is enough.
    await store.commit([RemoveOld(Perishable.BROADCAST, after(-9))])
    assert in_files(path, SAID) == []
    await store.close()


async def patience(store: SqliteStore) -> int:
    """Return for how many milliseconds a commit waits for another process."""
    return await store._threads.write(
        lambda connection: int(connection.execute("PRAGMA busy_timeout").fetchone()[0])
    )


async def test_emptying_the_log_leaves_the_connection_as_it_was(tmp_path: Path) -> None:
    """A commit after a removal waits for others as long as one before it."""
    store = await open_store(f"sqlite:///{tmp_path / 'store.db'}")
    before = await patience(store)
    await store.commit([*said(1, SAID), RemoveContent(call_sid(1))])
    assert await patience(store) == before
    await store.close()
