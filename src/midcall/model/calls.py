"""Calls. One call is one leg: a caller's leg is a parent, a leg that ``<Dial>`` made is a child."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from midcall.model.endpoints import Endpoint
from midcall.model.sids import AccountSid, ApplicationSid, CallSid, PhoneNumberSid

API_VERSION: Final = "2010-04-01"
"""The version of the original's API that calls are told of in."""


class CallStatus(StrEnum):
    """The status of a call, in the words of the Calls resource."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"
    FAILED = "failed"

    @property
    def active(self) -> bool:
        """Whether messages may flow (Call Message Events page, "A note on active Calls")."""
        return self in {CallStatus.RINGING, CallStatus.IN_PROGRESS}

    @property
    def terminal(self) -> bool:
        """Whether the call is over."""
        return self not in {CallStatus.QUEUED, CallStatus.RINGING, CallStatus.IN_PROGRESS}


class CallDirection(StrEnum):
    """Who began the call, in the words of the Calls resource."""

    INBOUND = "inbound"
    """Towards midcall: an SDK or a phone number called."""
    OUTBOUND_API = "outbound-api"
    OUTBOUND_DIAL = "outbound-dial"


class CallEvent(StrEnum):
    """The stages of a call that a status callback can ask for (``statusCallbackEvent``)."""

    INITIATED = "initiated"
    RINGING = "ringing"
    ANSWERED = "answered"
    COMPLETED = "completed"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of a call, as the Calls resource shows it.

    ``answered_at`` is when it came to be in progress; the duration counts from there.
    ``stir_status`` is how far the caller's number was verified, where that is known
    (``TN-Validation-Passed-A`` and so on).
    """

    sid: CallSid
    account_sid: AccountSid
    from_address: str
    to_address: str
    direction: CallDirection
    status: CallStatus
    created_at: datetime
    updated_at: datetime
    parent_call_sid: CallSid | None = None
    application_sid: ApplicationSid | None = None
    phone_number_sid: PhoneNumberSid | None = None
    stir_status: str | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def duration_seconds(self) -> int | None:
        """Whole seconds from answer to end; 0 if never answered; ``None`` before the end."""
        if self.ended_at is None:
            return None
        if self.answered_at is None:
            return 0
        return max(0, round((self.ended_at - self.answered_at).total_seconds()))


class StatusCallback(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to hear of which stages of a call, and how many were told already."""

    endpoint: Endpoint
    events: frozenset[CallEvent] = frozenset({CallEvent.COMPLETED})
    told: int = 0
