"""What the core wants done, imperative. Effects are released only after the commit."""

import msgspec

from midcall.model.calls import Call
from midcall.model.errors import Fault
from midcall.model.families import Device, DeviceId
from midcall.model.sids import CallSid
from midcall.model.twiml import Parameter


class FindDevices(msgspec.Struct, frozen=True, kw_only=True):
    """Look up who is registered under an identity; answered by ``DevicesFound``."""

    call_sid: CallSid
    identity: str


class InviteDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Offer an incoming call to a device.

    Answered by ``DeviceRang``, ``DeviceGone`` or ``DeviceFailed``.
    """

    call: Call
    device: Device
    parameters: tuple[Parameter, ...]


class TellRinging(msgspec.Struct, frozen=True, kw_only=True):
    """Tell a calling device its CallSid, and that its call is under way."""

    call_sid: CallSid
    device: Device


class PrepareAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Make the media endpoint of a calling device from its offer."""

    call_sid: CallSid
    device: Device
    offer_sdp: str


class AnswerDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Tell a calling device that its call is answered, with the answer to its offer."""

    call_sid: CallSid
    device: Device


class WelcomeBack(msgspec.Struct, frozen=True, kw_only=True):
    """Tell a device that came back that it holds its leg again."""

    call_sid: CallSid
    device: Device


class AcceptMedia(msgspec.Struct, frozen=True, kw_only=True):
    """Take the answer of a device that accepted an incoming call."""

    call_sid: CallSid
    device: DeviceId
    sdp: str


class CancelDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Withdraw an incoming call from a device that has not accepted it; release its media."""

    call_sid: CallSid
    device: Device


class HangUpDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Tell a device that its call is over, with the reason if it is a fault; release its media."""

    call_sid: CallSid
    device: Device
    fault: Fault | None = None


class ReleaseDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Let go of a device that left by itself: its media, and its claim on the leg."""

    call_sid: CallSid
    device: Device


class JoinMedia(msgspec.Struct, frozen=True, kw_only=True):
    """Let two devices hear each other."""

    first: DeviceId
    second: DeviceId


class PartMedia(msgspec.Struct, frozen=True, kw_only=True):
    """Let a device hear nobody."""

    device: DeviceId


class RingMedia(msgspec.Struct, frozen=True, kw_only=True):
    """Let a device hear ring-back."""

    device: DeviceId


class FetchDocument(msgspec.Struct, frozen=True):
    """Get the document that the program waits for.

    Answered by ``DocumentArrived`` or ``DocumentFailed``. What to fetch stands in the family.
    """


class RelayDownlinks(msgspec.Struct, frozen=True):
    """Send a leg's user-defined messages to its devices, as far as they can be."""

    call_sid: CallSid


DeviceEffect = (
    InviteDevice
    | TellRinging
    | PrepareAnswer
    | AnswerDevice
    | WelcomeBack
    | CancelDevice
    | HangUpDevice
    | ReleaseDevice
)
"""What is done with one device of one leg."""

MediaEffect = AcceptMedia | JoinMedia | PartMedia | RingMedia
"""What is done with the audio."""

Effect = DeviceEffect | MediaEffect | FindDevices | FetchDocument | RelayDownlinks
