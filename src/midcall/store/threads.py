"""The threads that touch the database: one that writes, a few that read.

Invariants
- What is to be written is written in the order in which it was asked for.
- A connection is used by one thread at a time.
- What waits for a thread is counted; past the mark, asking is refused at once.
- Whoever stops waiting leaves the others undisturbed. Work that has begun is finished.
- After ``close`` returns, no thread is left and every connection is closed.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final, TypeVar

from midcall.store.faults import StoreClosed, StoreOverloaded

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""What is done with a connection, in a thread."""

WAITING_LIMIT: Final = 10_000
"""Reads and commits that may wait for a thread; a second's worth, or there is no use in waiting."""


class Threads:
    """Threads and their connections. Without ``readers``, the writing thread reads as well."""

    def __init__(self, writer: sqlite3.Connection, readers: Sequence[sqlite3.Connection]) -> None:
        self._writer = writer
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for reader in readers:
            self._idle.put(reader)
        self._readers = tuple(readers)
        self._reading = (
            ThreadPoolExecutor(len(readers), thread_name_prefix="store-reader") if readers else None
        )
        self._waiting = 0
        self._closed = False

    async def write(self, work: Work[T]) -> T:
        """Run ``work`` on the connection that may write, after all that was asked for before."""
        return await self._run(self._writing, lambda: work(self._writer))

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` on a connection for reading."""
        if self._reading is None:
            return await self.write(work)
        return await self._run(self._reading, lambda: self._borrow(work))

    async def close(self) -> None:
        """Finish what was asked for, end the threads, close the connections."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._close)

    def _borrow(self, work: Work[T]) -> T:
        # There are as many connections as threads: this never waits.
        connection = self._idle.get_nowait()
        try:
            return work(connection)
        finally:
            self._idle.put(connection)

    async def _run(self, threads: Executor, work: Callable[[], T]) -> T:
        if self._closed:
            raise StoreClosed
        if self._waiting >= WAITING_LIMIT:
            raise StoreOverloaded(self._waiting)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, work)
        finally:
            self._waiting -= 1

    def _close(self) -> None:
        if self._reading is not None:
            self._reading.shutdown()
        self._writing.shutdown()
        for reader in self._readers:
            reader.close()
        # The last connection to go folds the write-ahead log into the file.
        self._writer.close()
