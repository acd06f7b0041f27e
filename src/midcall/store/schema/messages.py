"""The tables of user-defined messages and of who is told of them."""

import sqlalchemy as sa

from midcall.store.schema.columns import (
    REPLY,
    UNDELIVERED,
    UNSENT,
    UNSETTLED,
    Sid,
    flag_column,
    id_column,
    metadata,
    number_column,
    optional_text,
    sid_column,
    text_column,
    time_column,
)

messages = sa.Table(
    "messages",
    metadata,
    id_column(),
    sid_column("sid"),
    sid_column("account_sid"),
    sid_column("call_sid"),
    text_column("direction"),
    number_column("position"),
    text_column("content"),
    text_column("content_type"),
    time_column("created_at"),
    text_column("state"),
    time_column("sent_at", nullable=True),
    time_column("settled_at", nullable=True),
    time_column("held_at", nullable=True),
    number_column("sends", default="0"),
    optional_text("status_callback_url"),
    optional_text("status_callback_method"),
    sid_column("in_reply_to", nullable=True),
    sa.UniqueConstraint("call_sid", "sid"),
    # Two messages in one place of a leg's order would be a broken promise: better a refused commit.
    sa.UniqueConstraint("call_sid", "direction", "position"),
    sa.Index(None, "account_sid", "id"),
    sa.Index(None, "call_sid", "id"),
)
sa.Index(
    "ix_messages_unsettled",
    messages.c.call_sid,
    messages.c.direction,
    messages.c.position,
    sqlite_where=UNSETTLED,
    postgresql_where=UNSETTLED,
)

sa.Index(
    "ix_messages_undelivered",
    messages.c.account_sid,
    messages.c.state,
    messages.c.id,
    sqlite_where=UNDELIVERED,
    postgresql_where=UNDELIVERED,
)
sa.Index(
    "ix_messages_unsent",
    messages.c.created_at,
    messages.c.call_sid,
    sqlite_where=UNSENT,
    postgresql_where=UNSENT,
)
sa.Index(
    "ix_messages_replies",
    messages.c.call_sid,
    messages.c.in_reply_to,
    messages.c.position,
    sqlite_where=REPLY,
    postgresql_where=REPLY,
)

# What applications are told of messages, in the order in which it happened. A number is never given
# twice, not even after the last row was removed: clients say how far they have read.
message_events = sa.Table(
    "message_events",
    metadata,
    id_column(),
    sid_column("account_sid"),
    sid_column("call_sid"),
    sid_column("message_sid"),
    text_column("state"),
    time_column("at"),
    sa.Index(None, "account_sid", "id"),
    sa.Index(None, "call_sid", "id"),
    sa.Index(None, "at"),
    sqlite_autoincrement=True,
)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    id_column(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    sid_column("account_sid"),
    sid_column("call_sid"),
    text_column("callback_url"),
    text_column("callback_method"),
    time_column("created_at"),
    flag_column("replay", default="0"),
    sa.Index(None, "call_sid", "id"),
)

standing_subscriptions = sa.Table(
    "standing_subscriptions",
    metadata,
    id_column(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    sid_column("account_sid"),
    text_column("callback_url"),
    text_column("callback_method"),
    time_column("created_at"),
    sid_column("application_sid", nullable=True),
    optional_text("identity"),
    optional_text("direction"),
    sa.Index(None, "account_sid", "id"),
)

broadcasts = sa.Table(
    "broadcasts",
    metadata,
    sa.Column("account_sid", Sid, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    text_column("fingerprint"),
    text_column("call_sids"),
    time_column("created_at"),
    sa.Index(None, "created_at"),
)

accepted_requests = sa.Table(
    "accepted_requests",
    metadata,
    sa.Column("account_sid", Sid, primary_key=True),
    sa.Column("call_sid", Sid, primary_key=True),
    sa.Column("resource", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    text_column("fingerprint"),
    text_column("sid"),
    time_column("created_at"),
    sa.Index(None, "created_at"),
)
