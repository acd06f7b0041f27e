"""How the tables come to be, in a database in memory."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.pool import StaticPool

from midcall.store.faults import SchemaTooNew, StoreFileUnusable
from midcall.store.migrating import check_revision, migrate, newest_revision
from midcall.store.opening import connect
from midcall.store.schema import metadata

NAME = Path("store.db")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """Open an empty database."""
    opened = connect(None)
    yield opened
    opened.close()


def tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return everything that the database is made of, as SQL."""
    return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_the_migrations_make_the_tables_of_the_schema(connection: sqlite3.Connection) -> None:
    """What the steps add up to is what ``schema.py`` describes: tables, columns, indexes."""
    migrate(connection, NAME)
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    with engine.connect() as bound:
        context = MigrationContext.configure(bound, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_what_the_schema_would_make(connection: sqlite3.Connection) -> None:
    """Conditions of indexes, keys and defaults are the same as well, to the letter of the SQL."""
    migrate(connection, NAME)
    direct = connect(None)
    engine = sa.create_engine("sqlite://", creator=lambda: direct, poolclass=StaticPool)
    metadata.create_all(engine)
    migrated = {name: sql for name, sql in tables(connection) if "alembic" not in name}
    assert {name: _words(sql) for name, sql in migrated.items()} == {
        name: _words(sql) for name, sql in tables(direct)
    }
    direct.close()


def _words(sql: str | None) -> list[str]:
    """Return what a statement says, without how it is laid out."""
    return sorted((sql or "").replace(",", " ").split())


def test_migrating_again_changes_nothing(connection: sqlite3.Connection) -> None:
    """A store that is up to date is left as it is."""
    migrate(connection, NAME)
    before = tables(connection), connection.total_changes
    migrate(connection, NAME)
    assert (tables(connection), connection.total_changes) == before
    assert not connection.in_transaction


def test_a_store_of_a_newer_version_is_left_alone(connection: sqlite3.Connection) -> None:
    """A revision that is not known stops the start with both revisions named."""
    migrate(connection, NAME)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = tables(connection)
    with pytest.raises(SchemaTooNew) as refusal:
        migrate(connection, NAME)
    assert (refusal.value.found, refusal.value.newest) == ("9999", newest_revision())
    assert "newer midcall" in str(refusal.value)
    assert tables(connection) == before
    with pytest.raises(SchemaTooNew):
        check_revision(connection, NAME)


def test_a_migration_that_fails_leaves_nothing_behind(connection: sqlite3.Connection) -> None:
    """Steps run in one transaction: a table in the way undoes those that were made before it."""
    connection.execute("CREATE TABLE notifications (something_else TEXT)")
    before = tables(connection)
    with pytest.raises(StoreFileUnusable, match="notifications"):
        migrate(connection, NAME)
    assert tables(connection) == before
    connection.execute("DROP TABLE notifications")
    migrate(connection, NAME)
    check_revision(connection, NAME)


def test_a_reader_wants_tables_that_it_knows(connection: sqlite3.Connection) -> None:
    """Without tables, or with those of an older version, reading is refused beforehand."""
    with pytest.raises(StoreFileUnusable, match="no server has made"):
        check_revision(connection, NAME)
    migrate(connection, NAME)
    check_revision(connection, NAME)
