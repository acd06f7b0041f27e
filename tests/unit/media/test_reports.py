"""RTCP reports."""

import pytest
from aiortc.rtp import (
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
)
from hypothesis import given
from hypothesis import strategies as st

from midcall.media.reports import Reports, ntp_now
from midcall.media.rtp import OutgoingStream, Reception, RtpPacket

NTP = 0x1234_5678_9ABC_DEF0
SECOND = 1 << 32


def books() -> tuple[OutgoingStream, Reception, Reports]:
    """Open the books of one connection."""
    stream, reception = OutgoingStream(ssrc=9, sequence=1, timestamp=1000), Reception()
    return stream, reception, Reports(stream, reception, 8000)


def from_device(ssrc: int, sequence: int) -> RtpPacket:
    """Make a packet that a device sent."""
    return RtpPacket(0, False, sequence, sequence * 160, ssrc, b"\xff" * 160)


def test_a_sender_report_says_what_was_sent() -> None:
    """Counts, and which timestamp belongs to which time on the wall."""
    stream, _, reports = books()
    stream.continue_with(b"\xff" * 160, 0, 8000, now=1.0)
    report, source = RtcpPacket.parse(reports.write(now=1.5, ntp=NTP))
    assert isinstance(report, RtcpSrPacket)
    assert report.sender_info == RtcpSenderInfo(
        ntp_timestamp=NTP, rtp_timestamp=1000 + 4000, packet_count=1, octet_count=160
    )
    assert report.reports == []
    assert isinstance(source, RtcpSdesPacket)


def test_without_anything_sent_there_is_a_receiver_report() -> None:
    """Who has only listened reports only on that."""
    _, reception, reports = books()
    for sequence in (1, 2, 4):
        reception.add(from_device(5, sequence), 8000, 0.0)
    report, _ = RtcpPacket.parse(reports.write(now=1.0, ntp=NTP))
    assert isinstance(report, RtcpRrPacket)
    (block,) = report.reports
    assert (block.ssrc, block.packets_lost, block.fraction_lost) == (5, 1, 64)
    assert (block.lsr, block.dlsr) == (0, 0)


def test_a_device_can_measure_its_round_trip() -> None:
    """Our block names the device's last report and how long ago it came."""
    _, reception, reports = books()
    reception.add(from_device(5, 1), 8000, 0.0)
    theirs = RtcpSrPacket(ssrc=5, sender_info=RtcpSenderInfo(NTP, 0, 1, 160))
    reports.read(bytes(theirs), now=10.0, ntp=0)
    report, _ = RtcpPacket.parse(reports.write(now=10.5, ntp=NTP))
    assert isinstance(report, RtcpRrPacket)
    (block,) = report.reports
    assert (block.lsr, block.dlsr) == (0x5678_9ABC, 65_536 // 2)


def test_we_measure_our_round_trip() -> None:
    """The time since our report, less what the device kept it for."""
    _, _, reports = books()
    ours = RtcpReceiverInfo(9, 0, 0, 0, 0, lsr=0x5678_9ABC, dlsr=65_536)
    reports.read(bytes(RtcpRrPacket(ssrc=5, reports=[ours])), now=0.0, ntp=NTP + 2 * SECOND)
    assert reports.round_trip_seconds == pytest.approx(1.0, abs=0.001)


def test_clocks_that_disagree_a_little_give_no_negative_time() -> None:
    """A round trip that comes out just below zero is zero."""
    _, _, reports = books()
    ours = RtcpReceiverInfo(9, 0, 0, 0, 0, lsr=0x5678_9ABC, dlsr=100)
    reports.read(bytes(RtcpRrPacket(ssrc=5, reports=[ours])), now=0.0, ntp=NTP)
    assert reports.round_trip_seconds == 0.0


def test_reports_on_other_streams_are_passed_over() -> None:
    """A block on a stream that is not ours measures nothing."""
    _, _, reports = books()
    other = RtcpReceiverInfo(8, 0, 0, 0, 0, lsr=1, dlsr=0)
    reports.read(bytes(RtcpRrPacket(ssrc=5, reports=[other])), now=0.0, ntp=NTP)
    assert reports.round_trip_seconds is None


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda rest: b"\x81\xc9" + rest))
def test_any_octets_may_come_as_a_report(octets: bytes) -> None:
    """What cannot be read is passed over."""
    _, _, reports = books()
    reports.read(octets, now=0.0, ntp=NTP)


def test_ntp_counts_from_1900() -> None:
    """The wall clock's timestamp is in this century, and moves forward."""
    first, second = ntp_now(), ntp_now()
    assert first >> 32 > 2_208_988_800 + 1_700_000_000
    assert first <= second
