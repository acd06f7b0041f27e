"""The devices of this node."""

from datetime import datetime
from typing import Protocol

import msgspec

from midcall.model.calls import Call
from midcall.model.errors import Fault
from midcall.model.families import Device, SessionId
from midcall.model.sids import (
    AccountSid,
    CallSid,
)
from midcall.model.twiml import Parameter


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Who is at the other end of a signalling session, as its Access Token says.

    ``since`` is when its first token was accepted, ``None`` if that does not matter.
    """

    session: SessionId
    account_sid: AccountSid
    identity: str
    since: datetime | None = None


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An incoming call as it is offered to a device."""

    call: Call
    parameters: tuple[Parameter, ...]
    device: Device
    sdp: str


class Signalling(Protocol):
    """The devices of this node.

    What is told to a device that is gone is lost, and that is fine: its leg learns of the loss as
    an event.
    """

    def registered(self, account: AccountSid, identity: str) -> tuple[SessionId, ...]:
        """Return the sessions that are registered under an identity, oldest first."""
        ...

    def invite(self, invitation: Invitation) -> bool:
        """Offer an incoming call; return whether the device's socket was there."""
        ...

    def ringing(self, call: CallSid, device: Device) -> None:
        """Tell a calling device its CallSid."""
        ...

    def answer(self, call: CallSid, device: Device, sdp: str) -> None:
        """Tell a device that its call is answered, or that it holds its leg again."""
        ...

    def cancel(self, call: CallSid, device: Device) -> None:
        """Withdraw an incoming call."""
        ...

    def hang_up(self, call: CallSid, device: Device, fault: Fault | None) -> None:
        """Tell a device that its call is over."""
        ...

    def forget(self, call: CallSid, device: Device) -> None:
        """Send nothing more of a leg to a device."""
        ...

    def progress(self, call: CallSid, sid: str, child: Call, status: str) -> None:
        """Tell a caller's devices of a stage of a child: a message with the given SID."""
        ...

    def relay(self, call: CallSid) -> None:
        """Send a leg's downlink messages to its devices, as far as they were not yet."""
        ...
