"""RTCP (RFC 3550 section 6): the reports that both ends send each other about one connection.

Browsers compute their round-trip time and their share of lost packets from what we report, and the
Voice SDK its quality score from those.
"""

import struct
import time

from aiortc.rtp import (
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from midcall.media.rtp import OutgoingStream, Reception

REPORT_SECONDS = 1.0
"""How often we report. AVPF has no minimum (RFC 4585 section 3.4), and the SDK samples once a
second."""

_NTP_EPOCH_OFFSET = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 5905 section 6)."""

_CNAME = 1
_MOST_PACKETS_LOST = 0x7F_FFFF


def ntp_now() -> int:
    """Return the wall clock as a 64-bit NTP timestamp."""
    nanoseconds = time.time_ns()
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return (seconds + _NTP_EPOCH_OFFSET) << 32 | (rest << 32) // 1_000_000_000


class Reports:
    """Writes our reports and reads the device's. ``clock_rate`` is that of the codec we send."""

    def __init__(self, stream: OutgoingStream, reception: Reception, clock_rate: int) -> None:
        self.round_trip_seconds: float | None = None
        self._stream = stream
        self._reception = reception
        self._clock_rate = clock_rate
        self._last_report = 0  # the middle 32 bits of the NTP timestamp in the device's last report
        self._last_report_at = 0.0

    def write(self, now: float, ntp: int) -> bytes:
        """Return a compound packet; ``now`` is steady, ``ntp`` is what the wall clock says."""
        stream = self._stream
        blocks = self._blocks(now)
        report: RtcpSrPacket | RtcpRrPacket
        if stream.packets:
            report = RtcpSrPacket(
                ssrc=stream.ssrc,
                sender_info=RtcpSenderInfo(
                    ntp_timestamp=ntp,
                    rtp_timestamp=stream.timestamp_at(now, self._clock_rate),
                    packet_count=stream.packets & 0xFFFF_FFFF,
                    octet_count=stream.octets & 0xFFFF_FFFF,
                ),
                reports=blocks,
            )
        else:
            report = RtcpRrPacket(ssrc=stream.ssrc, reports=blocks)
        source = RtcpSourceInfo(ssrc=stream.ssrc, items=[(_CNAME, b"midcall")])
        return bytes(report) + bytes(RtcpSdesPacket(chunks=[source]))

    def _blocks(self, now: float) -> list[RtcpReceiverInfo]:
        report = self._reception.report()
        if report is None:
            return []
        since = now - self._last_report_at if self._last_report else 0.0
        return [
            RtcpReceiverInfo(
                ssrc=report.ssrc,
                fraction_lost=report.fraction_lost,
                packets_lost=min(report.packets_lost, _MOST_PACKETS_LOST),
                highest_sequence=report.highest_sequence,
                jitter=report.jitter,
                lsr=self._last_report,
                dlsr=min(round(since * 65_536), 0xFFFF_FFFF),
            )
        ]

    def read(self, octets: bytes, now: float, ntp: int) -> None:
        """Take the device's compound packet; what cannot be read is passed over."""
        try:
            packets = RtcpPacket.parse(octets)
        except (ValueError, IndexError, struct.error):
            return
        for packet in packets:
            if isinstance(packet, RtcpSrPacket):
                self._last_report = packet.sender_info.ntp_timestamp >> 16 & 0xFFFF_FFFF
                self._last_report_at = now
            if isinstance(packet, RtcpSrPacket | RtcpRrPacket):
                for block in packet.reports:
                    self._measure_round_trip(block, ntp)

    def _measure_round_trip(self, block: RtcpReceiverInfo, ntp: int) -> None:
        """Follow RFC 3550 section 6.4.1: the time since our report, less the device's delay."""
        if block.ssrc == self._stream.ssrc and block.lsr:
            units = ((ntp >> 16 & 0xFFFF_FFFF) - block.lsr - block.dlsr) & 0xFFFF_FFFF
            # Clocks are read at both ends of the subtraction, so it may come out just below zero.
            self.round_trip_seconds = units / 65_536 if units < 0x8000_0000 else 0.0
