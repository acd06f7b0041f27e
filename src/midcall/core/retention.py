"""What is kept no longer: messages that waited too long, and calls that are long over.

A sweep takes a bounded piece of each; what is left is taken by the next one. Nothing that is under
way is touched: a call that is not over, or an entry of one, stays whatever its age.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from midcall.core.limits import IDEMPOTENCY_SECONDS
from midcall.core.ports import (
    Change,
    Clock,
    ExpireHeld,
    Journal,
    Perishable,
    RemoveCall,
    RemoveContent,
    RemoveOld,
    Store,
)

LEGS: Final = 200
"""Legs whose messages expire in one sweep."""

CALLS: Final = 200
"""Calls that are removed in one sweep."""

COMMIT_CALLS: Final = 20
"""Calls that are removed in one commit: others wait for it."""

GRACE: Final = timedelta(seconds=5)
"""How much longer a message waits here than at the relay, which does not send it any more: so that
one which is being sent at this moment is not called expired."""


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """For how long things are kept; ``None`` for ever.

    ``held`` is how long a downlink may wait for its device. ``calls`` and ``content`` are counted
    from the end of a call.
    """

    held: timedelta | None = None
    calls: timedelta | None = None
    content: timedelta | None = None


class Retention:
    """Removes what is kept no longer."""

    def __init__(self, store: Store, journal: Journal, clock: Clock, keeping: Keeping) -> None:
        self._store = store
        self._journal = journal
        self._clock = clock
        self._keeping = keeping

    async def expire_held(self) -> None:
        """Expire the downlinks that have waited too long."""
        if self._keeping.held is None:
            return
        now = self._clock()
        before = now - self._keeping.held - GRACE
        legs = await self._store.legs_with_overdue(before, limit=LEGS)
        await self._journal.commit([ExpireHeld(leg, before, now) for leg in legs])

    async def remove_old(self) -> None:
        """Remove calls, content and other records that are old enough."""
        now = self._clock()
        if self._keeping.content is not None:
            before = now - self._keeping.content
            calls = await self._store.calls_with_content(before, limit=CALLS)
            await self._commit([RemoveContent(sid) for sid in calls])
        if self._keeping.calls is not None:
            before = now - self._keeping.calls
            calls = await self._store.calls_ended(before, limit=CALLS)
            await self._commit([RemoveCall(sid) for sid in calls])
        await self._journal.commit(self._perished(now))

    def _perished(self, now: datetime) -> list[Change]:
        requests = now - timedelta(seconds=IDEMPOTENCY_SECONDS)
        changes: list[Change] = [
            RemoveOld(Perishable.ACCEPTED_REQUEST, requests),
            RemoveOld(Perishable.BROADCAST, requests),
        ]
        if self._keeping.calls is not None:
            changes.append(RemoveOld(Perishable.NOTIFICATION, now - self._keeping.calls))
        kept = [one for one in (self._keeping.content, self._keeping.calls) if one is not None]
        if kept:
            changes.append(RemoveOld(Perishable.MESSAGE_EVENT, now - min(kept)))
        return changes

    async def _commit(self, removals: Sequence[Change]) -> None:
        for start in range(0, len(removals), COMMIT_CALLS):
            await self._journal.commit(removals[start : start + COMMIT_CALLS])
