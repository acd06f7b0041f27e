"""What the REST API asks about calls."""

from typing import Protocol

import msgspec

from midcall.model.calls import Call, CallEvent, CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.sids import (
    AccountSid,
    ApplicationSid,
    CallSid,
)
from midcall.model.twiml import DIAL_TIME_LIMIT_SECONDS, Parameter


class CallRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A call to be made for the REST API, with every value checked.

    ``to_address`` is ``client:<identity>`` or a number in E.164. What the call does once it is
    answered is ``voice`` or ``twiml``, or what ``application_sid`` says.
    """

    to_address: str
    from_address: str
    voice: Endpoint | None = None
    fallback: Endpoint | None = None
    twiml: str = ""
    application_sid: ApplicationSid | None = None
    status_callback: Endpoint | None = None
    status_callback_events: frozenset[CallEvent] = frozenset({CallEvent.COMPLETED})
    timeout_seconds: int = 60
    time_limit_seconds: int = DIAL_TIME_LIMIT_SECONDS
    send_digits: str = ""
    parameters: tuple[Parameter, ...] = ()


class CallUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What the REST API changes of a call under way, with every value checked.

    ``status`` is ``completed`` or ``canceled``. ``voice`` or ``twiml`` replaces what it is doing.
    """

    status: CallStatus | None = None
    voice: Endpoint | None = None
    fallback: Endpoint | None = None
    twiml: str = ""
    status_callback: Endpoint | None = None
    time_limit_seconds: int | None = None


class Calling(Protocol):
    """What the REST API does with calls."""

    async def create(self, account: AccountSid, request: CallRequest) -> Call:
        """Begin a call; it is queued, durably, when this returns.

        Raises ``ApplicationNotAccessible``.
        """
        ...

    async def update(self, account: AccountSid, sid: CallSid, update: CallUpdate) -> Call:
        """Change a call under way; return it as it is now.

        Raises ``NotFound``, and ``CallNotActive`` for one that is over.
        """
        ...
