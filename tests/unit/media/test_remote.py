"""Reading what devices say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.media.codecs import OPUS, PCMU
from midcall.media.faults import NoCommonCodec, UnusableDescription
from midcall.media.remote import MAX_LENGTH, RemoteDescription
from midcall.media.sdp import Direction, EventFormat, Format, Setup
from tests.unit.media.descriptions import CHROMIUM_OFFER, WITH_VIDEO

LINES = CHROMIUM_OFFER.splitlines()


def test_a_browsers_offer_is_read() -> None:
    """An offer of Chromium yields its credentials, its codecs in its order, and its key events."""
    remote = RemoteDescription.parse(CHROMIUM_OFFER)
    assert (remote.username_fragment, remote.password) == ("Tdsh", "KOkbvFnwtcf37IVGw2CmvcSx")
    assert remote.formats == (Format(PCMU, 0), Format(OPUS, 111))
    assert remote.events == (EventFormat(110, 48_000), EventFormat(126, 8000))
    assert (remote.setup, remote.direction) == (Setup.ACTPASS, Direction.SENDRECV)
    assert remote.fingerprints[0].algorithm == "sha-256"
    assert remote.bundled


def test_line_feeds_alone_end_lines_too() -> None:
    """A description whose lines end in LF says the same."""
    unix = CHROMIUM_OFFER.replace("\r\n", "\n")
    assert RemoteDescription.parse(unix) == RemoteDescription.parse(CHROMIUM_OFFER)


def test_pcmu_needs_no_rtpmap() -> None:
    """Payload type 0 is PCMU even where nothing says so."""
    remote = RemoteDescription.parse(CHROMIUM_OFFER.replace("a=rtpmap:0 PCMU/8000\r\n", ""))
    assert remote.formats[0] == Format(PCMU, 0)


def test_the_session_speaks_for_its_sections() -> None:
    """Credentials, fingerprint and setup may stand above all media sections."""
    shared = [line for line in LINES if line.startswith(("a=ice-", "a=fingerprint", "a=setup"))]
    rest = [line for line in LINES if line not in shared]
    moved = "\r\n".join([*rest[:4], *shared, *rest[4:]])
    assert RemoteDescription.parse(moved) == RemoteDescription.parse(CHROMIUM_OFFER)


def test_audio_is_found_among_other_sections() -> None:
    """The first audio section is used, and the others are remembered, to be refused."""
    video_first = CHROMIUM_OFFER.replace(
        "m=audio 9", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\nm=audio 9"
    )
    remote = RemoteDescription.parse(video_first)
    assert remote.audio == 1
    assert [section.kind for section in remote.sections] == ["video", "audio"]
    assert [section.mid for section in RemoteDescription.parse(WITH_VIDEO).sections] == ["0", "1"]


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("a=sendonly", Direction.SENDONLY),
        ("a=inactive", Direction.INACTIVE),
        ("a=x-nothing", Direction.SENDRECV),
    ],
)
def test_the_direction_is_read(said: str, understood: Direction) -> None:
    """The direction is taken as said; where nothing is said, audio flows both ways."""
    remote = RemoteDescription.parse(CHROMIUM_OFFER.replace("a=sendrecv", said))
    assert remote.direction is understood


@pytest.mark.parametrize(
    ("found", "replaced"),
    [
        ("m=audio 9", "m=audio 0"),
        ("m=audio", "m=video"),
        ("m=audio 9 ", "m=audio nine "),
        ("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        ("a=ice-ufrag:Tdsh", "a=ice-ufrag:T"),
        ("a=ice-ufrag:Tdsh", "a=ice-ufrag:T dsh"),
        ("a=ice-pwd:KOkbvFnwtcf37IVGw2CmvcSx", "a=ice-pwd:short"),
        ("a=fingerprint:sha-256", "a=fingerprint:md5"),
        ("a=setup:actpass", "a=setup:holdconn"),
        ("a=rtcp-mux\r\n", ""),
        ("a=mid:0", "a=mid:0 1"),
    ],
)
def test_what_cannot_be_agreed_to_is_refused(found: str, replaced: str) -> None:
    """A description without what WebRTC takes for granted raises, whatever it lacks."""
    assert found in CHROMIUM_OFFER
    with pytest.raises(UnusableDescription):
        RemoteDescription.parse(CHROMIUM_OFFER.replace(found, replaced, 1))


def test_other_codecs_are_named_in_the_refusal() -> None:
    """Without a common codec, the fault carries the names of those that were offered."""
    only_g722 = CHROMIUM_OFFER.replace("SAVPF 0 111 63 9 8 13 110 126", "SAVPF 9 8")
    with pytest.raises(NoCommonCodec) as raised:
        RemoteDescription.parse(only_g722)
    assert raised.value.offered == ("G722/8000", "PCMA/8000")


def test_length_has_a_limit() -> None:
    """A description that is longer than any browser's is not even looked at."""
    with pytest.raises(UnusableDescription, match="longer"):
        RemoteDescription.parse(CHROMIUM_OFFER + "a=x\r\n" * (MAX_LENGTH // 5))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Text from anyone ends in a description or in ``UnusableDescription``, and in nothing else."""
    _read_or_refuse(text)


@given(st.lists(st.sampled_from(LINES)), st.data())
def test_any_mixture_of_real_lines_is_read_or_refused(
    lines: list[str], data: st.DataObject
) -> None:
    """Real lines in any order, one of them mangled, are read or refused as well."""
    if lines:
        index = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[index])))
        lines[index] = lines[index][:cut] + data.draw(st.text(max_size=5)) + lines[index][cut:]
    _read_or_refuse("\r\n".join(lines))


@given(st.integers(0, len(LINES) - 1), st.text(max_size=8), st.data())
def test_a_real_offer_with_one_mangled_line_is_read_or_refused(
    index: int, noise: str, data: st.DataObject
) -> None:
    """One mangled line in a real offer leads to a description or a refusal."""
    cut = data.draw(st.integers(0, len(LINES[index])))
    mangled = LINES[index][:cut] + noise + LINES[index][cut:]
    _read_or_refuse("\r\n".join([*LINES[:index], mangled, *LINES[index + 1 :]]))


def _read_or_refuse(text: str) -> None:
    try:
        remote = RemoteDescription.parse(text)
    except UnusableDescription:
        return
    assert remote.formats
    assert all(0 <= used.payload_type < 128 for used in remote.formats)
