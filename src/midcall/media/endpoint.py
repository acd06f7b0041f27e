"""One endpoint: a device in a leg.

An endpoint outlives its connection. A restart brings a *successor*, which takes over when it can
carry audio; until then the current connection goes on, because a device may ignore our answer and
stay with what works.
"""

from collections.abc import Callable

import structlog

from midcall.media.codecs import PCMU, Codec
from midcall.media.faults import NotOffered
from midcall.media.party import Party
from midcall.media.peer import Owner, Peer
from midcall.media.playback import Playback, PlayEnd
from midcall.media.remote import RemoteDescription
from midcall.media.rtp import RtpPacket
from midcall.media.sdp import EventFormat
from midcall.media.stats import ConnectionState, EndpointStats
from midcall.media.streams import AudioReceiver, Books

log = structlog.get_logger(__name__)

OnDigit = Callable[[str, str], None]
"""Called with the endpoint and the digit. It runs between two packets, so it must not wait."""

MakePeer = Callable[[str, Owner, Books], Peer]
"""Makes another connection for an endpoint."""


class Endpoint(Party):
    """A device in a leg."""

    def __init__(self, name: str, make_peer: MakePeer, on_digit: OnDigit | None) -> None:
        super().__init__(name)
        self._make_peer = make_peer
        self._on_digit = on_digit
        self._books = Books()
        self._peer = self._new_peer()
        self._others: set[Peer] = set()
        self._successor: Peer | None = None

    def _new_peer(self) -> Peer:
        return self._make_peer(self.name, self, self._books)

    # --- connection ---------------------------------------------------------------------------

    async def offer(self) -> str:
        """Return our offer."""
        return await self._peer.offer()

    def accept(self, remote: RemoteDescription) -> None:
        """Take the answer to our offer.

        Raises ``NotOffered`` if none is open.
        """
        if self._peer.state is not ConnectionState.OFFERED:
            raise NotOffered(self.name)
        self._peer.accept(remote)

    async def answer(self, remote: RemoteDescription) -> str:
        """Take an offer and return our answer."""
        return await self._peer.answer(remote)

    async def restart(self, remote: RemoteDescription) -> str:
        """Take another offer and return our answer; audio moves over once it can."""
        for known in filter(None, (self._peer, self._successor)):
            if (again := known.answer_again(remote)) is not None:
                return again
        peer = self._new_peer()
        self._others.add(peer)
        overtaken, self._successor = self._successor, peer
        try:
            description = await peer.answer(remote)
        except BaseException:
            await self._retire(peer)
            raise
        if overtaken is not None:
            await self._retire(overtaken)
        return description

    async def connected(self, peer: Peer) -> None:
        """Let a successor take over."""
        log.debug("Media is connected", endpoint=self.name)
        if peer is self._successor:
            replaced, self._peer, self._successor = self._peer, peer, None
            self._others.discard(peer)
            self._others.add(replaced)
            await self._retire(replaced)

    async def _retire(self, peer: Peer) -> None:
        if peer is self._successor:
            self._successor = None
        await peer.close(abandon=True)
        self._others.discard(peer)

    async def release(self) -> None:
        """Fall silent, part and close every connection."""
        self.stop_playing()
        self.part()
        for peer in (self._peer, *self._others):
            await peer.close()

    def stats(self) -> EndpointStats:
        """Return the endpoint in numbers."""
        return self._peer.stats(self.partner.name if self.partner is not None else None)

    # --- what the device hears ----------------------------------------------------------------

    async def hear(self, talker: AudioReceiver, packet: RtpPacket, codec: Codec) -> None:
        """Let the device hear what the partner said."""
        sender = self._peer.sender
        if sender is not None and self._playback is None:
            await sender.relay(talker, packet, codec)

    async def hear_event(self, packet: RtpPacket, event: EventFormat) -> None:
        """Let the device hear the partner's key."""
        sender = self._peer.sender
        if sender is not None and self._playback is None:
            await sender.relay_event(packet, event)

    async def hear_frame(self, pcm: bytes, rate: int) -> None:
        """Let the device hear what is played on the partner's side."""
        sender = self._peer.sender
        if sender is not None and self._playback is None:
            await sender.relay_pcm(pcm, rate)

    def pressed(self, digit: str) -> None:
        """Report a digit."""
        if self._on_digit is not None:
            self._on_digit(self.name, digit)

    # --- what is played -----------------------------------------------------------------------

    @property
    def playing_rate(self) -> int:
        """The PCM rate that suits the device's codec, in samples a second."""
        return (self._peer.codec or PCMU).pcm_rate

    @property
    def awaited(self) -> bool:
        """Whether the device's connection may still come up."""
        return self._peer.awaited

    async def beat(self) -> None:
        """Send what is due every 20 ms: a frame of what is played, or silence where nobody talks.

        While the connection may still come up, what is played waits for it, so that the device
        hears it from the start. Once it has failed, time goes on without a listener.
        """
        await self._peer.report()
        if self._playback is not None and self._playback.begun:
            await self._play_frame(self._playback)
            return
        sender = self._peer.sender
        if sender is not None and (self.partner is None or sender.stale):
            await sender.play_silence()

    async def _play_frame(self, playback: Playback) -> None:
        if self.awaited:
            return
        frame = playback.next_frame()
        if frame is None:
            self._end_playing(PlayEnd.FINISHED)
        elif self._peer.sender is not None:
            await self._peer.sender.play(frame, playback.rate)
