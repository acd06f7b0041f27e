"""What statements are made of."""

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from midcall.store.rows import Row

Statement = sa.Insert | sa.Update | sa.Delete


class Step(NamedTuple):
    """One statement of a change and the values of its parameters.

    If a ``decisive`` one changes nothing, the steps behind it have nothing to do.
    """

    statement: Statement
    row: Row
    decisive: bool = False


def bind(name: str) -> sa.BindParameter[Any]:
    """Build a parameter that the change gives a value to."""
    return sa.bindparam(name)


def add(table: sa.Table) -> sa.Insert:
    """Build an insert of everything but the number that the database gives."""
    names = [column.name for column in table.columns if column.name != "id"]
    return sa.insert(table).values({name: bind(name) for name in names})


def put(table: sa.Table, *without: str) -> sa.Insert:
    """Build an insert that replaces the row of the same SID; the row keeps its ``id``.

    What is left out of it has its default, and keeps what it has.
    """
    left_out = {"id", *without}
    names = [column.name for column in table.columns if column.name not in left_out]
    added = insert(table).values({name: bind(name) for name in names})
    return added.on_conflict_do_update(
        index_elements=["sid"],
        set_={name: added.excluded[name] for name in names if name != "sid"},
    )


def remove(table: sa.Table) -> sa.Delete:
    """Build a delete of the row of a SID."""
    return sa.delete(table).where(table.c.sid == bind("sid"))
