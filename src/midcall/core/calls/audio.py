"""What is done with the audio, and what a leg hears."""

from collections.abc import Callable
from typing import assert_never

from midcall.core import effects as do
from midcall.core.ports import MediaEngine, RecordingSource
from midcall.model.codes import Code
from midcall.model.errors import EndpointGone, TwimlFault, UnplayableSound
from midcall.model.families import DeviceId
from midcall.model.sids import AccountSid
from midcall.model.twiml import Pause, Play, Prompt, Say

ENDLESS_LOOPS = 1000
"""How often ``loop="0"`` is taken to be (TwiML ``<Say>`` and ``<Play>`` pages)."""


Wanted = Callable[[], bool]
"""Tells whether a prompt is still to be heard."""


class Audio:
    """Performs what the calls want of the media engine."""

    def __init__(self, media: MediaEngine, recordings: RecordingSource) -> None:
        self._media = media
        self._recordings = recordings

    async def perform(self, effect: do.MediaEffect) -> None:
        """Carry an effect out; raise what the engine raises."""
        match effect:
            case do.AcceptMedia(device=device, sdp=sdp):
                await self._media.accept(device, sdp)
            case do.JoinMedia(first=first, second=second):
                await self._media.bridge(first, second)
            case do.PartMedia(device=device):
                await self._media.unbridge(device)
            case do.RingMedia(device=device, country=country):
                await self._media.ring(device, country)
            case do.LinkMedia(first=first, second=second):
                await self._media.link(first, second)
            case do.ReleaseLine(line=line):
                await self._media.release(line)
            case do.StopPrompt(device=device):
                await self._media.silence(device)
            case _:
                assert_never(effect)

    async def play(
        self,
        account: AccountSid,
        endpoint: DeviceId,
        prompt: Prompt,
        wanted: Wanted = lambda: True,
    ) -> TwimlFault | None:
        """Let an endpoint hear a prompt; return when it is over, with why it could not be had.

        A leg that ends takes its endpoint with it; then there is nobody to hear the rest. What is
        not ``wanted`` any more when it could begin is not begun: having it may take a while.
        """
        try:
            match prompt:
                case Say():
                    await self._say(endpoint, prompt, wanted)
                case Play(digits=digits) if digits:
                    if wanted():
                        await self._media.press(endpoint, digits)
                case Play():
                    await self._play(account, endpoint, prompt, wanted)
                case Pause():
                    pass  # A timer of the family.
        except TwimlFault as fault:
            return fault
        except EndpointGone:
            return None
        return None

    async def _say(self, endpoint: DeviceId, say: Say, wanted: Wanted) -> None:
        for _ in range(say.loop or ENDLESS_LOOPS):
            if not wanted() or not await self._media.say(endpoint, say.text, say.language):
                return

    async def _play(
        self, account: AccountSid, endpoint: DeviceId, play: Play, wanted: Wanted
    ) -> None:
        recording = await self._recordings.fetch_recording(account, play.url)
        try:
            for _ in range(play.loop or ENDLESS_LOOPS):
                if not wanted() or not await self._media.play(endpoint, recording):
                    return
        except UnplayableSound as fault:
            raise TwimlFault(Code.PLAY_CONTENT_TYPE, fault.reason, play.url) from fault
