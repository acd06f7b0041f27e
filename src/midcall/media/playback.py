"""Something that is being played to one endpoint."""

import asyncio
from enum import StrEnum

from midcall.media.faults import SetupTooSlow
from midcall.media.sounds import Frames


class PlayEnd(StrEnum):
    """How playing came to its end."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"


class Playback:
    """Frames on their way to an endpoint, taken one by one to the metronome's beat.

    Before ``begin`` it is silence: its place is taken, its frames are still being made.
    """

    def __init__(self) -> None:
        self.rate = 0
        self._frames: Frames | None = None
        self._ended: asyncio.Future[PlayEnd] = asyncio.get_running_loop().create_future()

    @property
    def begun(self) -> bool:
        """Whether there are frames."""
        return self._frames is not None

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self._ended.done()

    def begin(self, frames: Frames, rate: int) -> None:
        """Play these frames; ``rate`` is that of their PCM, in samples a second."""
        self.rate = rate
        self._frames = frames
        if self.over:
            frames.close()

    def next_frame(self) -> bytes | None:
        """Return the next frame, or ``None`` when there are no more."""
        return next(self._frames, None) if self._frames is not None else None

    def end(self, how: PlayEnd) -> None:
        """Come to an end and let go of the frames; only the first end counts."""
        if not self.over:
            self._ended.set_result(how)
        if self._frames is not None:
            self._frames.close()

    def fail(self, fault: Exception) -> None:
        """Come to an end without having begun; whoever waits gets the fault."""
        if not self.over:
            self._ended.set_exception(fault)

    async def wait(self, seconds: float) -> PlayEnd:
        """Wait for the end.

        Raises ``SetupTooSlow`` after ``seconds``, or the fault that kept it from beginning.
        """
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(self._ended)
        except TimeoutError:
            raise SetupTooSlow("Playing", seconds) from None
