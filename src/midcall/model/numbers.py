"""Phone numbers that accounts own, and those that stand in for a carrier."""

from datetime import datetime
from enum import StrEnum

import msgspec

from midcall.model.endpoints import Endpoint, Method
from midcall.model.sids import AccountSid, ApplicationSid, PhoneNumberSid


class PhoneNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A number of an account. Calling it leads to a real inbound call with its TwiML.

    ``number`` is in E.164 (``+15005550006``). ``voice_application_sid`` wins over the Voice URL.
    ``voice_twiml`` and ``stir_status`` are midcall's own: TwiML kept here, and how far callers
    are said to be verified.
    """

    sid: PhoneNumberSid
    account_sid: AccountSid
    number: str
    friendly_name: str
    created_at: datetime
    updated_at: datetime
    voice_url: str = ""
    voice_method: Method = Method.POST
    voice_fallback_url: str = ""
    voice_fallback_method: Method = Method.POST
    voice_application_sid: ApplicationSid | None = None
    voice_twiml: str = ""
    voice_caller_id_lookup: bool = False
    status_callback: str = ""
    status_callback_method: Method = Method.POST
    stir_status: str = ""
    sms_url: str = ""
    sms_method: Method = Method.POST
    sms_fallback_url: str = ""
    sms_fallback_method: Method = Method.POST

    @property
    def voice_endpoint(self) -> Endpoint | None:
        """Where the TwiML of a call is fetched, or ``None`` if it is kept here or nowhere."""
        return Endpoint(self.voice_url, self.voice_method) if self.voice_url else None


class Behaviour(StrEnum):
    """What a simulated party does with a call."""

    ANSWER = "answer"
    """Answers, and says nothing."""
    TALK = "talk"
    """Answers, and talks."""
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAIL = "fail"


SIMULATED: dict[str, Behaviour] = {
    "+15005550100": Behaviour.ANSWER,
    "+15005550101": Behaviour.TALK,
    "+15005550102": Behaviour.BUSY,
    "+15005550103": Behaviour.NO_ANSWER,
    "+15005550104": Behaviour.FAIL,
}
"""Numbers that nobody owns, so that ``<Number>`` can be tried without a carrier.

They are in the range of the original's own test numbers (+1 500 555), which no carrier serves.
"""
