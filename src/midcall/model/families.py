"""A call family: a parent leg, the children that its TwiML dialled, and where that TwiML stands.

The family is what the call machine steps and what the store keeps, whole, after every step: a
server that starts again finds every call as it was decided last.
"""

from datetime import datetime
from typing import NewType

import msgspec

from midcall.model.calls import Call, CallStatus, StatusCallback
from midcall.model.endpoints import Endpoint
from midcall.model.sids import AccountSid, ApplicationSid, CallSid
from midcall.model.twiml import Dial, Parameter, Pause, Verb

SessionId = NewType("SessionId", str)
"""Names one signalling session: one device's dialogue on one socket."""

DeviceId = NewType("DeviceId", str)
"""Names one device's part in one leg, across the sockets that it uses for it.

It also names the device's media endpoint.
"""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that rings for a leg or holds it.

    ``session`` is the signalling session that it was last seen on. ``reconnect_token`` is the
    secret by which it takes the leg up again on another socket. ``detached_at`` is when its socket
    was lost, ``None`` while it has one.
    """

    id: DeviceId
    session: SessionId
    reconnect_token: str
    detached_at: datetime | None = None


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the family and who is at its end.

    While a child rings there are as many ``devices`` as the identity has registrations; from the
    answer on there is one. ``identity`` is empty for a caller whose token names none.
    """

    call: Call
    identity: str
    devices: tuple[Device, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    status_callback: StatusCallback | None = None

    @property
    def sid(self) -> CallSid:
        """The leg's CallSid."""
        return self.call.sid

    @property
    def active(self) -> bool:
        """Whether messages may flow on this leg."""
        return self.call.status.active


class Fetching(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A document is being fetched. ``token`` is the same if it must be fetched again.

    Without an ``endpoint`` it is the one that the application keeps here.
    """

    endpoint: Endpoint | None
    parameters: dict[str, str]
    token: str
    fallback: Endpoint | None = None


class Dialing(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Dial>`` is under way: its children ring, or one of them talks."""

    dial: Dial
    children: tuple[CallSid, ...]


class Pausing(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Pause>`` is under way."""

    pause: Pause


Activity = Fetching | Dialing | Pausing


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """Where a family's TwiML stands: what is being done, and what is left of the document.

    ``base_url`` is what relative URLs in the document are relative to; ``fetches`` counts the
    documents so far, against endless redirects; ``dialed`` is how the last ``<Dial>`` came out.
    """

    activity: Activity | None = None
    rest: tuple[Verb, ...] = ()
    base_url: str = ""
    fetches: int = 0
    dialed: CallStatus | None = None


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """A parent leg with its children. ``timers`` holds when each named timer is due."""

    sid: CallSid
    account_sid: AccountSid
    application_sid: ApplicationSid | None
    legs: dict[CallSid, Leg]
    program: Program = Program()
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
