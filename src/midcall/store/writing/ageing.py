"""Statements that remove what is older than a time, a limited number of rows at once."""

from typing import Final

import sqlalchemy as sa

from midcall.core.ports import Perishable, RemoveOld
from midcall.store import schema
from midcall.store.rows import microseconds
from midcall.store.writing.building import Step, bind

MOST: Final = 1_000
"""Rows that one change removes; a longer commit would keep the others waiting."""

_BEFORE = bind("before")


def _delete_oldest(
    table: sa.Table,
    key: tuple[str, ...],
    age: sa.ColumnElement[int],
    source: sa.FromClause | None = None,
    *conditions: sa.ColumnElement[bool],
) -> sa.Delete:
    """Build what deletes the oldest rows by their key; ``source`` is the table, joined or not."""
    columns = [table.c[name] for name in key]
    oldest = (
        sa.select(*columns)
        .select_from(table if source is None else source)
        .where(age < _BEFORE, *conditions)
        .order_by(age)
        .limit(sa.literal_column(str(MOST)))
    )
    named = columns[0] if len(columns) == 1 else sa.tuple_(*columns)
    return sa.delete(table).where(named.in_(oldest))


def _delete_requests() -> sa.Delete:
    """Build what deletes the idempotency keys of calls that are over, and of no call.

    A request is made before its call is over, so those of calls that ended before a time are among
    those that were made before it.
    """
    requests, calls = schema.accepted_requests, schema.calls
    return _delete_oldest(
        requests,
        ("account_sid", "call_sid", "resource", "key"),
        requests.c.created_at,
        requests.outerjoin(calls, calls.c.sid == requests.c.call_sid),
        sa.or_(calls.c.sid.is_(None), calls.c.ended_at < _BEFORE),
    )


AGEING: Final[dict[Perishable, sa.Delete]] = {
    Perishable.ACCEPTED_REQUEST: _delete_requests(),
    Perishable.BROADCAST: _delete_oldest(
        schema.broadcasts, ("account_sid", "key"), schema.broadcasts.c.created_at
    ),
    Perishable.NOTIFICATION: _delete_oldest(
        schema.notifications, ("id",), schema.notifications.c.created_at
    ),
    Perishable.MESSAGE_EVENT: _delete_oldest(
        schema.message_events, ("id",), schema.message_events.c.at
    ),
}


def ageing_step(change: RemoveOld) -> Step:
    """Return what removes the oldest of a kind."""
    return Step(AGEING[change.kind], {"before": microseconds(change.before)})
