"""Audio of Python devices, through a server that carries it."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from midcall.client import VoiceError
from midcall.client.audio import Audio, CallAudio
from tests.integration.client.conftest import NewDevice, meet, within
from tests.support.site import Site
from tests.support.softphone import PATIENCE_SECONDS

Name = Callable[[str], str]


@pytest.fixture(scope="module")
def audio_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a server with audio."""
    site = Site(tmp_path_factory.mktemp("audio"), media="aiortc").start()
    yield site
    assert site.stop() == 0


async def application(site: Site) -> str:
    """Return the application that calls whom the caller names."""
    return str((await site.rest("GET", "Applications"))["applications"][0]["sid"])


async def test_two_devices_hear_each_other(audio_site: Site, device: NewDevice, name: Name) -> None:
    """Frames come both ways, also after one of them was muted; messages pass beside them."""
    called = await application(audio_site)
    alice = device(name("alice"), at=audio_site, application=called, media=Audio())
    bob = device(name("bob"), at=audio_site, application=called, media=Audio())
    pair = await meet(alice, bob, name("bob"))
    sides = pair.parent.media, pair.child.media
    for side in sides:
        assert isinstance(side, CallAudio)
        for _ in range(5):
            await within(side.heard.recv())
        assert side.state == "connected"
        assert side.heard.frames >= 5
    muted = asyncio.ensure_future(pair.parent.wait_for("mute", PATIENCE_SECONDS))
    await asyncio.sleep(0)
    pair.parent.mute()
    assert await muted is True
    assert pair.parent.is_muted()
    await pair.parent.send_message("can you hear me?")
    await pair.parent.disconnect()
    await pair.child.wait_for("disconnect", PATIENCE_SECONDS)
    await pair.child.disconnect()  # which waits until the audio is let go of
    assert all(isinstance(side, CallAudio) and side.state == "closed" for side in sides)


async def test_a_server_with_audio_refuses_a_device_without(
    audio_site: Site, device: NewDevice, name: Name
) -> None:
    """A call without audio ends with 31400, which says what is missing."""
    alice = device(name("alice"), at=audio_site, application=await application(audio_site))
    call = await alice.connect({"To": name("bob")})
    with pytest.raises(VoiceError) as refused:
        await call.wait_for("accept", PATIENCE_SECONDS)
    assert refused.value.code == 31400
    assert "audio" in refused.value.message
