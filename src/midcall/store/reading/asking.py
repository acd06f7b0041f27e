"""How a question gets its answer: in a thread that reads."""

from functools import partial
from typing import Any, TypeVar

from midcall.store import executing
from midcall.store.reading.queries import Listing, Query
from midcall.store.rows import RecordT, Value
from midcall.store.threads import Threads

T = TypeVar("T")


class Asking:
    """Asks queries. Every group of the port's questions builds on it."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def _page(
        self, listing: Listing[RecordT], filters: dict[str, Any], **values: Value
    ) -> list[RecordT]:
        query, narrowing = listing.narrowed(filters)
        return await self._list(query, **values, **narrowing)

    async def _list(self, query: Query[T], **values: Value) -> list[T]:
        return await self._threads.read(partial(executing.read, query=query, row=values))

    async def _find(self, query: Query[T], **values: Value) -> T | None:
        found = await self._list(query, **values)
        return found[0] if found else None

    async def _get(self, query: Query[T], **values: Value) -> T:
        (found,) = await self._list(query, **values)
        return found
