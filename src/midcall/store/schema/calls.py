"""The tables of calls."""

import sqlalchemy as sa

from midcall.store.schema.columns import (
    LIVE,
    UNCLEARED,
    Sid,
    flag_column,
    id_column,
    metadata,
    optional_text,
    sid_column,
    text_column,
    time_column,
)

# One row a family: the whole of it as one JSON document, because it is only ever read and written
# whole. `over` says that no start needs it again.
families = sa.Table(
    "families",
    metadata,
    id_column(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    sid_column("account_sid"),
    flag_column("over"),
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
    id_column(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    sid_column("account_sid"),
    text_column("from_address"),
    text_column("to_address"),
    text_column("direction"),
    text_column("status"),
    time_column("created_at"),
    time_column("updated_at"),
    sid_column("parent_call_sid", nullable=True),
    sid_column("application_sid", nullable=True),
    sid_column("phone_number_sid", nullable=True),
    optional_text("stir_status"),
    time_column("answered_at", nullable=True),
    time_column("ended_at", nullable=True),
    # Not of the record: whether what was said in the call has been removed.
    flag_column("cleared", default="0"),
    # An index for the whole list and one for each thing that it can be narrowed to. What began in
    # a time is a stretch of each of them; what ended in a time is looked for from the newest on.
    sa.Index(None, "account_sid", "created_at", "id"),
    sa.Index(None, "account_sid", "status", "created_at", "id"),
    sa.Index(None, "account_sid", "to_address", "created_at", "id"),
    sa.Index(None, "account_sid", "from_address", "created_at", "id"),
    sa.Index(None, "account_sid", "parent_call_sid", "created_at", "id"),
    # For what is removed by its age.
    sa.Index(None, "ended_at"),
)
sa.Index(
    "ix_calls_uncleared",
    calls.c.ended_at,
    sqlite_where=UNCLEARED,
    postgresql_where=UNCLEARED,
)

# Calls that were removed while their family went on. The family still has the leg and is kept with
# it at every step; this keeps the call from coming back. The rows go when the family does.
removed_calls = sa.Table(
    "removed_calls",
    metadata,
    sa.Column("sid", Sid, primary_key=True),
    sid_column("family_sid"),
    sa.Index(None, "family_sid"),
)
