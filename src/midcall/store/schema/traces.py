"""The table of what happened to calls, for the eye."""

import sqlalchemy as sa

from midcall.store.schema.columns import (
    id_column,
    metadata,
    sid_column,
    text_column,
    time_column,
)

traces = sa.Table(
    "traces",
    metadata,
    id_column(),
    sid_column("account_sid"),
    sid_column("call_sid"),
    time_column("at"),
    text_column("kind"),
    text_column("name"),
    text_column("details"),
    sa.Index(None, "call_sid", "at", "id"),
)
