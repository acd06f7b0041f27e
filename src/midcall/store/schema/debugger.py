"""The tables of what went wrong, and of what was asked and answered."""

import sqlalchemy as sa

from midcall.store.schema.columns import (
    Sid,
    id_column,
    metadata,
    number_column,
    sid_column,
    text_column,
    time_column,
)

notifications = sa.Table(
    "notifications",
    metadata,
    id_column(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    sid_column("account_sid"),
    sid_column("call_sid", nullable=True),
    sa.Column("code", sa.Integer, nullable=False),
    text_column("level"),
    text_column("text"),
    time_column("created_at"),
    text_column("request_url"),
    text_column("request_method"),
    text_column("request_variables", default=""),
    text_column("response_headers", default=""),
    text_column("response_body", default=""),
    sa.Index(None, "account_sid", "created_at", "id"),
    sa.Index(None, "call_sid", "created_at", "id"),
    sa.Index(None, "created_at"),
)

exchanges = sa.Table(
    "exchanges",
    metadata,
    id_column(),
    sid_column("account_sid"),
    sid_column("call_sid"),
    time_column("requested_at"),
    text_column("method"),
    text_column("url"),
    text_column("parameters"),
    number_column("duration_ms"),
    sa.Column("response_code", sa.Integer, nullable=True),
    text_column("content_type"),
    text_column("response_body"),
    sa.Index(None, "call_sid", "requested_at", "id"),
)
