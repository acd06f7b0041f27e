"""What columns are made of, and the conditions that indexes and statements share."""

from typing import Any, Final

import sqlalchemy as sa

from midcall.model.messages import Direction, MessageState
from midcall.model.outbox import EntryState

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite counts by itself only in a column that is exactly ``INTEGER PRIMARY KEY``."""

Sid = sa.String(34)
Time = sa.BigInteger
"""Microseconds since 1970, UTC."""

# A partial index serves a query only if the query repeats the index's condition word for word, so
# the conditions are texts that both share.


def _none_of(*states: MessageState) -> sa.TextClause:
    # For a list of three or more, SQLite would make a table at every look.
    return sa.text(" AND ".join(f"state <> '{state.value}'" for state in states))


UNSETTLED: Final = _none_of(*(state for state in MessageState if state.terminal))
"""Messages that something may still become of."""

UNDELIVERED: Final = _none_of(MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED)
"""Messages that did not get through, or do not for now: the few that are looked for by state."""

UNSENT: Final = sa.text(
    f"direction = '{Direction.DOWNLINK.value}' "
    f"AND state IN ('{MessageState.ACCEPTED.value}', '{MessageState.HELD.value}')"
)
"""Downlinks that wait for a device to take them."""

REPLY: Final = sa.text("in_reply_to IS NOT NULL")
"""Uplinks that say what they answer."""

LIVE: Final = sa.text("over = 0")
"""Families that are under way."""

PENDING: Final = sa.text(f"state = '{EntryState.PENDING.value}'")
"""Entries that still have to leave."""

WAITING: Final = sa.text(f"state = '{EntryState.WAITING.value}'")
"""Entries that are not owed yet."""

UNFINISHED: Final = sa.text(f"state <> '{EntryState.DELIVERED.value}'")
"""Entries that have not come to their good end."""

UNCLEARED: Final = sa.text("cleared = 0")
"""Calls of which nobody has removed what was said."""


def id_column() -> sa.Column[int]:
    """Describe the number that a row is given when it is added."""
    return sa.Column("id", Id, primary_key=True)


def text_column(name: str, *, default: str | None = None) -> sa.Column[str]:
    """Describe a text. One that came to its table later has a default, for the rows before it."""
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def time_column(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Describe a time."""
    return sa.Column(name, Time, nullable=nullable)


def sid_column(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Describe a SID."""
    return sa.Column(name, Sid, nullable=nullable)


def flag_column(name: str, *, default: str | None = None) -> sa.Column[int]:
    """Describe a flag; for its default see ``text_column``."""
    return sa.Column(name, sa.SmallInteger, nullable=False, server_default=default)


def optional_text(name: str) -> sa.Column[Any]:
    """Describe a text that may be missing."""
    return sa.Column(name, sa.Text, nullable=True)


def number_column(name: str, *, default: str | None = None) -> sa.Column[int]:
    """Describe a count that may grow large; for its default see ``text_column``."""
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=default)
