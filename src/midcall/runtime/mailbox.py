"""A serial queue with one taker: letters are taken together, in order, one batch at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from midcall.model.errors import Unavailable

log = structlog.get_logger()

BATCH_LETTERS = 256
"""The most letters taken at once, so that one batch's commit stays short."""

WAITING_LETTERS = 10_000
"""The mark: a mailbox that falls this far behind takes no more questions."""


class Letter:
    """A work in a mailbox, and the future of its answer if somebody waits for it."""

    __slots__ = ("_future", "kept", "work")

    def __init__(self, work: Any, future: asyncio.Future[Any] | None) -> None:
        self.work = work
        self.kept = future is None
        self._future = future

    def answer(self, value: Any, /) -> None:
        """Give the answer to whoever waits for it, if they still do."""
        if self._future is not None and not self._future.done():
            self._future.set_result(value)

    def refuse(self, reason: Exception, /) -> None:
        """Raise where the answer is waited for, if it still is."""
        if self._future is not None and not self._future.done():
            self._future.set_exception(reason)


class Mailbox:
    """Letters for one taker, which runs in a task of its own while there are any.

    The taker is never run twice at once. An exception of the taker refuses its batch and is logged;
    the mailbox goes on.
    """

    def __init__(self, name: str, take: Callable[[Sequence[Letter]], Awaitable[None]]) -> None:
        self._name = name
        self._take = take
        self._letters: list[Letter] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What works the letters off, while there are any."""
        return self._task

    def post(self, work: Any, /) -> None:
        """Add a work whose answer nobody waits for; after ``close`` it is dropped.

        Posts have no mark: they are events that nobody would send again, and each kind of them is
        bounded where it comes from.
        """
        if not self._closed:
            self._add(Letter(work, None))

    async def ask(self, work: Any, /) -> Any:
        """Add a work and wait for its answer.

        Raises ``Unavailable`` past the mark and after ``close``, and what the taker refuses the
        work with.
        """
        if self._closed or len(self._letters) >= WAITING_LETTERS:
            raise Unavailable()
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._add(Letter(work, future))
        return await future

    def close(self) -> None:
        """Take nothing more; what waits is still worked off."""
        self._closed = True

    def _add(self, letter: Letter) -> None:
        self._letters.append(letter)
        if self._task is None:
            self._task = asyncio.create_task(self._work_off(), name=self._name)

    async def _work_off(self) -> None:
        try:
            while self._letters:
                batch = self._letters[:BATCH_LETTERS]
                del self._letters[:BATCH_LETTERS]
                await self._take_batch(batch)
        finally:
            self._task = None

    async def _take_batch(self, batch: Sequence[Letter]) -> None:
        try:
            await self._take(batch)
        except Exception as error:
            log.exception("A mailbox failed", mailbox=self._name)
            for letter in batch:
                letter.refuse(error)
