"""The words of the SDK: what happens to devices and calls, and how they stand."""

from enum import StrEnum
from typing import Final

CALL_EVENTS: Final = frozenset(
    {
        "accept",
        "cancel",
        "disconnect",
        "error",
        "message_received",
        "message_sent",
        "mute",
        "reconnected",
        "reconnecting",
        "reject",
        "ringing",
    }
)

LASTING: Final = frozenset({"accept", "cancel", "disconnect", "reject", "ringing"})
"""Events after which things stay as they are: whoever waits for one that was need not wait."""


class Status(StrEnum):
    """How a call stands, in the SDK's words."""

    PENDING = "pending"
    """It comes in, and nobody has decided what to do with it."""
    CONNECTING = "connecting"
    """It was begun, and is not known to ring."""
    RINGING = "ringing"
    """It rings on the other side."""
    OPEN = "open"
    """It is answered."""
    RECONNECTING = "reconnecting"
    """Its socket was lost, and it will be taken up again."""
    CLOSED = "closed"
    """It is over."""


class Direction(StrEnum):
    """Who began a call, in the SDK's words."""

    INCOMING = "INCOMING"
    OUTGOING = "OUTGOING"


DEVICE_EVENTS: Final = frozenset(
    {
        "destroyed",
        "error",
        "incoming",
        "registered",
        "registering",
        "token_will_expire",
        "unregistered",
    }
)


class State(StrEnum):
    """Whether a device can be called, in the SDK's words."""

    UNREGISTERED = "unregistered"
    REGISTERING = "registering"
    REGISTERED = "registered"
    DESTROYED = "destroyed"
