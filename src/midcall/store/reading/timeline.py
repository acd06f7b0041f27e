"""Questions about the whole history of a leg."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from midcall.core.ports import AttemptMade, Happening
from midcall.model.sids import CallSid
from midcall.store import executing, rows, schema
from midcall.store.reading.asking import Asking
from midcall.store.reading.queries import Query, bind
from midcall.store.rows import Mapping, RecordT, Row

_attempts = schema.attempts.c
_entries = schema.entries.c


def _places(source: int, table: sa.Table, at: sa.ColumnElement[int]) -> sa.Select[Any]:
    """Build where in the history of the leg ``call`` the rows of a table are."""
    number: sa.ColumnElement[int] = sa.literal_column(str(source))
    where = _entries if table is schema.attempts else table.c
    select = sa.select(at.label("at"), number.label("source"), table.c.id.label("id"))
    if table is schema.attempts:
        select = select.join_from(schema.entries, table, _OF_ENTRY)
    return select.where(where.call_sid == bind("call"))


_OF_ENTRY: Final = sa.and_(_attempts.lane == _entries.lane, _attempts.position == _entries.position)
# Where several things happened at one moment, a request comes before what it led to.
_SOURCES: Final = (
    (schema.exchanges, schema.exchanges.c.requested_at),
    (schema.traces, schema.traces.c.at),
    (schema.messages, schema.messages.c.created_at),
    (schema.attempts, _attempts.attempted_at),
    (schema.notifications, schema.notifications.c.created_at),
)
_HISTORY: Final = sa.union_all(
    *(_places(number, table, at) for number, (table, at) in enumerate(_SOURCES))
).subquery("history")
# Which rows there are is asked of indexes; only those of the page are read. It needs no more than
# one list of numbers, however much was said in the call.
HISTORY: Final[Query[tuple[int, int]]] = Query(
    sa.select(_HISTORY.c.source, _HISTORY.c.id)
    .order_by(_HISTORY.c.at, _HISTORY.c.source, _HISTORY.c.id)
    .limit(bind("limit"))
    .offset(bind("offset")),
    lambda row: (row[0], row[1]),
)
_IDS: Final = sa.select(sa.func.json_each(bind("ids")).table_valued("value").c.value)


def _numbered(mapping: Mapping[RecordT]) -> Query[tuple[int, RecordT]]:
    return Query(
        sa.select(mapping.table.c.id, *mapping.columns).where(mapping.table.c.id.in_(_IDS)),
        lambda row: (row[0], mapping.record(row[1:])),
    )


def _attempt_made(row: Sequence[Any]) -> tuple[int, AttemptMade]:
    number, *rest = row
    width = len(rows.ATTEMPT.columns)
    attempt, entry = rows.ATTEMPT.record(rest[:width]), rows.ENTRY.record(rest[width:])
    return number, AttemptMade(entry=entry, attempt=attempt)


EXCHANGES_BY_ID: Final = _numbered(rows.EXCHANGE)
TRACES_BY_ID: Final = _numbered(rows.TRACE)
MESSAGES_BY_ID: Final = _numbered(rows.MESSAGE)
NOTIFICATIONS_BY_ID: Final = _numbered(rows.NOTIFICATION)
ATTEMPTS_BY_ID: Final = Query(
    sa.select(_attempts.id, *rows.ATTEMPT.columns, *rows.ENTRY.columns)
    .join_from(schema.attempts, schema.entries, _OF_ENTRY)
    .where(_attempts.id.in_(_IDS)),
    _attempt_made,
)
_BY_ID: Final[tuple[Query[Any], ...]] = (
    EXCHANGES_BY_ID,
    TRACES_BY_ID,
    MESSAGES_BY_ID,
    ATTEMPTS_BY_ID,
    NOTIFICATIONS_BY_ID,
)


class TimelineReading(Asking):
    """What happened to a leg, of every kind, in one order."""

    async def timeline(self, call: CallSid, *, offset: int, limit: int) -> list[Happening]:
        """List everything that happened to a call, oldest first."""
        return await self._threads.read(partial(_read, call=call, offset=offset, limit=limit))


def _read(
    connection: sqlite3.Connection, *, call: CallSid, offset: int, limit: int
) -> list[Happening]:
    page: Row = {"call": call, "offset": offset, "limit": limit}
    places = executing.read(connection, HISTORY, page)
    found: dict[tuple[int, int], Happening] = {}
    for source, query in enumerate(_BY_ID):
        if ids := [number for place, number in places if place == source]:
            wanted: Row = {"ids": msgspec.json.encode(ids).decode()}
            for number, happening in executing.read(connection, query, wanted):
                found[source, number] = happening
    # What was removed since is not there any more.
    return [found[place] for place in places if place in found]
