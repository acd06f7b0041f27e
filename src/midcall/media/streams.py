"""The two directions of one connection's audio: what a device sends us, and what we send it."""

import random
from collections.abc import Awaitable, Callable

from midcall.media.codecs import Codec, Decoder, Encoder, decoder, encoder
from midcall.media.digits import Keypad
from midcall.media.rtp import OutgoingStream, Reception, RtpPacket, timestamp_distance
from midcall.media.sdp import EventFormat, Format

Clock = Callable[[], float]
"""A steady clock, in seconds."""

Send = Callable[[bytes], Awaitable[object]]

STALE_SECONDS = 0.2
"""A talker who has sent nothing for ten frames is no reason to send the listener nothing: a gap in
the received bytes is what the Voice SDK takes for a broken connection."""


class Books:
    """What must not start anew when a connection does: an endpoint's counts and its last key."""

    def __init__(self) -> None:
        # A sequence number in the lower half leaves SRTP room before its first wrap.
        self.stream = OutgoingStream(
            random.getrandbits(32), random.getrandbits(15), random.getrandbits(32)
        )
        self.reception = Reception()
        self.keypad = Keypad()


class AudioReceiver:
    """Sorts what arrives by payload type: speech is handed on, keys are reported once.

    ``formats`` and ``events`` are what was agreed on.
    """

    def __init__(
        self,
        formats: tuple[Format, ...],
        events: tuple[EventFormat, ...],
        *,
        on_audio: Callable[["AudioReceiver", RtpPacket, Codec], Awaitable[None]],
        on_event: Callable[[RtpPacket, EventFormat], Awaitable[None]],
        on_digit: Callable[[str], None],
        books: Books,
        clock: Clock,
    ) -> None:
        self._codecs = {used.payload_type: used.codec for used in formats}
        self._events = {event.payload_type: event for event in events}
        self._on_audio = on_audio
        self._on_event = on_event
        self._on_digit = on_digit
        self._books = books
        self._clock = clock
        self._decoders: dict[str, Decoder] = {}

    async def receive(self, octets: bytes) -> None:
        """Take a decrypted packet. What was not agreed on is passed over."""
        try:
            packet = RtpPacket.parse(octets)
        except ValueError:
            return
        if codec := self._codecs.get(packet.payload_type):
            self._books.reception.add(packet, codec.clock_rate, self._clock())
            await self._on_audio(self, packet, codec)
        elif event := self._events.get(packet.payload_type):
            self._books.reception.add(packet, None, self._clock())
            if key := self._books.keypad.press(packet.payload, packet.timestamp):
                self._on_digit(key)
            await self._on_event(packet, event)

    def decode(self, packet: RtpPacket, codec: Codec) -> tuple[bytes, int]:
        """Return a packet's PCM and its rate, in samples a second."""
        if codec.name not in self._decoders:
            self._decoders[codec.name] = decoder(codec)
        return self._decoders[codec.name].decode(packet.payload)


class AudioSender:
    """Sends one device its audio, always in the codec that the device likes best.

    Another device's packets in that codec pass as they are; all else is encoded.
    """

    def __init__(
        self,
        formats: tuple[Format, ...],
        events: tuple[EventFormat, ...],
        *,
        send: Send,
        books: Books,
        clock: Clock,
    ) -> None:
        self.codec = formats[0].codec
        self._stream = books.stream
        self._payload_type = formats[0].payload_type
        self._events = {event.clock_rate: event.payload_type for event in events}
        self._send = send
        self._clock = clock
        self._encoder: Encoder | None = None
        self._relayed_at = float("-inf")
        self._transcoded: RtpPacket | None = None

    @property
    def stale(self) -> bool:
        """Whether it is long since anything was relayed."""
        return self._clock() - self._relayed_at > STALE_SECONDS

    async def play(self, pcm: bytes, rate: int) -> None:
        """Send PCM that we made, now; the caller paces it."""
        if self._encoder is None:
            self._encoder = encoder(self.codec)
        for payload in self._encoder.encode(pcm, rate):
            await self._continue(payload)

    async def play_silence(self) -> None:
        """Send a frame of silence."""
        await self._continue(self.codec.silence)

    async def relay(self, talker: AudioReceiver, packet: RtpPacket, codec: Codec) -> None:
        """Send on what another device said."""
        self._relayed_at = self._clock()
        if codec is not self.codec:
            await self._transcode(talker, packet, codec)
            return
        mirrored = self._stream.mirror(
            packet, self._payload_type, self.codec.clock_rate, self._relayed_at
        )
        if mirrored is not None:
            await self._send(mirrored.serialize())

    async def relay_pcm(self, pcm: bytes, rate: int) -> None:
        """Send on what is played on the other side, as it comes."""
        self._relayed_at = self._clock()
        await self.play(pcm, rate)

    async def relay_event(self, packet: RtpPacket, event: EventFormat) -> None:
        """Send on another device's key press, so that people hear it, if this device wants such."""
        payload_type = self._events.get(event.clock_rate)
        if payload_type is None:
            self._stream.skip(packet)
            return
        self._relayed_at = self._clock()
        mirrored = self._stream.mirror(
            packet, payload_type, self.codec.clock_rate, self._relayed_at
        )
        if mirrored is not None:
            await self._send(mirrored.serialize())

    async def _transcode(self, talker: AudioReceiver, packet: RtpPacket, codec: Codec) -> None:
        """Decode and encode, in order of arrival; what comes late is left out."""
        if self._transcoded is not None and _is_late(packet, self._transcoded):
            return
        self._transcoded = packet
        pcm, rate = talker.decode(packet, codec)
        if pcm:
            await self.play(pcm, rate)

    async def _continue(self, payload: bytes) -> None:
        packet = self._stream.continue_with(
            payload, self._payload_type, self.codec.clock_rate, self._clock()
        )
        await self._send(packet.serialize())


def _is_late(packet: RtpPacket, last: RtpPacket) -> bool:
    return packet.ssrc == last.ssrc and timestamp_distance(packet.timestamp, last.timestamp) <= 0
