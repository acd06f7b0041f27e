"""Questions about what must still leave, and about what has been tried."""

from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec.structs import asdict

from midcall.core.ports import EntryFilter
from midcall.model.outbox import Attempt, Entry, EntryKind, EntryState
from midcall.model.sids import AccountSid, CallSid, MessageSid
from midcall.store import rows, schema
from midcall.store.reading.asking import Asking
from midcall.store.reading.queries import Listing, Query, bind, first, of, picked_out
from midcall.store.rows import microseconds

_entries = schema.entries.c
_heads = schema.lane_heads.c
# `busy` is one parameter, a JSON list, however many lanes are busy: one statement serves all.
# (json_each is SQLite's; Postgres has jsonb_array_elements_text for the same list.)
_IDLE_LANE = _heads.lane.not_in(
    sa.select(sa.func.json_each(bind("busy")).table_valued("value").c.value)
)
DUE_ENTRIES: Final = Query(
    sa.select(*rows.ENTRY.columns)
    .join_from(
        schema.lane_heads,
        schema.entries,
        sa.and_(_entries.lane == _heads.lane, _entries.position == _heads.position),
    )
    .where(_heads.due_at <= bind("now"), _IDLE_LANE)
    .order_by(_heads.due_at, _heads.lane)
    .limit(bind("limit")),
    rows.ENTRY.record,
)
NEXT_DUE_AT: Final = Query(
    sa.select(_heads.due_at).where(_IDLE_LANE).order_by(_heads.due_at).limit(1),
    lambda row: rows.moment(row[0]),
)


def _count(state: EntryState) -> Query[int]:
    """Build the count of the callbacks that carry a message and are in a state."""
    return Query(
        sa.select(sa.func.count())
        .select_from(schema.entries)
        .where(
            _entries.call_sid == bind("call"),
            _entries.message_sid == bind("message"),
            _entries.kind != EntryKind.RECEIPT.value,
            _entries.state == state.value,
        ),
        first,
    )


OPEN_ENTRIES: Final = _count(EntryState.PENDING)
DEAD_ENTRIES: Final = _count(EntryState.DEAD)
ENTRY: Final = of(
    rows.ENTRY,
    _entries.token == bind("token"),
    picked_out(_entries.account_sid) == bind("account"),
)
_SUBSCRIPTION: Final = bind("subscription_sid")


def _listing(only: sa.TextClause | None = None) -> Listing[Entry]:
    return Listing(
        rows.ENTRY,
        {
            "state": _entries.state == bind("state"),
            "kind": _entries.kind == bind("kind"),
            "call_sid": _entries.call_sid == bind("call_sid"),
            "message_sid": _entries.message_sid == bind("message_sid"),
            # A subscription's lanes are its SID, alone or with a slash and a leg behind it: what
            # sorts from the SID on and before the character that follows the slash.
            "subscription_sid": sa.and_(
                _entries.lane >= _SUBSCRIPTION,
                _entries.lane < _SUBSCRIPTION.concat(sa.literal_column("'0'")),
            ),
        },
        of_account=True,
        order=(_entries.created_at.desc(), _entries.lane.desc(), _entries.position.desc()),
        only=only,
        narrow=frozenset({"call_sid", "subscription_sid"}),
    )


ENTRIES: Final = _listing()
UNFINISHED_ENTRIES: Final = _listing(schema.UNFINISHED)

_attempts = schema.attempts.c
ATTEMPTS: Final = Query(
    of(
        rows.ATTEMPT, _attempts.lane == bind("lane"), _attempts.position == bind("position")
    ).select.order_by(_attempts.id),
    rows.ATTEMPT.record,
)


def _busy_lanes(busy: frozenset[str]) -> str:
    """Return lanes as the one parameter that the queries take them in."""
    return msgspec.json.encode(list(busy)).decode()


class OutboxReading(Asking):
    """Entries, their lanes and their attempts."""

    async def due_entries(self, now: datetime, *, busy: frozenset[str], limit: int) -> list[Entry]:
        """Return the first pending entry of each lane outside ``busy``, where it is due.

        The one that has been due longest comes first.
        """
        return await self._list(
            DUE_ENTRIES, now=microseconds(now), busy=_busy_lanes(busy), limit=limit
        )

    async def next_due_at(self, *, busy: frozenset[str]) -> datetime | None:
        """Return when the next first-of-its-lane entry outside ``busy`` is due, if there is one."""
        return await self._find(NEXT_DUE_AT, busy=_busy_lanes(busy))

    async def open_entries(self, message: MessageSid, call: CallSid) -> int:
        """Count the pending entries that carry a message, not counting its receipt."""
        return await self._get(OPEN_ENTRIES, message=message, call=call)

    async def dead_entries(self, message: MessageSid, call: CallSid) -> int:
        """Count the dead entries that carry a message, not counting its receipt."""
        return await self._get(DEAD_ENTRIES, message=message, call=call)

    async def find_entry(self, account: AccountSid, token: str) -> Entry | None:
        """Find an entry of an account by its token."""
        return await self._find(ENTRY, account=account, token=token)

    async def list_entries(
        self, account: AccountSid, filters: EntryFilter, *, offset: int, limit: int
    ) -> list[Entry]:
        """List an account's entries; those of one moment by lane and position, the last first."""
        delivered = filters.state in {None, EntryState.DELIVERED}
        listing = ENTRIES if delivered else UNFINISHED_ENTRIES
        return await self._page(
            listing, asdict(filters), account=account, offset=offset, limit=limit
        )

    async def attempts(self, lane: str, position: int) -> list[Attempt]:
        """Return the attempts on an entry, oldest first."""
        return await self._list(ATTEMPTS, lane=lane, position=position)
