"""Speech from text, by espeak-ng: small, offline, in Debian.

It is a program of its own. The text goes in through its standard input, the only argument from
outside is a language tag that has the form of one, and time and size have limits. Where it is
missing or fails, the line stays silent for about as long as the text would have taken: a call goes
on without its prompt rather than ending for it.
"""

import asyncio
import re
from dataclasses import dataclass

import structlog

from midcall.media.sounds import Recording, Silence, Speech

log = structlog.get_logger(__name__)

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")

CHARACTERS_PER_SECOND = 15
"""How fast espeak-ng speaks English at its default of 175 words a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSettings:
    """How text is spoken.

    ``program`` is looked up on the PATH. ``characters`` is where a text is cut off: TwiML's
    ``<Say>`` takes 4,096. ``seconds`` bounds the program's run, ``octets`` what it may write: at
    44,100 bytes a second, 32 MiB are twelve minutes.
    """

    program: str = "espeak-ng"
    language: str = "en-US"
    characters: int = 4096
    seconds: float = 15.0
    octets: int = 32 * 1024 * 1024


class Synthesizer:
    """Speaks."""

    def __init__(self, settings: SpeechSettings | None = None) -> None:
        self._settings = settings or SpeechSettings()

    async def speak(self, speech: Speech) -> Recording | Silence:
        """Return the text as a recording, or a silence of its length if nothing can speak it."""
        text = speech.text[: self._settings.characters]
        for language in dict.fromkeys((speech.language, self._settings.language)):
            if LANGUAGE_TAG.fullmatch(language):
                content = await self._run(text, language)
                if content:
                    return Recording(content)
        return Silence(len(text) / CHARACTERS_PER_SECOND)

    async def _run(self, text: str, language: str) -> bytes:
        """Return a WAV file, or nothing if the program is missing or fails."""
        program = self._settings.program
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                *("--stdin", "--stdout", "-b", "1", "-v", language.lower()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            log.warning(
                "Text is not spoken: the program is missing", program=program, fault=str(error)
            )
            return b""
        try:
            async with asyncio.timeout(self._settings.seconds):
                content = await self._converse(process, text)
                cut_off = len(content) == self._settings.octets
                status = 0 if cut_off else await process.wait()
        except TimeoutError:
            log.warning("Text is not spoken: the program is too slow", program=program)
            return b""
        finally:
            await _end(process)
        if status != 0:
            log.warning("Text is not spoken in this language", program=program, language=language)
            return b""
        return content

    async def _converse(self, process: asyncio.subprocess.Process, text: str) -> bytes:
        """Write the text and read the sound at the same time, since pipes are short."""
        if process.stdin is None or process.stdout is None:  # both were asked for
            return b""
        writing = asyncio.create_task(_write(process.stdin, text), name="media-speech-text")
        try:
            content = await _read(process.stdout, self._settings.octets)
            await writing
        finally:
            writing.cancel()
        return content


async def _write(stdin: asyncio.StreamWriter, text: str) -> None:
    try:
        stdin.write(text.encode("utf-8", "replace"))
        await stdin.drain()
    except ConnectionError:
        pass  # it stopped reading; its exit status says why
    finally:
        stdin.close()


async def _read(stdout: asyncio.StreamReader, limit: int) -> bytes:
    """Read to the end, or to the limit: then the rest is not spoken."""
    content = bytearray()
    while len(content) < limit and (chunk := await stdout.read(65_536)):
        content += chunk
    return bytes(content[:limit])


async def _end(process: asyncio.subprocess.Process) -> None:
    """Make sure that a program of ours is gone."""
    if process.returncode is None:
        process.kill()
        # asyncio calls a process over when its pipes are at their end as well, so they are emptied.
        if process.stdout is not None:
            while await process.stdout.read(65_536):
                pass
        await process.wait()
