"""Endpoints without audio."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from midcall.media.none import NoMedia
from midcall.media.remote import RemoteDescription
from midcall.media.sdp import Setup
from midcall.media.stats import ConnectionState
from tests.unit.media.descriptions import CHROMIUM_ANSWER, CHROMIUM_OFFER, WITH_VIDEO


async def test_an_offer_is_answered_as_by_a_real_endpoint() -> None:
    """The answer agrees to the same codecs, refuses video, and leads nowhere."""
    answer = await NoMedia().answer("E", WITH_VIDEO)
    remote = RemoteDescription.parse(answer)
    assert remote.formats == RemoteDescription.parse(CHROMIUM_OFFER).formats
    assert remote.setup is Setup.ACTIVE
    assert "candidate" not in answer


async def test_an_offer_that_is_none_is_answered_too() -> None:
    """Scripted devices need no real description."""
    assert RemoteDescription.parse(await NoMedia().answer("E", "v=0")).setup is Setup.ACTIVE


async def test_it_offers_and_restarts() -> None:
    """Its offers are complete, and a restart is another answer."""
    media = NoMedia()
    assert RemoteDescription.parse(await media.offer("E")).setup is Setup.ACTPASS
    await media.accept("E", CHROMIUM_ANSWER)
    assert RemoteDescription.parse(await media.restart("E", CHROMIUM_OFFER)).setup is Setup.ACTIVE


async def test_all_else_does_nothing() -> None:
    """Audio that is not there can be joined, parted, played and released at will."""
    media = NoMedia()
    await media.bridge("A", "B")
    await media.unbridge("A")
    await media.link("A.line", "A.far")
    await media.ring("A", "de")
    await media.silence("A")
    assert await media.say("A", "Hello", "en-GB") is True
    assert await media.play("A", b"") is True
    assert await media.press("A", "123") is True
    assert media.stats("A").state is ConnectionState.CONNECTING
    await media.release("A")
    await media.close()


@pytest.mark.parametrize(
    "prompt",
    [
        lambda: NoMedia().say("A", "Hello", ""),
        lambda: NoMedia().play("A", b""),
        lambda: NoMedia().press("A", "1"),
    ],
    ids=["say", "play", "press"],
)
async def test_a_prompt_lets_others_have_their_turn(prompt: Callable[[], Awaitable[bool]]) -> None:
    """A prompt that takes no time and is repeated again and again starves nobody."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(other(), name="test-other")
    for _ in range(100):
        await prompt()
    running.cancel()
    assert turns >= 99
