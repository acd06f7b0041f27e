"""Traces: what happened to a call beside its messages and requests, for whoever looks at it later.

They are for the eye. Nothing is decided by them, and a call goes on without them.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from midcall.model.sids import AccountSid, CallSid


class TraceKind(StrEnum):
    """What a trace tells of."""

    STATUS = "status"
    """The call came to a status, which is the name."""
    VERB = "verb"
    """A verb of its TwiML began; its name is the verb's."""
    RECEIVED = "received"
    """A frame came from its device; the name is the frame's type."""
    SENT = "sent"
    """A frame went to its device."""
    QUALITY = "quality"
    """The SDK reported how the audio is; the details are numbers."""
    REPORT = "report"
    """The SDK reported anything else."""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a call. ``details`` hold no content and no secret."""

    account_sid: AccountSid
    call_sid: CallSid
    at: datetime
    kind: TraceKind
    name: str
    details: dict[str, str] = {}
