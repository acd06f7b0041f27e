"""Offers for endpoints that have a connection already, or had one in another life."""

import asyncio

import pytest

from midcall.media.engine import AiortcEngine
from midcall.media.remote import RemoteDescription
from midcall.media.stats import ConnectionState
from tests.integration.media.conftest import Call, MakeDevice
from tests.integration.media.devices import eventually

pytestmark = pytest.mark.timeout(60)


async def test_a_restart_keeps_the_bridge(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """Other credentials move the endpoint to another connection; who it talks to stays the same."""
    one, other, again = device(440), device(1000), device(1700)
    await call("A", one)
    await call("B", other)
    await engine.bridge("A", "B")
    await eventually(lambda: one.ear.hears(1000) and other.ear.hears(440))
    await again.accept(await engine.restart("A", await again.offer()))
    await eventually(lambda: again.ear.hears(1000) and other.ear.hears(1700))
    assert engine.stats("A").bridged_to == "B"


async def test_the_old_connection_goes_on_until_the_new_one_is_up(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """A device that ignores the answer to its restart keeps what it has."""
    one, other, ignoring = device(440), device(1000), device(1700)
    await call("A", one)
    await call("B", other)
    await engine.bridge("A", "B")
    await engine.restart("A", await ignoring.offer())
    await eventually(lambda: one.ear.hears(1000) and other.ear.hears(440))
    assert engine.stats("A").state is ConnectionState.CONNECTED
    assert engine.stats("A").bridged_to == "B"


async def test_the_last_of_several_restarts_counts(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """A device that tries again overtakes its earlier try."""
    one, first, last = device(440), device(1000), device(1700)
    await call("A", one)
    await engine.restart("A", await first.offer())
    await last.accept(await engine.restart("A", await last.offer()))
    await last.connected()
    await eventually(last.ear.hears_silence)


async def test_an_offer_that_changes_nothing_gets_the_same_answer(
    engine: AiortcEngine, device: MakeDevice
) -> None:
    """The same credentials again are no restart: the connection and its description stay."""
    one = device()
    offer = await one.offer()
    answer = await engine.answer("A", offer)
    await one.accept(answer)
    await one.connected()
    assert await engine.restart("A", offer) == answer
    await eventually(one.ear.hears_silence)
    assert engine.stats("A").state is ConnectionState.CONNECTED


async def test_a_repeated_restart_gets_the_same_answer(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """A restart that is asked for twice is one restart, whichever answer the device takes."""
    one, again = device(440), device(1000)
    await call("A", one)
    offer = await again.offer()
    answers = [await engine.restart("A", offer) for _ in range(2)]
    assert answers[0] == answers[1]
    await again.accept(answers[0])
    await eventually(again.ear.hears_silence)


async def test_an_endpoint_of_another_life_is_made_anew(
    engine: AiortcEngine, device: MakeDevice
) -> None:
    """After a server restart, the device's new offer finds no endpoint and makes one."""
    one = device()
    await one.accept(await engine.restart("A", await one.offer()))
    await eventually(one.ear.hears_silence)


async def test_each_connection_has_a_certificate_of_its_own(
    engine: AiortcEngine, device: MakeDevice
) -> None:
    """The fingerprint changes with a restart, which makes a browser shake hands again."""
    descriptions = [
        RemoteDescription.parse(text)
        for text in (
            await engine.answer("A", await device().offer()),
            await engine.restart("A", await device().offer()),
        )
    ]
    assert descriptions[0].fingerprints != descriptions[1].fingerprints
    assert descriptions[0].username_fragment != descriptions[1].username_fragment


async def test_a_lost_connection_can_be_restarted(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """An endpoint whose device went away is over, and comes back with another offer."""
    one, again = device(440), device(1000)
    await call("A", one)
    await one.close()
    await eventually(lambda: engine.stats("A").state is ConnectionState.CLOSED)
    await again.accept(await engine.restart("A", await again.offer()))
    await eventually(again.ear.hears_silence)
    assert engine.stats("A").state is ConnectionState.CONNECTED


async def test_a_release_during_a_restart_wins(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """An endpoint that is released while it restarts is gone, with both its connections."""
    one, again = device(), device()
    await call("A", one)
    offer = await again.offer()
    restarting = asyncio.create_task(engine.restart("A", offer), name="test-restart")
    await asyncio.sleep(0)
    await engine.release("A")
    await asyncio.wait([restarting])
    await eventually(lambda: not [t for t in asyncio.all_tasks() if "media-" in t.get_name()])
