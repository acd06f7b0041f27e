"""One endpoint: a device in a leg, what it hears, and who hears it.

An endpoint outlives its connection. A restart brings a *successor*, which takes over when it can
carry audio; until then the current connection goes on, because a device may ignore our answer and
stay with what works.

What it hears, in this order: what is played to it; the endpoint it is bridged to; silence.
"""

from collections.abc import Callable

import structlog

from midcall.media.codecs import PCMU, Codec
from midcall.media.faults import NotOffered
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


class Endpoint:
    """A device in a leg."""

    def __init__(self, name: str, make_peer: MakePeer, on_digit: OnDigit | None) -> None:
        self.name = name
        self._make_peer = make_peer
        self._on_digit = on_digit
        self._books = Books()
        self._peer = self._new_peer()
        self._others: set[Peer] = set()
        self._successor: Peer | None = None
        self._partner: Endpoint | None = None
        self._playback: Playback | None = None

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
        return self._peer.stats(self._partner.name if self._partner is not None else None)

    # --- who hears whom -----------------------------------------------------------------------

    def join(self, other: "Endpoint") -> None:
        """Hear another endpoint, and be heard there; both part from whom they heard before."""
        for endpoint in (self, other):
            endpoint.stop_playing()
            endpoint.part()
        self._partner, other._partner = other, self

    def part(self) -> None:
        """Hear nobody, and be heard by nobody."""
        partner, self._partner = self._partner, None
        if partner is not None:
            partner._partner = None

    async def heard(self, talker: AudioReceiver, packet: RtpPacket, codec: Codec) -> None:
        """Send on what the device said to whoever hears it."""
        if self._partner is not None:
            await self._partner._hear(talker, packet, codec)

    async def _hear(self, talker: AudioReceiver, packet: RtpPacket, codec: Codec) -> None:
        sender = self._peer.sender
        if sender is not None and self._playback is None:
            await sender.relay(talker, packet, codec)

    async def heard_event(self, packet: RtpPacket, event: EventFormat) -> None:
        """Send on a keypad event, so that people hear it too."""
        listener = self._partner
        if listener is not None and listener._playback is None:
            sender = listener._peer.sender
            if sender is not None:
                await sender.relay_event(packet, event)

    def pressed(self, digit: str) -> None:
        """Report a digit."""
        if self._on_digit is not None:
            self._on_digit(self.name, digit)

    # --- what is played -----------------------------------------------------------------------

    @property
    def playing_rate(self) -> int:
        """The PCM rate that suits the device's codec, in samples a second."""
        return (self._peer.codec or PCMU).pcm_rate

    def start_playing(self) -> Playback:
        """Make room for something to be played; it interrupts what was played before."""
        self.stop_playing()
        self._playback = Playback()
        return self._playback

    def stop_playing(self) -> None:
        """Interrupt what is being played, if anything is."""
        self._end_playing(PlayEnd.INTERRUPTED)

    def withdraw(self, playback: Playback) -> None:
        """Interrupt this and nothing that is played by now instead of it."""
        if playback is self._playback:
            self._playback = None
        playback.end(PlayEnd.INTERRUPTED)

    def _end_playing(self, how: PlayEnd) -> None:
        playback, self._playback = self._playback, None
        if playback is not None:
            playback.end(how)

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
        if sender is not None and (self._partner is None or sender.stale):
            await sender.play_silence()

    async def _play_frame(self, playback: Playback) -> None:
        if self._peer.awaited:
            return
        frame = playback.next_frame()
        if frame is None:
            self._end_playing(PlayEnd.FINISHED)
        elif self._peer.sender is not None:
            await self._peer.sender.play(frame, playback.rate)
