"""Tracks of the client: what is sent can be silenced, what is heard fills no memory."""

import asyncio

import pytest
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from midcall.client.audio import HEARD_FRAMES, HeardTrack, MutableTrack


class Noise(MediaStreamTrack):
    """So many frames of a sound, numbered by their times, as fast as they are taken."""

    kind = "audio"

    def __init__(self, frames: int) -> None:
        super().__init__()
        self._left = frames
        self._number = 0

    async def recv(self) -> AudioFrame:
        if self._number == self._left:
            raise MediaStreamError
        frame = AudioFrame(format="s16", layout="mono", samples=160)
        frame.planes[0].update(b"\x11" * frame.planes[0].buffer_size)
        frame.pts, frame.sample_rate = self._number, 8000
        self._number += 1
        return frame


async def test_a_muted_track_sends_silence_and_goes_on() -> None:
    """The frames come as before, with nothing in them."""
    track = MutableTrack(Noise(3))
    assert any(bytes((await track.recv()).planes[0]))
    track.muted = True
    silent = await track.recv()
    assert not any(bytes(silent.planes[0]))
    assert silent.pts == 1
    track.muted = False
    assert any(bytes((await track.recv()).planes[0]))


async def test_what_nobody_takes_is_dropped() -> None:
    """The newest second waits; behind it comes the end, and no frame is missing in the count."""
    heard, ended = HeardTrack(), asyncio.Event()
    heard.once("ended", ended.set)
    heard.follow(Noise(HEARD_FRAMES + 10))
    async with asyncio.timeout(20):
        await ended.wait()
        times = [(await heard.recv()).pts for _ in range(HEARD_FRAMES)]
        with pytest.raises(MediaStreamError):
            await heard.recv()
    assert times == list(range(10, HEARD_FRAMES + 10))
    assert heard.frames == HEARD_FRAMES + 10
    await heard.end()


async def test_whoever_waits_for_sound_is_told_of_the_end() -> None:
    """A track that ends without a frame leaves nobody waiting."""
    heard = HeardTrack()
    waiting = asyncio.ensure_future(heard.recv())
    await asyncio.sleep(0)
    await heard.end()
    with pytest.raises(MediaStreamError):
        async with asyncio.timeout(20):
            await waiting
