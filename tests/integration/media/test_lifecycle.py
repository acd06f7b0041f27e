"""Endpoints begin, fail and end; nothing of them stays behind."""

import asyncio
from dataclasses import replace

import aioice.ice
import pytest

from midcall.media.engine import AiortcEngine
from midcall.media.faults import (
    EndpointExists,
    EngineClosed,
    NoAddress,
    NotOffered,
    UnknownEndpoint,
    UnusableDescription,
)
from midcall.media.remote import RemoteDescription
from midcall.media.settings import ListenAddress, MediaSettings
from midcall.media.stats import ConnectionState
from tests.integration.media.conftest import LOOPBACK, Call, MakeDevice
from tests.integration.media.devices import eventually
from tests.integration.media.sockets import udp_sockets
from tests.unit.media.descriptions import CHROMIUM_ANSWER, CHROMIUM_OFFER

pytestmark = pytest.mark.timeout(60)


def tasks() -> list[str]:
    """Return the names of the room's tasks."""
    return [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("media-")]


async def test_nothing_is_left_after_close(device: MakeDevice) -> None:
    """Whatever state its endpoints are in, a closed engine has no task and no socket."""
    one, other = device(440), device(1000)
    offers = [await one.offer(), await other.offer()]
    before = udp_sockets()
    engine = AiortcEngine(LOOPBACK)
    await one.accept(await engine.answer("connected", offers[0]))
    await one.connected()
    await engine.answer("waiting", offers[1])
    await engine.offer("offered")
    await engine.restart("connected", CHROMIUM_OFFER)
    await engine.ring("waiting")
    assert len(udp_sockets() - before) == 4
    assert len(tasks()) == 4
    await engine.close()
    assert tasks() == []
    assert udp_sockets() <= before


async def test_release_closes_what_an_endpoint_had(engine: AiortcEngine) -> None:
    """A released endpoint has no socket, is unknown, and can be released again."""
    before = udp_sockets()
    await engine.answer("A", CHROMIUM_OFFER)
    await engine.offer("B")
    for endpoint in ("A", "B", "A", "nobody"):
        await engine.release(endpoint)
    assert udp_sockets() <= before
    with pytest.raises(UnknownEndpoint):
        engine.stats("A")
    await eventually(lambda: tasks() == [])


async def test_a_released_id_can_be_used_again(engine: AiortcEngine) -> None:
    """An id stands for one endpoint at a time."""
    await engine.answer("A", CHROMIUM_OFFER)
    with pytest.raises(EndpointExists):
        await engine.answer("A", CHROMIUM_OFFER)
    with pytest.raises(EndpointExists):
        await engine.offer("A")
    await engine.release("A")
    await engine.offer("A")


async def test_a_device_that_never_comes_fails_in_time() -> None:
    """Without a single check from the device the endpoint fails, and lets its sockets go."""
    before = udp_sockets()
    engine = AiortcEngine(replace(LOOPBACK, connect_seconds=0.1))
    await engine.answer("A", CHROMIUM_OFFER)
    assert engine.stats("A").state is ConnectionState.CONNECTING
    await eventually(lambda: engine.stats("A").state is ConnectionState.FAILED)
    await eventually(lambda: udp_sockets() <= before)
    await engine.close()


async def test_a_device_without_the_right_certificate_is_not_connected(
    engine: AiortcEngine, device: MakeDevice
) -> None:
    """ICE alone is not enough: the certificate must have the fingerprint that was announced."""
    one = device()
    offer = await one.offer()
    fingerprints = [line for line in offer.splitlines() if line.startswith("a=fingerprint:sha-256")]
    forged = offer.replace(fingerprints[0], fingerprints[0][:-2] + "00")
    if forged == offer:
        forged = offer.replace(fingerprints[0], fingerprints[0][:-2] + "01")
    await one.accept(await engine.answer("A", forged))
    await eventually(lambda: engine.stats("A").state is ConnectionState.FAILED)


async def test_a_device_that_vanishes_is_noticed(
    engine: AiortcEngine, device: MakeDevice, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where checks go unanswered the connection has failed, and its sockets are let go."""
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.05)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 1)
    before = udp_sockets()
    one = device()
    await call("A", one)
    await eventually(lambda: engine.stats("A").state is ConnectionState.CONNECTED)
    await one.vanish()
    await eventually(lambda: engine.stats("A").state is ConnectionState.FAILED)
    await eventually(lambda: udp_sockets() <= before)


async def test_an_offer_that_cannot_be_read_makes_no_endpoint(engine: AiortcEngine) -> None:
    """A refused offer leaves its id free."""
    with pytest.raises(UnusableDescription):
        await engine.answer("A", "v=0")
    await engine.answer("A", CHROMIUM_OFFER)


async def test_only_an_open_offer_can_be_accepted(engine: AiortcEngine) -> None:
    """An answer needs an endpoint that offered, and only one answer counts."""
    with pytest.raises(UnknownEndpoint):
        await engine.accept("A", CHROMIUM_ANSWER)
    await engine.offer("A")
    with pytest.raises(UnusableDescription, match="actpass"):
        await engine.accept("A", CHROMIUM_OFFER)
    await engine.accept("A", CHROMIUM_ANSWER)
    with pytest.raises(NotOffered):
        await engine.accept("A", CHROMIUM_ANSWER)
    await engine.answer("B", CHROMIUM_OFFER)
    with pytest.raises(NotOffered):
        await engine.accept("B", CHROMIUM_ANSWER)


async def test_ports_come_from_the_range() -> None:
    """With a range of ports, candidates are in it; when it is used up, that is said."""
    engine = AiortcEngine(replace(LOOPBACK, port_range=(21_310, 21_311)))
    ports = {_port(await engine.offer(name)) for name in "AB"}
    assert ports == {21_310, 21_311}
    with pytest.raises(NoAddress) as raised:
        await engine.offer("C")
    assert raised.value.addresses == ("127.0.0.1",)
    await engine.release("A")
    await engine.offer("C")
    await engine.close()


async def test_an_announced_address_stands_in_for_the_own() -> None:
    """Behind a one-to-one NAT, devices are told the public address."""
    settings = MediaSettings(addresses=(ListenAddress("127.0.0.1", "203.0.113.5"),))
    engine = AiortcEngine(settings)
    offer = await engine.offer("A")
    await engine.close()
    assert "203.0.113.5" in offer
    assert "127.0.0.1" not in offer


async def test_an_address_that_is_gone_is_passed_over() -> None:
    """One address that cannot be bound does not matter while another can."""
    addresses = (ListenAddress("203.0.113.5"), ListenAddress("127.0.0.1"))
    engine = AiortcEngine(MediaSettings(addresses=addresses))
    offer = await engine.offer("A")
    await engine.close()
    assert offer.count("a=candidate:") == 1


async def test_all_addresses_of_the_machine_are_candidates() -> None:
    """By default a device is told every address, loopback last."""
    engine = AiortcEngine()
    offer = await engine.offer("A")
    await engine.close()
    candidates = [line for line in offer.splitlines() if line.startswith("a=candidate:")]
    assert " 127.0.0.1 " in candidates[-1]
    assert "a=end-of-candidates" in offer


async def test_a_closed_engine_takes_no_more() -> None:
    """After close, an endpoint is refused; closing again does nothing."""
    engine = AiortcEngine(LOOPBACK)
    await engine.close()
    await engine.close()
    with pytest.raises(EngineClosed):
        await engine.answer("A", CHROMIUM_OFFER)


def _port(description: str) -> int:
    remote = RemoteDescription.parse(description)
    return remote.sections[remote.audio].port
