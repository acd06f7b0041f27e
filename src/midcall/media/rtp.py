"""RTP (RFC 3550) as far as one audio stream needs it: packets, and the books of both directions.

Everything here is pure: packets are values, time is an argument.
"""

import struct
from dataclasses import dataclass
from typing import Self

from midcall.media.codecs import FRAME_SECONDS

_HEADER = struct.Struct("!BBHLL")

MAX_DROPOUT = 3000
"""A jump ahead by this many packets is a new start, not a loss (RFC 3550 appendix A.1)."""

MAX_MISORDER = 100
"""A packet this far behind is a new start, not a late arrival (RFC 3550 appendix A.1)."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet (RFC 3550 section 5.1), without contributing sources and header extensions."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read a packet.

        Raises ``ValueError`` if the octets are no RTP packet.
        """
        if len(octets) < _HEADER.size or octets[0] >> 6 != 2:
            raise ValueError("not RTP version 2")
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(octets)
        start = _HEADER.size + 4 * (first & 0x0F)
        if first & 0x10:
            if len(octets) < start + 4:
                raise ValueError("the header extension is cut off")
            start += 4 + 4 * int.from_bytes(octets[start + 2 : start + 4])
        end = len(octets)
        if first & 0x20:
            end -= octets[-1]
        if start > end:
            raise ValueError("the header is longer than the packet")
        return cls(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, octets[start:end])

    def serialize(self) -> bytes:
        """Write the packet."""
        second = self.payload_type | (0x80 if self.marker else 0)
        return _HEADER.pack(0x80, second, self.sequence, self.timestamp, self.ssrc) + self.payload


def sequence_distance(later: int, earlier: int) -> int:
    """Return how many packets ``later`` is ahead, across the wrap at 65,536."""
    return ((later - earlier + 0x8000) & 0xFFFF) - 0x8000


def timestamp_distance(later: int, earlier: int) -> int:
    """Return how many clock units ``later`` is ahead, across the wrap at 2**32."""
    return ((later - earlier + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


@dataclass(frozen=True, slots=True)
class ReceptionReport:
    """What a receiver tells a sender about one stream (RFC 3550 section 6.4.1).

    ``fraction_lost`` is in 1/256, ``jitter`` in clock units; the sequence number is extended by
    the count of its wraps.
    """

    ssrc: int
    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    jitter: int


class Reception:
    """The books on what was received: counts, losses and jitter of the current source."""

    def __init__(self) -> None:
        self.packets = 0
        self.octets = 0
        self._ssrc: int | None = None
        self._base = self._highest = 0  # extended by the count of wraps
        self._received = 0
        self._expected_before = self._received_before = 0
        self._transit: float | None = None
        self._jitter = 0.0
        self._clock_rate = 8000

    @property
    def packets_lost(self) -> int:
        """How many packets of the current source never came."""
        return max(0, self._expected - self._received)

    @property
    def jitter_seconds(self) -> float:
        """The interarrival jitter (RFC 3550 section 6.4.1), in seconds."""
        return self._jitter / self._clock_rate

    @property
    def _expected(self) -> int:
        return 0 if self._ssrc is None else self._highest - self._base + 1

    def add(self, packet: RtpPacket, clock_rate: int | None, now: float) -> None:
        """Count a packet that arrived at ``now`` (seconds of any steady clock).

        ``clock_rate`` is ``None`` for keypad events: they repeat one timestamp, so no jitter can be
        read from them.
        """
        self.packets += 1
        self.octets += len(packet.payload)
        distance = sequence_distance(packet.sequence, self._highest & 0xFFFF)
        if packet.ssrc != self._ssrc or not -MAX_MISORDER <= distance <= MAX_DROPOUT:
            self._start(packet)
            distance = 0
        self._received += 1
        if distance > 0:
            self._highest += distance
        if clock_rate is not None:
            self._measure_jitter(packet, clock_rate, now)

    def _start(self, packet: RtpPacket) -> None:
        self._ssrc = packet.ssrc
        self._base = self._highest = packet.sequence
        self._received = self._expected_before = self._received_before = 0
        self._transit = None
        self._jitter = 0.0

    def _measure_jitter(self, packet: RtpPacket, clock_rate: int, now: float) -> None:
        """Follow RFC 3550 appendix A.8."""
        if clock_rate != self._clock_rate:
            self._clock_rate = clock_rate
            self._transit = None
            self._jitter = 0.0
        transit = now * clock_rate - packet.timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            # A second is no jitter: the sender's timestamp has jumped or wrapped.
            if change < clock_rate:
                self._jitter += (change - self._jitter) / 16
        self._transit = transit

    def report(self) -> ReceptionReport | None:
        """Report on the time since the last report; ``None`` before the first packet."""
        if self._ssrc is None:
            return None
        expected = self._expected - self._expected_before
        lost = expected - (self._received - self._received_before)
        self._expected_before, self._received_before = self._expected, self._received
        return ReceptionReport(
            ssrc=self._ssrc,
            fraction_lost=min(255, max(0, lost) * 256 // expected) if expected > 0 else 0,
            packets_lost=self.packets_lost,
            highest_sequence=self._highest & 0xFFFF_FFFF,
            jitter=round(self._jitter),
        )


def _frame_units(clock_rate: int) -> int:
    return round(FRAME_SECONDS * clock_rate)


class OutgoingStream:
    """The books on what is sent: sequence numbers and timestamps that never run backwards.

    They belong to an endpoint and outlive its connections, so that a device that restarts ICE goes
    on with the stream that it knows.

    Two kinds of audio share one stream. What we make ourselves is *continued* frame by frame; what
    another stream brings is *mirrored*, gaps and all, so that the listener can tell loss from
    silence. Whenever the kind or the source changes, a new talkspurt starts after everything that
    was sent before, as far ahead on the timestamp as time has passed.
    """

    def __init__(self, ssrc: int, sequence: int, timestamp: int) -> None:
        self.ssrc = ssrc
        self.packets = 0
        self.octets = 0
        # Both are plain numbers that grow; only the wire cuts them to 16 and 32 bits.
        self._sequence = sequence
        self._timestamp = timestamp
        self._sent_at: float | None = None
        self._source: int | None = None
        self._spurt_sequence = 0
        self._source_sequence = self._source_timestamp = 0
        self._mirrored_sequence = self._mirrored_timestamp = 0

    def timestamp_at(self, now: float, clock_rate: int) -> int:
        """Return the timestamp that belongs to ``now``, for a sender report."""
        since = 0.0 if self._sent_at is None else max(0.0, now - self._sent_at)
        return (self._timestamp + round(since * clock_rate)) & 0xFFFF_FFFF

    def continue_with(
        self, payload: bytes, payload_type: int, clock_rate: int, now: float
    ) -> RtpPacket:
        """Return the packet for the next frame of 20 ms that we made."""
        paused = self._sent_at is None or now - self._sent_at > 3 * FRAME_SECONDS
        fresh = paused or self._source is not None
        if fresh:
            self._start_spurt(clock_rate, now)
            self._source = None
        else:
            self._sequence += 1
            self._timestamp += _frame_units(clock_rate)
        return self._packet(payload, payload_type, fresh, self._sequence, self._timestamp, now)

    def mirror(
        self, packet: RtpPacket, payload_type: int, clock_rate: int, now: float
    ) -> RtpPacket | None:
        """Return the packet that stands for one of another stream of the same clock rate.

        ``None`` if it is older than this talkspurt: its place was taken by what was sent since.
        """
        step = self._step(packet)
        fresh = step is None
        if step is None:
            self._start_spurt(clock_rate, now)
            self._source = packet.ssrc
            self._spurt_sequence = self._mirrored_sequence = self._sequence
            self._mirrored_timestamp = self._timestamp
            self._source_sequence, self._source_timestamp = packet.sequence, packet.timestamp
            step = 0
        sequence = self._mirrored_sequence + step
        timestamp = self._mirrored_timestamp + timestamp_distance(
            packet.timestamp, self._source_timestamp
        )
        if sequence < self._spurt_sequence:
            return None
        if step > 0:
            self._sequence = self._mirrored_sequence = sequence
            self._mirrored_timestamp = timestamp
            self._timestamp = max(self._timestamp, timestamp)
            self._source_sequence, self._source_timestamp = packet.sequence, packet.timestamp
        return self._packet(
            packet.payload, payload_type, packet.marker or fresh, sequence, timestamp, now
        )

    def skip(self, packet: RtpPacket) -> None:
        """Leave out a packet that the listener did not agree to.

        That is no loss, so the sequence numbers close up behind it.
        """
        step = self._step(packet)
        if step is not None and step > 0:
            self._mirrored_sequence += step - 1
            self._source_sequence = packet.sequence

    def _step(self, packet: RtpPacket) -> int | None:
        """Return how far a packet is ahead of the last one mirrored; ``None`` for a new start."""
        step = sequence_distance(packet.sequence, self._source_sequence)
        if packet.ssrc != self._source or not -MAX_MISORDER <= step <= MAX_DROPOUT:
            return None
        return step

    def _start_spurt(self, clock_rate: int, now: float) -> None:
        """Leave room on the timestamp for the time that has passed, at least for one frame."""
        self._sequence += 1
        if self._sent_at is not None:
            passed = round((now - self._sent_at) * clock_rate)
            self._timestamp += max(_frame_units(clock_rate), passed)

    def _packet(
        self,
        payload: bytes,
        payload_type: int,
        marker: bool,
        sequence: int,
        timestamp: int,
        now: float,
    ) -> RtpPacket:
        self.packets += 1
        self.octets += len(payload)
        self._sent_at = now
        return RtpPacket(
            payload_type, marker, sequence & 0xFFFF, timestamp & 0xFFFF_FFFF, self.ssrc, payload
        )
