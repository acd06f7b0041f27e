"""Queries: the questions of the ``Store`` port, as SQLAlchemy Core selects.

Invariants
- Every list has one order that does not depend on the plan: ``id`` breaks ties.
- A query never asks for more rows than its caller takes, and an index answers it (a test looks).
- Statements are built once; asking only fills in values.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec
import sqlalchemy as sa

from midcall.core.ports import CallFilter
from midcall.model.accounts import Application
from midcall.model.calls import Call
from midcall.model.messages import Direction, MessageState
from midcall.model.notifications import Notification
from midcall.model.sids import CallSid
from midcall.store import rows, schema
from midcall.store.rows import Mapping, RecordT, Row

T = TypeVar("T")


class Query(NamedTuple, Generic[T]):
    """A select, and how one of its rows is read."""

    select: sa.Select[Any]
    read: Callable[[Sequence[Any]], T]


def _bind(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name)


def _of(mapping: Mapping[RecordT], *conditions: sa.ColumnElement[bool]) -> Query[RecordT]:
    """Build a query for the records that fulfil the conditions."""
    return Query(sa.select(*mapping.columns).where(*conditions), mapping.record)


def _page(query: Query[T]) -> Query[T]:
    """Put a list in order, newest first, and cut a page out of it."""
    (table,) = query.select.get_final_froms()
    newest_first = (table.c.created_at.desc(), table.c.id.desc())
    page = query.select.order_by(*newest_first).limit(_bind("limit")).offset(_bind("offset"))
    return Query(page, query.read)


def _first(row: Sequence[Any]) -> Any:
    return row[0]


# --- accounts, keys, applications -------------------------------------------------------------

ACCOUNT: Final = _of(rows.ACCOUNT, schema.accounts.c.sid == _bind("sid"))
ACCOUNTS: Final = _page(_of(rows.ACCOUNT))
API_KEY: Final = _of(rows.API_KEY, schema.api_keys.c.sid == _bind("sid"))
API_KEYS: Final = _page(_of(rows.API_KEY, schema.api_keys.c.account_sid == _bind("account")))
APPLICATION: Final = _of(rows.APPLICATION, schema.applications.c.sid == _bind("sid"))
_APPLICATIONS: Final = _page(
    _of(rows.APPLICATION, schema.applications.c.account_sid == _bind("account"))
)
_APPLICATIONS_NAMED: Final = _page(
    _of(
        rows.APPLICATION,
        schema.applications.c.account_sid == _bind("account"),
        schema.applications.c.friendly_name == _bind("friendly_name"),
    )
)


def applications(friendly_name: str | None) -> tuple[Query[Application], Row]:
    """Return the query for an account's applications, and the values that narrow it."""
    if friendly_name is None:
        return _APPLICATIONS, {}
    return _APPLICATIONS_NAMED, {"friendly_name": friendly_name}


# --- calls ------------------------------------------------------------------------------------

CALL: Final = _of(rows.CALL, schema.calls.c.sid == _bind("sid"))
LIVE_FAMILIES: Final = Query(
    sa.select(schema.families.c.document).where(schema.LIVE).order_by(schema.families.c.id),
    lambda row: rows.family(row[0]),
)


@lru_cache  # one query for each combination of filters: sixteen
def _calls_narrowed(narrowed: tuple[str, ...]) -> Query[Call]:
    conditions = [schema.calls.c[name] == _bind(name) for name in narrowed]
    return _page(_of(rows.CALL, schema.calls.c.account_sid == _bind("account"), *conditions))


def calls(filters: CallFilter) -> tuple[Query[Call], Row]:
    """Return the query for an account's calls that pass the filters, and the filters' values."""
    given = {
        name: str(value)
        for name, value in msgspec.structs.asdict(filters).items()
        if value is not None
    }
    return _calls_narrowed(tuple(given)), dict(given)


# --- messages ---------------------------------------------------------------------------------

_messages = schema.messages.c
MESSAGE: Final = _of(
    rows.MESSAGE, _messages.call_sid == _bind("call"), _messages.sid == _bind("sid")
)
NEXT_POSITION: Final[Query[int]] = Query(
    sa.select(sa.func.coalesce(sa.func.max(_messages.position) + 1, 0)).where(
        _messages.call_sid == _bind("call"), _messages.direction == _bind("direction")
    ),
    _first,
)
_DOWNLINKS = _of(
    rows.MESSAGE,
    _messages.call_sid == _bind("call"),
    _messages.direction == Direction.DOWNLINK.value,
    _messages.position > _bind("after"),
    _messages.state != MessageState.EXPIRED.value,
)
DOWNLINKS: Final = Query(
    _DOWNLINKS.select.order_by(_messages.position).limit(_bind("limit")), _DOWNLINKS.read
)
FIRST_PENDING_DOWNLINK: Final[Query[int]] = Query(
    sa.select(_messages.position)
    .where(
        _messages.call_sid == _bind("call"),
        _messages.direction == Direction.DOWNLINK.value,
    )
    .where(schema.UNSETTLED)
    .order_by(_messages.position)
    .limit(1),
    _first,
)

# --- subscriptions and idempotency ------------------------------------------------------------

SUBSCRIPTION: Final = _of(rows.SUBSCRIPTION, schema.subscriptions.c.sid == _bind("sid"))
_OF_CALL = _of(rows.SUBSCRIPTION, schema.subscriptions.c.call_sid == _bind("call"))
SUBSCRIPTIONS: Final = Query(_OF_CALL.select.order_by(schema.subscriptions.c.id), _OF_CALL.read)
_requests = schema.accepted_requests.c
ACCEPTED_REQUEST: Final = _of(
    rows.ACCEPTED_REQUEST,
    _requests.account_sid == _bind("account"),
    _requests.call_sid == _bind("call"),
    _requests.resource == _bind("resource"),
    _requests.key == _bind("key"),
)

# --- the outbox -------------------------------------------------------------------------------

_entries = schema.entries.c
_heads = schema.lane_heads.c
# `busy` is one parameter, a JSON list, however many lanes are busy: one statement serves all.
# (json_each is SQLite's; Postgres has jsonb_array_elements_text for the same list.)
_IDLE_LANE = _heads.lane.not_in(
    sa.select(sa.func.json_each(_bind("busy")).table_valued("value").c.value)
)
DUE_ENTRIES: Final = Query(
    sa.select(*rows.ENTRY.columns)
    .join_from(
        schema.lane_heads,
        schema.entries,
        sa.and_(_entries.lane == _heads.lane, _entries.position == _heads.position),
    )
    .where(_heads.due_at <= _bind("now"), _IDLE_LANE)
    .order_by(_heads.due_at, _heads.lane)
    .limit(_bind("limit")),
    rows.ENTRY.record,
)
NEXT_DUE_AT: Final = Query(
    sa.select(_heads.due_at).where(_IDLE_LANE).order_by(_heads.due_at).limit(1),
    lambda row: rows.moment(row[0]),
)
OPEN_ENTRIES: Final[Query[int]] = Query(
    sa.select(sa.func.count())
    .select_from(schema.entries)
    .where(_entries.call_sid == _bind("call"), _entries.message_sid == _bind("message"))
    .where(schema.PENDING),
    _first,
)
_attempts = schema.attempts.c
_OF_ENTRY = _of(
    rows.ATTEMPT, _attempts.lane == _bind("lane"), _attempts.position == _bind("position")
)
ATTEMPTS: Final = Query(_OF_ENTRY.select.order_by(_attempts.id), _OF_ENTRY.read)


def busy_lanes(busy: frozenset[str]) -> str:
    """Return lanes as the one parameter that the queries take them in."""
    return msgspec.json.encode(list(busy)).decode()


# --- the debugger -----------------------------------------------------------------------------

_notifications = schema.notifications.c
_NOTIFICATIONS: Final = _page(
    _of(rows.NOTIFICATION, _notifications.account_sid == _bind("account"))
)
_NOTIFICATIONS_OF_CALL: Final = _page(
    _of(
        rows.NOTIFICATION,
        _notifications.account_sid == _bind("account"),
        _notifications.call_sid == _bind("call"),
    )
)


def notifications(call: CallSid | None) -> tuple[Query[Notification], Row]:
    """Return the query for an account's notifications, and the values that narrow it."""
    if call is None:
        return _NOTIFICATIONS, {}
    return _NOTIFICATIONS_OF_CALL, {"call": call}
