"""What becomes of a prompt, with an engine that does as it is told."""

from collections.abc import Callable

import pytest

from midcall.core.calls.audio import ENDLESS_LOOPS, Audio
from midcall.core.ports import MediaEngine
from midcall.media.none import NoMedia
from midcall.model.codes import Code
from midcall.model.errors import EndpointGone, TwimlFault, UnplayableSound
from midcall.model.families import DeviceId
from midcall.model.sids import AccountSid
from midcall.model.twiml import Pause, Play, Prompt, Say

ACCOUNT = AccountSid("AC" + "0" * 32)
ENDPOINT = DeviceId("E")
URL = "https://example.com/hello.wav"

Outcome = Callable[[], bool]


class Engine(NoMedia):
    """Writes down what it is asked to sound; each time comes out as the outcome says."""

    def __init__(self, outcome: Outcome) -> None:
        self.asked: list[tuple[str, object]] = []
        self._outcome = outcome

    async def say(self, endpoint: str, text: str, language: str) -> bool:
        self.asked.append((endpoint, f"{language}: {text}"))
        return self._outcome()

    async def play(self, endpoint: str, recording: bytes) -> bool:
        self.asked.append((endpoint, recording))
        return self._outcome()

    async def press(self, endpoint: str, digits: str) -> bool:
        self.asked.append((endpoint, digits))
        return self._outcome()


class Shelf:
    """Recordings by URL."""

    async def fetch_recording(self, account: AccountSid, url: str) -> bytes:
        if url != URL:
            raise TwimlFault(Code.RETRIEVAL, "status 404", url)
        return b"RIFF"


def ends() -> bool:
    """Come to the end."""
    return True


def interrupted() -> bool:
    """Be interrupted."""
    return False


def gone() -> bool:
    """Find nobody there."""
    raise EndpointGone(ENDPOINT)


def unplayable() -> bool:
    """Find no sound."""
    raise UnplayableSound("neither WAV nor AIFF nor MP3")


async def hear(prompt: Prompt, outcome: Outcome = ends) -> tuple[TwimlFault | None, list[object]]:
    """Play a prompt; return its fault and what was sounded."""
    engine = Engine(outcome)
    media: MediaEngine = engine
    fault = await Audio(media, Shelf()).play(ACCOUNT, ENDPOINT, prompt)
    assert {endpoint for endpoint, _ in engine.asked} <= {ENDPOINT}
    return fault, [sound for _, sound in engine.asked]


@pytest.mark.parametrize(
    ("prompt", "sounds"),
    [
        (Say(text="Hi", language="en-GB", loop=2), ["en-GB: Hi"] * 2),
        (Play(url=URL, loop=3), [b"RIFF"] * 3),
        (Play(digits="1w2"), ["1w2"]),
        (Pause(length_seconds=1), []),
        (Say(text="Hi", loop=0), [": Hi"] * ENDLESS_LOOPS),
    ],
)
async def test_a_prompt_sounds_as_often_as_it_says(prompt: Prompt, sounds: list[object]) -> None:
    """A prompt is repeated ``loop`` times, zero is nearly for ever, and a pause is no sound."""
    assert await hear(prompt) == (None, sounds)


@pytest.mark.parametrize("prompt", [Say(text="Hi", loop=5), Play(url=URL, loop=5)])
@pytest.mark.parametrize("outcome", [interrupted, gone])
async def test_a_prompt_that_is_cut_short_is_not_repeated(prompt: Prompt, outcome: Outcome) -> None:
    """Who was interrupted, or has hung up, hears no more of it, and that is no fault."""
    fault, sounds = await hear(prompt, outcome)
    assert fault is None
    assert len(sounds) == 1


async def test_keys_for_nobody_are_no_fault() -> None:
    """Keys that nobody is there to hear are pressed into the void."""
    assert await hear(Play(digits="1"), gone) == (None, ["1"])


async def test_a_recording_that_cannot_be_had_is_a_fault() -> None:
    """What the source says is handed on."""
    fault, sounds = await hear(Play(url="https://example.com/none.wav"))
    assert fault is not None
    assert (fault.twiml_code, sounds) == (Code.RETRIEVAL, [])


async def test_a_recording_that_is_no_sound_is_a_fault() -> None:
    """It shows in the debugger under the code of ``<Play>``, with its URL and the reason."""
    fault, _ = await hear(Play(url=URL, loop=3), unplayable)
    assert fault is not None
    assert fault.twiml_code == Code.PLAY_CONTENT_TYPE
    assert (fault.url, fault.reason) == (URL, "neither WAV nor AIFF nor MP3")


@pytest.mark.parametrize("prompt", [Say(text="Hi"), Play(url=URL), Play(digits="1")])
async def test_a_prompt_that_is_no_longer_wanted_is_not_begun(prompt: Prompt) -> None:
    """What was interrupted while its recording was still on its way is never heard."""
    engine = Engine(ends)
    media: MediaEngine = engine
    assert await Audio(media, Shelf()).play(ACCOUNT, ENDPOINT, prompt, lambda: False) is None
    assert engine.asked == []
