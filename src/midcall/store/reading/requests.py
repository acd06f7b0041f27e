"""Questions about the servers that an account's calls ask: samples, the newest of everything."""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from midcall.core.ports import FailedRequest, MadeRequest, OwedRequests, RecentRequests
from midcall.model.outbox import EntryState
from midcall.model.sids import AccountSid
from midcall.store import schema
from midcall.store.reading.asking import Asking
from midcall.store.reading.queries import Query, bind
from midcall.store.rows import microseconds, moment

SAMPLE_CALLS: Final = 500
"""Calls whose requests are looked at."""

SAMPLE_ENTRIES: Final = 2_000
"""Callbacks that are looked at: of all, and of those that have not come to their good end."""

SAMPLE_REQUESTS: Final = 5_000
"""Requests that are looked at."""

_calls = schema.calls.c
_entries = schema.entries.c
_attempts = schema.attempts.c
_exchanges = schema.exchanges.c


def _most(count: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(count))


def _newest(table: sa.Table, most: int, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Build the newest rows of a table that are the account's and were made since a time."""
    return (
        sa.select(*columns)
        .where(table.c.account_sid == bind("account"), table.c.created_at >= bind("since"))
        .order_by(table.c.created_at.desc())
        .limit(_most(most))
    )


# Exchanges and attempts have no index by account and time, which every callback would pay for.
_CALLS: Final = _newest(schema.calls, SAMPLE_CALLS, _calls.sid).subquery("sample")
MADE: Final = Query(
    sa.select(
        _exchanges.url, _exchanges.requested_at, _exchanges.duration_ms, _exchanges.response_code
    )
    .join_from(_CALLS, schema.exchanges, _exchanges.call_sid == _CALLS.c.sid)
    .where(_exchanges.requested_at >= bind("since"))
    .order_by(_exchanges.requested_at.desc())
    .limit(_most(SAMPLE_REQUESTS)),
    lambda row: MadeRequest(
        url=row[0], requested_at=moment(row[1]), duration_ms=row[2], status=row[3]
    ),
)
_ENTRIES: Final = _newest(
    schema.entries, SAMPLE_ENTRIES, _entries.lane, _entries.position, _entries.endpoint_url
).subquery("sample")
FAILED: Final = Query(
    sa.select(_ENTRIES.c.endpoint_url, _attempts.attempted_at, _attempts.fault)
    .join_from(
        _ENTRIES,
        schema.attempts,
        sa.and_(
            _attempts.lane == _ENTRIES.c.lane,
            _attempts.position == _ENTRIES.c.position,
        ),
    )
    .where(_attempts.fault != sa.literal_column("''"))
    .order_by(_attempts.attempted_at.desc())
    .limit(_most(SAMPLE_REQUESTS)),
    lambda row: FailedRequest(url=row[0], attempted_at=moment(row[1]), fault=row[2]),
)


def _owed(state: EntryState) -> Query[OwedRequests]:
    """Build the count of the newest entries in a state, URL by URL."""
    newest = (
        sa.select(_entries.endpoint_url)
        .where(_entries.account_sid == bind("account"), _entries.state == state.value)
        .where(schema.UNFINISHED)
        .order_by(_entries.created_at.desc())
        .limit(_most(SAMPLE_ENTRIES))
        .subquery("sample")
    )
    return Query(
        sa.select(newest.c.endpoint_url, sa.func.count()).group_by(newest.c.endpoint_url),
        lambda row: OwedRequests(url=row[0], state=state, count=row[1]),
    )


OWED_PENDING: Final = _owed(EntryState.PENDING)
OWED_DEAD: Final = _owed(EntryState.DEAD)


class RequestReading(Asking):
    """What there was with customers' servers."""

    async def recent_requests(self, account: AccountSid, since: datetime) -> RecentRequests:
        """Return what there was since a time with the servers that an account's calls ask."""
        start = microseconds(since)
        made = await self._list(MADE, account=account, since=start)
        failed = await self._list(FAILED, account=account, since=start)
        pending = await self._list(OWED_PENDING, account=account)
        dead = await self._list(OWED_DEAD, account=account)
        return RecentRequests(made=tuple(made), failed=tuple(failed), owed=(*pending, *dead))
