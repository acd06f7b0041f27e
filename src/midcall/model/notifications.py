"""What the debugger shows: errors and warnings under their documented codes."""

from datetime import datetime
from enum import StrEnum

import msgspec

from midcall.model.sids import AccountSid, CallSid, NotificationSid


class Level(StrEnum):
    """How bad it is, in the words of the original's debugger."""

    ERROR = "error"
    WARNING = "warning"


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One error or warning, and the request that it came from where there was one."""

    sid: NotificationSid
    account_sid: AccountSid
    call_sid: CallSid | None
    code: int
    level: Level
    text: str
    created_at: datetime
    request_url: str = ""
    request_method: str = ""
