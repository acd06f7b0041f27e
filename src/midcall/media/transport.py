"""The way to one device: sockets, ICE and DTLS, opened, connected and closed in one piece."""

import asyncio
from collections.abc import Sequence

from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCIceParameters,
    RTCIceTransport,
)

from midcall.media.dtls import Receive, SecureTransport
from midcall.media.ice import HostGatherer
from midcall.media.remote import RemoteDescription
from midcall.media.sdp import Fingerprint
from midcall.media.settings import ListenAddress


class Transport:
    """ICE and DTLS with one device. Each has a certificate of its own.

    A browser keeps its DTLS connection across an ICE restart unless the fingerprint changes; since
    our end of it does not survive one, the fingerprint must.
    """

    def __init__(
        self,
        addresses: Sequence[ListenAddress],
        port_range: tuple[int, int] | None,
        *,
        on_rtp: Receive,
        on_rtcp: Receive,
    ) -> None:
        self._gatherer = HostGatherer(addresses, port_range)
        self._ice = RTCIceTransport(self._gatherer)
        self._certificate = RTCCertificate.generateCertificate()
        self._dtls = SecureTransport(self._ice, self._certificate, on_rtp=on_rtp, on_rtcp=on_rtcp)
        self._over = asyncio.Event()
        self._dtls.on("statechange", self._dtls_changed)

    @property
    def username_fragment(self) -> str:
        """Our half of the ICE credentials' name."""
        return self._gatherer.getLocalParameters().usernameFragment or ""

    @property
    def password(self) -> str:
        """Our ICE password."""
        return self._gatherer.getLocalParameters().password or ""

    @property
    def fingerprint(self) -> Fingerprint:
        """The hash of our certificate that every browser can check."""
        sha_256 = self._certificate.getFingerprints()[0]
        return Fingerprint(sha_256.algorithm, sha_256.value)

    async def gather(self, *, controlling: bool) -> None:
        """Open the sockets; the side that offers is the controlling one.

        Raises ``NoAddress`` if not one could be opened.
        """
        if controlling:
            self._gatherer.take_control()
        await self._gatherer.gather()

    @property
    def candidates(self) -> tuple[str, ...]:
        """Our host candidates as in descriptions, best first."""
        return tuple(candidate.to_sdp() for candidate in self._gatherer.candidates)

    @property
    def address(self) -> tuple[str, int]:
        """Address and port of the best candidate."""
        first = self._gatherer.candidates[0]
        return first.host, first.port

    async def connect(self, remote: RemoteDescription, *, active: bool) -> bool:
        """Wait for the device's checks, then shake hands; tell whether both went well.

        Waits for ever if the device never comes: the caller has a deadline.
        """
        await self._ice.start(
            RTCIceParameters(usernameFragment=remote.username_fragment, password=remote.password)
        )
        if self._ice.state != "completed":
            return False
        self._dtls.take_role(active=active)
        fingerprints = [RTCDtlsFingerprint(f.algorithm, f.value) for f in remote.fingerprints]
        await self._dtls.start(RTCDtlsParameters(fingerprints=fingerprints))
        return self._dtls.state == "connected"

    async def wait_until_over(self) -> bool:
        """Wait for the end of a connection; tell whether the device closed it.

        ICE consent bounds the wait: a device that is gone is noticed after half a minute
        (RFC 7675).
        """
        await self._over.wait()
        return not self._gatherer.lost

    def _dtls_changed(self) -> None:
        if self._dtls.state in ("closed", "failed"):
            self._over.set()

    async def send(self, packet: bytes) -> bool:
        """Encrypt and send an RTP or RTCP packet; tell whether it could be sent."""
        return await self._dtls.send_packet(packet)

    async def close(self, *, abandon: bool) -> None:
        """Close everything.

        ``abandon`` leaves out DTLS's goodbye, by closing the sockets first.
        """
        if abandon:
            await self._ice.stop()
        await self._dtls.stop()
        await self._ice.stop()
        await self._gatherer.close()
