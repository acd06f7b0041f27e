"""Changes that nobody waits for: committed again and again, until they are durable.

What happened has happened, and nobody would tell of it a second time: that a message was sent, or
that its receipt came. While the disk is full it is kept in mind; what may happen meanwhile is
bounded where it comes from.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

import structlog

from midcall.model.errors import Unavailable
from midcall.runtime.journal import JournalClosed
from midcall.runtime.whereabouts import whereabouts

_log = structlog.get_logger(__name__)

ChangeT = TypeVar("ChangeT")

Spawn = Callable[[str, Coroutine[Any, Any, None]], object]


class Recorder(Generic[ChangeT]):
    """Commits without being waited for. ``rest_seconds`` lie between two attempts."""

    def __init__(
        self,
        commit: Callable[[Sequence[ChangeT]], Awaitable[None]],
        spawn: Spawn,
        *,
        rest_seconds: float = 1.0,
    ) -> None:
        self._commit = commit
        self._spawn = spawn
        self._rest_seconds = rest_seconds

    def record(self, changes: Sequence[ChangeT]) -> None:
        """Have changes committed, in one transaction; those that can never be are dropped."""
        self._spawn("record", self._insist(tuple(changes)))

    async def _insist(self, changes: Sequence[ChangeT]) -> None:
        while True:
            try:
                await self._commit(changes)
            except JournalClosed:
                return  # The next start finds it out again: a message without its receipt is sent.
            except Unavailable:
                await asyncio.sleep(self._rest_seconds)
            except Exception as error:
                _log.error("A change cannot be kept", error=whereabouts(error))
                return
            else:
                return
