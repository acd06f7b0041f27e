"""DTLS-SRTP (RFC 5764): aiortc's transport, with our own ends for what comes out of it.

aiortc's peer connection would decode every packet in a thread of its own and encode it again. A
bridge needs neither most of the time, so this room takes RTP and RTCP right behind the decryption.
The seams are two methods of aiortc that are private by name; a unit test watches over them.
"""

import asyncio
from collections.abc import Awaitable, Callable

import pylibsrtp
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceTransport

Receive = Callable[[bytes], Awaitable[None]]


class SecureTransport(RTCDtlsTransport):
    """A DTLS transport that hands each decrypted packet to one receiver."""

    def __init__(
        self,
        transport: RTCIceTransport,
        certificate: RTCCertificate,
        *,
        on_rtp: Receive,
        on_rtcp: Receive,
    ) -> None:
        super().__init__(transport, [certificate])
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp

    def take_role(self, *, active: bool) -> None:
        """Settle who starts the handshake: the active side is the DTLS client."""
        self._set_role("client" if active else "server")

    async def _handle_rtp_data(
        self,
        data: bytes,
        arrival_time_ms: int,
    ) -> None:
        await self._on_rtp(data)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        await self._on_rtcp(data)

    async def send_packet(self, packet: bytes) -> bool:
        """Encrypt and send an RTP or RTCP packet; tell whether it could be sent."""
        try:
            await self._send_rtp(packet)
        except (ConnectionError, pylibsrtp.Error):
            return False
        return True

    async def stop(self) -> None:
        """Close, and wait for the task that reads; aiortc only cancels it."""
        reader = self._task
        await super().stop()
        if reader is not None:
            await asyncio.wait([reader])
