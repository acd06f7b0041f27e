"""ICE (RFC 8445) for a server whose devices send no candidates.

A browser that runs the Voice SDK offers without candidates and trickles none. The server therefore
names its own host candidates, completely and at once, and learns the device's address from the
first check that arrives with the right credentials. aioice does that well on three conditions,
which this module keeps:

* the remote *end of candidates* is never signalled; with it, zero remote candidates would mean
  failure at once. Without it, ``connect()`` waits, and the caller bounds the wait;
* host candidates include loopback, which aioice leaves out, and announced addresses;
* what arrives before DTLS listens is held in a queue with a mark.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence

from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol, get_host_addresses
from aiortc import RTCIceGatherer

from midcall.media.faults import NoAddress
from midcall.media.settings import ListenAddress

LOOPBACK = "127.0.0.1"

QUEUE_MARK = 512
"""Datagrams that may wait for DTLS: ten seconds of one leg's audio. Strangers can send here too."""

PORT_ATTEMPTS = 100
"""How many ports of a range are tried for one socket before it counts as full."""


def machine_addresses() -> tuple[ListenAddress, ...]:
    """Return every address of this machine, loopback last."""
    found = get_host_addresses(use_ipv4=True, use_ipv6=True)
    return tuple(map(ListenAddress, (*found, LOOPBACK)))


class HostConnection(Connection):
    """An aioice connection with the host candidates that we choose, and no others."""

    def __init__(
        self, addresses: Sequence[ListenAddress], port_range: tuple[int, int] | None
    ) -> None:
        super().__init__(ice_controlling=False)
        self._addresses = tuple(addresses)
        self._port_range = port_range

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],
        timeout: int = 5,  # noqa: ASYNC109 - the signature is aioice's
    ) -> list[Candidate]:
        """Open a socket on each address and return its candidate.

        Addresses that cannot be bound are passed over: an interface may just have gone.
        """
        candidates = []
        for position, address in enumerate(self._addresses):
            protocol = await self._bind(address.ip)
            if protocol is None:
                continue
            # aioice closes these with the connection; they have no other owner.
            self._protocols.append(protocol)
            protocol.local_candidate = _candidate(protocol, address, component, position)
            candidates.append(protocol.local_candidate)
        return candidates

    async def _bind(self, ip: str) -> StunProtocol | None:
        loop = asyncio.get_running_loop()
        for port in self._ports():
            try:
                _, protocol = await loop.create_datagram_endpoint(
                    lambda: StunProtocol(self), local_addr=(ip, port)
                )
            except OSError:
                continue
            return protocol
        return None

    def _ports(self) -> Iterator[int]:
        if self._port_range is None:
            return iter((0,))
        first, last = self._port_range
        ports = range(first, last + 1)
        # At random, so that a port that was just let go is not the next one used.
        return iter(random.sample(ports, min(len(ports), PORT_ATTEMPTS)))

    @property
    def closing(self) -> bool:
        """Whether it was closed, by us or because the device stopped to answer checks."""
        return self._closing

    def data_received(self, data: bytes, component: int) -> None:
        """Queue a datagram that is not STUN; drop it when nobody reads."""
        if self._queue.qsize() < QUEUE_MARK:
            super().data_received(data, component)


def _candidate(
    protocol: StunProtocol, address: ListenAddress, component: int, position: int
) -> Candidate:
    host = address.announced or address.ip
    port = int(protocol.transport.get_extra_info("sockname")[1])
    return Candidate(
        foundation=candidate_foundation("host", "udp", address.ip),
        component=component,
        transport="udp",
        priority=candidate_priority(component, "host", local_pref=65_535 - position),
        host=host,
        port=port,
        type="host",
    )


class HostGatherer(RTCIceGatherer):
    """aiortc's gatherer around a ``HostConnection``."""

    def __init__(
        self, addresses: Sequence[ListenAddress], port_range: tuple[int, int] | None
    ) -> None:
        super().__init__(iceServers=[])
        self._tried = tuple(address.ip for address in addresses)
        self._host = HostConnection(addresses, port_range)
        # The one place where aiortc keeps its ICE connection; transports take it from here.
        self._connection = self._host

    async def gather(self) -> None:
        """Open the sockets.

        Raises ``NoAddress`` if not one could be opened.
        """
        await super().gather()
        if not self._connection.local_candidates:
            raise NoAddress(self._tried)

    @property
    def candidates(self) -> list[Candidate]:
        """The host candidates, best first."""
        return self._connection.local_candidates

    @property
    def lost(self) -> bool:
        """Whether the device stopped to answer checks (RFC 7675), or everything was closed."""
        return self._host.closing

    def take_control(self) -> None:
        """Take the role of the side that offered (RFC 8445 section 6.1.1)."""
        self._connection.ice_controlling = True

    async def close(self) -> None:
        """Close the sockets, also those that were opened after their transport had stopped."""
        await self._connection.close()
