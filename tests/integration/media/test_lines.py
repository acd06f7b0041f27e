"""Devices that talk through lines, as through a telephone network."""

import asyncio

import pytest

from midcall.media.engine import AiortcEngine
from midcall.media.faults import EndpointExists, EngineClosed, NoDevice, UnknownEndpoint
from midcall.media.stats import ConnectionState
from tests.integration.media.conftest import Call, MakeDevice
from tests.integration.media.devices import Device, eventually
from tests.integration.media.speaking import needs_espeak
from tests.unit.media.audio_files import audio_file
from tests.unit.media.listening import loudness, share_of

pytestmark = pytest.mark.timeout(60)


async def connect(
    engine: AiortcEngine, call: Call, ann: Device, bob: Device, *, pairs: int = 1
) -> None:
    """Let ann and bob talk through pairs of lines."""
    await call("ann", ann)
    await call("bob", bob)
    before = "ann"
    for number in range(pairs):
        near, far = f"near {number}", f"far {number}"
        await engine.link(near, far)
        await engine.bridge(before, near)
        before = far
    await engine.bridge(before, "bob")


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        (("PCMU", "opus"), ("PCMU", "opus"), 1),
        (("opus",), ("opus",), 2),
        (("opus",), ("PCMU",), 1),
    ],
    ids=["PCMU as it is", "Opus as it is through two pairs", "Opus and PCMU translated"],
)
async def test_devices_hear_each_other_through_lines(
    engine: AiortcEngine,
    device: MakeDevice,
    call: Call,
    first: tuple[str, ...],
    second: tuple[str, ...],
    pairs: int,
) -> None:
    """Each hears the tone of the other, whatever codecs they prefer."""
    ann, bob = device(440, first), device(1000, second)
    await connect(engine, call, ann, bob, pairs=pairs)
    await eventually(lambda: ann.ear.hears(1000) and bob.ear.hears(440))


@pytest.mark.parametrize("codec", ["PCMU", "opus"])
async def test_a_recording_for_a_line_is_heard_by_who_is_on_it(
    engine: AiortcEngine, device: MakeDevice, call: Call, codec: str
) -> None:
    """What is played to the far line is heard at the near end, in pitch, and not by bob."""
    ann, bob = device(440, (codec,)), device(1000)
    await connect(engine, call, ann, bob)
    await eventually(lambda: bob.ear.hears(440))
    wav = audio_file("wav", "pcm_s16le", frequency=700, seconds=1.0, rate=22_050)
    playing = asyncio.create_task(engine.play("far 0", wav), name="test-play")
    await eventually(lambda: ann.ear.hears(700))
    assert bob.ear.hears(440)
    assert await playing is True
    await eventually(lambda: ann.ear.hears(1000))


@needs_espeak
async def test_a_simulated_party_is_heard(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """Text that is said to the far line, where nobody is, is a voice in ann's ear."""
    ann = device(440)
    await call("ann", ann)
    await engine.link("near", "far")
    await engine.bridge("ann", "near")
    saying = asyncio.create_task(engine.say("far", "Hello, ann", "en-GB"), name="test-say")
    await eventually(lambda: loudness(ann.ear.recent) > 0.02)
    assert await saying is True
    await eventually(ann.ear.hears_silence)


async def test_ring_back_and_keys_pass_through_a_line(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """Whatever can be played to a device can be played to a line."""
    ann = device(1700)
    await call("ann", ann)
    await engine.link("near", "far")
    await engine.bridge("ann", "near")
    await engine.ring("far", "de")
    await eventually(lambda: ann.ear.hears(425))
    assert await engine.press("far", "5") is True
    await engine.ring("far", "gb")
    await eventually(
        lambda: all(share_of(f, ann.ear.recent, ann.ear.rate) > 0.3 for f in (400, 450))
    )
    await engine.silence("far")
    await eventually(ann.ear.hears_silence)


async def test_releasing_one_line_leaves_the_other_silent(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """Both devices hear silence, and the line that is left can be let go as well."""
    ann, bob = device(440), device(1000)
    await connect(engine, call, ann, bob)
    await eventually(lambda: ann.ear.hears(1000) and bob.ear.hears(440))
    await engine.release("far 0")
    await eventually(lambda: ann.ear.hears_silence() and bob.ear.hears_silence())
    assert engine.stats("near 0").state is ConnectionState.CLOSED
    await engine.release("near 0")
    with pytest.raises(UnknownEndpoint):
        engine.stats("near 0")


async def test_a_name_stands_for_one_endpoint(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """Lines under a name that is taken are refused, and neither of the two is made."""
    await call("ann", device())
    with pytest.raises(EndpointExists):
        await engine.link("near", "ann")
    with pytest.raises(UnknownEndpoint):
        engine.stats("near")
    with pytest.raises(ValueError, match="itself"):
        await engine.link("near", "near")
    await engine.link("near", "far")
    with pytest.raises(EndpointExists):
        await engine.answer("far", await device().offer())


async def test_a_line_has_no_device(engine: AiortcEngine, device: MakeDevice) -> None:
    """Descriptions for a line are refused by name."""
    await engine.link("near", "far")
    offer = await device().offer()
    with pytest.raises(NoDevice):
        await engine.restart("near", offer)
    with pytest.raises(NoDevice):
        await engine.accept("far", offer)


async def test_a_closed_engine_links_nothing(engine: AiortcEngine) -> None:
    """After the end there are no new lines."""
    await engine.link("near", "far")
    await engine.close()
    with pytest.raises(EngineClosed):
        await engine.link("first", "second")
