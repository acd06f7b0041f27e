"""What an operator may set about audio. The defaults suit one machine without further thought."""

import ipaddress
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """An IP address to receive audio on.

    ``announced`` is the address that devices are told, where it differs: behind a one-to-one NAT
    (most clouds) the machine's own address is not the public one.
    """

    ip: str
    announced: str = ""

    def __post_init__(self) -> None:
        own = ipaddress.ip_address(self.ip)
        if self.announced:
            ipaddress.ip_address(self.announced)
        elif own.is_unspecified:
            raise ValueError(f"{self.ip} listens everywhere: say which address to announce")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``10.0.0.5`` or ``10.0.0.5=203.0.113.5`` (own address = announced address)."""
        ip, _, announced = text.partition("=")
        return cls(ip.strip(), announced.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """How audio reaches this machine, and how long anything may take.

    ``addresses``: ``None`` listens on every address of the machine, loopback last, so that a
    browser on the same machine is heard even without a network.
    ``port_range``: first and last UDP port; ``None`` takes any free one. A leg takes one port on
    each address.
    ``gather_seconds``: opening the sockets of one endpoint.
    ``connect_seconds``: from an answer until ICE and DTLS are up; the Voice SDK itself gives up
    its retries after 30 seconds.
    ``play_seconds``: the longest that anything is played; a call lasts at most four hours.
    ``close_seconds``: letting go of one endpoint, or of all at the end.
    ``ring_country``: whose ring-back is heard in calls that ask for none (ISO 3166-1 alpha-2).
    """

    addresses: tuple[ListenAddress, ...] | None = None
    port_range: tuple[int, int] | None = None
    gather_seconds: float = 5.0
    connect_seconds: float = 30.0
    play_seconds: float = 14_400.0
    close_seconds: float = 5.0
    ring_country: str = "us"

    def __post_init__(self) -> None:
        if self.port_range is not None:
            first, last = self.port_range
            if not 1 <= first <= last <= 65_535:
                raise ValueError(f"the port range {first}-{last} is empty or out of bounds")
