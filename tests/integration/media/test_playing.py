"""Sounds that are played to a device, told by their frequencies."""

import asyncio
import os
from pathlib import Path

import pytest

from midcall.media.engine import AiortcEngine
from midcall.media.faults import UnknownEndpoint, UnplayableRecording
from midcall.media.playback import PlayEnd
from midcall.media.prompts import Prompts
from midcall.media.sounds import Keys, Recording, Silence, Sound, Speech, Tone
from midcall.media.speech import SpeechSettings, Synthesizer
from tests.integration.media.conftest import LOOPBACK, Call, MakeDevice
from tests.integration.media.devices import eventually
from tests.integration.media.speaking import needs_espeak
from tests.unit.media.audio_files import audio_file
from tests.unit.media.listening import loudness, share_of

pytestmark = pytest.mark.timeout(60)

WAV = Recording(audio_file("wav", "pcm_s16le", frequency=700, seconds=0.6, rate=22_050))
MP3 = Recording(audio_file("mp3", "libmp3lame", frequency=700, seconds=0.6, rate=44_100))
LONG = Tone((700,), 60)


@pytest.mark.parametrize(
    "sound", [WAV, MP3, Tone((700,), 0.6)], ids=["a WAV file", "an MP3 file", "a tone"]
)
@pytest.mark.parametrize("codec", ["PCMU", "opus"])
async def test_a_sound_is_heard_to_its_end(
    engine: AiortcEngine, device: MakeDevice, call: Call, sound: Sound, codec: str
) -> None:
    """What is played is heard at its own pitch, and the caller learns when it is over."""
    one = device(440, (codec,))
    await call("A", one)
    playing = asyncio.create_task(engine.sound("A", sound), name="test-play")
    await eventually(lambda: one.ear.hears(700))
    assert await playing is PlayEnd.FINISHED
    await eventually(one.ear.hears_silence)


async def test_keys_are_heard_as_their_tones(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """A played key sounds in its two frequencies."""
    one = device(440)
    await call("A", one)
    playing = asyncio.create_task(engine.sound("A", Keys("55555")), name="test-play")
    await eventually(
        lambda: all(share_of(f, one.ear.recent, one.ear.rate) > 0.3 for f in (770, 1336))
    )
    assert await playing is PlayEnd.FINISHED


async def test_silence_takes_its_time(engine: AiortcEngine, device: MakeDevice, call: Call) -> None:
    """A silence of a fifth of a second is over after ten frames, and the device hears it."""
    one = device(440)
    await call("A", one)
    await eventually(lambda: engine.stats("A").packets_sent > 0)
    before = engine.stats("A").packets_sent
    assert await engine.sound("A", Silence(0.2)) is PlayEnd.FINISHED
    assert engine.stats("A").packets_sent >= before + 10


async def test_a_sound_that_is_played_early_waits_for_the_device(
    engine: AiortcEngine, device: MakeDevice
) -> None:
    """A prompt that is played before the connection is up is not lost."""
    one = device(440)
    answer = await engine.answer("A", await one.offer())
    playing = asyncio.create_task(engine.sound("A", WAV), name="test-play")
    await one.accept(answer)
    await eventually(lambda: one.ear.hears(700))
    assert await playing is PlayEnd.FINISHED


@pytest.mark.parametrize("how", ["silence", "ring", "unbridge", "release"])
async def test_what_ends_a_sound_is_told(
    engine: AiortcEngine, device: MakeDevice, call: Call, how: str
) -> None:
    """Whatever takes the place of a sound interrupts it, and its caller learns so."""
    one = device(440)
    await call("A", one)
    playing = asyncio.create_task(engine.sound("A", LONG), name="test-play")
    await eventually(lambda: one.ear.hears(700))
    await getattr(engine, how)("A")
    assert await playing is PlayEnd.INTERRUPTED


async def test_another_sound_takes_over(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """The later of two sounds is heard, the earlier is interrupted."""
    one = device(440)
    await call("A", one)
    first = asyncio.create_task(engine.sound("A", LONG), name="test-play-1")
    await eventually(lambda: one.ear.hears(700))
    second = asyncio.create_task(engine.sound("A", Tone((1200,), 60)), name="test-play-2")
    await eventually(lambda: one.ear.hears(1200))
    assert await first is PlayEnd.INTERRUPTED
    await engine.close()
    assert await second is PlayEnd.INTERRUPTED


async def test_a_sound_pauses_the_bridge_and_not_the_other_side(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """While a sound is played to one, the other still hears them; then all is as before."""
    one, other = device(440), device(1000)
    await call("A", one)
    await call("B", other)
    await engine.bridge("A", "B")
    await eventually(lambda: one.ear.hears(1000))
    playing = asyncio.create_task(engine.sound("A", LONG), name="test-play")
    await eventually(lambda: one.ear.hears(700) and other.ear.hears(440))
    await engine.silence("A")
    await eventually(lambda: one.ear.hears(1000))
    assert await playing is PlayEnd.INTERRUPTED


async def test_giving_up_on_a_sound_ends_it(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """Cancelling the call to ``sound`` silences the device."""
    one = device(440)
    await call("A", one)
    playing = asyncio.create_task(engine.sound("A", LONG), name="test-play")
    await eventually(lambda: one.ear.hears(700))
    playing.cancel()
    await eventually(one.ear.hears_silence)
    assert playing.cancelled()


async def test_what_cannot_be_played_is_refused(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """A file that is none raises, and leaves the endpoint as it was."""
    with pytest.raises(UnknownEndpoint):
        await engine.sound("A", LONG)
    one = device(440)
    await call("A", one)
    with pytest.raises(UnplayableRecording):
        await engine.sound("A", Recording(b"<html>"))
    await eventually(one.ear.hears_silence)


@pytest.mark.parametrize("content", [WAV.content, MP3.content], ids=["WAV", "MP3"])
async def test_a_file_is_played_to_its_end(
    engine: AiortcEngine, device: MakeDevice, call: Call, content: bytes
) -> None:
    """``play`` takes a file as it came and says that all of it was heard."""
    one = device(440)
    await call("A", one)
    playing = asyncio.create_task(engine.play("A", content), name="test-play")
    await eventually(lambda: one.ear.hears(700))
    assert await playing is True


async def test_a_file_that_is_cut_short_is_not_played_to_its_end(
    engine: AiortcEngine, device: MakeDevice, call: Call
) -> None:
    """``play`` says so when somebody was joined meanwhile."""
    one = device(440)
    await call("A", one)
    await call("B", device(1000))
    playing = asyncio.create_task(engine.play("A", WAV.content), name="test-play")
    await eventually(lambda: one.ear.hears(700))
    await engine.bridge("A", "B")
    assert await playing is False


async def test_pressed_keys_are_heard(engine: AiortcEngine, device: MakeDevice, call: Call) -> None:
    """``press`` sounds each key and says that all of them were."""
    one = device(440)
    await call("A", one)
    pressing = asyncio.create_task(engine.press("A", "5w5555"), name="test-press")
    await eventually(
        lambda: all(share_of(f, one.ear.recent, one.ear.rate) > 0.3 for f in (770, 1336))
    )
    assert await pressing is True


@needs_espeak
async def test_said_text_is_heard(engine: AiortcEngine, device: MakeDevice, call: Call) -> None:
    """``say`` speaks, in the default language where none is named, and comes to its end."""
    one = device(440)
    await call("A", one)
    saying = asyncio.create_task(engine.say("A", "Hello, world", ""), name="test-say")
    await eventually(lambda: loudness(one.ear.recent) > 0.02)
    assert await saying is True


@needs_espeak
async def test_text_is_spoken(engine: AiortcEngine, device: MakeDevice, call: Call) -> None:
    """Text becomes a voice that can be heard, and comes to its end."""
    one = device(440)
    await call("A", one)
    playing = asyncio.create_task(engine.sound("A", Speech("Hello, world")), name="test-play")
    await eventually(lambda: loudness(one.ear.recent) > 0.02)
    assert await playing is PlayEnd.FINISHED
    await eventually(one.ear.hears_silence)


async def test_a_sound_that_is_still_being_made_can_be_interrupted(
    device: MakeDevice, tmp_path: Path
) -> None:
    """Nobody waits for a slow program when its text is no longer wanted, and the program ends."""
    program = tmp_path / "speaker"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    program.chmod(0o755)
    slow = SpeechSettings(program=str(program), seconds=600)
    engine = AiortcEngine(LOOPBACK, prompts=Prompts(Synthesizer(slow)))
    await engine.answer("A", await device().offer())
    playing = asyncio.create_task(engine.sound("A", Speech("Hello")), name="test-play")
    await eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").stat().st_size > 0)
    await engine.silence("A")
    assert await playing is PlayEnd.INTERRUPTED
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    await engine.close()


async def test_text_that_nobody_can_speak_is_silence(device: MakeDevice, tmp_path: Path) -> None:
    """Without the program, a prompt is a silence of about its length, and the call goes on."""
    missing = SpeechSettings(program=str(tmp_path / "missing"))
    engine = AiortcEngine(LOOPBACK, prompts=Prompts(Synthesizer(missing)))
    one = device(440)
    await one.accept(await engine.answer("A", await one.offer()))
    await one.connected()
    assert await engine.sound("A", Speech("Hello")) is PlayEnd.FINISHED
    await engine.close()
