"""Endpoints without audio, for tests and load: the same port, no sockets, no work.

Descriptions are those of a real endpoint that can never be reached: a browser takes them and then
waits for a connection that does not come.
"""

import asyncio
import secrets
from dataclasses import replace

from midcall.media.faults import UnusableDescription
from midcall.media.remote import RemoteDescription, answering
from midcall.media.sdp import (
    OFFERED_EVENTS,
    OFFERED_FORMATS,
    Fingerprint,
    LocalDescription,
    Setup,
)
from midcall.media.stats import ConnectionState, EndpointStats


class NoMedia:
    """A ``MediaEngine`` that carries nothing and refuses nothing."""

    async def answer(self, endpoint: str, offer_sdp: str) -> str:
        """Return an answer; to an offer that cannot be read, one to an offer like ours."""
        answer = replace(_unreachable(), setup=Setup.ACTIVE)
        try:
            remote = RemoteDescription.parse(offer_sdp)
        except UnusableDescription:
            return answer.serialize()
        return answering(answer, remote).serialize()

    async def offer(self, endpoint: str) -> str:
        """Return an offer."""
        return _unreachable().serialize()

    async def accept(self, endpoint: str, answer_sdp: str) -> None:
        """Take any answer."""

    async def restart(self, endpoint: str, offer_sdp: str) -> str:
        """Return an answer."""
        return await self.answer(endpoint, offer_sdp)

    async def bridge(self, first: str, second: str) -> None:
        """Do nothing."""

    async def unbridge(self, endpoint: str) -> None:
        """Do nothing."""

    async def link(self, first: str, second: str) -> None:
        """Do nothing."""

    async def ring(self, endpoint: str, country: str = "") -> None:
        """Do nothing."""

    async def silence(self, endpoint: str) -> None:
        """Do nothing."""

    async def say(self, endpoint: str, text: str, language: str) -> bool:
        """Be finished at once, but let others have their turn: a prompt may loop without end."""
        await asyncio.sleep(0)
        return True

    async def play(self, endpoint: str, recording: bytes) -> bool:
        """Be finished at once, as with ``say``."""
        await asyncio.sleep(0)
        return True

    async def press(self, endpoint: str, digits: str) -> bool:
        """Be finished at once, as with ``say``."""
        await asyncio.sleep(0)
        return True

    async def release(self, endpoint: str) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""

    def stats(self, endpoint: str) -> EndpointStats:
        """Tell that nothing ever connects."""
        return EndpointStats(state=ConnectionState.CONNECTING)


def _unreachable() -> LocalDescription:
    return LocalDescription(
        session=secrets.randbits(62),
        username_fragment=secrets.token_hex(4),
        password=secrets.token_hex(16),
        fingerprint=Fingerprint("sha-256", ":".join(f"{octet:02X}" for octet in bytes(32))),
        setup=Setup.ACTPASS,
        formats=OFFERED_FORMATS,
        events=OFFERED_EVENTS,
        ssrc=secrets.randbits(32),
    )
