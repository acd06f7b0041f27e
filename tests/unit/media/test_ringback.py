"""Ring-back, country by country."""

from itertools import islice

import pytest

from midcall.media.ringback import NORTH_AMERICA, RING_TONES, RingTone, ring_tone, ringing
from tests.unit.media.listening import loudness, share_of

RATE = 8000


def test_ring_back_repeats_its_cadence() -> None:
    """Ring-back sounds, pauses, and sounds again, without end."""
    pcm = b"".join(islice(ringing(RingTone((440, 480), (0.4, 0.2)), RATE), 60))
    loud = [loudness(pcm[start : start + 1600]) > 0.1 for start in range(0, len(pcm), 1600)]
    assert loud == [True, True, True, True, False, False] * 2


def test_ring_back_may_ring_twice() -> None:
    """A British telephone rings twice, then pauses."""
    pcm = b"".join(islice(ringing(ring_tone("gb"), RATE), 200))
    loud = [loudness(pcm[start : start + 3200]) > 0.1 for start in range(0, len(pcm), 3200)]
    assert loud == [True, True, False, True, True, *[False] * 10, True, True, False, True, True]


@pytest.mark.parametrize("country", RING_TONES)
def test_each_country_rings_in_its_frequencies(country: str) -> None:
    """The first half second of every country's ring is made of its frequencies and no others."""
    ring = ring_tone(country)
    pcm = b"".join(islice(ringing(ring, RATE), 20))
    shares = [share_of(frequency, pcm, RATE) for frequency in ring.frequencies]
    assert min(shares) > 0.2
    assert sum(shares) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(
    ("country", "frequencies", "cadence"),
    [
        ("us", (440, 480), (2.0, 4.0)),
        ("ca", (440, 480), (2.0, 4.0)),
        ("de", (425,), (1.0, 4.0)),
        ("fr", (440,), (1.5, 3.5)),
        ("es", (425,), (1.5, 3.0)),
        ("at", (420,), (1.0, 5.0)),
        ("gb", (400, 450), (0.4, 0.2, 0.4, 2.0)),
        ("jp", (384, 400, 416), (1.0, 2.0)),
        ("in", (375, 400, 425), (0.4, 0.2, 0.4, 2.0)),
    ],
)
def test_well_known_rings_are_right(
    country: str, frequencies: tuple[int, ...], cadence: tuple[float, ...]
) -> None:
    """The table says what ITU-T E.180 says."""
    assert ring_tone(country) == RingTone(frequencies, cadence)


def test_a_country_is_found_in_either_case() -> None:
    """TwiML may write DE or de."""
    assert ring_tone("DE") == ring_tone("de") != NORTH_AMERICA


@pytest.mark.parametrize("country", ["xx", "us-old", ""])
def test_an_unknown_country_rings_as_north_america(country: str) -> None:
    """What is not in the table is no reason to be silent."""
    assert ring_tone(country) is NORTH_AMERICA


@pytest.mark.parametrize("cadence", [(), (1.0,), (1.0, 2.0, 1.0)])
def test_a_cadence_is_pairs(cadence: tuple[float, ...]) -> None:
    """A ring without its pause is refused where it is written down."""
    with pytest.raises(ValueError, match="pairs"):
        RingTone((425,), cadence)
