"""Two-way audio between devices, told apart by the tone that each of them hums."""

import pytest
import uvloop

from midcall.media.engine import AiortcEngine
from midcall.media.faults import UnknownEndpoint
from midcall.media.stats import ConnectionState
from tests.integration.media.conftest import LOOPBACK, Call, MakeDevice
from tests.integration.media.devices import Device, eventually
from tests.unit.media.listening import share_of

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("PCMU", "opus"), ("PCMU", "opus")),
        (("opus", "PCMU"), ("opus", "PCMU")),
        (("opus",), ("PCMU",)),
    ],
    ids=["PCMU as it is", "Opus as it is", "Opus and PCMU translated"],
)
async def test_bridged_devices_hear_each_other(
    engine: AiortcEngine,
    device: MakeDevice,
    call: Call,
    first: tuple[str, ...],
    second: tuple[str, ...],
) -> None:
    """Each of two devices hears the other's tone, whatever codecs they prefer."""
    one, other = device(440, first), device(1000, second)
    await call("A", one)
    await call("B", other)
    await engine.bridge("A", "B")
    await eventually(lambda: one.ear.hears(1000))
    await eventually(lambda: other.ear.hears(440))
    stats = engine.stats("A")
    assert stats.codec == first[0]
    assert stats.bridged_to == "B"
    assert stats.packets_received > 0
    assert stats.packets_lost == 0


async def test_a_device_that_is_called_hears_and_is_heard(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """Where we offer and the device answers, audio flows both ways as well."""
    caller, called = device(440), device(1000)
    await call("A", caller)
    await engine.accept("B", await called.answer(await engine.offer("B")))
    await engine.bridge("A", "B")
    await eventually(lambda: caller.ear.hears(1000))
    await eventually(lambda: called.ear.hears(440))


async def test_a_bridge_may_be_made_before_anyone_is_connected(
    engine: AiortcEngine, device: MakeDevice
) -> None:
    """Endpoints can be joined at once; they hear each other when both are up."""
    one, other = device(440), device(1000)
    answers = [
        await engine.answer(name, await phone.offer()) for name, phone in (("A", one), ("B", other))
    ]
    await engine.bridge("A", "B")
    await one.accept(answers[0])
    await eventually(one.ear.hears_silence)
    await other.accept(answers[1])
    await eventually(lambda: one.ear.hears(1000))
    await eventually(lambda: other.ear.hears(440))


async def test_parted_devices_hear_silence(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """After the bridge is taken away, both still receive audio, and it is silent."""
    one, other = device(440), device(1000)
    await call("A", one)
    await call("B", other)
    await engine.bridge("A", "B")
    await eventually(lambda: one.ear.hears(1000) and other.ear.hears(440))
    await engine.unbridge("B")
    await eventually(lambda: one.ear.hears_silence() and other.ear.hears_silence())


async def test_a_bridge_moves_with_its_endpoint(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """An endpoint that is joined with a third leaves the second in silence."""
    phones = {"A": device(440), "B": device(1000), "C": device(1700)}
    for name, phone in phones.items():
        await call(name, phone)
    await engine.bridge("A", "B")
    await eventually(lambda: phones["A"].ear.hears(1000))
    await engine.bridge("C", "A")
    await eventually(lambda: phones["A"].ear.hears(1700) and phones["C"].ear.hears(440))
    await eventually(phones["B"].ear.hears_silence)


async def test_a_caller_hears_ring_back_until_someone_answers(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """Ring-back has the two frequencies of a telephone's, and ends with the bridge."""
    caller, called = device(440), device(1000)
    await call("A", caller)
    await engine.ring("A")
    await eventually(
        lambda: all(share_of(f, caller.ear.recent, caller.ear.rate) > 0.3 for f in (440, 480))
    )
    await call("B", called)
    await engine.bridge("A", "B")
    await eventually(lambda: caller.ear.hears(1000))


async def test_ring_back_can_be_silenced(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """Silence follows ring-back where nobody answered."""
    caller = device()
    await call("A", caller)
    await engine.ring("A")
    await eventually(lambda: share_of(480, caller.ear.recent, caller.ear.rate) > 0.3)
    await engine.silence("A")
    await eventually(caller.ear.hears_silence)


async def test_a_release_leaves_the_partner_in_silence(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """Who stays in the call after the other has left hears silence, and is in no bridge."""
    one, other = device(440), device(1000)
    await call("A", one)
    await call("B", other)
    await engine.bridge("A", "B")
    await eventually(lambda: one.ear.hears(1000))
    await engine.release("B")
    await eventually(one.ear.hears_silence)
    assert engine.stats("A").bridged_to is None


async def test_an_endpoint_cannot_be_bridged_to_nobody(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """A bridge needs two endpoints that exist and differ."""
    await call("A", device())
    with pytest.raises(UnknownEndpoint) as raised:
        await engine.bridge("A", "nobody")
    assert raised.value.endpoint == "nobody"
    with pytest.raises(ValueError, match="itself"):
        await engine.bridge("A", "A")


async def test_both_sides_measure_their_round_trip(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """Reports pass both ways, so the round trip is known after a while."""
    await call("A", device())
    await eventually(lambda: engine.stats("A").round_trip_seconds is not None)
    assert engine.stats("A").state is ConnectionState.CONNECTED


def test_it_runs_on_uvloop() -> None:
    """The server's event loop carries audio like asyncio's own."""

    async def scenario() -> None:
        engine, one, other = AiortcEngine(LOOPBACK), Device(440), Device(1000)
        try:
            await one.accept(await engine.answer("A", await one.offer()))
            await engine.accept("B", await other.answer(await engine.offer("B")))
            await engine.bridge("A", "B")
            await eventually(lambda: one.ear.hears(1000) and other.ear.hears(440))
        finally:
            await one.close()
            await other.close()
            await engine.close()

    uvloop.run(scenario())
