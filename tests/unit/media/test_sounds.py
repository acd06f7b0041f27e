"""Sounds that are computed."""

import pytest

from midcall.media.codecs import frame_bytes
from midcall.media.sounds import KEY_FREQUENCIES, Frames, Keys, keys, silence, tone
from tests.unit.media.listening import loudness, share_of

RATE = 8000


def pcm_of(frames: Frames) -> bytes:
    """Join frames, all of which last 20 ms."""
    cut = list(frames)
    assert {len(frame) for frame in cut} <= {frame_bytes(RATE)}
    return b"".join(cut)


def test_silence_lasts_as_long_as_it_says() -> None:
    """A second of silence is fifty frames of nothing."""
    pcm = pcm_of(silence(1.0, RATE))
    assert pcm == bytes(2 * RATE)


def test_a_tone_has_its_frequencies_and_its_length() -> None:
    """Both frequencies of a tone are there, equally loud, and nothing else."""
    pcm = pcm_of(tone((440, 480), 1.5, RATE))
    assert len(pcm) == 1.5 * RATE * 2
    assert share_of(440, pcm, RATE) == pytest.approx(0.5, abs=0.02)
    assert share_of(480, pcm, RATE) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("key", KEY_FREQUENCIES)
def test_each_key_has_its_two_frequencies(key: str) -> None:
    """A key sounds for a tenth of a second in its row's and its column's frequency."""
    pcm = pcm_of(keys(key, RATE))
    sounding, pause = pcm[: RATE // 5], pcm[RATE // 5 :]
    for frequency in KEY_FREQUENCIES[key]:
        assert share_of(frequency, sounding, RATE) > 0.4
    assert pause
    assert loudness(pause) == 0


def test_pauses_between_keys_are_kept() -> None:
    """A ``w`` is half a second, a ``W`` a whole one."""
    plain, paused = len(pcm_of(keys("12", RATE))), len(pcm_of(keys("1wW2", RATE)))
    assert paused - plain == 1.5 * RATE * 2


def test_what_is_on_no_keypad_is_refused() -> None:
    """Keys are checked where they are written down."""
    with pytest.raises(ValueError, match="not on a keypad: x"):
        Keys("1x2")
