"""What one client of the forward proxy may ask of it, and how long each waits for the other."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit of the proxy, with its reason. Times are in seconds."""

    head_bytes: int = 16 * 1024
    """The largest request head. A CONNECT is a line and a few headers; credentials for a proxy
    (Kerberos tickets, at the largest) still fit."""

    head_seconds: float = 10.0
    """How long a client may take to say where it wants to go."""

    connect_seconds: float = 20.0
    """How long the other end may take to accept, its name looked up first. Clients themselves give
    up after half a minute."""

    idle_seconds: float = 300.0
    """A tunnel in which nothing moves either way for so long is closed. All that midcall itself
    keeps open says something every 15 s."""

    close_seconds: float = 5.0
    """How long a peer may take to read the rest of what it is sent."""

    connections: int = 512
    """The most clients at a time: each holds two sockets, and a process may have 1,024 at first."""


LIMITS: Final = Limits()
