"""Media endpoints and the audio between them."""

from typing import Protocol


class MediaEngine(Protocol):
    """Media endpoints, one for each device in each leg, and the audio between them.

    ``endpoint`` is the ``DeviceId``. A session description that cannot be used raises a fault.
    """

    async def answer(self, endpoint: str, offer_sdp: str) -> str:
        """Make an endpoint for a device that offers; return our answer."""
        ...

    async def offer(self, endpoint: str) -> str:
        """Make an endpoint and return our offer for its device."""
        ...

    async def accept(self, endpoint: str, answer_sdp: str) -> None:
        """Take the device's answer to our offer."""
        ...

    async def restart(self, endpoint: str, offer_sdp: str) -> str:
        """Take a new offer for an endpoint, alive or lost; return our answer."""
        ...

    async def bridge(self, first: str, second: str) -> None:
        """Join two endpoints: each hears the other."""
        ...

    async def unbridge(self, endpoint: str) -> None:
        """Part an endpoint from the one it was joined with."""
        ...

    async def link(self, first: str, second: str) -> None:
        """Make two endpoints without a device, back to back: what one hears, the other says."""
        ...

    async def ring(self, endpoint: str, country: str = "") -> None:
        """Let an endpoint hear a country's ring-back until it is joined or silenced."""
        ...

    async def say(self, endpoint: str, text: str, language: str) -> bool:
        """Speak to an endpoint; return whether it came to its end uninterrupted."""
        ...

    async def play(self, endpoint: str, recording: bytes) -> bool:
        """Play a WAV or MP3 to an endpoint; return whether it came to its end uninterrupted."""
        ...

    async def press(self, endpoint: str, digits: str) -> bool:
        """Press keys (``0-9*#A-D``, ``w`` waits half a second) for an endpoint to hear."""
        ...

    async def silence(self, endpoint: str) -> None:
        """Let an endpoint hear nothing."""
        ...

    async def release(self, endpoint: str) -> None:
        """Let an endpoint go; one that is unknown is gone already."""
        ...

    async def close(self) -> None:
        """Let every endpoint go."""
        ...
