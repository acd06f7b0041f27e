"""Open a SQLite file so that what is committed stays: its lock, its permissions, its settings.

Invariants
- One server a file. The lock lies beside the file, not on it: closing any descriptor of a file
  drops every POSIX lock that the process has on it, SQLite's own included (fcntl(2)). The kernel
  lets go of it when the process dies, however it dies.
- The file holds secrets: only its owner may read it.
- Every connection writes ahead (WAL), so that readers and the writer do not wait for each other,
  and syncs at every commit, so that a commit survives the loss of power.
- What is removed is overwritten in the file.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from midcall.store.faults import StoreFileUnusable, StoreInUse, UnknownStoreUrl

MEMORY: Final = ":memory:"

BUSY_SECONDS: Final = 10.0
"""How long a statement waits for another process, such as a backup; then the commit fails."""

WAL_BYTES: Final = 64 * 1024 * 1024
"""What a write-ahead log that had to grow is cut back to when it starts over."""

CACHE_KIBIBYTES: Final = 16 * 1024
"""Pages kept in memory, for each connection."""


def location(url: str) -> Path | None:
    """Return the file that a URL names, ``None`` for memory; raise ``UnknownStoreUrl``."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise UnknownStoreUrl(url.partition(":")[0]) from error
    plain = parsed.host is None and not parsed.query
    if parsed.drivername != "sqlite" or not plain or not parsed.database:
        raise UnknownStoreUrl(parsed.drivername)
    return None if parsed.database == MEMORY else Path(parsed.database)


class FileLock:
    """The right to be the only server on a file."""

    def __init__(self, path: Path) -> None:
        """Take the lock; raise ``StoreInUse`` if another process has it."""
        self._descriptor = _opened(path.with_name(f"{path.name}-lock"), path)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(self._descriptor, 20).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise StoreInUse(path, owner) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others have the file. The lock's own file stays: removing it would be a race."""
        os.close(self._descriptor)


def make_file(path: Path) -> None:
    """Make sure that the file is there, readable for its owner only if it is new."""
    new = not path.exists()
    os.close(_opened(path, path))
    if new:
        _sync_directory(path.absolute().parent)


def connect(path: Path | None, *, max_pages: int | None = None) -> sqlite3.Connection:
    """Open a connection that may write; raise ``StoreFileUnusable`` if that cannot be.

    ``max_pages`` limits how far the file may grow, in pages of 4,096 bytes.
    """
    with _new_connection(path) as connection:
        if path is not None:
            _set_up_durability(connection, path)
        connection.execute("PRAGMA foreign_keys = ON")
        # What is removed is overwritten, and not merely left out.
        connection.execute("PRAGMA secure_delete = ON")
        if max_pages is not None:
            connection.execute(f"PRAGMA max_page_count = {int(max_pages)}")
        return connection


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """Open a connection that may not write; raise ``StoreFileUnusable`` if that cannot be."""
    with _new_connection(path) as connection:
        connection.execute("PRAGMA query_only = ON")
        return connection


@contextmanager
def _new_connection(path: Path | None) -> Iterator[sqlite3.Connection]:
    """Open a connection and close it again if setting it up fails."""
    with _refusals(path), ExitStack() as opened:
        connection = sqlite3.connect(
            MEMORY if path is None else path,
            timeout=BUSY_SECONDS,
            isolation_level=None,  # transactions begin where the code says so
            check_same_thread=False,  # one thread at a time; which one, the pool decides
            cached_statements=256,  # more than are in use: each is parsed once
        )
        opened.callback(connection.close)
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        yield connection
        opened.pop_all()


@contextmanager
def _refusals(path: Path | None) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreFileUnusable(path or Path(MEMORY), str(error)) from error


def _set_up_durability(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreFileUnusable(path, "its file system does not allow a write-ahead log")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")


def _opened(path: Path, store: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreFileUnusable(store, error.strerror or str(error)) from error


def _sync_directory(path: Path) -> None:
    """Make a new file's name as durable as its content will be."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
