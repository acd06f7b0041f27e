"""Requests to customers' servers on behalf of a call, and what came back: the call's events."""

from datetime import datetime

import msgspec

from midcall.model.sids import AccountSid, CallSid


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its response, as the Calls Events resource shows them.

    ``response_code`` is ``None`` if there was no response; ``duration_ms`` is in milliseconds.
    ``response_body`` is cut to a limit.
    """

    account_sid: AccountSid
    call_sid: CallSid
    requested_at: datetime
    method: str
    url: str
    parameters: dict[str, str]
    duration_ms: int
    response_code: int | None = None
    content_type: str = ""
    response_body: str = ""
