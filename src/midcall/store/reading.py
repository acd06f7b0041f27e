"""Queries: the questions of the ``Store`` port, as SQLAlchemy Core selects.

Invariants
- Every list has one order that does not depend on the plan: ``id`` breaks ties.
- A query never asks for more rows than its caller takes, and an index answers it (a test looks).
- Statements are built once; asking only fills in values.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec
import sqlalchemy as sa

from midcall.model.messages import Direction, MessageState
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


class Listing(Generic[RecordT]):
    """A list that can be narrowed, newest first, a page at a time.

    ``conditions`` say what each attribute of a filter asks for; each has one parameter, of the
    attribute's name. ``of_account`` keeps the list to the account ``account``.
    """

    def __init__(
        self,
        mapping: Mapping[RecordT],
        conditions: dict[str, sa.ColumnElement[bool]],
        *,
        of_account: bool = False,
    ) -> None:
        self._mapping: Final = mapping
        self.conditions: Final = conditions
        self._always = [mapping.table.c.account_sid == _bind("account")] if of_account else []
        # One query for each combination of filters that is asked for.
        self._queries: dict[tuple[str, ...], Query[RecordT]] = {}

    def narrowed(self, filters: dict[str, Any]) -> tuple[Query[RecordT], Row]:
        """Return the query that the filters make, and their values; ``None`` narrows nothing."""
        values = {name: rows.kept(one) for name, one in filters.items() if one is not None}
        return self._query(tuple(values)), values

    def _query(self, names: tuple[str, ...]) -> Query[RecordT]:
        if names not in self._queries:
            conditions = [self.conditions[name] for name in names]
            self._queries[names] = _page(_of(self._mapping, *self._always, *conditions))
        return self._queries[names]


def _first(row: Sequence[Any]) -> Any:
    return row[0]


# --- accounts, keys, applications -------------------------------------------------------------

_accounts = schema.accounts.c
ACCOUNT: Final = _of(rows.ACCOUNT, schema.accounts.c.sid == _bind("sid"))
ACCOUNTS: Final = Listing(
    rows.ACCOUNT,
    {
        "within": sa.or_(_accounts.sid == _bind("within"), _accounts.owner_sid == _bind("within")),
        "friendly_name": _accounts.friendly_name == _bind("friendly_name"),
        "status": _accounts.status == _bind("status"),
    },
)
API_KEY: Final = _of(rows.API_KEY, schema.api_keys.c.sid == _bind("sid"))
API_KEYS: Final = _page(_of(rows.API_KEY, schema.api_keys.c.account_sid == _bind("account")))
APPLICATION: Final = _of(rows.APPLICATION, schema.applications.c.sid == _bind("sid"))
APPLICATIONS: Final = Listing(
    rows.APPLICATION,
    {"friendly_name": schema.applications.c.friendly_name == _bind("friendly_name")},
    of_account=True,
)

# --- phone numbers ----------------------------------------------------------------------------

_numbers = schema.phone_numbers.c
PHONE_NUMBER: Final = _of(rows.PHONE_NUMBER, _numbers.sid == _bind("sid"))
NUMBER: Final = _of(rows.PHONE_NUMBER, _numbers.number == _bind("number"))
PHONE_NUMBERS: Final = Listing(
    rows.PHONE_NUMBER,
    {
        "number": _numbers.number == _bind("number"),
        "friendly_name": _numbers.friendly_name == _bind("friendly_name"),
    },
    of_account=True,
)

# --- calls ------------------------------------------------------------------------------------

_calls = schema.calls.c
CALL: Final = _of(rows.CALL, _calls.sid == _bind("sid"))
LIVE_FAMILIES: Final = Query(
    sa.select(schema.families.c.document).where(schema.LIVE).order_by(schema.families.c.id),
    lambda row: rows.family(row[0]),
)


CALLS: Final = Listing(
    rows.CALL,
    {
        "to_address": _calls.to_address == _bind("to_address"),
        "from_address": _calls.from_address == _bind("from_address"),
        "parent_call_sid": _calls.parent_call_sid == _bind("parent_call_sid"),
        "status": _calls.status == _bind("status"),
        "started_from": _calls.created_at >= _bind("started_from"),
        "started_before": _calls.created_at < _bind("started_before"),
        "ended_from": _calls.ended_at >= _bind("ended_from"),
        "ended_before": _calls.ended_at < _bind("ended_before"),
    },
    of_account=True,
)

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
NOTIFICATION: Final = _of(rows.NOTIFICATION, _notifications.sid == _bind("sid"))
NOTIFICATIONS: Final = Listing(
    rows.NOTIFICATION,
    {
        "call_sid": _notifications.call_sid == _bind("call_sid"),
        "level": _notifications.level == _bind("level"),
        "created_from": _notifications.created_at >= _bind("created_from"),
        "created_before": _notifications.created_at < _bind("created_before"),
    },
    of_account=True,
)
_exchanges = schema.exchanges.c
_EXCHANGES_OF_CALL = _of(rows.EXCHANGE, _exchanges.call_sid == _bind("call"))
EXCHANGES: Final = Query(
    _EXCHANGES_OF_CALL.select.order_by(_exchanges.requested_at, _exchanges.id)
    .limit(_bind("limit"))
    .offset(_bind("offset")),
    _EXCHANGES_OF_CALL.read,
)
