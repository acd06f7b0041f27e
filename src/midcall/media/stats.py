"""What can be told about an endpoint."""

from dataclasses import dataclass
from enum import StrEnum


class ConnectionState(StrEnum):
    """How far an endpoint's connection is."""

    OFFERED = "offered"
    """Our offer is out, its answer is not here."""

    CONNECTING = "connecting"
    """Both descriptions are known; ICE and DTLS are at work."""

    CONNECTED = "connected"
    """Audio can flow."""

    FAILED = "failed"
    """It did not come up in time, or was lost. A restart can mend that."""

    CLOSED = "closed"
    """The device closed it, or the endpoint was released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointStats:
    """An endpoint in numbers, counted since it was made.

    Bytes are RTP payload without headers (RFC 3550 section 6.4.1). ``codec`` is what we send, as
    its RTP name, or ``None`` before it is agreed on. ``round_trip_seconds`` is ``None`` until the
    device has reported. ``bridged_to`` is the endpoint on the other side, if there is one.
    """

    state: ConnectionState
    codec: str | None = None
    packets_received: int = 0
    bytes_received: int = 0
    packets_lost: int = 0
    jitter_seconds: float = 0.0
    packets_sent: int = 0
    bytes_sent: int = 0
    round_trip_seconds: float | None = None
    bridged_to: str | None = None
