"""Text to speech, through a real program or through stand-ins for it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from midcall.media.recordings import open_recording
from midcall.media.sounds import Recording, Silence, Speech
from midcall.media.speech import SpeechSettings, Synthesizer
from tests.integration.media.speaking import needs_espeak
from tests.unit.media.listening import loudness

pytestmark = pytest.mark.timeout(60)

MakeProgram = Callable[[str], str]


@pytest.fixture
def program(tmp_path: Path) -> MakeProgram:
    """Make a stand-in for the program from a few lines of shell."""

    def make(script: str) -> str:
        path = tmp_path / "speaker"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return make


@needs_espeak
async def test_text_becomes_a_voice() -> None:
    """A sentence is spoken: neither empty nor silent, and longer for a longer text."""
    synthesizer = Synthesizer()
    short = await synthesizer.speak(Speech("Hello"))
    long = await synthesizer.speak(Speech("Hello, and welcome to the line.", "de-DE"))
    assert isinstance(short, Recording)
    assert isinstance(long, Recording)
    short_pcm, long_pcm = (b"".join(open_recording(r.content, 8000)) for r in (short, long))
    assert loudness(short_pcm) > 0.02
    assert len(long_pcm) > len(short_pcm) > 2000


@needs_espeak
async def test_text_is_no_command(tmp_path: Path) -> None:
    """Whatever the text says, it is spoken and not run, and options in it are words."""
    mark = tmp_path / "mark"
    spoken = await Synthesizer().speak(Speech(f"--version; $(touch {mark}) `touch {mark}` -v xx"))
    assert isinstance(spoken, Recording)
    assert os.listdir(tmp_path) == []
    assert len(b"".join(open_recording(spoken.content, 8000))) > 16_000


@needs_espeak
@pytest.mark.parametrize("language", ["xx-XX", "--version", "en us", "", "../../etc/passwd"])
async def test_unknown_languages_fall_back_to_the_default(language: str) -> None:
    """A language that the program lacks, or that is no language tag, is spoken in the default."""
    assert isinstance(await Synthesizer().speak(Speech("Hello", language)), Recording)


async def test_only_a_language_tag_becomes_an_argument(program: MakeProgram) -> None:
    """The program gets the text through its standard input and the tag as one argument."""
    path = program('cat; printf " %s" "$@"')
    spoken = await Synthesizer(SpeechSettings(program=path)).speak(Speech("Grüße", "de-DE"))
    assert spoken == Recording("Grüße --stdin --stdout -b 1 -v de-de".encode())


async def test_without_the_program_there_is_silence(tmp_path: Path) -> None:
    """A missing program costs a prompt and not the call."""
    settings = SpeechSettings(program=str(tmp_path / "missing"))
    assert await Synthesizer(settings).speak(Speech("x" * 150)) == Silence(10.0)


async def test_a_program_that_fails_is_as_good_as_none(program: MakeProgram) -> None:
    """A failure in the asked language and in the default one leaves silence."""
    settings = SpeechSettings(program=program("exit 3"))
    assert await Synthesizer(settings).speak(Speech("x" * 15, "de")) == Silence(1.0)


async def test_a_program_that_hangs_is_ended(program: MakeProgram, tmp_path: Path) -> None:
    """Past its deadline the program is killed; it does not outlive the prompt."""
    mark = tmp_path / "pid"
    path = program(f"echo $$ > {mark}; exec sleep 600")
    settings = SpeechSettings(program=path, language="en", seconds=0.3)
    assert await Synthesizer(settings).speak(Speech("x" * 15, "en")) == Silence(1.0)
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


async def test_a_program_that_never_stops_talking_is_cut_off(program: MakeProgram) -> None:
    """Output past the limit is not read, and what was read is played."""
    settings = SpeechSettings(program=program("cat > /dev/null; exec cat /dev/zero"), octets=1000)
    spoken = await Synthesizer(settings).speak(Speech("Hello", "en"))
    assert spoken == Recording(bytes(1000))


async def test_long_texts_are_cut_off(program: MakeProgram) -> None:
    """What is over the limit of characters is not spoken."""
    settings = SpeechSettings(program=program("cat"), characters=4)
    assert await Synthesizer(settings).speak(Speech("Hello")) == Recording(b"Hell")
