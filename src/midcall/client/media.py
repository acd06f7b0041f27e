"""What carries a call's audio: the port, and the adapter that carries none.

``midcall.client.audio`` has the one that carries it; it is imported by whoever wants audio, so that
a program without any does not load the libraries for it.
"""

from typing import Final, Protocol

NO_AUDIO_DESCRIPTION: Final = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
)
"""A session description without any medium (RFC 8866): servers with ``MIDCALL_MEDIA=none`` take it,
others refuse it with 31400."""


class CallMedia(Protocol):
    """The audio of one call."""

    @property
    def description(self) -> str:
        """The session description that was given last."""
        ...

    async def offer(self) -> str:
        """Return the offer of a call that the device makes."""
        ...

    async def accept(self, answer: str) -> None:
        """Take the answer to the offer."""
        ...

    async def answer(self, offer: str) -> str:
        """Return the answer to the offer of a call that the device gets."""
        ...

    def mute(self, muted: bool) -> None:
        """Send silence, or what there is to send again."""
        ...

    async def close(self) -> None:
        """Let go of everything; once is enough, more does no harm."""
        ...


class Media(Protocol):
    """Where calls have their audio from."""

    def open(self) -> CallMedia:
        """Begin the audio of a call."""
        ...


class NoAudio:
    """Media, and the media of a call, without any audio: for bots, tests and load."""

    description: Final = NO_AUDIO_DESCRIPTION

    def open(self) -> "NoAudio":
        """There is nothing that calls could not share."""
        return self

    async def offer(self) -> str:
        """Return a description without audio."""
        return self.description

    async def accept(self, answer: str) -> None:
        """Take any answer."""

    async def answer(self, offer: str) -> str:
        """Return a description without audio."""
        return self.description

    def mute(self, muted: bool) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""
