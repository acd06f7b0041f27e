"""What can be played to an endpoint, and the PCM that it consists of.

A sound is a value. Its frames are made one by one while it plays, so that a long recording takes no
memory and starts at once.
"""

import math
from array import array
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache

from midcall.media.codecs import BYTES_PER_SAMPLE, FRAME_SECONDS, cut_frames, frame_bytes

TONE_LEVEL = 0.2
"""Of full scale, for each frequency of a tone: -14 dBFS, a little below loud speech."""

KEY_SECONDS = 0.1
KEY_GAP_SECONDS = 0.1
"""A key and the pause behind it. Receivers must take 40 ms of both (ITU-T Q.24)."""

KEY_PAUSES = {"w": 0.5, "W": 1.0}
"""Pauses between keys, in seconds, in the words of TwiML's ``<Play digits>``."""

_ROWS = (697, 770, 852, 941)
_COLUMNS = (1209, 1336, 1477, 1633)
KEY_FREQUENCIES = {
    key: (row, column)
    for row, keys in zip(_ROWS, ("123A", "456B", "789C", "*0#D"), strict=True)
    for column, key in zip(_COLUMNS, keys, strict=True)
}
"""The two frequencies of each key, in hertz (ITU-T Q.23)."""

Frames = Generator[bytes, None, None]
"""PCM frames of 20 ms; closing it lets go of whatever they are made from."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing, for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Tone:
    """One or more frequencies at once, in hertz, for some seconds."""

    frequencies: tuple[int, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Keys:
    """Keypad tones: ``0-9 * # A-D``, with ``w`` and ``W`` for pauses of half a second and one.

    Raises ``ValueError`` for any other character.
    """

    digits: str

    def __post_init__(self) -> None:
        strange = set(self.digits) - set(KEY_FREQUENCIES) - set(KEY_PAUSES)
        if strange:
            raise ValueError(f"not on a keypad: {' '.join(sorted(strange))}")


@dataclass(frozen=True, slots=True)
class Recording:
    """An audio file: WAV, AIFF or MP3, as its bytes."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Speech:
    """Text to be spoken. ``language`` is a language tag such as ``en-GB``."""

    text: str
    language: str = "en-US"


Sound = Silence | Tone | Keys | Recording | Speech


def silence(seconds: float, rate: int) -> Frames:
    """Make silence."""
    frame = bytes(frame_bytes(rate))
    for _ in range(round(seconds / FRAME_SECONDS)):
        yield frame


def tone(frequencies: tuple[int, ...], seconds: float, rate: int) -> Frames:
    """Make a tone."""
    yield from cut_frames(_tone_pcm(frequencies, seconds, rate), rate)


def keys(digits: str, rate: int) -> Frames:
    """Make keypad tones."""
    for digit in digits:
        if digit in KEY_PAUSES:
            yield from silence(KEY_PAUSES[digit], rate)
        else:
            yield from tone(KEY_FREQUENCIES[digit], KEY_SECONDS, rate)
            yield from silence(KEY_GAP_SECONDS, rate)


def _tone_pcm(frequencies: tuple[int, ...], seconds: float, rate: int) -> Iterator[bytes]:
    period = _period(frequencies, rate)
    left = round(seconds * rate) * BYTES_PER_SAMPLE
    while left > 0:
        yield period[:left]
        left -= len(period)


@lru_cache(maxsize=64)
def _period(frequencies: tuple[int, ...], rate: int) -> bytes:
    """Compute the shortest stretch after which whole frequencies repeat: at most a second."""
    samples = rate // math.gcd(rate, *frequencies)
    steps = [2 * math.pi * frequency / rate for frequency in frequencies]
    level = TONE_LEVEL * 32_767
    return array(
        "h",
        (round(level * sum(math.sin(step * n) for step in steps)) for n in range(samples)),
    ).tobytes()
