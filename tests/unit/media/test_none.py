"""Endpoints without audio."""

from midcall.media.none import NoMedia
from midcall.media.playback import PlayEnd
from midcall.media.remote import RemoteDescription
from midcall.media.sdp import Setup
from midcall.media.sounds import Silence
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
    await media.ring("A")
    await media.silence("A")
    await media.interrupt("A")
    assert await media.play("A", Silence(10)) is PlayEnd.FINISHED
    assert media.stats("A").state is ConnectionState.CONNECTING
    await media.release("A")
    await media.close()
