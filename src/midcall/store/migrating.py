"""Bring a store's tables to the revision that this version works with, when it is opened.

Invariants
- Migrations are the only way in which tables are made or changed, in a new store as well: it gets
  what they have made in an empty one.
- They all run in one transaction.
- A store that a newer version has written is left alone.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import StaticPool

from midcall.store.faults import SchemaTooNew, StoreFileUnusable

_STEPS: Final = Path(__file__).parent / "migrations"

_ONE_AT_A_TIME: Final = Lock()
"""Alembic's ``context`` is a module: two stores opened at once would get each other's."""


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the tables up to date.

    Raises ``SchemaTooNew`` if a newer version wrote them, ``StoreFileUnusable`` if they cannot be
    read or written.
    """
    with _ONE_AT_A_TIME, _refusals(path):
        if connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            _make_tables(connection)
        else:
            _upgrade(connection, path)


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    with _lent(connection, path) as bound:
        sa.event.listen(bound, "begin", _begin)
        if _revision(bound) == newest_revision():
            return
        settings = _settings()
        settings.attributes["connection"] = bound
        command.upgrade(settings, "head")


def _make_tables(connection: sqlite3.Connection) -> None:
    """Make in a new store what the migrations have made once in memory.

    Alembic takes many times as long, and a program may open many stores, as tests do.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _tables():
            connection.execute(statement)
        connection.execute("INSERT INTO alembic_version VALUES (?)", [newest_revision()])
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@lru_cache(maxsize=1)
def _tables() -> tuple[str, ...]:
    """Return the statements that make in a new store what the migrations make."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        _upgrade(model, Path(":memory:"))
        made = model.execute(
            # SQLite makes its own tables by itself.
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%'"
            " ESCAPE '!' ORDER BY rowid"
        )
        return tuple(sql for (sql,) in made)


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreFileUnusable(path, str(error)) from error


def check_revision(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that the tables are what this version works with, and change nothing.

    Raises ``SchemaTooNew`` if a newer version wrote them, ``StoreFileUnusable`` if they cannot be
    read or an older version wrote them.
    """
    with _lent(connection, path) as bound:
        found = _revision(bound)
    if found is None:
        raise StoreFileUnusable(path, "no server has made its tables yet")
    if found != newest_revision():
        raise StoreFileUnusable(path, "an older version wrote it; start a server on it first")


def check_known(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ``SchemaTooNew`` if a newer version wrote the tables; change nothing."""
    with _lent(connection, path) as bound:
        _revision(bound)


def _revision(bound: sa.Connection) -> str | None:
    """Return the revision of the tables, ``None`` if there are none."""
    found = MigrationContext.configure(bound).get_current_revision()
    bound.rollback()
    if found is not None and found not in _revisions():
        raise SchemaTooNew(found, newest_revision())
    return found


def newest_revision() -> str:
    """Return the revision that this version works with."""
    return _revisions()[0]


@lru_cache(maxsize=1)
def _revisions() -> tuple[str, ...]:
    """Return every revision that this version knows, newest first."""
    steps = ScriptDirectory.from_config(_settings()).walk_revisions()
    return tuple(step.revision for step in steps)


def _settings() -> Config:
    settings = Config()
    # Alembic reads `%` as the start of an interpolation.
    settings.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    return settings


@contextmanager
def _lent(connection: sqlite3.Connection, path: Path) -> Iterator[sa.Connection]:
    """Lend the connection to SQLAlchemy. The engine is never disposed of: that would close it."""
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    try:
        with engine.connect() as bound:
            yield bound
    except sa.exc.DBAPIError as error:
        raise StoreFileUnusable(path, str(error.orig)) from error


def _begin(bound: sa.Connection) -> None:
    # The driver is in autocommit mode and begins nothing by itself.
    bound.exec_driver_sql("BEGIN IMMEDIATE")
