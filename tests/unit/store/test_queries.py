"""Queries and statements as the database plans them: each is answered by an index."""

import sqlite3
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from midcall.core.ports import AccountFilter, CallFilter, NotificationFilter, NumberFilter
from midcall.store import reading, removing, writing
from midcall.store.executing import prepared
from midcall.store.migrating import migrate
from midcall.store.opening import connect
from midcall.store.reading import Listing, Query
from midcall.store.writing import Statement

FILTERS: dict[str, type[msgspec.Struct]] = {
    "ACCOUNTS": AccountFilter,
    "CALLS": CallFilter,
    "NOTIFICATIONS": NotificationFilter,
    "PHONE_NUMBERS": NumberFilter,
}
LISTINGS = {name: one for name, one in vars(reading).items() if isinstance(one, Listing)}
LISTED = {
    f"{name} by {'+'.join(narrowed) or 'nothing'}": listing.narrowed(dict.fromkeys(narrowed, 1))[0]
    for name, listing in LISTINGS.items()
    for size in range(len(listing.conditions) + 1)
    for narrowed in combinations(listing.conditions, size)
}
SINGLE = {name: one for name, one in vars(reading).items() if isinstance(one, Query)}
QUERIES = {name: query.select for name, query in (LISTED | SINGLE).items()}
STATEMENTS = {
    name: statement
    for name, statement in (vars(writing) | vars(removing)).items()
    if isinstance(statement, sa.Insert | sa.Update | sa.Delete)
} | {f"removal {number}": statement for number, statement in enumerate(removing.REMOVAL)}


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    """Open an empty database with all tables."""
    opened = connect(None)
    migrate(opened, Path("store.db"))
    yield opened
    opened.close()


def plan(connection: sqlite3.Connection, statement: Statement | sa.Select[Any]) -> list[str]:
    """Return the steps in which the database means to answer."""
    ready = prepared(statement)
    names = {*statement.compile().params, "limit", "offset"}
    values = ready.values(dict.fromkeys(names, 1))
    explained = connection.execute(f"EXPLAIN QUERY PLAN {ready.sql}", values)
    return [step for *_, step in explained.fetchall()]


@pytest.mark.parametrize("name", [*QUERIES, *STATEMENTS])
def test_an_index_answers(connection: sqlite3.Connection, name: str) -> None:
    """No statement walks over a whole table, and no list is sorted after it was found."""
    statement = QUERIES[name] if name in QUERIES else STATEMENTS[name]
    steps = plan(connection, statement)
    walks = [step for step in steps if step.startswith("SCAN") and " INDEX " not in step]
    # `busy` is a parameter that is read like a table.
    assert [walk for walk in walks if "VIRTUAL TABLE" not in walk] == []
    assert [step for step in steps if "TEMP B-TREE" in step] == []


@pytest.mark.parametrize(
    ("name", "index"),
    [
        (
            "CALLS by started_from+started_before",
            "(account_sid=? AND created_at>? AND created_at<?",
        ),
        ("CALLS by status+started_before", "(account_sid=? AND status=? AND created_at<?"),
        ("CALLS by parent_call_sid", "(account_sid=? AND parent_call_sid=?"),
        ("NOTIFICATIONS by call_sid", "(call_sid=?"),
        ("NOTIFICATIONS by created_from", "(account_sid=? AND created_at>?"),
        ("EXCHANGES", "(call_sid=?"),
    ],
)
def test_an_index_narrows(connection: sqlite3.Connection, name: str, index: str) -> None:
    """What narrows a list most is looked up, and not picked out of a longer list."""
    (step,) = plan(connection, QUERIES[name])
    assert index in step


@pytest.mark.parametrize("name", FILTERS)
def test_every_attribute_of_a_filter_narrows(name: str) -> None:
    """A filter that the port has and the store would pass over is noticed here."""
    attributes = {field.name for field in msgspec.structs.fields(FILTERS[name])}
    assert set(LISTINGS[name].conditions) == attributes


def test_the_queries_are_all_there() -> None:
    """The lists above are not empty by mistake."""
    assert set(LISTINGS) == {*FILTERS, "APPLICATIONS"}
    assert len(LISTED) == 8 + 256 + 16 + 4 + 2
    assert len(SINGLE) > 15
    assert len(STATEMENTS) > 35
