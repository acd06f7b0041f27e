"""The tables, as SQLAlchemy Core sees them. The migrations make them; a test compares the two.

Invariants
- A time is an integer: microseconds since 1970-01-01T00:00:00Z. It is exact, sorts as it should,
  and means the same in every database and in every time zone that a server may be set to.
- Where order matters and times may be equal, ``id`` breaks the tie: it grows with every row added.
- A column has the name of the attribute that it keeps (``rows.py`` relies on it); an attribute that
  is an ``Endpoint`` takes two columns, ``…_url`` and ``…_method``.
- A flag is 0 or 1.
- The entries of a lane are all of one call (``removing.py`` relies on it).
- The only foreign key leads from an attempt to its entry. Everything else may be kept in the order
  in which it was decided: a message may be older than the next record of its call.
"""

from typing import Any, Final

import sqlalchemy as sa

from midcall.model.messages import MessageState
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

UNSETTLED: Final = sa.text(
    "state IN ({})".format(
        ", ".join(f"'{state.value}'" for state in MessageState if not state.terminal)
    )
)
"""Messages that something may still become of."""

LIVE: Final = sa.text("over = 0")
"""Families that are under way."""

PENDING: Final = sa.text(f"state = '{EntryState.PENDING.value}'")
"""Entries that still have to leave."""


def _id() -> sa.Column[int]:
    return sa.Column("id", Id, primary_key=True)


def _text(name: str, *, default: str | None = None) -> sa.Column[str]:
    """Describe a text. One that came to its table later has a default, for the rows before it."""
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Time, nullable=nullable)


def _sid(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Sid, nullable=nullable)


def _flag(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False)


accounts = sa.Table(
    "accounts",
    metadata,
    _id(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    _text("auth_token"),
    _text("friendly_name"),
    _time("created_at"),
    _time("updated_at"),
    _sid("owner_sid", nullable=True),
    _text("status", default="active"),
    # Accounts are few: a list walks over them in its order, whatever narrows it.
    sa.Index(None, "created_at", "id"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    _id(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    _sid("account_sid"),
    _text("secret"),
    _text("friendly_name"),
    _time("created_at"),
    _time("updated_at"),
    sa.Index(None, "account_sid", "created_at", "id"),
)

applications = sa.Table(
    "applications",
    metadata,
    _id(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    _sid("account_sid"),
    _text("friendly_name"),
    _time("created_at"),
    _time("updated_at"),
    _text("voice_url"),
    _text("voice_method"),
    _text("voice_fallback_url"),
    _text("voice_fallback_method"),
    _text("voice_twiml"),
    _flag("voice_caller_id_lookup"),
    _text("status_callback"),
    _text("status_callback_method"),
    _text("sms_url"),
    _text("sms_method"),
    _text("sms_fallback_url"),
    _text("sms_fallback_method"),
    _text("sms_status_callback"),
    _text("message_status_callback"),
    _flag("public_application_connect_enabled"),
    sa.Index(None, "account_sid", "created_at", "id"),
)

phone_numbers = sa.Table(
    "phone_numbers",
    metadata,
    _id(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    _sid("account_sid"),
    # One owner a number, over all accounts: calling it leads to one place.
    sa.Column("number", sa.Text, nullable=False, unique=True),
    _text("friendly_name"),
    _time("created_at"),
    _time("updated_at"),
    _text("voice_url"),
    _text("voice_method"),
    _text("voice_fallback_url"),
    _text("voice_fallback_method"),
    _sid("voice_application_sid", nullable=True),
    _text("voice_twiml"),
    _flag("voice_caller_id_lookup"),
    _text("status_callback"),
    _text("status_callback_method"),
    _text("stir_status"),
    _text("sms_url"),
    _text("sms_method"),
    _text("sms_fallback_url"),
    _text("sms_fallback_method"),
    sa.Index(None, "account_sid", "created_at", "id"),
)

# One row a family: the whole of it as one JSON document, because it is only ever read and written
# whole. `over` says that no start needs it again.
families = sa.Table(
    "families",
    metadata,
    _id(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    _sid("account_sid"),
    _flag("over"),
    sa.Column("document", sa.LargeBinary, nullable=False),
)
sa.Index(
    "ix_families_live",
    families.c.id,
    sqlite_where=LIVE,
    postgresql_where=LIVE,
)

# One row a leg, taken out of the family, so that calls can be listed and narrowed.
calls = sa.Table(
    "calls",
    metadata,
    _id(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    _sid("account_sid"),
    _text("from_address"),
    _text("to_address"),
    _text("direction"),
    _text("status"),
    _time("created_at"),
    _time("updated_at"),
    _sid("parent_call_sid", nullable=True),
    _sid("application_sid", nullable=True),
    _sid("phone_number_sid", nullable=True),
    sa.Column("stir_status", sa.Text, nullable=True),
    _time("answered_at", nullable=True),
    _time("ended_at", nullable=True),
    # An index for the whole list and one for each thing that it can be narrowed to. What began in
    # a time is a stretch of each of them; what ended in a time is looked for from the newest on.
    sa.Index(None, "account_sid", "created_at", "id"),
    sa.Index(None, "account_sid", "status", "created_at", "id"),
    sa.Index(None, "account_sid", "to_address", "created_at", "id"),
    sa.Index(None, "account_sid", "from_address", "created_at", "id"),
    sa.Index(None, "account_sid", "parent_call_sid", "created_at", "id"),
)

# Calls that were removed while their family went on. The family still has the leg and is kept with
# it at every step; this keeps the call from coming back. The rows go when the family does.
removed_calls = sa.Table(
    "removed_calls",
    metadata,
    sa.Column("sid", Sid, primary_key=True),
    _sid("family_sid"),
    sa.Index(None, "family_sid"),
)

messages = sa.Table(
    "messages",
    metadata,
    _id(),
    _sid("sid"),
    _sid("account_sid"),
    _sid("call_sid"),
    _text("direction"),
    sa.Column("position", sa.BigInteger, nullable=False),
    _text("content"),
    _text("content_type"),
    _time("created_at"),
    _text("state"),
    _time("sent_at", nullable=True),
    _time("settled_at", nullable=True),
    sa.UniqueConstraint("call_sid", "sid"),
    # Two messages in one place of a leg's order would be a broken promise: better a refused commit.
    sa.UniqueConstraint("call_sid", "direction", "position"),
)
sa.Index(
    "ix_messages_unsettled",
    messages.c.call_sid,
    messages.c.direction,
    messages.c.position,
    sqlite_where=UNSETTLED,
    postgresql_where=UNSETTLED,
)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    _id(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    _sid("account_sid"),
    _sid("call_sid"),
    _text("callback_url"),
    _text("callback_method"),
    _time("created_at"),
    sa.Index(None, "call_sid", "id"),
)

accepted_requests = sa.Table(
    "accepted_requests",
    metadata,
    sa.Column("account_sid", Sid, primary_key=True),
    sa.Column("call_sid", Sid, primary_key=True),
    sa.Column("resource", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    _text("fingerprint"),
    _text("sid"),
    _time("created_at"),
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("lane", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("kind"),
    _sid("account_sid"),
    _sid("call_sid"),
    _text("endpoint_url"),
    _text("endpoint_method"),
    _text("parameters"),
    _text("token"),
    _time("created_at"),
    _time("due_at"),
    _sid("message_sid", nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    _text("state"),
    # For the open entries of a message, and for all of a call when it is removed.
    sa.Index(None, "call_sid", "message_sid"),
)

# The first pending entry of each lane. The deliverer asks "what is due?" after every commit; asked
# of `entries`, that costs a walk over every callback that a dead server has piled up, asked of this
# table it costs what it returns.
lane_heads = sa.Table(
    "lane_heads",
    metadata,
    sa.Column("lane", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("due_at", Time, nullable=False),
    sa.Index(None, "due_at", "lane"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    _id(),
    _text("lane"),
    sa.Column("position", sa.BigInteger, nullable=False),
    _time("attempted_at"),
    sa.Column("duration_ms", sa.BigInteger, nullable=False),
    _text("outcome"),
    sa.Column("status", sa.Integer, nullable=True),
    _text("fault"),
    sa.ForeignKeyConstraint(["lane", "position"], ["entries.lane", "entries.position"]),
    sa.Index(None, "lane", "position", "id"),
)

notifications = sa.Table(
    "notifications",
    metadata,
    _id(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    _sid("account_sid"),
    _sid("call_sid", nullable=True),
    sa.Column("code", sa.Integer, nullable=False),
    _text("level"),
    _text("text"),
    _time("created_at"),
    _text("request_url"),
    _text("request_method"),
    _text("request_variables", default=""),
    _text("response_headers", default=""),
    _text("response_body", default=""),
    sa.Index(None, "account_sid", "created_at", "id"),
    sa.Index(None, "call_sid", "created_at", "id"),
)

exchanges = sa.Table(
    "exchanges",
    metadata,
    _id(),
    _sid("account_sid"),
    _sid("call_sid"),
    _time("requested_at"),
    _text("method"),
    _text("url"),
    _text("parameters"),
    sa.Column("duration_ms", sa.BigInteger, nullable=False),
    sa.Column("response_code", sa.Integer, nullable=True),
    _text("content_type"),
    _text("response_body"),
    sa.Index(None, "call_sid", "requested_at", "id"),
)
