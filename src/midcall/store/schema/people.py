"""The tables of accounts and of what they own."""

import sqlalchemy as sa

from midcall.store.schema.columns import (
    Sid,
    flag_column,
    id_column,
    metadata,
    sid_column,
    text_column,
    time_column,
)

# Once the store has a row here, every secret in it is sealed (``sealing.py``).
sealing = sa.Table(
    "sealing",
    metadata,
    id_column(),
    text_column("salt"),
    text_column("proof"),
)

accounts = sa.Table(
    "accounts",
    metadata,
    id_column(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    text_column("auth_token"),
    text_column("friendly_name"),
    time_column("created_at"),
    time_column("updated_at"),
    sid_column("owner_sid", nullable=True),
    text_column("status", default="active"),
    # Accounts are few: a list walks over them in its order, whatever narrows it.
    sa.Index(None, "created_at", "id"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    id_column(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    sid_column("account_sid"),
    text_column("secret"),
    text_column("friendly_name"),
    time_column("created_at"),
    time_column("updated_at"),
    sa.Index(None, "account_sid", "created_at", "id"),
)

applications = sa.Table(
    "applications",
    metadata,
    id_column(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    sid_column("account_sid"),
    text_column("friendly_name"),
    time_column("created_at"),
    time_column("updated_at"),
    text_column("voice_url"),
    text_column("voice_method"),
    text_column("voice_fallback_url"),
    text_column("voice_fallback_method"),
    text_column("voice_twiml"),
    flag_column("voice_caller_id_lookup"),
    text_column("status_callback"),
    text_column("status_callback_method"),
    text_column("sms_url"),
    text_column("sms_method"),
    text_column("sms_fallback_url"),
    text_column("sms_fallback_method"),
    text_column("sms_status_callback"),
    text_column("message_status_callback"),
    flag_column("public_application_connect_enabled"),
    sa.Index(None, "account_sid", "created_at", "id"),
)

phone_numbers = sa.Table(
    "phone_numbers",
    metadata,
    id_column(),
    sa.Column("sid", Sid, nullable=False, unique=True),
    sid_column("account_sid"),
    # One owner a number, over all accounts: calling it leads to one place.
    sa.Column("number", sa.Text, nullable=False, unique=True),
    text_column("friendly_name"),
    time_column("created_at"),
    time_column("updated_at"),
    text_column("voice_url"),
    text_column("voice_method"),
    text_column("voice_fallback_url"),
    text_column("voice_fallback_method"),
    sid_column("voice_application_sid", nullable=True),
    text_column("voice_twiml"),
    flag_column("voice_caller_id_lookup"),
    text_column("status_callback"),
    text_column("status_callback_method"),
    text_column("stir_status"),
    text_column("sms_url"),
    text_column("sms_method"),
    text_column("sms_fallback_url"),
    text_column("sms_fallback_method"),
    sa.Index(None, "account_sid", "created_at", "id"),
)
