"""Sub-accounts, phone numbers, exchanges, more about calls and notifications, removed calls.

A family is kept in another form from now on, and nothing was released with the old one: calls that
are under way are not carried over but ended as failed, where they stood when they were kept last.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the first tables up to date; what they hold stays."""
    _accounts()
    _phone_numbers()
    _calls()
    _entries()
    _debugger()
    _end_calls()


def _accounts() -> None:
    op.add_column("accounts", sa.Column("owner_sid", sa.String(length=34), nullable=True))
    _add_text("accounts", "status", "active")


def _phone_numbers() -> None:
    op.create_table(
        "phone_numbers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("voice_url", sa.Text(), nullable=False),
        sa.Column("voice_method", sa.Text(), nullable=False),
        sa.Column("voice_fallback_url", sa.Text(), nullable=False),
        sa.Column("voice_fallback_method", sa.Text(), nullable=False),
        sa.Column("voice_application_sid", sa.String(length=34), nullable=True),
        sa.Column("voice_twiml", sa.Text(), nullable=False),
        sa.Column("voice_caller_id_lookup", sa.SmallInteger(), nullable=False),
        sa.Column("status_callback", sa.Text(), nullable=False),
        sa.Column("status_callback_method", sa.Text(), nullable=False),
        sa.Column("stir_status", sa.Text(), nullable=False),
        sa.Column("sms_url", sa.Text(), nullable=False),
        sa.Column("sms_method", sa.Text(), nullable=False),
        sa.Column("sms_fallback_url", sa.Text(), nullable=False),
        sa.Column("sms_fallback_method", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_phone_numbers"),
        sa.UniqueConstraint("sid", name="uq_phone_numbers_sid"),
        sa.UniqueConstraint("number", name="uq_phone_numbers_number"),
    )
    op.create_index(
        "ix_phone_numbers_account_sid_created_at_id",
        "phone_numbers",
        ["account_sid", "created_at", "id"],
    )


def _calls() -> None:
    op.add_column("calls", sa.Column("phone_number_sid", sa.String(length=34), nullable=True))
    op.add_column("calls", sa.Column("stir_status", sa.Text(), nullable=True))
    op.create_table(
        "removed_calls",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("family_sid", sa.String(length=34), nullable=False),
        sa.PrimaryKeyConstraint("sid", name="pk_removed_calls"),
    )
    op.create_index("ix_removed_calls_family_sid", "removed_calls", ["family_sid"])


def _entries() -> None:
    """Index every entry by its call, and not the pending ones only."""
    op.drop_index("ix_entries_open", table_name="entries")
    op.create_index("ix_entries_call_sid_message_sid", "entries", ["call_sid", "message_sid"])


def _debugger() -> None:
    for name in ("request_variables", "response_headers", "response_body"):
        _add_text("notifications", name, "")
    op.create_table(
        "exchanges",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("response_code", sa.Integer(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("response_body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exchanges"),
    )
    op.create_index(
        "ix_exchanges_call_sid_requested_at_id", "exchanges", ["call_sid", "requested_at", "id"]
    )


def _add_text(table: str, name: str, default: str) -> None:
    op.add_column(table, sa.Column(name, sa.Text(), nullable=False, server_default=default))


def _end_calls() -> None:
    families = sa.table("families", sa.column("sid"), sa.column("over"))
    calls = sa.table(
        "calls",
        *map(sa.column, ("sid", "parent_call_sid", "status", "updated_at", "ended_at")),
    )
    messages = sa.table(
        "messages", *map(sa.column, ("call_sid", "direction", "state", "settled_at"))
    )
    live = sa.select(families.c.sid).where(families.c.over == 0)
    # Whatever a live family's calls were waiting for will not come.
    of_live = sa.or_(calls.c.sid.in_(live), calls.c.parent_call_sid.in_(live))
    op.execute(
        messages.update()
        .where(
            messages.c.direction == "downlink",
            messages.c.state.in_(["accepted", "sent"]),
            messages.c.call_sid.in_(sa.select(calls.c.sid).where(of_live)),
        )
        .values(
            state="expired",
            settled_at=sa.select(calls.c.updated_at)
            .where(calls.c.sid == messages.c.call_sid)
            .scalar_subquery(),
        )
    )
    op.execute(
        calls.update()
        .where(of_live, calls.c.status.in_(["queued", "ringing", "in-progress"]))
        .values(status="failed", ended_at=calls.c.updated_at)
    )
    op.execute(families.delete().where(families.c.over == 0))
