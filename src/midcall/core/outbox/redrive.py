"""Sending again by hand what was given up: the ``Redriving`` port.

- An entry that is sent again takes its old place in its lane, before whatever still waits there,
  and goes out with its old token. Of many in a lane the first comes first, so that none overtakes.
- A message is settled and its callbacks are sent again in turns. Otherwise a callback that ends at
  the same moment could fail the message for an entry that is not dead any more.
- Delivery is woken after the commit.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from midcall.core.ports import Clock, EntryFilter, Journal, RedriveEntry, Store
from midcall.model.errors import NotDead, NotFound
from midcall.model.outbox import Entry, EntryState
from midcall.model.sids import AccountSid, CallSid, MessageSid

PAGE: Final = 100
"""How many entries are read or written at once: a dead server may have left a great many."""

Turn = Callable[[CallSid, MessageSid], AbstractAsyncContextManager[object]]
"""Gives the time in which nobody else settles a message."""


class _Place(msgspec.Struct, frozen=True):
    """Where a dead entry stands, and which message it carries."""

    lane: str
    position: int
    call_sid: CallSid
    message_sid: MessageSid | None


class Redriver:
    """Lets dead entries be pending again.

    ``wake`` tells delivery that there is something to send; ``turn`` is delivery's.
    """

    def __init__(
        self,
        *,
        store: Store,
        journal: Journal,
        clock: Clock,
        wake: Callable[[], None],
        turn: Turn,
    ) -> None:
        self._store = store
        self._journal = journal
        self._clock = clock
        self._wake = wake
        self._turn = turn

    async def redrive(self, account: AccountSid, token: str) -> Entry:
        """Send a dead entry again; return it as it is then.

        Raises ``NotFound``, and ``NotDead`` for one that was not given up.
        """
        entry = await self._store.find_entry(account, token)
        if entry is None:
            raise NotFound(f"/2010-04-01/Accounts/{account}/Callbacks/{token}.json")
        if entry.state is not EntryState.DEAD:
            raise NotDead(token, entry.state.value)
        at = self._clock()
        await self._commit([_place(entry)], at)
        return replace(entry, state=EntryState.PENDING, attempts=0, due_at=at, redriven_at=at)

    async def redrive_all(self, account: AccountSid, filters: EntryFilter) -> int:
        """Send every dead entry again that the filters leave; return how many.

        Each is sent again once: what is given up again meanwhile stays so.
        """
        if filters.state not in {None, EntryState.DEAD}:
            return 0
        places = await self._dead(account, replace(filters, state=EntryState.DEAD))
        at = self._clock()
        for start in range(0, len(places), PAGE):
            await self._commit(places[start : start + PAGE], at)
        return len(places)

    async def _dead(self, account: AccountSid, filters: EntryFilter) -> list[_Place]:
        # All are found before the first is sent again: one that dies again is not found twice.
        places: set[_Place] = set()
        offset = 0
        while page := await self._store.list_entries(account, filters, offset=offset, limit=PAGE):
            places.update(map(_place, page))
            offset += len(page)
        return sorted(places, key=lambda place: (place.lane, place.position))

    async def _commit(self, places: Sequence[_Place], at: datetime) -> None:
        messages = {
            (place.call_sid, place.message_sid) for place in places if place.message_sid is not None
        }
        async with AsyncExitStack() as turns:
            # Everybody who takes several turns takes them in one order, so that nobody waits for
            # somebody who waits for him.
            for call_sid, message_sid in sorted(messages):
                await turns.enter_async_context(self._turn(call_sid, message_sid))
            await self._journal.commit(
                [RedriveEntry(place.lane, place.position, at) for place in places]
            )
        self._wake()


def _place(entry: Entry) -> _Place:
    return _Place(entry.lane, entry.position, entry.call_sid, entry.message_sid)
