"""A line: one of two endpoints without a device, back to back.

What one of the pair hears, the other says: to whoever is bridged to it, or to nobody. Packets pass
as they are, so that two devices at the ends of a chain of lines exchange theirs without decoding.
A line whose other end is released is silent.
"""

from typing import Self

from midcall.media.codecs import PCMU, Codec
from midcall.media.party import Party
from midcall.media.playback import Playback, PlayEnd
from midcall.media.rtp import RtpPacket
from midcall.media.sdp import EventFormat
from midcall.media.stats import ConnectionState, EndpointStats
from midcall.media.streams import AudioReceiver


class Line(Party):
    """One end of a pair."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._far: Line | None = None

    @classmethod
    def pair(cls, first: str, second: str) -> tuple[Self, Self]:
        """Make two lines, back to back."""
        one, other = cls(first), cls(second)
        one._far, other._far = other, one
        return one, other

    # --- what is heard is said at the other end ------------------------------------------------
    #
    # Bridges may close a ring of lines. Nothing runs round it for ever: a device is in no ring, and
    # what is played comes back to a line that hears only what is played to it.

    async def hear(self, talker: AudioReceiver, packet: RtpPacket, codec: Codec) -> None:
        """Pass on what the partner said."""
        if self._far is not None and self._playback is None:
            await self._far.heard(talker, packet, codec)

    async def hear_event(self, packet: RtpPacket, event: EventFormat) -> None:
        """Pass on a keypad event."""
        if self._far is not None and self._playback is None:
            await self._far.heard_event(packet, event)

    async def hear_frame(self, pcm: bytes, rate: int) -> None:
        """Pass on what is played."""
        if self._listener is not None and self._playback is None:
            await self._listener.hear_frame(pcm, rate)

    @property
    def _listener(self) -> Party | None:
        """Who hears what is said out of the other end."""
        return self._far.partner if self._far is not None else None

    # --- what is played -----------------------------------------------------------------------

    @property
    def playing_rate(self) -> int:
        """A telephone's, whoever listens: that may be somebody else before it is over."""
        return PCMU.pcm_rate

    @property
    def awaited(self) -> bool:
        """Whether who hears what passes through here is still coming up."""
        listener = self._listener
        return self._playback is None and listener is not None and listener.awaited

    async def beat(self) -> None:
        """Say a frame of what is played. Time goes on where nobody is there to hear it."""
        playback = self._playback
        if playback is not None and playback.begun:
            await self._play_frame(playback)

    async def _play_frame(self, playback: Playback) -> None:
        listener = self._listener
        if listener is not None and listener.awaited:
            return
        frame = playback.next_frame()
        if frame is None:
            self._end_playing(PlayEnd.FINISHED)
        elif listener is not None:
            await listener.hear_frame(frame, playback.rate)

    # --- the end ------------------------------------------------------------------------------

    async def release(self) -> None:
        """Fall silent and part; the other end stays, and is silent."""
        self.stop_playing()
        self.part()
        far, self._far = self._far, None
        if far is not None:
            far._far = None

    def stats(self) -> EndpointStats:
        """Tell whether there is another end, and who is bridged."""
        state = ConnectionState.CLOSED if self._far is None else ConnectionState.CONNECTED
        return EndpointStats(
            state=state, bridged_to=self.partner.name if self.partner is not None else None
        )
