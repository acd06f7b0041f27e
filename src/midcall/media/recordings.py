"""Audio files from customers, decoded piece by piece.

FFmpeg opens far more than audio files: play lists that name other files and URLs, for a start. So
the container format is told apart here by its first bytes and forced, and within it only plain
audio codecs are let through.
"""

import io
from collections.abc import Iterator
from contextlib import closing

import av
import structlog
from av.container import InputContainer
from av.error import FFmpegError

from midcall.media.codecs import cut_frames, frame_pcm
from midcall.media.faults import UnplayableRecording
from midcall.media.sounds import Frames

log = structlog.get_logger(__name__)

LARGEST_RECORDING = 32 * 1024 * 1024
"""In bytes: half an hour of MP3 at 128 kbit/s, six minutes of WAV in CD quality."""

_CODEC_PREFIXES = {"wav": ("pcm_", "adpcm_", "gsm"), "aiff": ("pcm_",), "mp3": ("mp3",)}


def open_recording(content: bytes, rate: int) -> Frames:
    """Open an audio file and return its frames at ``rate`` samples a second.

    Opening reads the headers, which is work for a thread; each frame is a matter of microseconds.

    Raises ``UnplayableRecording`` if it is no WAV, AIFF or MP3 file.
    """
    if len(content) > LARGEST_RECORDING:
        raise UnplayableRecording(f"larger than {LARGEST_RECORDING} bytes")
    container_format = _recognize(content)
    if container_format is None:
        raise UnplayableRecording("neither WAV nor AIFF nor MP3")
    try:
        container = av.open(io.BytesIO(content), "r", format=container_format)
    except (FFmpegError, ValueError) as error:
        raise UnplayableRecording(f"broken {container_format} file: {error}") from None
    if not _is_playable(container, container_format):
        container.close()
        raise UnplayableRecording(f"no audio in this {container_format} file that we can decode")
    return _frames(container, rate)


def _recognize(content: bytes) -> str | None:
    """Tell a file's format by its first bytes."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "wav"
    if content[:4] == b"FORM" and content[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    # An ID3v2 tag, or the eleven set bits that every MPEG audio frame starts with.
    if content[:3] == b"ID3" or (content[:1] == b"\xff" and content[1:2] >= b"\xe0"):
        return "mp3"
    return None


def _is_playable(container: InputContainer, container_format: str) -> bool:
    streams = container.streams.audio
    return bool(streams) and streams[0].codec_context.name.startswith(
        _CODEC_PREFIXES[container_format]
    )


def _frames(container: InputContainer, rate: int) -> Frames:
    with closing(container):
        yield from cut_frames(_pcm(container, rate), rate)


def _pcm(container: InputContainer, rate: int) -> Iterator[bytes]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    try:
        for frame in container.decode(container.streams.audio[0]):
            for resampled in resampler.resample(frame):
                yield frame_pcm(resampled)
        for resampled in resampler.resample(None):
            yield frame_pcm(resampled)
    except (FFmpegError, ValueError) as error:
        # What came before the broken part has been heard; there is nothing better to do.
        log.warning("A recording ended early because the rest is broken", fault=str(error))
