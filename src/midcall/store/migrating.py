"""Bring a store's tables to the revision that this version works with, when it is opened.

Invariants
- Migrations are the only way in which tables are made or changed, in a new store as well.
- They all run in one transaction.
- A store that a newer version has written is left alone.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
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
    with _ONE_AT_A_TIME, _lent(connection, path) as bound:
        sa.event.listen(bound, "begin", _begin)
        if _revision(bound) == newest_revision():
            return
        settings = _settings()
        settings.attributes["connection"] = bound
        command.upgrade(settings, "head")


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
