"""Group commit: what many decisions change goes into one transaction.

A sync of the disk costs the same for one change as for a hundred. While one transaction runs, the
decisions of that time gather; they make up the next one.

Invariants
- The order of submission is the order of writing, within a batch and between batches.
- A decision is written whole, in one transaction, or not at all.
- ``commit`` returns when its changes are durable and raises if they are not and never will be. Only
  a caller that was cancelled does not know: what it submitted is still written, because later
  decisions may build on it.
- A batch that fails is written again decision by decision: one that cannot be written does not fail
  its neighbours, and each caller gets its own error.
- At most one write is under way. While there is nothing to write there is no task.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from midcall.model.errors import Unavailable

ChangeT = TypeVar("ChangeT")

BATCH_CHANGES: Final = 256
"""Changes in one transaction. Past some dozens the sync's share of each is small already, and a
longer transaction only makes the next batch wait longer."""

WAITING_CHANGES: Final = 20_000
"""Changes that may wait for their transaction: about a second's worth. Past it, callers are told to
come again later, rather than after their clients have given up."""

CLOSE_SECONDS: Final = 30.0
"""How long ``close`` waits for the disk."""


class JournalFull(Unavailable):
    """More changes wait than may. ``waiting`` counts them."""

    def __init__(self, waiting: int) -> None:
        super().__init__(waiting)
        self.waiting = waiting


class JournalClosed(Unavailable):
    """The journal takes no more changes: the server is stopping."""


class _Decision(NamedTuple, Generic[ChangeT]):
    """The changes of one caller, and where it waits for them."""

    changes: Sequence[ChangeT]
    durable: asyncio.Future[None]

    def succeed(self) -> None:
        # A caller that was cancelled has taken its future with it.
        if not self.durable.done():
            self.durable.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.durable.done():
            self.durable.set_exception(error)


class Journal(Generic[ChangeT]):
    """The one way to write. ``write`` writes changes in one transaction, or raises."""

    def __init__(
        self,
        write: Callable[[Sequence[ChangeT]], Awaitable[None]],
        *,
        batch_changes: int = BATCH_CHANGES,
        waiting_changes: int = WAITING_CHANGES,
    ) -> None:
        self._write = write
        self._batch_changes: Final = batch_changes
        self._waiting_changes: Final = waiting_changes
        self._waiting: deque[_Decision[ChangeT]] = deque()
        self._count = 0
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def commit(self, changes: Sequence[ChangeT]) -> None:
        """Return when the changes are durable.

        Raises what ``write`` raised for these changes alone, ``JournalFull`` if too much waits
        already, ``JournalClosed`` after ``close``; nothing of them was written then.
        """
        if self._closed:
            raise JournalClosed
        if not changes:
            return
        if self._count and self._count + len(changes) > self._waiting_changes:
            raise JournalFull(self._count)
        durable = asyncio.get_running_loop().create_future()
        self._waiting.append(_Decision(tuple(changes), durable))
        self._count += len(changes)
        if self._task is None:
            self._task = asyncio.create_task(self._write_all(), name="journal")
        await durable

    async def close(self, *, within_seconds: float = CLOSE_SECONDS) -> None:
        """Take no more changes and return when all that were submitted have been written.

        Raises ``TimeoutError`` if that takes too long.
        """
        self._closed = True
        if self._task is not None:
            async with asyncio.timeout(within_seconds):
                await asyncio.shield(self._task)

    async def _write_all(self) -> None:
        batch: list[_Decision[ChangeT]] = []
        try:
            while self._waiting:
                batch = self._next_batch()
                await self._write_batch(batch)
        finally:
            # Something is left only when the event loop ends and has cancelled this task. Whether
            # the last batch was written, nobody knows then; nobody is left waiting for it either.
            for decision in (*batch, *self._waiting):
                decision.durable.cancel()
            self._waiting.clear()
            self._count = 0
            self._task = None

    def _next_batch(self) -> list[_Decision[ChangeT]]:
        """Take decisions in order: one at least, then as many as fit."""
        batch = [self._waiting.popleft()]
        size = len(batch[0].changes)
        while self._waiting and size + len(self._waiting[0].changes) <= self._batch_changes:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].changes)
        self._count -= size
        return batch

    async def _write_batch(self, batch: Sequence[_Decision[ChangeT]]) -> None:
        try:
            await self._write([change for decision in batch for change in decision.changes])
        except Exception as error:
            if len(batch) == 1:
                batch[0].fail(error)
                return
            for decision in batch:
                await self._write_batch([decision])
        else:
            for decision in batch:
                decision.succeed()
