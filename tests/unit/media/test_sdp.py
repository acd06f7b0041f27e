"""What we say."""

from dataclasses import replace

import pytest

from midcall.media.codecs import OPUS, PCMU
from midcall.media.remote import RemoteDescription, answering
from midcall.media.sdp import (
    OFFERED_EVENTS,
    OFFERED_FORMATS,
    Direction,
    EventFormat,
    Fingerprint,
    Format,
    LocalDescription,
    Setup,
)
from tests.unit.media.descriptions import CHROMIUM_OFFER, WITH_VIDEO

OFFER = LocalDescription(
    session=1,
    username_fragment="abcd",
    password="0123456789abcdef012345",
    fingerprint=Fingerprint("sha-256", "AB:CD"),
    setup=Setup.ACTPASS,
    formats=OFFERED_FORMATS,
    events=OFFERED_EVENTS,
    ssrc=7,
    candidates=("1 1 udp 2130706431 192.0.2.7 4000 typ host",),
    address="192.0.2.7",
    port=4000,
)


def answer_to(offer: str) -> str:
    """Answer an offer."""
    local = replace(OFFER, setup=Setup.ACTIVE)
    return answering(local, RemoteDescription.parse(offer)).serialize()


def test_an_offer_has_what_the_voice_sdk_needs() -> None:
    """An offer is bundled and complete: candidates and their end, codecs, key events, CRLF."""
    text = OFFER.serialize()
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    lines = text.split("\r\n")
    assert "m=audio 4000 UDP/TLS/RTP/SAVPF 111 0 110 126" in lines
    for line in (
        "a=group:BUNDLE 0",
        "c=IN IP4 192.0.2.7",
        "a=candidate:1 1 udp 2130706431 192.0.2.7 4000 typ host",
        "a=end-of-candidates",
        "a=setup:actpass",
        "a=mid:0",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:126 telephone-event/8000",
    ):
        assert line in lines


def test_our_offer_can_be_read_by_ourselves() -> None:
    """What we write, we read back."""
    remote = RemoteDescription.parse(OFFER.serialize())
    assert (remote.username_fragment, remote.password) == ("abcd", "0123456789abcdef012345")
    assert (remote.formats, remote.events) == (OFFERED_FORMATS, OFFERED_EVENTS)
    assert remote.fingerprints == (Fingerprint("sha-256", "AB:CD"),)


def test_an_answer_follows_the_offers_payload_types_and_order() -> None:
    """An answer keeps the offer's numbers for codecs and its order of preference."""
    offer = CHROMIUM_OFFER.replace("SAVPF 0 111", "SAVPF 96 0").replace(
        "rtpmap:111 opus", "rtpmap:96 opus"
    )
    remote = RemoteDescription.parse(answer_to(offer))
    assert remote.formats == (Format(OPUS, 96), Format(PCMU, 0))
    assert remote.setup is Setup.ACTIVE


@pytest.mark.parametrize(
    ("order", "event"),
    [("0 111", EventFormat(126, 8000)), ("111 0", EventFormat(110, 48_000))],
)
def test_key_events_share_the_preferred_codecs_clock(order: str, event: EventFormat) -> None:
    """Of the offered key events, the one with the preferred codec's clock is agreed to."""
    offer = CHROMIUM_OFFER.replace("SAVPF 0 111", f"SAVPF {order}")
    assert RemoteDescription.parse(answer_to(offer)).events == (event,)


def test_key_events_of_another_clock_are_better_than_none() -> None:
    """Where no key event has the codec's clock, the offered ones are agreed to."""
    offer = CHROMIUM_OFFER.replace("SAVPF 0 111", "SAVPF 111 0").replace(" 110 126", " 126")
    assert RemoteDescription.parse(answer_to(offer)).events == (EventFormat(126, 8000),)


def test_sections_other_than_audio_are_refused_in_place() -> None:
    """Video is answered with port 0, in its place, and outside the bundle."""
    text = answer_to(WITH_VIDEO)
    assert "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n" in text
    assert "a=group:BUNDLE 0\r\n" in text
    assert text.index("m=audio") < text.index("m=video")


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        (Direction.SENDRECV, Direction.SENDRECV),
        (Direction.SENDONLY, Direction.RECVONLY),
        (Direction.RECVONLY, Direction.SENDONLY),
        (Direction.INACTIVE, Direction.INACTIVE),
    ],
)
def test_the_direction_is_answered_from_our_side(offered: Direction, answered: Direction) -> None:
    """Who only sends is answered by one who only receives, and so on."""
    text = answer_to(CHROMIUM_OFFER.replace("a=sendrecv", f"a={offered}"))
    assert f"a={answered}\r\n" in text


def test_without_a_bundle_group_none_is_answered() -> None:
    """An answer has no BUNDLE group that the offer did not have."""
    assert "BUNDLE" not in answer_to(CHROMIUM_OFFER.replace("a=group:BUNDLE 0\r\n", ""))


def test_without_candidates_their_end_is_not_said() -> None:
    """A description that can never be reached leaves the device waiting rather than failing."""
    text = replace(OFFER, candidates=()).serialize()
    assert "candidate" not in text


def test_ipv6_addresses_are_announced_as_such() -> None:
    """The connection line names the address family."""
    assert "c=IN IP6 2001:db8::1\r\n" in replace(OFFER, address="2001:db8::1").serialize()
