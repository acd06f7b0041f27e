"""A store's file: who may have it, what happens to it, what it must be."""

import asyncio
import sqlite3
import stat
import sys
import threading
from pathlib import Path

import pytest

from midcall.core.ports import PutAccount
from midcall.store.faults import (
    SchemaTooNew,
    StoreFileUnusable,
    StoreInUse,
    StoreUnusable,
    WriteFailed,
)
from midcall.store.migrating import newest_revision
from midcall.store.sqlite import open_for_reading, open_store
from tests.contract.store.records import ACCOUNT, account


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file that is not there yet."""
    return tmp_path / "store.db"


@pytest.fixture
def url(path: Path) -> str:
    """Name the store in that file."""
    return f"sqlite:///{path}"


async def test_what_was_committed_is_there_when_the_store_is_opened_again(url: str) -> None:
    """A store that was closed and opened again has what it had."""
    store = await open_store(url)
    await store.commit([PutAccount(account())])
    await store.close()
    again = await open_store(url)
    assert await again.find_account(ACCOUNT) == account()
    await again.close()


async def test_closing_folds_the_log_into_the_file(url: str, path: Path) -> None:
    """A closed store is one file, to be copied as it is; beside it lies an empty-handed lock."""
    store = await open_store(url)
    await store.commit([PutAccount(account())])
    await store.close()
    beside = {one.name for one in path.parent.iterdir()}
    assert beside == {"store.db", "store.db-lock"}


async def test_closing_ends_every_thread(url: str) -> None:
    """No thread of the store outlives it."""
    before = set(threading.enumerate())
    store = await open_store(url)
    await store.commit([PutAccount(account())])
    await asyncio.gather(*(store.find_account(ACCOUNT) for _ in range(20)))
    names = {thread.name.partition("_")[0] for thread in set(threading.enumerate()) - before}
    assert names >= {"store-writer", "store-reader"}
    await store.close()
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not [name for name in left if name.startswith("store-")]


async def test_only_its_owner_may_read_the_file(url: str, path: Path) -> None:
    """The file holds secrets: neither it nor its companions are open to others."""
    store = await open_store(url)
    await store.commit([PutAccount(account())])
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    await store.close()
    assert {"store.db", "store.db-wal", "store.db-lock"} <= set(modes)
    assert set(modes.values()) == {0o600}


async def test_commits_are_synced_before_they_return(url: str, path: Path) -> None:
    """The log is written ahead and synced at every commit: power may fail after it."""
    store = await open_store(url)
    settings = await store._threads.write(
        lambda connection: [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    )
    await store.close()
    assert settings == ["wal", 2, 1]  # 2 is FULL


async def test_two_servers_do_not_open_one_file(url: str, path: Path) -> None:
    """The second is told which file it is and who has it; the first is undisturbed."""
    store = await open_store(url)
    with pytest.raises(StoreInUse) as refusal:
        await open_store(url)
    assert refusal.value.path == path
    assert refusal.value.owner.isdigit()
    await store.commit([PutAccount(account())])
    await store.close()
    await (await open_store(url)).close()


HOLD = """
import asyncio, sys
from midcall.store.sqlite import open_store
async def hold():
    store = await open_store(sys.argv[1])
    print("open", flush=True)
    await asyncio.Event().wait()
asyncio.run(hold())
"""


async def test_a_server_that_died_leaves_the_file_to_the_next(url: str) -> None:
    """The lock of another process holds while it lives and is gone when it is killed."""
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, url, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    async with asyncio.timeout(30):
        assert await holder.stdout.readline() == b"open\n"
    with pytest.raises(StoreInUse) as refusal:
        await open_store(url)
    assert refusal.value.owner == str(holder.pid)
    holder.kill()
    await holder.wait()
    await (await open_store(url)).close()


async def test_a_store_of_a_newer_version_is_refused(url: str, path: Path) -> None:
    """The refusal names both revisions, and the file can be opened by its own version after it."""
    await (await open_store(url)).close()
    with sqlite3.connect(path) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.close()
    with pytest.raises(SchemaTooNew, match="9999"):
        await open_store(url)
    with pytest.raises(SchemaTooNew, match="9999"):
        await open_for_reading(url)
    with sqlite3.connect(path) as again:
        again.execute("UPDATE alembic_version SET version_num = ?", [newest_revision()])
    again.close()
    await (await open_store(url)).close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(url: str, path: Path) -> None:
    """A path given by mistake costs nothing."""
    path.write_text("Dear diary, " * 100)
    before = path.read_bytes()
    for opening in (open_store, open_for_reading):
        with pytest.raises(StoreFileUnusable, match="not a database"):
            asyncio.run(opening(url))
    assert path.read_bytes() == before


async def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    """A missing directory and a directory instead of a file are named, with what is wrong."""
    with pytest.raises(StoreFileUnusable, match="No such file or directory"):
        await open_store(f"sqlite:///{tmp_path}/missing/store.db")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreFileUnusable, match="directory"):
        await open_store(f"sqlite:///{tmp_path}/folder")


async def test_a_reader_beside_the_server_sees_its_commits(url: str) -> None:
    """Another program may read what the server has committed, while it runs; it may not write."""
    server = await open_store(url)
    await server.commit([PutAccount(account())])
    reader = await open_for_reading(url)
    assert await reader.find_account(ACCOUNT) == account()
    await server.commit([PutAccount(account(friendly_name="Renamed"))])
    assert await reader.find_account(ACCOUNT) == account(friendly_name="Renamed")
    with pytest.raises(WriteFailed):
        await reader.commit([PutAccount(account())])
    await reader.close()
    await server.close()


@pytest.mark.parametrize("missing", ["sqlite:///:memory:", "sqlite:////nowhere/store.db"])
async def test_a_reader_makes_no_store(missing: str) -> None:
    """Where there is no store, reading is refused and nothing is made."""
    with pytest.raises(StoreUnusable, match="no such file"):
        await open_for_reading(missing)


def test_a_reader_wants_tables(url: str, path: Path) -> None:
    """An empty file is no store yet."""
    path.touch()
    with pytest.raises(StoreFileUnusable, match="no server"):
        asyncio.run(open_for_reading(url))


async def test_reads_and_the_loop_go_on_while_a_commit_waits(url: str, path: Path) -> None:
    """Another process that writes holds up commits, not reads and not the event loop."""
    store = await open_store(url)
    backup = sqlite3.connect(path, isolation_level=None)
    backup.execute("BEGIN IMMEDIATE")
    commit = asyncio.create_task(store.commit([PutAccount(account())]), name="commit")
    async with asyncio.timeout(10):
        for _ in range(10):
            assert await store.find_account(ACCOUNT) is None
    assert not commit.done()
    backup.execute("ROLLBACK")
    backup.close()
    await commit
    assert await store.find_account(ACCOUNT) == account()
    await store.close()
