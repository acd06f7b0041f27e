"""Turns a sound into frames, with whatever that takes: a thread for files, a program for text."""

import asyncio

from midcall.media.faults import SetupTooSlow
from midcall.media.recordings import open_recording
from midcall.media.sounds import (
    Frames,
    Keys,
    Recording,
    Silence,
    Sound,
    Speech,
    Tone,
    keys,
    silence,
    tone,
)
from midcall.media.speech import Synthesizer

OPEN_SECONDS = 5.0
"""Reading the headers of a file in memory is a matter of milliseconds."""


class Prompts:
    """Opens sounds."""

    def __init__(self, synthesizer: Synthesizer | None = None) -> None:
        self._synthesizer = synthesizer or Synthesizer()

    async def open(self, sound: Sound, rate: int) -> Frames:
        """Return a sound's frames at ``rate`` samples a second.

        Raises ``UnplayableRecording`` or ``SetupTooSlow``.
        """
        match sound:
            case Silence(seconds):
                return silence(seconds, rate)
            case Tone(frequencies, seconds):
                return tone(frequencies, seconds, rate)
            case Keys(digits):
                return keys(digits, rate)
            case Recording(content):
                return await _open_in_thread(content, rate)
            case Speech():
                return await self.open(await self._synthesizer.speak(sound), rate)


async def _open_in_thread(content: bytes, rate: int) -> Frames:
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            return await asyncio.to_thread(open_recording, content, rate)
    except TimeoutError:
        raise SetupTooSlow("Opening a recording", OPEN_SECONDS) from None
