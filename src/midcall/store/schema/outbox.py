"""The tables of what must still leave."""

import sqlalchemy as sa

from midcall.store.schema.columns import (
    UNFINISHED,
    WAITING,
    Time,
    id_column,
    metadata,
    number_column,
    sid_column,
    text_column,
    time_column,
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("lane", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    text_column("kind"),
    sid_column("account_sid"),
    sid_column("call_sid"),
    text_column("endpoint_url"),
    text_column("endpoint_method"),
    text_column("parameters"),
    text_column("token"),
    time_column("created_at"),
    time_column("due_at"),
    sid_column("message_sid", nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    text_column("state"),
    time_column("redriven_at", nullable=True),
    # For the open entries of a message, and for all of a call when it is removed.
    sa.Index(None, "call_sid", "message_sid"),
    sa.Index(None, "token"),
    sa.Index(None, "account_sid", "created_at"),
)
# What is looked for by its state is what has not been delivered.
sa.Index(
    "ix_entries_unfinished",
    entries.c.account_sid,
    entries.c.state,
    entries.c.created_at,
    sqlite_where=UNFINISHED,
    postgresql_where=UNFINISHED,
)
# Looked at whenever a message is settled; as good as empty where nobody asks for receipts.
sa.Index(
    "ix_entries_waiting",
    entries.c.call_sid,
    entries.c.message_sid,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)

# The first pending entry of each lane. The deliverer asks "what is due?" after every commit; asked
# of `entries`, that costs a walk over every callback that a dead server has piled up, asked of this
# table it costs what it returns.
lane_heads = sa.Table(
    "lane_heads",
    metadata,
    sa.Column("lane", sa.Text, primary_key=True),
    number_column("position"),
    sa.Column("due_at", Time, nullable=False),
    sa.Index(None, "due_at", "lane"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    id_column(),
    text_column("lane"),
    number_column("position"),
    time_column("attempted_at"),
    number_column("duration_ms"),
    text_column("outcome"),
    sa.Column("status", sa.Integer, nullable=True),
    text_column("fault"),
    sa.ForeignKeyConstraint(["lane", "position"], ["entries.lane", "entries.position"]),
    sa.Index(None, "lane", "position", "id"),
)
