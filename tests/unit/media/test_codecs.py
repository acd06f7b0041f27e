"""PCM in and out of the two codecs."""

from array import array
from typing import Literal

import pytest
from av import CodecContext, Packet
from av.audio.codeccontext import AudioCodecContext
from hypothesis import given
from hypothesis import strategies as st

from midcall.media.codecs import (
    CODECS,
    OPUS,
    PCMU,
    Codec,
    OpusDecoder,
    PcmuDecoder,
    PcmuEncoder,
    Resampler,
    cut_frames,
    decoder,
    encoder,
    frame_bytes,
    frame_pcm,
    pcm_frame,
)
from tests.unit.media.listening import loudness, share_of, sine


def ffmpeg(mode: Literal["r", "w"]) -> AudioCodecContext:
    """Make FFmpeg's mu-law, to compare with."""
    context = CodecContext.create("pcm_mulaw", mode)
    context.sample_rate, context.format, context.layout = 8000, "s16", "mono"
    return context


def test_mu_law_decodes_as_in_ffmpeg() -> None:
    """All 256 codes mean the same samples."""
    codes = bytes(range(256))
    expected = b"".join(map(frame_pcm, ffmpeg("r").decode(Packet(codes))))
    assert PcmuDecoder().decode(codes) == (expected, 8000)


def test_mu_law_encodes_to_the_nearest_value() -> None:
    """Every 16-bit sample takes a code whose value is at least as near as FFmpeg's choice."""
    samples = array("h", range(-32_768, 32_767 - 255))  # a whole number of frames
    samples = samples[: len(samples) - len(samples) % 160]
    ours = b"".join(PcmuEncoder().encode(samples.tobytes(), 8000))
    theirs = b"".join(map(bytes, ffmpeg("w").encode(pcm_frame(samples.tobytes(), 8000))))
    our_values = array("h", PcmuDecoder().decode(ours)[0])
    their_values = array("h", PcmuDecoder().decode(theirs)[0])
    assert all(
        abs(own - sample) <= abs(other - sample)
        for sample, own, other in zip(samples, our_values, their_values, strict=True)
    )


@pytest.mark.parametrize("codec", CODECS)
def test_silence_is_one_frame_of_nothing(codec: Codec) -> None:
    """A codec's payload of silence lasts 20 ms and cannot be heard."""
    pcm, rate = decoder(codec).decode(codec.silence)
    assert len(pcm) == frame_bytes(rate)
    assert loudness(pcm) < 0.001


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("rate", [8000, 22_050, 48_000])
def test_a_voice_survives_a_codec(codec: Codec, rate: int) -> None:
    """A tone at any rate is the same tone behind the encoder and the decoder."""
    coder, other_side = encoder(codec), decoder(codec)
    payloads = coder.encode(sine(440, rate, rate), rate)
    assert 45 <= len(payloads) <= 50
    heard = [other_side.decode(payload) for payload in payloads]
    out_rate = heard[0][1]
    middle = b"".join(pcm for pcm, _ in heard[20:30])
    assert share_of(440, middle, out_rate) > 0.9
    assert loudness(middle) == pytest.approx(0.5 / 2**0.5, rel=0.1)


@pytest.mark.parametrize("codec", CODECS)
def test_payloads_last_20_ms_whatever_the_chunks(codec: Codec) -> None:
    """PCM that comes in odd pieces leaves in whole frames."""
    coder = encoder(codec)
    chunk = bytes(2 * 100)
    payloads = [payload for _ in range(48) for payload in coder.encode(chunk, codec.pcm_rate)]
    assert len(payloads) == 48 * 100 * 2 // frame_bytes(codec.pcm_rate)


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_payload_is_decoded_or_passed_over(payloads: list[bytes]) -> None:
    """A device may send anything under a payload type; the decoder goes on."""
    opus = OpusDecoder()
    for payload in payloads:
        opus.decode(payload)
        PcmuDecoder().decode(payload)
    assert len(opus.decode(OPUS.silence)[0]) == frame_bytes(OPUS.clock_rate)


def test_the_own_rate_passes_as_it_is() -> None:
    """Nothing is resampled without need."""
    pcm = sine(440, 8000, 160)
    assert Resampler(PCMU.pcm_rate).resample(pcm, 8000) is pcm


def test_the_input_rate_may_change() -> None:
    """A resampler follows a source that goes on at another rate."""
    resampler = Resampler(8000)
    low = resampler.resample(sine(300, 16_000, 16_000), 16_000)
    high = resampler.resample(sine(300, 48_000, 48_000), 48_000)
    for pcm in (low, high):
        assert len(pcm) == pytest.approx(16_000, abs=200)
        assert share_of(300, pcm, 8000) > 0.95


def test_frames_are_cut_and_the_last_is_filled_up() -> None:
    """Chunks of any length become frames of 20 ms, with silence at the end."""
    frames = list(cut_frames(iter([b"\1" * 300, b"\1" * 300, b"\1" * 100]), 8000))
    assert [len(frame) for frame in frames] == [320, 320, 320]
    assert b"".join(frames) == b"\1" * 700 + bytes(260)
