"""What a caller hears while the other side rings, country by country.

Frequencies and cadences are those of ITU-T E.180 Supplement 2 (various tones used in national
networks). The keys are ISO 3166-1 alpha-2 codes, which is what TwiML's ``ringTone`` takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from midcall.media.sounds import Frames, silence, tone


@dataclass(frozen=True, slots=True)
class RingTone:
    """A ring-back tone: frequencies in hertz that sound together, and its cadence.

    ``cadence`` is seconds of tone and of silence by turns, repeated without end.
    """

    frequencies: tuple[int, ...]
    cadence: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.cadence) % 2 or not self.cadence:
            raise ValueError("a cadence is pairs of tone and silence")


def modulated(carrier: int, modulation: int) -> tuple[int, ...]:
    """Return the frequencies of a carrier and of the two sidebands that its modulation makes."""
    return carrier - modulation, carrier, carrier + modulation


_PAUSE_4 = (1.0, 4.0)
_PAUSE_5 = (1.0, 5.0)
_PAUSE_3 = (1.0, 3.0)
_TWICE = (0.4, 0.2, 0.4, 2.0)

NORTH_AMERICA = RingTone((440, 480), (2.0, 4.0))
"""What is heard where no country is named, or one that is not in the table."""

_EUROPE = RingTone((425,), _PAUSE_4)
_BRITAIN = RingTone((400, 450), _TWICE)

RING_TONES: dict[str, RingTone] = {
    "at": RingTone((420,), _PAUSE_5),
    "au": RingTone((413, 438), _TWICE),
    "be": RingTone((425,), _PAUSE_3),
    "bg": _EUROPE,
    "br": _EUROPE,
    "ca": NORTH_AMERICA,
    "ch": _EUROPE,
    "cl": RingTone((400,), _PAUSE_3),
    "cn": RingTone((450,), _PAUSE_4),
    "cz": _EUROPE,
    "de": _EUROPE,
    "dk": _EUROPE,
    "ee": _EUROPE,
    "es": RingTone((425,), (1.5, 3.0)),
    "fi": _EUROPE,
    "fr": RingTone((440,), (1.5, 3.5)),
    "gb": _BRITAIN,
    "gr": _EUROPE,
    "hu": RingTone((425,), (1.25, 3.75)),
    "ie": _BRITAIN,
    "il": RingTone((414,), _PAUSE_3),
    "in": RingTone(modulated(400, 25), _TWICE),
    "it": _EUROPE,
    "jp": RingTone(modulated(400, 16), (1.0, 2.0)),
    "lt": _EUROPE,
    "mx": _EUROPE,
    "my": RingTone((425,), _TWICE),
    "nl": _EUROPE,
    "no": _EUROPE,
    "nz": _BRITAIN,
    "ph": RingTone((425, 480), _PAUSE_4),
    "pl": _EUROPE,
    "pt": RingTone((425,), _PAUSE_5),
    "ru": RingTone((425,), (0.8, 3.2)),
    "se": RingTone((425,), _PAUSE_5),
    "sg": RingTone(modulated(425, 24), _TWICE),
    "th": RingTone((420,), _PAUSE_5),
    "tw": RingTone((440, 480), (1.0, 2.0)),
    "uk": _BRITAIN,  # no ISO code, but the one that people write
    "us": NORTH_AMERICA,
    "ve": _EUROPE,
    "za": RingTone(modulated(400, 33), _TWICE),
}
"""Ring-back by country."""


def ring_tone(country: str) -> RingTone:
    """Return a country's ring-back; upper or lower case does not matter."""
    return RING_TONES.get(country.lower(), NORTH_AMERICA)


def ringing(ring: RingTone, rate: int) -> Frames:
    """Make ring-back without end."""
    for seconds, sounding in cycle(_beats(ring)):
        yield from tone(ring.frequencies, seconds, rate) if sounding else silence(seconds, rate)


def _beats(ring: RingTone) -> Iterator[tuple[float, bool]]:
    for number, seconds in enumerate(ring.cadence):
        yield seconds, number % 2 == 0
