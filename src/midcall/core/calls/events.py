"""What can happen to a call family, past tense. An event that comes too late changes nothing."""

import msgspec

from midcall.model.families import DeviceId, SessionId
from midcall.model.sids import CallSid
from midcall.model.twiml import Document


class DocumentArrived(msgspec.Struct, frozen=True, kw_only=True):
    """A document was fetched and understood. ``token`` tells which fetch it answers."""

    token: str
    document: Document
    url: str


class DocumentFailed(msgspec.Struct, frozen=True, kw_only=True):
    """No usable document was to be had. ``code`` is the documented error."""

    token: str
    code: int
    reason: str
    url: str


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
    """A device came back on another socket with its reconnect token."""

    call_sid: CallSid
    device: DeviceId
    session: SessionId


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

Event = (
    DeviceEvent
    | DocumentArrived
    | DocumentFailed
    | DevicesFound
    | DeviceDetached
    | TimerFired
    | ServerRestarted
)
