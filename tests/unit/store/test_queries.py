"""Queries and statements as the database plans them: each is answered by an index."""

import sqlite3
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from midcall.core.ports import CallFilter
from midcall.model.calls import CallStatus
from midcall.store import reading, writing
from midcall.store.executing import prepared
from midcall.store.migrating import migrate
from midcall.store.opening import connect
from midcall.store.reading import Query
from midcall.store.writing import Statement

FILTERS = {
    "to_address": "a",
    "from_address": "b",
    "parent_call_sid": "CA",
    "status": CallStatus.RINGING,
}
CALL_QUERIES = {
    f"calls by {'+'.join(names) or 'nothing'}": reading.calls(
        msgspec.convert({name: FILTERS[name] for name in names}, CallFilter)
    )[0].select
    for size in range(len(FILTERS) + 1)
    for names in combinations(FILTERS, size)
}
QUERIES = CALL_QUERIES | {
    name: query.select for name, query in vars(reading).items() if isinstance(query, Query)
}
STATEMENTS = {
    name: statement
    for name, statement in vars(writing).items()
    if isinstance(statement, sa.Insert | sa.Update | sa.Delete)
}


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


def test_the_queries_are_all_there() -> None:
    """The lists above are not empty by mistake."""
    assert len(CALL_QUERIES) == 16
    assert len(QUERIES) > 30
    assert len(STATEMENTS) > 20
