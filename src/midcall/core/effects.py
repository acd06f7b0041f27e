"""What the core wants done, imperative. Effects are released only after the commit."""

import msgspec

from midcall.core.calls.states import Cause
from midcall.model.calls import Call
from midcall.model.errors import Fault
from midcall.model.families import Device, DeviceId, Fetching
from midcall.model.numbers import PhoneNumber
from midcall.model.sids import CallSid
from midcall.model.twiml import Parameter, Prompt


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
    """Make the media endpoint of a device that offers."""

    call_sid: CallSid
    device: Device
    offer_sdp: str


class AnswerDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Tell a device that its offer is answered."""

    call_sid: CallSid
    device: Device


class WelcomeBack(msgspec.Struct, frozen=True, kw_only=True):
    """Tell a device that came back that it holds its leg again; answer what it offers anew."""

    call_sid: CallSid
    device: Device
    offer_sdp: str = ""


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


class AcceptMedia(msgspec.Struct, frozen=True, kw_only=True):
    """Take the answer of a device that accepted an incoming call."""

    call_sid: CallSid
    device: DeviceId
    sdp: str


class JoinMedia(msgspec.Struct, frozen=True, kw_only=True):
    """Let two endpoints hear each other."""

    first: DeviceId
    second: DeviceId


class PartMedia(msgspec.Struct, frozen=True, kw_only=True):
    """Let an endpoint hear nobody."""

    device: DeviceId


class RingMedia(msgspec.Struct, frozen=True, kw_only=True):
    """Let an endpoint hear ring-back, as it sounds in a country."""

    device: DeviceId
    country: str = ""


class LinkMedia(msgspec.Struct, frozen=True, kw_only=True):
    """Make two lines, back to back."""

    first: DeviceId
    second: DeviceId


class ReleaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """Let go of a line."""

    line: DeviceId


class StopPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """End what an endpoint is played."""

    device: DeviceId


MediaEffect = AcceptMedia | JoinMedia | PartMedia | RingMedia | LinkMedia | ReleaseLine | StopPrompt
"""What is done with the audio."""


class PlayPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """Say or play something to an endpoint; answered by ``PromptEnded`` with the token."""

    call_sid: CallSid
    device: DeviceId
    prompt: Prompt
    token: str


class FetchDocument(msgspec.Struct, frozen=True):
    """Get the document that a leg's program waits for.

    Answered by ``DocumentArrived`` or ``DocumentFailed``.
    """

    call_sid: CallSid
    fetching: Fetching


class RelayDownlinks(msgspec.Struct, frozen=True):
    """Send a leg's user-defined messages to its devices, as far as they can be."""

    call_sid: CallSid


class TellProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Tell the caller's devices of a stage of a child (``events="call-progress-event"``)."""

    call_sid: CallSid
    child: Call
    status: str
    sid: str


class FindNumber(msgspec.Struct, frozen=True, kw_only=True):
    """Look up where a phone number leads; answered by ``NumberFound``."""

    call_sid: CallSid
    number: str


class CallNumber(msgspec.Struct, frozen=True, kw_only=True):
    """Begin the inbound call of a number that an account owns, on the other side of a leg."""

    leg: Call
    far_sid: CallSid
    number: PhoneNumber
    hops: int


class TellFarEnd(msgspec.Struct, frozen=True, kw_only=True):
    """Tell the leg on the other side of a trunk what happened on this one."""

    call_sid: CallSid
    cause: Cause


class PassDigits(msgspec.Struct, frozen=True, kw_only=True):
    """Let keys that were pressed here arrive on the other side of a trunk."""

    call_sid: CallSid
    digits: str


TrunkEffect = FindNumber | CallNumber | TellFarEnd | PassDigits
"""What is done with phone numbers."""

Effect = (
    DeviceEffect
    | MediaEffect
    | TrunkEffect
    | PlayPrompt
    | FindDevices
    | FetchDocument
    | RelayDownlinks
    | TellProgress
)
