"""Run statements and queries on a SQLite connection, in whatever thread has it.

SQLAlchemy writes the SQL, once for each statement; the driver runs it. Between the two lie a
dictionary and nothing else: running the statements through SQLAlchemy costs several times what the
driver does (docs/decisions/0004-store.md has the figures).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import dialect

from midcall.core.ports import Change
from midcall.store.faults import AlreadyKept, ChangeRefused, ReadFailed, WriteFailed
from midcall.store.reading import Query
from midcall.store.rows import Row, Value
from midcall.store.writing import Statement, steps

T = TypeVar("T")

_UNIQUE = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_DIALECT = dialect(paramstyle="named")


class Prepared(NamedTuple):
    """A statement as the driver takes it. ``constants`` are the values that are always the same."""

    sql: str
    constants: Row

    def values(self, row: Row) -> Row:
        """Return the values of all parameters."""
        return row | self.constants if self.constants else row


@lru_cache(maxsize=256)  # more than there are statements
def prepared(statement: Statement | sa.Select[Any]) -> Prepared:
    """Return the SQL of a statement; it is written once."""
    compiled = statement.compile(dialect=_DIALECT)
    constants: dict[str, Value] = {
        name: parameter.effective_value
        for name, parameter in compiled.binds.items()
        if not parameter.required
    }
    return Prepared(str(compiled), constants)


def write(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
    """Write the changes in one transaction; they are durable when this returns.

    Raises ``AlreadyKept`` for a second record under a unique key, ``ChangeRefused`` for a change
    that breaks another rule, ``WriteFailed`` if the disk is full or failing. The transaction has
    been rolled back then.
    """
    with _write_faults(), _transaction(connection):
        cursor = connection.cursor()
        for change in changes:
            for statement, row in steps(change):
                sql, constants = prepared(statement)
                cursor.execute(sql, row | constants if constants else row)


def read(connection: sqlite3.Connection, query: Query[T], row: Row) -> list[T]:
    """Return every row of a query; raise ``ReadFailed`` if the disk fails."""
    select = prepared(query.select)
    try:
        found = connection.execute(select.sql, select.values(row)).fetchall()
    except sqlite3.DatabaseError as error:
        raise ReadFailed(_name(error)) from error
    return [query.read(kept) for kept in found]


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
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
        fault = AlreadyKept if _name(error) in _UNIQUE else ChangeRefused
        raise fault(str(error)) from error
    except sqlite3.OperationalError as error:
        raise WriteFailed(_name(error)) from error


def _name(error: sqlite3.Error) -> str:
    """Return SQLite's own name for what went wrong."""
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
