"""Ears for the tests: which frequencies are in PCM, and how loud."""

import math
from array import array
from collections import deque


def sine(frequency: float, rate: int, samples: int, start: int = 0, level: float = 0.5) -> bytes:
    """Return 16-bit mono PCM of one frequency."""
    step = 2 * math.pi * frequency / rate
    return array(
        "h", (round(level * 32_767 * math.sin(step * (start + n))) for n in range(samples))
    ).tobytes()


def loudness(pcm: bytes) -> float:
    """Return the root mean square, from 0 to 1."""
    samples = array("h", pcm)
    if not samples:
        return 0.0
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples)) / 32_768


def share_of(frequency: float, pcm: bytes, rate: int) -> float:
    """Return how much of the PCM's power is at a frequency, from 0 to 1 (Goertzel)."""
    samples = array("h", pcm)
    power = sum(sample * sample for sample in samples)
    if not power:
        return 0.0
    coefficient = 2 * math.cos(2 * math.pi * frequency / rate)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    found = before * before + last * last - coefficient * before * last
    return 2 * found / (len(samples) * power)


class Ear:
    """Listens to the last tenth of a second of a stream of PCM."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.heard_bytes = 0
        self._recent: deque[bytes] = deque(maxlen=5)

    def hear(self, pcm: bytes) -> None:
        """Take 20 ms."""
        self.heard_bytes += len(pcm)
        self._recent.append(pcm)

    @property
    def recent(self) -> bytes:
        """The last tenth of a second."""
        return b"".join(self._recent)

    def hears(self, frequency: float) -> bool:
        """Tell whether this frequency is nearly all that there is to hear."""
        return len(self._recent) == 5 and share_of(frequency, self.recent, self.rate) > 0.8

    def hears_silence(self) -> bool:
        """Tell whether there is nothing to hear, although something arrives."""
        return len(self._recent) == 5 and loudness(self.recent) < 0.001
