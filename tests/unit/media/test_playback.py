"""Something that is being played."""

import asyncio

import pytest

from midcall.media.faults import SetupTooSlow, UnplayableRecording
from midcall.media.playback import Playback, PlayEnd
from midcall.media.sounds import silence


async def test_it_is_silent_until_it_begins() -> None:
    """Its place is taken before its frames are there."""
    playback = Playback()
    begun_before = playback.begun
    playback.begin(silence(0.04, 8000), 8000)
    assert (begun_before, playback.begun) == (False, True)
    assert [playback.next_frame() for _ in range(3)] == [bytes(320), bytes(320), None]


async def test_whoever_waits_learns_how_it_ended() -> None:
    """The first end counts, later ones do not."""
    playback = Playback()
    waiting = asyncio.create_task(playback.wait(5))
    await asyncio.sleep(0)
    playback.end(PlayEnd.FINISHED)
    playback.end(PlayEnd.INTERRUPTED)
    assert await waiting is PlayEnd.FINISHED


async def test_frames_are_let_go_at_the_end() -> None:
    """Frames are closed when playing ends, also where it ended before they were there."""
    early, late = silence(1, 8000), silence(1, 8000)
    playback = Playback()
    playback.begin(early, 8000)
    playback.end(PlayEnd.INTERRUPTED)
    playback.begin(late, 8000)
    assert list(early) == []
    assert list(late) == []


async def test_a_fault_reaches_whoever_waits() -> None:
    """What could not begin raises where it was to be played; after an end nothing is raised."""
    failed, ended = Playback(), Playback()
    failed.fail(UnplayableRecording("broken"))
    with pytest.raises(UnplayableRecording):
        await failed.wait(5)
    ended.end(PlayEnd.INTERRUPTED)
    ended.fail(UnplayableRecording("broken"))
    assert await ended.wait(5) is PlayEnd.INTERRUPTED


async def test_waiting_has_a_deadline() -> None:
    """Nothing is waited for without end."""
    with pytest.raises(SetupTooSlow) as raised:
        await Playback().wait(0)
    assert raised.value.seconds == 0
