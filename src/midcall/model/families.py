"""A call family: a parent leg, the children that its TwiML dialled, and where that TwiML stands.

The family is what the call machine steps and what the store keeps, whole, after every step: a
server that starts again finds every call as it was decided last.
"""

from datetime import datetime
from typing import NewType

import msgspec

from midcall.model.calls import Call, CallDirection, CallStatus, StatusCallback
from midcall.model.endpoints import Endpoint
from midcall.model.sids import AccountSid, CallSid
from midcall.model.twiml import Dial, Gather, Noun, Parameter, Pause, Prompt, Verb

SessionId = NewType("SessionId", str)
"""Names one signalling session: one device's dialogue on one socket."""

DeviceId = NewType("DeviceId", str)
"""Names one device's part in one leg, across the sockets that it uses for it.

It also names the device's media endpoint.
"""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that rings for a leg or holds it.

    ``session`` is the signalling session that it was last seen on. ``reconnect_token`` is the
    secret by which it takes the leg up again on another socket. ``fingerprint`` is that of its
    media's certificate (RFC 8122), by which it is known from another device that was given the
    token; empty while it is not known. ``detached_at`` is when its socket was lost, ``None`` while
    it has one.
    """

    id: DeviceId
    session: SessionId
    reconnect_token: str
    fingerprint: str = ""
    detached_at: datetime | None = None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a document comes from: an endpoint, or a text that is kept here.

    A ``template`` has the request's parameters filled in; the text of a REST request has not.
    """

    endpoint: Endpoint | None = None
    fallback: Endpoint | None = None
    text: str = ""
    template: bool = False

    @property
    def url(self) -> str:
        """The endpoint's URL, empty for a text that is kept here."""
        return self.endpoint.url if self.endpoint is not None else ""


class Fetching(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A document is being fetched. ``token`` is the same if it must be fetched again."""

    origin: Origin
    parameters: dict[str, str]
    token: str


class Dialing(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Dial>`` is under way: its children ring, or one of them talks.

    ``waiting`` are the nouns whose turn has not come yet (``sequential``).
    """

    dial: Dial
    children: tuple[CallSid, ...]
    waiting: tuple[Noun, ...] = ()


class Speaking(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Say>`` or ``<Play>`` is under way. ``token`` tells which playing it is."""

    token: str


class Pausing(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Pause>`` is under way."""

    pause: Pause


class Gathering(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Gather>`` is under way.

    ``prompts`` are those that are still to come; ``token`` tells which one is being heard, and is
    empty once nothing is.
    """

    gather: Gather
    prompts: tuple[Prompt, ...] = ()
    token: str = ""
    digits: str = ""


Activity = Fetching | Dialing | Speaking | Pausing | Gathering


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """Where a leg's TwiML stands: what is being done, and what is left of the document.

    ``origin`` is where the document came from, and what relative URLs in it are relative to;
    ``fetches`` counts the documents so far, against endless redirects; ``dialed`` is how the last
    ``<Dial>`` came out.
    """

    activity: Activity | None = None
    rest: tuple[Verb, ...] = ()
    origin: Origin = Origin()
    fetches: int = 0
    dialed: CallStatus | None = None


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the family and who is at its end: an SDK user, or a phone number.

    While a leg rings for an SDK user there are as many ``devices`` as the identity has
    registrations; from the answer on there is one. ``identity`` is empty for a caller whose token
    names none.

    ``number`` is the phone number at its end, empty for an SDK user. Where that number leads back
    into midcall, ``trunk`` is the leg on the other side, in a family of its own.

    ``hops`` counts the trunks between the first caller and this leg.

    ``program`` is the TwiML that the leg runs: the call's own on a parent; on a child what it
    hears before it is joined (``url`` of a noun). ``whisper`` is where that comes from, and
    ``None`` once it is joined.
    """

    call: Call
    identity: str = ""
    devices: tuple[Device, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    status_callback: StatusCallback | None = None
    number: str = ""
    trunk: CallSid | None = None
    hops: int = 0
    send_digits: str = ""
    time_limit_seconds: int = 0
    whisper: Origin | None = None
    program: Program = Program()

    @property
    def sid(self) -> CallSid:
        """The leg's CallSid."""
        return self.call.sid

    @property
    def active(self) -> bool:
        """Whether messages may flow on this leg."""
        return self.call.status.active

    @property
    def called(self) -> bool:
        """Whether we call whoever is at its end, who does not call us."""
        return self.call.direction is not CallDirection.INBOUND

    @property
    def endpoints(self) -> tuple[DeviceId, ...]:
        """The media endpoints of the leg: its devices', or its line."""
        return (line_of(self.sid),) if self.number else tuple(one.id for one in self.devices)


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """A parent leg with its children. ``timers`` holds when each named timer is due."""

    sid: CallSid
    account_sid: AccountSid
    legs: dict[CallSid, Leg]
    timers: dict[str, datetime] = {}

    @property
    def parent(self) -> Leg:
        """The leg that runs the TwiML."""
        return self.legs[self.sid]

    @property
    def children(self) -> tuple[Leg, ...]:
        """The legs that the TwiML dialled, in the order in which they were."""
        return tuple(leg for sid, leg in self.legs.items() if sid != self.sid)

    @property
    def over(self) -> bool:
        """Whether every leg has ended."""
        return all(leg.call.status.terminal for leg in self.legs.values())


def line_of(sid: CallSid) -> DeviceId:
    """Name the media endpoint of a leg that has a phone number at its end."""
    return DeviceId(f"{sid}.line")


def far_line_of(sid: CallSid) -> DeviceId:
    """Name the media endpoint of the simulated party at the end of a leg."""
    return DeviceId(f"{sid}.far")
