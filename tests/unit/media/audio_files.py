"""Audio files for the tests, made in memory."""

import io

import av
from av.audio.stream import AudioStream

from midcall.media.codecs import pcm_frame
from tests.unit.media.listening import sine


def audio_file(
    container_format: str, codec: str, *, frequency: int = 700, seconds: float = 1.0, rate: int
) -> bytes:
    """Return a file with one tone."""
    content = io.BytesIO()
    with av.open(content, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, AudioStream)
        samples = round(seconds * rate)
        for start in range(0, samples, 1000):
            frame = pcm_frame(sine(frequency, rate, min(1000, samples - start), start), rate)
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return content.getvalue()
