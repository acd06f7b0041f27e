"""Everything that is kept, in one SQLite file: the ``Store`` port for a server of its own.

Invariants
- Commits happen one after another, in the order in which they were asked for. A commit is one
  transaction; when it returns, the write-ahead log has been synced to the disk.
- A read that begins after a commit has returned sees it.
- No statement runs on the event loop's thread.
- A failed commit leaves nothing behind, and the next one finds the store as usable as before.
- A store in memory (``sqlite:///:memory:``, for tests) has one connection for everything.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from midcall.core.ports import Change
from midcall.store import executing, opening
from midcall.store.faults import StoreFileUnusable
from midcall.store.migrating import check_known, check_revision, migrate
from midcall.store.reading.accounts import AccountReading
from midcall.store.reading.calls import CallReading
from midcall.store.reading.messages import MessageReading
from midcall.store.reading.outbox import OutboxReading
from midcall.store.reading.requests import RequestReading
from midcall.store.reading.subscriptions import SubscriptionReading
from midcall.store.reading.timeline import TimelineReading
from midcall.store.sealing import Seal, find_seal, make_seal
from midcall.store.threads import Threads

READERS: Final = 3
"""Threads that read. SQLite reads in microseconds; this is enough for one slow list to hold up
nobody."""


async def open_store(
    url: str, master_key: str | None = None, *, max_pages: int | None = None
) -> "SqliteStore":
    """Open a store, make or migrate its tables.

    ``url`` is ``sqlite:///path`` (three slashes and a relative path, four and an absolute one) or
    ``sqlite:///:memory:``. ``master_key`` is what its secrets are sealed under; given for the first
    time, it seals them. ``max_pages`` limits how far the file may grow, in pages of 4,096 bytes.

    Raises a ``StoreUnusable``: the URL is not one of these, the file cannot be opened or is open in
    another server, a newer version has written it, or its secrets are sealed under another key.
    """
    return await asyncio.to_thread(_open, url, master_key, max_pages)


def _open(url: str, master_key: str | None, max_pages: int | None) -> "SqliteStore":
    path = opening.location(url)
    named = path or Path(opening.MEMORY)
    # What has been opened is closed again if a later step fails.
    with ExitStack() as opened:
        lock = None
        if path is not None:
            lock = opening.FileLock(path)
            opened.callback(lock.release)
            opening.make_file(path)
        writer = opening.connect(path, max_pages=max_pages)
        opened.callback(writer.close)
        check_known(writer, named)
        seal = find_seal(writer, named, master_key)
        migrate(writer, named)
        if master_key is not None and seal is None:
            seal = make_seal(writer, named, master_key)
        readers = []
        if path is not None:
            for _ in range(READERS):
                readers.append(opening.connect_for_reading(path))
                opened.callback(readers[-1].close)
        opened.pop_all()
    return SqliteStore(Threads(writer, readers), lock, seal)


async def open_for_reading(url: str, master_key: str | None = None) -> "SqliteStore":
    """Open a store beside the server that writes it; every commit is refused.

    Raises a ``StoreUnusable`` if there is no such file, another version has written it, or its
    secrets are sealed under another key than ``master_key``.
    """
    return await asyncio.to_thread(_open_for_reading, url, master_key)


def _open_for_reading(url: str, master_key: str | None) -> "SqliteStore":
    path = opening.location(url)
    if path is None or not path.is_file():
        raise StoreFileUnusable(path or Path(opening.MEMORY), "there is no such file")
    with ExitStack() as opened:
        reader = opening.connect_for_reading(path)
        opened.callback(reader.close)
        check_revision(reader, path)
        seal = find_seal(reader, path, master_key)
        opened.pop_all()
    return SqliteStore(Threads(reader, ()), None, seal)


class SqliteStore(
    AccountReading,
    CallReading,
    MessageReading,
    SubscriptionReading,
    OutboxReading,
    TimelineReading,
    RequestReading,
):
    """The ``Store`` port on SQLite. ``open_store`` makes one."""

    def __init__(
        self, threads: Threads, lock: opening.FileLock | None, seal: Seal | None = None
    ) -> None:
        super().__init__(threads, seal)
        self._lock = lock

    async def commit(self, changes: Sequence[Change]) -> None:
        """Write the changes in one transaction; they are durable when this returns.

        Raises ``AlreadyKept`` (``NumberTaken`` for a phone number), ``ChangeRefused`` or
        ``WriteFailed``; nothing was written then.
        """
        if self._seal is not None:
            changes = [self._seal.sealed(change) for change in changes]
        if changes:
            await self._threads.write(partial(executing.write, changes=tuple(changes)))

    async def close(self) -> None:
        """Finish what is under way, fold the log into the file, let go of the file."""
        await self._threads.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None
