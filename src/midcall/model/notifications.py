"""What the debugger shows: errors and warnings under their documented codes."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from midcall.model.sids import AccountSid, CallSid, NotificationSid


class Level(StrEnum):
    """How bad it is, in the words of the original's debugger."""

    ERROR = "error"
    WARNING = "warning"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a request to a customer's server carried and what came back, for whoever debugs it.

    ``request_variables`` and ``response_headers`` are written as forms; each is cut to a limit.
    """

    request_variables: str = ""
    response_headers: str = ""
    response_body: str = ""


NO_EVIDENCE: Final = Evidence()


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One error or warning, and the request that it came from where there was one.

    ``request_variables`` is the request's form, the rest what came back, both cut to a limit.
    """

    sid: NotificationSid
    account_sid: AccountSid
    call_sid: CallSid | None
    code: int
    level: Level
    text: str
    created_at: datetime
    request_url: str = ""
    request_method: str = ""
    request_variables: str = ""
    response_headers: str = ""
    response_body: str = ""
