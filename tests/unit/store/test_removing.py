"""What removed calls leave behind in the tables, in a database in memory."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path

import pytest

from midcall.core.ports import PutFamily, RemoveCall
from midcall.model.calls import Call, CallStatus
from midcall.store.executing import write
from midcall.store.migrating import migrate
from midcall.store.opening import connect
from tests.contract.store.records import call, call_sid, family
from tests.contract.store.test_removal import attached

NOT_RECORDS = {"alembic_version", "sqlite_sequence"}
OVER = CallStatus.COMPLETED
FAMILY = (
    call(1, status=OVER),
    call(2, parent=call_sid(1), status=CallStatus.BUSY),
    call(3, parent=call_sid(1), status=OVER),
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """Open an empty database with all tables."""
    opened = connect(None)
    migrate(opened, Path("store.db"))
    yield opened
    opened.close()


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Count the rows of each table that has some."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    found = {
        name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608 - our tables
        for (name,) in names
    }
    return {name: count for name, count in found.items() if count and name not in NOT_RECORDS}


def keep(connection: sqlite3.Connection, calls: Sequence[Call]) -> None:
    """Keep the family of these calls."""
    write(connection, [PutFamily(family(*calls))])


@pytest.mark.parametrize("order", [*permutations((1, 2, 3))], ids=str)
def test_nothing_is_left_when_the_last_call_goes(
    connection: sqlite3.Connection, order: tuple[int, ...]
) -> None:
    """Whatever the order, the last call takes the family's document and every other trace."""
    keep(connection, FAMILY)
    for number in order:
        write(connection, attached(number))
    for left, number in zip((2, 1), order, strict=False):
        write(connection, [RemoveCall(call_sid(number))])
        found = counts(connection)
        assert (found["families"], found["calls"], found["messages"]) == (1, left, 2 * left)
    write(connection, [RemoveCall(call_sid(order[2]))])
    assert counts(connection) == {}


def test_a_family_that_goes_on_keeps_its_document(connection: sqlite3.Connection) -> None:
    """Live, it is needed at the next start; over, it goes when the last call goes."""
    ringing = call(3, parent=call_sid(1), status=CallStatus.RINGING)
    keep(connection, [FAMILY[0], FAMILY[1], ringing])
    write(connection, [RemoveCall(call_sid(1)), RemoveCall(call_sid(2))])
    assert counts(connection) == {"families": 1, "calls": 1, "removed_calls": 2}
    keep(connection, FAMILY)
    assert counts(connection) == {"families": 1, "calls": 1, "removed_calls": 2}
    write(connection, [RemoveCall(call_sid(3))])
    assert counts(connection) == {}


def test_other_families_are_left_alone(connection: sqlite3.Connection) -> None:
    """A family goes by itself, its trace with it, and no other's."""
    keep(connection, FAMILY)
    keep(connection, [call(8, status=OVER), call(9, status=OVER, parent=call_sid(8))])
    write(connection, [RemoveCall(call_sid(9))])
    before = counts(connection)
    write(connection, [RemoveCall(call_sid(n)) for n in (1, 2, 3)])
    assert before == {"families": 2, "calls": 4, "removed_calls": 1}
    assert counts(connection) == {"families": 1, "calls": 1, "removed_calls": 1}
