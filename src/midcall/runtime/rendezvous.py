"""Where those who wait for something meet it, by a key, within one process.

Whoever waits looks first whether it is there already, and only after it is known to be waiting: so
what comes in between is not missed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Rendezvous(Generic[KeyT, ValueT]):
    """Waiting for values by their keys. Nothing is kept for a key that nobody waits for."""

    def __init__(self) -> None:
        self._waiting: dict[KeyT, set[asyncio.Future[ValueT]]] = {}

    def __len__(self) -> int:
        """Count the keys that somebody waits for."""
        return len(self._waiting)

    async def expect(
        self, key: KeyT, seconds: float, look: Callable[[], Awaitable[ValueT | None]]
    ) -> ValueT | None:
        """Return what ``look`` finds or is told for ``key``; ``None`` after ``seconds``."""
        future: asyncio.Future[ValueT] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, set()).add(future)
        try:
            found = await look()
            if found is not None:
                return found
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    return await future
            return None
        finally:
            waiting = self._waiting[key]
            waiting.discard(future)
            if not waiting:
                del self._waiting[key]

    def tell(self, key: KeyT, value: ValueT) -> None:
        """Give a value to those who wait for it."""
        for future in self._waiting.get(key, ()):
            if not future.done():
                future.set_result(value)
