"""Audio files from customers."""

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.media import recordings
from midcall.media.faults import UnplayableRecording
from midcall.media.recordings import open_recording
from tests.unit.media.audio_files import audio_file
from tests.unit.media.listening import loudness, share_of

RATE = 8000
WAV = audio_file("wav", "pcm_s16le", rate=22_050)
MP3 = audio_file("mp3", "libmp3lame", rate=44_100)


@pytest.mark.parametrize(
    "content",
    [
        WAV,
        MP3,
        audio_file("wav", "pcm_mulaw", rate=8000),
        audio_file("aiff", "pcm_s16be", rate=16_000),
    ],
    ids=["WAV", "MP3", "mu-law WAV", "AIFF"],
)
@pytest.mark.parametrize("rate", [8000, 24_000])
def test_a_recording_keeps_its_tone_and_its_length(content: bytes, rate: int) -> None:
    """A file of any kind becomes frames of 20 ms at the rate that is asked for."""
    frames = list(open_recording(content, rate))
    assert {len(frame) for frame in frames} == {rate // 50 * 2}
    assert 0.95 <= len(frames) / 50 <= 1.15
    assert share_of(700, b"".join(frames[10:40]), rate) > 0.9


def test_a_recording_of_which_the_size_is_not_known_yet_is_played() -> None:
    """A WAV file that a program wrote into a pipe names no length; it is played to its end."""
    unknown = b"\x00\xf0\xff\x7f"
    length = WAV.index(b"data") + 4
    streamed = WAV[:4] + unknown + WAV[8:length] + unknown + WAV[length + 4 :]
    assert 48 <= len(list(open_recording(streamed, RATE))) <= 52


def test_what_is_no_audio_file_is_refused() -> None:
    """Text, pages and play lists are not handed to FFmpeg, which would follow their URLs."""
    for content in (b"", b"<html>", b"#EXTM3U\nhttp://169.254.169.254/\n", b"ffconcat version 1.0"):
        with pytest.raises(UnplayableRecording, match="neither"):
            open_recording(content, RATE)


def test_a_cut_off_header_is_refused() -> None:
    """A file that only begins like one is refused when it is opened."""
    with pytest.raises(UnplayableRecording):
        open_recording(WAV[:20], RATE)


def test_a_recording_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the limit is refused unread."""
    monkeypatch.setattr(recordings, "LARGEST_RECORDING", len(WAV) - 1)
    with pytest.raises(UnplayableRecording, match="larger"):
        open_recording(WAV, RATE)


def test_a_recording_that_breaks_off_is_played_as_far_as_it_goes() -> None:
    """What there is of a broken file is heard."""
    broken = MP3[: len(MP3) // 2] + bytes(2000)
    pcm = b"".join(open_recording(broken, RATE))
    assert len(pcm) > RATE // 2
    assert loudness(pcm[: RATE // 2]) > 0.1


def test_closing_a_recording_lets_its_file_go() -> None:
    """Frames that are no longer wanted hold nothing."""
    frames = open_recording(WAV, RATE)
    next(frames)
    frames.close()
    gc.collect()
    assert list(frames) == []


@given(st.sampled_from([WAV[:60], MP3[:200], WAV[:4] + WAV[8:12]]), st.binary(max_size=200))
def test_anything_behind_a_good_beginning_is_played_or_refused(start: bytes, rest: bytes) -> None:
    """A file that is made to break the decoder only ends early."""
    try:
        list(open_recording(start + rest, RATE))
    except UnplayableRecording:
        return
