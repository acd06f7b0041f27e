"""What can happen to a call family, past tense. An event that comes too late changes nothing."""

import msgspec

from midcall.core.calls.states import Cause
from midcall.model.endpoints import Endpoint
from midcall.model.families import DeviceId, Origin, SessionId
from midcall.model.notifications import NO_EVIDENCE, Evidence
from midcall.model.numbers import Behaviour, PhoneNumber
from midcall.model.sids import CallSid
from midcall.model.twiml import Document


class DocumentArrived(msgspec.Struct, frozen=True, kw_only=True):
    """A document was fetched and understood. ``token`` tells which fetch it answers.

    ``url`` is where it came from in the end, after redirects; empty if it is kept here.
    """

    call_sid: CallSid
    token: str
    document: Document
    url: str


class DocumentFailed(msgspec.Struct, frozen=True, kw_only=True):
    """No usable document was to be had. ``code`` is the documented error."""

    call_sid: CallSid
    token: str
    code: int
    reason: str
    url: str
    evidence: Evidence = NO_EVIDENCE


class DevicesFound(msgspec.Struct, frozen=True, kw_only=True):
    """These signalling sessions are registered under a child's identity; perhaps none."""

    call_sid: CallSid
    sessions: tuple[SessionId, ...]


class DeviceRang(msgspec.Struct, frozen=True, kw_only=True):
    """A device was sent the invite of its leg."""

    call_sid: CallSid
    device: DeviceId


class DeviceAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """A device took the incoming call. ``sdp`` is its answer to our offer."""

    call_sid: CallSid
    device: DeviceId
    sdp: str
    fingerprint: str = ""


class DeviceRejected(msgspec.Struct, frozen=True, kw_only=True):
    """A device refused the incoming call."""

    call_sid: CallSid
    device: DeviceId


class DeviceHungUp(msgspec.Struct, frozen=True, kw_only=True):
    """A device left its call."""

    call_sid: CallSid
    device: DeviceId


class DeviceGone(msgspec.Struct, frozen=True, kw_only=True):
    """A device's socket was gone before the invite of its leg could be sent."""

    call_sid: CallSid
    device: DeviceId


class DeviceFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A device cannot take part: its media cannot be set up."""

    call_sid: CallSid
    device: DeviceId
    reason: str


class DeviceDetached(msgspec.Struct, frozen=True, kw_only=True):
    """The socket of a device was lost. ``keep_seconds`` is how long the leg waits for it."""

    session: SessionId
    keep_seconds: int


class DeviceAttached(msgspec.Struct, frozen=True, kw_only=True):
    """A device came with the reconnect token of ``device``.

    It is that device on another socket, or, if its media has another fingerprint, another device
    that was given the token to take the call over with what it offers.
    """

    call_sid: CallSid
    device: DeviceId
    session: SessionId
    fingerprint: str = ""
    offer_sdp: str = ""


class PromptEnded(msgspec.Struct, frozen=True, kw_only=True):
    """What a leg was played is over. ``token`` tells which playing."""

    call_sid: CallSid
    token: str


class PromptFailed(msgspec.Struct, frozen=True, kw_only=True):
    """What a leg was to be played could not be had. ``code`` is the documented error."""

    call_sid: CallSid
    code: int
    reason: str
    url: str


class DigitPressed(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever is at the end of a leg pressed a key."""

    call_sid: CallSid
    digit: str


class NumberFound(msgspec.Struct, frozen=True, kw_only=True):
    """Where a leg's phone number leads: to its owner, to a simulated party, or nowhere."""

    call_sid: CallSid
    owned: PhoneNumber | None = None
    simulated: Behaviour | None = None


class MediaRestarted(msgspec.Struct, frozen=True, kw_only=True):
    """The media endpoint of a leg was made anew."""

    call_sid: CallSid


class FarEndChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened on the other side of a leg's trunk."""

    call_sid: CallSid
    cause: Cause


class CallUpdated(msgspec.Struct, frozen=True, kw_only=True):
    """The REST API changes a call: ends it, or replaces what it is doing."""

    call_sid: CallSid
    end: bool = False
    origin: Origin | None = None
    status_callback: Endpoint | None = None
    time_limit_seconds: int | None = None


class TimerFired(msgspec.Struct, frozen=True, kw_only=True):
    """A timer of the family came due."""

    name: str


class ServerRestarted(msgspec.Struct, frozen=True, kw_only=True):
    """The server was away: every socket and every fetch under way is lost."""

    keep_seconds: int


DeviceEvent = (
    DeviceRang
    | DeviceAccepted
    | DeviceRejected
    | DeviceHungUp
    | DeviceGone
    | DeviceFailed
    | DeviceAttached
)
"""What can happen to one device of one leg."""

PartyEvent = (
    PromptEnded | PromptFailed | DigitPressed | NumberFound | FarEndChanged | MediaRestarted
)
"""What can happen at the end of one leg, beside its devices."""

Event = (
    DeviceEvent
    | PartyEvent
    | DocumentArrived
    | DocumentFailed
    | DevicesFound
    | DeviceDetached
    | CallUpdated
    | TimerFired
    | ServerRestarted
)
