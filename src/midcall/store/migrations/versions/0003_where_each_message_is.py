"""Held messages, receipts, message events, standing subscriptions, broadcasts, sealed secrets."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add what is new; what the tables hold stays."""
    _calls()
    _messages()
    _message_events()
    _subscriptions()
    _outbox()
    _ages()
    _sealing()


def _calls() -> None:
    op.add_column(
        "calls", sa.Column("cleared", sa.SmallInteger(), nullable=False, server_default="0")
    )
    _partial_index("ix_calls_uncleared", "calls", ["ended_at"], "cleared = 0")


def _messages() -> None:
    op.add_column("messages", sa.Column("held_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "messages", sa.Column("sends", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column("messages", sa.Column("status_callback_url", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("status_callback_method", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("in_reply_to", sa.String(length=34), nullable=True))
    op.execute(
        sa.text(
            "UPDATE messages SET sends = 1 WHERE direction = 'downlink' AND sent_at IS NOT NULL"
        )
    )
    op.create_index("ix_messages_account_sid_id", "messages", ["account_sid", "id"])
    op.create_index("ix_messages_call_sid_id", "messages", ["call_sid", "id"])
    op.drop_index("ix_messages_unsettled", table_name="messages")
    _partial_index(
        "ix_messages_unsettled",
        "messages",
        ["call_sid", "direction", "position"],
        "state <> 'delivered' AND state <> 'expired' AND state <> 'failed'",
    )
    _partial_index(
        "ix_messages_undelivered",
        "messages",
        ["account_sid", "state", "id"],
        "state <> 'accepted' AND state <> 'sent' AND state <> 'delivered'",
    )
    _partial_index(
        "ix_messages_unsent",
        "messages",
        ["created_at", "call_sid"],
        "direction = 'downlink' AND state IN ('accepted', 'held')",
    )
    _partial_index(
        "ix_messages_replies",
        "messages",
        ["call_sid", "in_reply_to", "position"],
        "in_reply_to IS NOT NULL",
    )


def _message_events() -> None:
    op.create_table(
        "message_events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("message_sid", sa.String(length=34), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_message_events_account_sid_id", "message_events", ["account_sid", "id"])
    op.create_index("ix_message_events_call_sid_id", "message_events", ["call_sid", "id"])
    op.create_index("ix_message_events_at", "message_events", ["at"])


def _subscriptions() -> None:
    op.add_column(
        "subscriptions", sa.Column("replay", sa.SmallInteger(), nullable=False, server_default="0")
    )
    op.create_table(
        "standing_subscriptions",
        sa.Column("id", _ID, nullable=False),
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("callback_url", sa.Text(), nullable=False),
        sa.Column("callback_method", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("application_sid", sa.String(length=34), nullable=True),
        sa.Column("identity", sa.Text(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_standing_subscriptions"),
        sa.UniqueConstraint("sid", name="uq_standing_subscriptions_sid"),
    )
    op.create_index(
        "ix_standing_subscriptions_account_sid_id", "standing_subscriptions", ["account_sid", "id"]
    )
    op.create_table(
        "broadcasts",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("call_sids", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_sid", "key", name="pk_broadcasts"),
    )


def _outbox() -> None:
    op.add_column("entries", sa.Column("redriven_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_entries_token", "entries", ["token"])
    op.create_index("ix_entries_account_sid_created_at", "entries", ["account_sid", "created_at"])
    _partial_index(
        "ix_entries_unfinished",
        "entries",
        ["account_sid", "state", "created_at"],
        "state <> 'delivered'",
    )
    _partial_index(
        "ix_entries_waiting", "entries", ["call_sid", "message_sid"], "state = 'waiting'"
    )


def _ages() -> None:
    """Index what is removed by its age."""
    op.create_index("ix_calls_ended_at", "calls", ["ended_at"])
    for table in ("accepted_requests", "broadcasts", "notifications"):
        op.create_index(f"ix_{table}_created_at", table, ["created_at"])


def _sealing() -> None:
    op.create_table(
        "sealing",
        sa.Column("id", _ID, nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sealing"),
    )


def _partial_index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
