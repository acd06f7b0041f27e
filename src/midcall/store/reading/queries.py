"""What queries and lists that can be narrowed are made of."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

import sqlalchemy as sa

from midcall.store import rows
from midcall.store.rows import Mapping, RecordT, Row

T = TypeVar("T")


class Query(NamedTuple, Generic[T]):
    """A select, and how one of its rows is read."""

    select: sa.Select[Any]
    read: Callable[[Sequence[Any]], T]


def bind(name: str) -> sa.BindParameter[Any]:
    """Build a parameter that whoever asks gives a value to."""
    return sa.bindparam(name)


def of(mapping: Mapping[RecordT], *conditions: sa.ColumnElement[bool]) -> Query[RecordT]:
    """Build a query for the records that fulfil the conditions."""
    return Query(sa.select(*mapping.columns).where(*conditions), mapping.record)


def picked_out(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a column that no index is to be used for: another narrows more.

    The database knows how many rows there are for neither; it would guess.
    """
    return sa.UnaryExpression(column, operator=sa.sql.operators.custom_op("+"))


def newest_first(table: sa.Table) -> tuple[sa.ColumnElement[Any], ...]:
    """Return the order of records by the time at which they were made."""
    return table.c.created_at.desc(), table.c.id.desc()


def paged(query: Query[T], order: Sequence[sa.ColumnElement[Any]]) -> Query[T]:
    """Put a list in order and cut a page out of it."""
    page = query.select.order_by(*order).limit(bind("limit")).offset(bind("offset"))
    return Query(page, query.read)


class Listing(Generic[RecordT]):
    """A list that can be narrowed, newest first, a page at a time.

    ``conditions`` say what each attribute of a filter asks for; each has one parameter, of the
    attribute's name. ``of_account`` keeps the list to the account ``account``, ``only`` to what
    fulfils one more condition. Where an attribute of ``narrow`` is given, few rows are left, and
    the list is not looked for among all of the account's.
    """

    def __init__(
        self,
        mapping: Mapping[RecordT],
        conditions: dict[str, sa.ColumnElement[bool]],
        *,
        of_account: bool = False,
        order: Sequence[sa.ColumnElement[Any]] = (),
        only: sa.TextClause | None = None,
        narrow: frozenset[str] = frozenset(),
    ) -> None:
        self.conditions: Final = conditions
        self.narrow: Final = narrow
        self._mapping: Final = mapping
        self._of_account = of_account
        self._order = order or newest_first(mapping.table)
        self._only = only
        # One query for each combination of filters that is asked for.
        self._queries: dict[tuple[str, ...], Query[RecordT]] = {}

    def narrowed(self, filters: dict[str, Any]) -> tuple[Query[RecordT], Row]:
        """Return the query that the filters make, and their values; ``None`` narrows nothing."""
        values = {name: rows.kept(one) for name, one in filters.items() if one is not None}
        return self._query(tuple(values)), values

    def _query(self, names: tuple[str, ...]) -> Query[RecordT]:
        if names not in self._queries:
            self._queries[names] = paged(self._narrowed(names), self._order)
        return self._queries[names]

    def _narrowed(self, names: tuple[str, ...]) -> Query[RecordT]:
        query = of(self._mapping, *(self.conditions[name] for name in names))
        select = query.select
        if self._of_account:
            owner: sa.ColumnElement[Any] = self._mapping.table.c.account_sid
            if self.narrow.intersection(names):
                owner = picked_out(owner)
            select = select.where(owner == bind("account"))
        if self._only is not None:
            select = select.where(self._only)
        return Query(select, query.read)


def first(row: Sequence[Any]) -> Any:
    """Return the only value of a row."""
    return row[0]
