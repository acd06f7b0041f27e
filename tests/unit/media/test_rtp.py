"""RTP packets and the books on both directions."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.media.rtp import (
    OutgoingStream,
    Reception,
    RtpPacket,
    sequence_distance,
    timestamp_distance,
)

PCMU_CLOCK = 8000

packets = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    marker=st.booleans(),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFF_FFFF),
    ssrc=st.integers(0, 0xFFFF_FFFF),
    payload=st.binary(),
)


def packet(sequence: int, *, timestamp: int | None = None, ssrc: int = 1) -> RtpPacket:
    """Make a packet of PCMU; its timestamp fits its number unless told otherwise."""
    at = sequence * 160 if timestamp is None else timestamp
    return RtpPacket(0, False, sequence & 0xFFFF, at & 0xFFFF_FFFF, ssrc, b"\xff" * 160)


# --- packets ----------------------------------------------------------------------------------


@given(packets)
def test_a_packet_survives_the_wire(sent: RtpPacket) -> None:
    """What is written is read back."""
    assert RtpPacket.parse(sent.serialize()) == sent


def test_sources_extension_and_padding_are_left_out() -> None:
    """Contributing sources, header extension and padding are no payload."""
    octets = (
        bytes([0x80 | 0x20 | 0x10 | 0x01, 0x80, 0, 5])
        + (6).to_bytes(4)
        + (7).to_bytes(4)
        + b"CSRC"
        + b"\xbe\xde\x00\x01"
        + b"ext."
        + b"payload"
        + b"\x00\x00\x03"
    )
    assert RtpPacket.parse(octets) == RtpPacket(0, True, 5, 6, 7, b"payload")


@given(st.binary())
def test_any_octets_are_a_packet_or_refused(octets: bytes) -> None:
    """Octets from anyone are read or raise ``ValueError``."""
    try:
        RtpPacket.parse(octets)
    except ValueError:
        return
    assert octets[0] >> 6 == 2


def test_distances_cross_the_wrap() -> None:
    """Sequence numbers and timestamps are compared on their circle."""
    assert sequence_distance(2, 0xFFFE) == 4
    assert sequence_distance(0xFFFE, 2) == -4
    assert timestamp_distance(160, 0xFFFF_FFFF - 159) == 320


# --- reception --------------------------------------------------------------------------------


def test_losses_are_counted_across_the_wrap() -> None:
    """Packets that never came are counted, also where the sequence number wraps."""
    reception = Reception()
    for sequence in (0xFFFD, 0xFFFE, 1, 2):
        reception.add(packet(sequence), PCMU_CLOCK, 0.0)
    report = reception.report()
    assert reception.packets == 4
    assert reception.octets == 640
    assert reception.packets_lost == 2
    assert report is not None
    assert report.highest_sequence == 0x1_0002
    assert report.fraction_lost == 2 * 256 // 6


def test_a_report_covers_the_time_since_the_last() -> None:
    """The fraction lost starts anew with each report, the total does not."""
    reception = Reception()
    for sequence in (1, 3):
        reception.add(packet(sequence), PCMU_CLOCK, 0.0)
    reception.report()
    for sequence in (4, 5):
        reception.add(packet(sequence), PCMU_CLOCK, 0.0)
    report = reception.report()
    assert report is not None
    assert (report.fraction_lost, report.packets_lost) == (0, 1)


def test_late_packets_are_no_loss() -> None:
    """A packet that arrives out of order is not lost."""
    reception = Reception()
    for sequence in (1, 3, 2):
        reception.add(packet(sequence), PCMU_CLOCK, 0.0)
    assert reception.packets_lost == 0


def test_nothing_is_reported_before_the_first_packet() -> None:
    """There is no report on nothing."""
    assert Reception().report() is None


@pytest.mark.parametrize("restarted", [packet(40_000), packet(9, ssrc=2)])
def test_a_new_start_is_no_loss(restarted: RtpPacket) -> None:
    """A jump of the sequence number and another source both begin the books anew."""
    reception = Reception()
    reception.add(packet(1), PCMU_CLOCK, 0.0)
    reception.add(restarted, PCMU_CLOCK, 0.02)
    assert reception.packets_lost == 0
    assert reception.packets == 2


def test_jitter_is_how_unevenly_packets_come() -> None:
    """Evenly spaced packets have no jitter; late ones have some, in seconds."""
    even, uneven = Reception(), Reception()
    for n in range(50):
        even.add(packet(n), PCMU_CLOCK, n * 0.02)
        uneven.add(packet(n), PCMU_CLOCK, n * 0.02 + (n % 2) * 0.01)
    assert even.jitter_seconds == pytest.approx(0, abs=1e-6)
    assert uneven.jitter_seconds == pytest.approx(0.01, rel=0.1)


def test_key_events_count_as_packets_but_not_as_jitter() -> None:
    """Events repeat one timestamp, so they are counted and nothing is measured by them."""
    reception = Reception()
    reception.add(packet(1), PCMU_CLOCK, 0.0)
    for n in range(2, 10):
        reception.add(packet(n, timestamp=320), None, n * 0.02)
    assert (reception.packets, reception.packets_lost) == (9, 0)
    assert reception.jitter_seconds == 0


# --- outgoing ---------------------------------------------------------------------------------


def stream(sequence: int = 100, timestamp: int = 1000) -> OutgoingStream:
    """Make a stream of PCMU."""
    return OutgoingStream(ssrc=9, sequence=sequence, timestamp=timestamp)


def frame(outgoing: OutgoingStream, now: float) -> RtpPacket:
    """Send a frame that we made."""
    return outgoing.continue_with(b"f", 0, PCMU_CLOCK, now)


def test_frames_that_we_make_follow_each_other() -> None:
    """Each frame is one number and 160 clock units after the one before; the first is marked."""
    outgoing = stream()
    sent = [frame(outgoing, n * 0.02) for n in range(3)]
    assert [s.sequence for s in sent] == [101, 102, 103]
    assert [s.timestamp for s in sent] == [1000, 1160, 1320]
    assert [s.marker for s in sent] == [True, False, False]
    assert {s.ssrc for s in sent} == {9}


def test_a_pause_shows_in_the_timestamp_and_not_in_the_sequence() -> None:
    """After a second of nothing the timestamp has moved on by a second, and nothing is missing."""
    outgoing = stream()
    before, after = frame(outgoing, 0.0), frame(outgoing, 1.0)
    assert after.sequence == before.sequence + 1
    assert after.timestamp == before.timestamp + 8000
    assert after.marker


def test_mirrored_packets_keep_their_gaps() -> None:
    """A loss on the way to us is a loss on the way from us, and silence is silence."""
    outgoing = stream()
    frame(outgoing, 0.0)
    mirrored = [
        outgoing.mirror(packet(sequence), 0, PCMU_CLOCK, 0.02) for sequence in (500, 501, 503)
    ]
    assert [m.sequence for m in mirrored if m] == [102, 103, 105]
    assert [m.timestamp - mirrored[0].timestamp for m in mirrored if m and mirrored[0]] == [
        0,
        160,
        480,
    ]
    assert [m.marker for m in mirrored if m] == [True, False, False]


def test_a_late_packet_takes_its_own_place() -> None:
    """A packet that came out of order leaves with the number that was kept for it."""
    outgoing = stream()
    sequences = []
    for sequence in (10, 12, 11, 13):
        mirrored = outgoing.mirror(packet(sequence), 0, PCMU_CLOCK, 0.0)
        assert mirrored is not None
        sequences.append(mirrored.sequence)
    assert sequences == [101, 103, 102, 104]


def test_a_packet_from_before_a_talkspurt_is_left_out() -> None:
    """What is older than the first packet mirrored has no place any more."""
    outgoing = stream()
    outgoing.mirror(packet(10), 0, PCMU_CLOCK, 0.0)
    assert outgoing.mirror(packet(9), 0, PCMU_CLOCK, 0.0) is None


def test_skipped_packets_leave_no_gap() -> None:
    """Packets that the listener did not agree to are not missed."""
    outgoing = stream()
    outgoing.mirror(packet(10), 0, PCMU_CLOCK, 0.0)
    outgoing.skip(packet(11))
    outgoing.skip(packet(12))
    after = outgoing.mirror(packet(13), 0, PCMU_CLOCK, 0.0)
    assert after is not None
    assert after.sequence == 102


def test_mirroring_crosses_the_wraps() -> None:
    """Hours of mirroring wrap the sequence number and stay continuous."""
    outgoing = stream()
    previous = None
    for n in range(70_000):
        mirrored = outgoing.mirror(packet(n, ssrc=4), 0, PCMU_CLOCK, n * 0.02)
        assert mirrored is not None
        if previous is not None:
            assert sequence_distance(mirrored.sequence, previous.sequence) == 1
            assert timestamp_distance(mirrored.timestamp, previous.timestamp) == 160
        previous = mirrored


actions = st.lists(
    st.tuples(st.sampled_from(["frame", "mirror", "skip", "lose", "other"]), st.floats(0.0, 2.0)),
    max_size=60,
)


@given(actions)
def test_numbers_and_timestamps_never_run_backwards(script: list[tuple[str, float]]) -> None:
    """Whatever sources take turns, each packet has a fresh number and a later timestamp."""
    outgoing = stream(sequence=0xFFF0, timestamp=0xFFFF_F000)
    now, position, ssrc = 0.0, 5, 1
    sent: list[RtpPacket] = []
    for action, pause in script:
        now += pause
        position += 1
        match action:
            case "frame":
                sent.append(frame(outgoing, now))
            case "mirror":
                mirrored = outgoing.mirror(packet(position, ssrc=ssrc), 0, PCMU_CLOCK, now)
                assert mirrored is not None
                sent.append(mirrored)
            case "skip":
                outgoing.skip(packet(position, ssrc=ssrc))
            case "other":
                ssrc += 1
    for earlier, later in itertools.pairwise(sent):
        assert sequence_distance(later.sequence, earlier.sequence) >= 1
        assert timestamp_distance(later.timestamp, earlier.timestamp) >= 160
    assert outgoing.packets == len(sent)


def test_the_timestamp_goes_on_between_packets() -> None:
    """A report between two packets names the timestamp that time has reached."""
    outgoing = stream()
    assert outgoing.timestamp_at(5.0, PCMU_CLOCK) == 1000
    frame(outgoing, 1.0)
    assert outgoing.timestamp_at(1.5, PCMU_CLOCK) == 1000 + 4000
