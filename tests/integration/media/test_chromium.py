"""A real browser on the other end, doing what the Voice SDK makes it do."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from midcall.media.engine import AiortcEngine
from midcall.media.none import NoMedia
from tests.integration.media.browser import Phone, chromium, open_phone
from tests.integration.media.devices import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(90)]

OpenPhone = Callable[[], Awaitable[Phone]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Run one browser for all tests."""
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def spare_phones() -> list[Phone]:
    """Return the open pages that nobody uses: opening one takes longer than most tests."""
    return []


@pytest_asyncio.fixture(loop_scope="module")
async def phone(browser: Browser, spare_phones: list[Phone]) -> AsyncIterator[OpenPhone]:
    """Lend phones that are as new, each in a browser context of its own."""
    lent: list[Phone] = []

    async def lend() -> Phone:
        lent.append(spare_phones.pop() if spare_phones else await open_phone(browser))
        return lent[-1]

    yield lend
    for each in lent:
        await each.hang_up()
        spare_phones.append(each)


@pytest_asyncio.fixture(loop_scope="module")
async def engine(digits: list[tuple[str, str]]) -> AsyncIterator[AiortcEngine]:
    """Run an engine with its default settings."""
    running = AiortcEngine(on_digit=lambda *digit: digits.append(digit))
    yield running
    await running.close()


async def dial(engine: AiortcEngine, endpoint: str, caller: Phone) -> None:
    """Let a page call."""
    await caller.accept(await engine.answer(endpoint, await caller.offer()))


async def test_pages_talk_to_each_other(engine: AiortcEngine, phone: OpenPhone) -> None:
    """Two pages that offer without candidates hear each other's tone, with nothing lost."""
    one, other = await phone(), await phone()
    await one.speak(440)
    await other.speak(1000)
    await dial(engine, "A", one)
    await dial(engine, "B", other)
    await engine.bridge("A", "B")
    heard = await one.until_hears(1000)
    assert (heard.state, heard.codec, heard.lost) == ("connected", "audio/PCMU", 0)
    assert heard.packets > 0
    assert (await other.until_hears(440)).level > 0
    assert engine.stats("A").codec == "PCMU"


async def test_a_microphone_is_heard(engine: AiortcEngine, phone: OpenPhone) -> None:
    """The browser's own microphone (a fake one that beeps) reaches the other page."""
    one, other = await phone(), await phone()
    await one.speak()
    await other.speak(1000)
    await dial(engine, "A", one)
    await dial(engine, "B", other)
    await engine.bridge("A", "B")
    await other.until(lambda heard: heard.level > 0.01)
    await one.until_hears(1000)


async def test_different_preferences_are_translated(engine: AiortcEngine, phone: OpenPhone) -> None:
    """A page that prefers Opus and one that prefers PCMU each hear the other in their codec."""
    one, other = await phone(), await phone()
    await one.speak(440, ("opus", "pcmu"))
    await other.speak(1000, ("pcmu", "opus"))
    await dial(engine, "A", one)
    await dial(engine, "B", other)
    await engine.bridge("A", "B")
    assert (await one.until_hears(1000)).codec == "audio/opus"
    assert (await other.until_hears(440)).codec == "audio/PCMU"


async def test_the_page_measures_its_round_trip(engine: AiortcEngine, phone: OpenPhone) -> None:
    """Our reports give the page the round-trip time that the SDK's quality score needs."""
    one = await phone()
    await one.speak(440)
    await dial(engine, "A", one)
    await one.until(lambda heard: heard.roundTrip is not None)
    await eventually(lambda: engine.stats("A").round_trip_seconds is not None)


async def test_audio_survives_an_ice_restart(engine: AiortcEngine, phone: OpenPhone) -> None:
    """After ``restartIce`` the page shakes hands again, and both directions go on."""
    one, other = await phone(), await phone()
    await one.speak(440)
    await other.speak(1000)
    await dial(engine, "A", one)
    await dial(engine, "B", other)
    await engine.bridge("A", "B")
    before = await one.until_hears(1000)
    await other.until_hears(440)

    await one.accept(await engine.restart("A", await one.offer(restart=True)))
    after = await one.until_more_packets(before.packets + 100)
    assert after.state == "connected"
    await one.retune(600)
    await other.retune(1400)
    await other.until_hears(600)
    await one.until_hears(1400)
    assert engine.stats("A").bridged_to == "B"


async def test_a_page_that_is_called_answers_and_restarts(
    engine: AiortcEngine, phone: OpenPhone
) -> None:
    """Where we offer and the page answers, audio flows, also after a restart by the page."""
    caller, called = await phone(), await phone()
    await caller.speak(440)
    await called.speak(1000)
    await dial(engine, "A", caller)
    await engine.accept("B", await called.answer(await engine.offer("B")))
    await engine.bridge("A", "B")
    await caller.until_hears(1000)
    before = await called.until_hears(440)

    await called.accept(await engine.restart("B", await called.offer(restart=True)))
    await called.until_more_packets(before.packets + 100)
    await called.retune(1400)
    await caller.until_hears(1400)


async def test_a_page_outlives_its_server(engine: AiortcEngine, phone: OpenPhone) -> None:
    """A page whose server is gone restarts ICE, and another server takes the call over."""
    one = await phone()
    await one.speak(440)
    predecessor = AiortcEngine()
    await dial(predecessor, "A", one)
    before = await one.until_more_packets(10)
    await predecessor.close()

    await one.accept(await engine.restart("A", await one.offer(restart=True)))
    await one.until_more_packets(before.packets + 50)
    await eventually(lambda: engine.stats("A").packets_received > 10)


@pytest.mark.parametrize("codecs", [("pcmu", "opus"), ("opus", "pcmu")], ids=["PCMU", "Opus"])
async def test_keys_are_reported_once_each(
    engine: AiortcEngine,
    phone: OpenPhone,
    digits: list[tuple[str, str]],
    codecs: tuple[str, ...],
) -> None:
    """Keys that are pressed in the page arrive in order, also the same one twice."""
    one = await phone()
    await one.speak(440, codecs)
    await dial(engine, "A", one)
    await one.until_more_packets(10)
    await one.press("1223#")
    await eventually(lambda: len(digits) >= 5, lambda: digits)
    assert digits == [("A", key) for key in "1223#"]


async def test_pages_accept_descriptions_without_media(phone: OpenPhone) -> None:
    """A browser takes the answers and offers of ``NoMedia``, and never connects."""
    media = NoMedia()
    one, other = await phone(), await phone()
    await one.speak(440)
    await other.speak(1000)
    await one.accept(await media.answer("A", await one.offer()))
    await media.accept("B", await other.answer(await media.offer("B")))
    assert (await one.heard()).state in ("new", "connecting")
    assert (await other.heard()).state in ("new", "connecting")
