"""Run statements and queries on a SQLite connection, in whatever thread has it.

SQLAlchemy writes the SQL, once for each statement; the driver runs it. Running every statement
through SQLAlchemy takes two and a half times the CPU (docs/decisions/0004-store.md).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import dialect

from midcall.core.ports import Change, RemoveCall, RemoveContent, RemoveOld
from midcall.store import schema
from midcall.store.faults import (
    AlreadyKept,
    ChangeRefused,
    NumberTaken,
    ReadFailed,
    WriteFailed,
)
from midcall.store.reading.queries import Query
from midcall.store.rows import Row, Value
from midcall.store.writing import Statement, steps

T = TypeVar("T")

_UNIQUE = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_NUMBER = f" {schema.phone_numbers.c.number}"
_REMOVALS = (RemoveCall, RemoveContent, RemoveOld)
"""Changes that remove what nobody is to find any more, not even in the log."""

CHECKPOINT_MILLISECONDS: Final = 100
"""How long the log waits for readers before it is emptied; commits wait with it."""

_DIALECT = dialect(paramstyle="qmark")


class Prepared:
    """A statement as the driver takes it: its SQL, and its values in their order.

    Values go by their place and not by their name: for twelve columns the driver takes as long to
    find names as SQLite takes to insert the row.
    """

    __slots__ = ("_constants", "_names", "sql")

    def __init__(self, statement: Statement | sa.Select[Any]) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self.sql: Final = str(compiled)
        self._names: Final = tuple(compiled.positiontup or ())
        # What the statement says itself, such as a state that it compares with.
        self._constants: Final[Row] = {
            name: parameter.effective_value
            for parameter, name in compiled.bind_names.items()
            if not parameter.required
        }

    def values(self, row: Row) -> list[Value]:
        """Return the values of all parameters, in their order."""
        if self._constants:
            row = row | self._constants
        return [row[name] for name in self._names]


@lru_cache(maxsize=1024)  # more than there are statements, half of them lists of calls
def prepared(statement: Statement | sa.Select[Any]) -> Prepared:
    """Return a statement as the driver takes it; its SQL is written once."""
    return Prepared(statement)


def write(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
    """Write the changes in one transaction; they are durable when this returns.

    Raises ``AlreadyKept`` for a second record under a unique key (``NumberTaken`` if that is a
    phone number), ``ChangeRefused`` for a change that breaks another rule, ``WriteFailed`` if the
    disk is full or failing. The transaction has been rolled back then.

    What was removed is gone from the log as well, unless somebody is just reading it.
    """
    with _write_faults(), transaction(connection):
        cursor = connection.cursor()
        for change in changes:
            for statement, row, decisive in steps(change):
                ready = prepared(statement)
                cursor.execute(ready.sql, ready.values(row))
                if decisive and not cursor.rowcount:
                    break
    if any(isinstance(change, _REMOVALS) for change in changes):
        truncate_log(connection)


def truncate_log(connection: sqlite3.Connection) -> None:
    """Write the log back to the file and empty it, unless that takes too long.

    A page that was overwritten in the file is still in the log as it was before. If another
    process holds the log just now, it stays as it is until the next time.
    """
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    try:
        connection.execute(f"PRAGMA busy_timeout = {CHECKPOINT_MILLISECONDS}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.DatabaseError:
        # What was to be written is durable without it; a disk that fails shows at the next commit.
        pass
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}")


def read(connection: sqlite3.Connection, query: Query[T], row: Row) -> list[T]:
    """Return every row of a query; raise ``ReadFailed`` if the disk fails."""
    select = prepared(query.select)
    try:
        found = connection.execute(select.sql, select.values(row)).fetchall()
    except sqlite3.DatabaseError as error:
        raise ReadFailed(_name(error)) from error
    return [query.read(kept) for kept in found]


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is executed in it, or roll it back if that raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite rolls back by itself after some errors, a full disk among them.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _write_faults() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise _refusal(error) from error
    except sqlite3.DatabaseError as error:
        raise WriteFailed(_name(error)) from error


def _refusal(error: sqlite3.IntegrityError) -> ChangeRefused:
    # SQLite names the columns of a unique key, and never a value.
    rule = str(error)
    if _name(error) not in _UNIQUE:
        return ChangeRefused(rule)
    return NumberTaken(rule) if rule.endswith(_NUMBER) else AlreadyKept(rule)


def _name(error: sqlite3.Error) -> str:
    """Return SQLite's own name for what went wrong."""
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
