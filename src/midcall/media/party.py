"""A party to a conversation: what it hears, and who hears it.

A party is in at most one bridge, and its partner in the same. What it hears, in this order: what is
played to it; the party it is bridged to; silence.
"""

from abc import ABC, abstractmethod

from midcall.media.codecs import Codec
from midcall.media.playback import Playback, PlayEnd
from midcall.media.rtp import RtpPacket
from midcall.media.sdp import EventFormat
from midcall.media.stats import EndpointStats
from midcall.media.streams import AudioReceiver


class Party(ABC):
    """Who can be bridged and played to, whatever stands behind it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._partner: Party | None = None
        self._playback: Playback | None = None

    # --- who hears whom -----------------------------------------------------------------------

    def join(self, other: "Party") -> None:
        """Hear another party, and be heard there; both part from whom they heard before."""
        for party in (self, other):
            party.stop_playing()
            party.part()
        self._partner, other._partner = other, self

    def part(self) -> None:
        """Hear nobody, and be heard by nobody."""
        partner, self._partner = self._partner, None
        if partner is not None:
            partner._partner = None

    @property
    def partner(self) -> "Party | None":
        """Whom this party is bridged to."""
        return self._partner

    async def heard(self, talker: AudioReceiver, packet: RtpPacket, codec: Codec) -> None:
        """Send on what this party said to whoever hears it."""
        if self._partner is not None:
            await self._partner.hear(talker, packet, codec)

    async def heard_event(self, packet: RtpPacket, event: EventFormat) -> None:
        """Send on a keypad event, so that people hear it too."""
        if self._partner is not None:
            await self._partner.hear_event(packet, event)

    @abstractmethod
    async def hear(self, talker: AudioReceiver, packet: RtpPacket, codec: Codec) -> None:
        """Take what the partner said, unless something is being played."""

    @abstractmethod
    async def hear_event(self, packet: RtpPacket, event: EventFormat) -> None:
        """Take a packet of the partner's keypad event, unless something is being played."""

    @abstractmethod
    async def hear_frame(self, pcm: bytes, rate: int) -> None:
        """Take 20 ms of what is played on the partner's side, unless something is played here."""

    # --- what is played -----------------------------------------------------------------------

    @property
    @abstractmethod
    def playing_rate(self) -> int:
        """The PCM rate that suits this party, in samples a second."""

    @property
    @abstractmethod
    def awaited(self) -> bool:
        """Whether a connection is still coming up for which what is played should wait."""

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

    @abstractmethod
    async def beat(self) -> None:
        """Send what is due every 20 ms."""

    # --- the end ------------------------------------------------------------------------------

    @abstractmethod
    async def release(self) -> None:
        """Fall silent, part and let go of everything."""

    @abstractmethod
    def stats(self) -> EndpointStats:
        """Return the party in numbers."""
