"""The two codecs of a call, and the sample rates between them.

Inside, audio is *PCM*: signed 16-bit mono samples in the machine's byte order, cut into frames of
20 ms. A codec is a value; what remembers the past (an Opus encoder, a resampler) is made from it
for each stream.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Literal, Protocol

from av import AudioFrame, AudioResampler, CodecContext, Packet
from av.audio.codeccontext import AudioCodecContext
from av.error import FFmpegError

FRAME_SECONDS = 0.02
"""The length of a frame: the packet time that every WebRTC endpoint uses by default (RFC 7874)."""

BYTES_PER_SAMPLE = 2

OPUS_BITS_PER_SECOND = 32_000
"""Transparent for one voice; the RTP header around it already costs half as much again."""

OPUS_COMPLEXITY = "5"
"""Of 0 to 10. From 5 up, a voice sounds the same and only the CPU time grows."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec as session descriptions name it.

    ``clock_rate`` counts the RTP timestamp, in units a second. ``pcm_rate`` is the rate of the PCM
    that our encoder takes, in samples a second. ``silence`` is one payload of 20 ms of nothing.
    """

    name: str
    clock_rate: int
    channels: int
    pcm_rate: int
    silence: bytes


PCMU = Codec("PCMU", clock_rate=8000, channels=1, pcm_rate=8000, silence=b"\xff" * 160)
"""G.711 mu-law (RFC 3551 section 4.5.14): the codec that the Voice SDK prefers by default."""

OPUS = Codec("opus", clock_rate=48000, channels=2, pcm_rate=24000, silence=b"\xf8\xff\xfe")
"""Opus (RFC 7587). What we encode ourselves are prompts and telephone voices: 24 kHz PCM holds all
of that at half the work of 48 kHz."""

CODECS = (OPUS, PCMU)
"""What we speak, in the order in which we offer it."""


class Encoder(Protocol):
    """Makes payloads from PCM."""

    def encode(self, pcm: bytes, rate: int) -> list[bytes]:
        """Take PCM at ``rate`` samples a second; return every payload of 20 ms that is full."""
        ...


class Decoder(Protocol):
    """Makes PCM from payloads."""

    def decode(self, payload: bytes) -> tuple[bytes, int]:
        """Return a payload's PCM and its rate; a payload that is broken gives no samples."""
        ...


def encoder(codec: Codec) -> Encoder:
    """Make an encoder for one stream."""
    return OpusEncoder() if codec is OPUS else PcmuEncoder()


def decoder(codec: Codec) -> Decoder:
    """Make a decoder for one stream."""
    return OpusDecoder() if codec is OPUS else PcmuDecoder()


def cut_frames(pcm: Iterator[bytes], rate: int) -> Iterator[bytes]:
    """Cut PCM of any chunk length into frames of 20 ms; the last is filled up with silence."""
    size = frame_bytes(rate)
    rest = b""
    for chunk in pcm:
        rest += chunk
        whole = len(rest) - len(rest) % size
        for start in range(0, whole, size):
            yield rest[start : start + size]
        rest = rest[whole:]
    if rest:
        yield rest.ljust(size, b"\0")


def frame_bytes(rate: int) -> int:
    """Return the size of a frame, in bytes."""
    return round(rate * FRAME_SECONDS) * BYTES_PER_SAMPLE


class Resampler:
    """Brings one stream of PCM to one rate; the rate that comes in may change."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._input_rate = rate
        self._resampler: AudioResampler | None = None

    def resample(self, pcm: bytes, rate: int) -> bytes:
        """Return what of the PCM can be returned by now; a filter holds some of it back."""
        if rate == self._rate:
            return pcm
        if self._resampler is None or rate != self._input_rate:
            self._input_rate = rate
            self._resampler = AudioResampler(format="s16", layout="mono", rate=self._rate)
        return b"".join(map(frame_pcm, self._resampler.resample(pcm_frame(pcm, rate))))


def pcm_frame(pcm: bytes, rate: int) -> AudioFrame:
    """Wrap PCM for FFmpeg."""
    frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // BYTES_PER_SAMPLE)
    frame.sample_rate = rate
    frame.planes[0].update(pcm)
    return frame


def frame_pcm(frame: AudioFrame) -> bytes:
    """Unwrap what FFmpeg returned as packed 16-bit mono."""
    return bytes(frame.planes[0])[: frame.samples * BYTES_PER_SAMPLE]


def _libopus(mode: Literal["r", "w"], rate: int) -> AudioCodecContext:
    context = CodecContext.create("libopus", mode)
    context.sample_rate = rate
    context.format = "s16"
    context.layout = "mono"
    return context


class OpusEncoder:
    """Encodes with libopus, which takes 24 kHz as it is."""

    def __init__(self) -> None:
        self._resampler = Resampler(OPUS.pcm_rate)
        self._pcm = b""
        context = _libopus("w", OPUS.pcm_rate)
        context.bit_rate = OPUS_BITS_PER_SECOND
        context.options = {
            "application": "voip",
            "frame_duration": "20",
            "compression_level": OPUS_COMPLEXITY,
        }
        self._context = context

    def encode(self, pcm: bytes, rate: int) -> list[bytes]:
        """Encode; what does not fill a frame waits for the next call."""
        self._pcm += self._resampler.resample(pcm, rate)
        size = frame_bytes(OPUS.pcm_rate)
        payloads: list[bytes] = []
        while len(self._pcm) >= size:
            frame, self._pcm = self._pcm[:size], self._pcm[size:]
            payloads += map(bytes, self._context.encode(pcm_frame(frame, OPUS.pcm_rate)))
        return payloads


class OpusDecoder:
    """Decodes to 48 kHz, the only rate in which FFmpeg's wrapper of libopus answers."""

    def __init__(self) -> None:
        self._context = _libopus("r", OPUS.clock_rate)

    def decode(self, payload: bytes) -> tuple[bytes, int]:
        """Decode; the payload comes from the network, so it may be anything."""
        if not payload:
            return b"", OPUS.clock_rate  # to FFmpeg an empty packet is the end of the stream
        try:
            frames = self._context.decode(Packet(payload))
        except FFmpegError:
            return b"", OPUS.clock_rate
        return b"".join(map(frame_pcm, frames)), OPUS.clock_rate


class PcmuEncoder:
    """Encodes by table, which for 160 samples is cheaper than a call into FFmpeg."""

    def __init__(self) -> None:
        self._resampler = Resampler(PCMU.pcm_rate)
        self._pcm = b""

    def encode(self, pcm: bytes, rate: int) -> list[bytes]:
        """Encode; what does not fill a frame waits for the next call."""
        self._pcm += self._resampler.resample(pcm, rate)
        whole = len(self._pcm) - len(self._pcm) % frame_bytes(PCMU.pcm_rate)
        samples, self._pcm = self._pcm[:whole], self._pcm[whole:]
        table = mu_law_codes()
        codes = bytes([table[sample] for sample in memoryview(samples).cast("H")])
        size = len(PCMU.silence)
        return [codes[start : start + size] for start in range(0, len(codes), size)]


class PcmuDecoder:
    """Decodes by table."""

    def decode(self, payload: bytes) -> tuple[bytes, int]:
        """Decode; every byte means something."""
        values = mu_law_values()
        return array("h", [values[code] for code in payload]).tobytes(), PCMU.pcm_rate


@cache
def mu_law_values() -> tuple[int, ...]:
    """Return the sample that each of the 256 codes means (ITU-T G.711, tables 2a and 2b)."""

    def value(code: int) -> int:
        inverted = ~code
        magnitude = ((((inverted & 0x0F) << 3) + 0x84) << ((inverted & 0x70) >> 4)) - 0x84
        return -magnitude if inverted & 0x80 else magnitude

    return tuple(value(code) for code in range(256))


@cache
def mu_law_codes() -> bytes:
    """Return the code for each of the 65,536 samples, read as an unsigned number.

    A sample takes the code whose value is nearest; of the two zeros it is the positive one.
    """
    values = mu_law_values()
    nearest = {value: code for code, value in enumerate(values)}
    nearest[0] = 0xFF
    ascending = sorted(nearest)
    codes = bytearray(65_536)
    low = -32_768
    for value, following in pairwise([*ascending, 2 * 32_768 - ascending[-1]]):
        high = (value + following) // 2 + 1
        for sample in range(low, min(high, 32_768)):
            codes[sample & 0xFFFF] = nearest[value]
        low = high
    return bytes(codes)
