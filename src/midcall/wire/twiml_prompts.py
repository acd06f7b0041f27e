"""What a caller hears and the keys pressed: ``<Say>``, ``<Play>``, ``<Pause>``, ``<Gather>``.

A prompt that would be heard by nobody is left out with a warning.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final
from xml.etree.ElementTree import Element

from midcall.model.codes import Code
from midcall.model.twiml import GATHER_TIMEOUT_SECONDS, Gather, Pause, Play, Prompt, Say
from midcall.wire.twiml_elements import Reader, Warnings, shorten

SAY_CHARACTERS: Final = 4096
"""The longest text of one ``<Say>`` (TwiML ``<Say>`` page); the rest is not spoken."""

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_KEYS: Final = re.compile(r"[0-9A-D*#wW]+", re.ASCII)
_ANY_KEY: Final = "0123456789#*"


def parse_say(element: Element, parent: str, warnings: Warnings) -> Say | None:
    """Read a ``<Say>``; ``None`` if it says nothing."""
    reader = Reader(element, parent, warnings)
    loop_code = Code.GATHER_SAY_LOOP if parent == "Gather" else Code.SAY_LOOP
    loop = reader.number("loop", default=1, least=0, code=loop_code)
    language = _language(reader)
    voice = reader.text("voice") or ""
    reader.finish(text=True, elements=True)
    _warn_of_markup(element, warnings)
    text = " ".join("".join(element.itertext()).split())
    if not text:
        warnings.add(Code.SAY_TEXT, "Say without text is skipped")
        return None
    if len(text) > SAY_CHARACTERS:
        warnings.add(
            Code.SAY_TOO_LONG,
            f"Say has {len(text)} characters, the first {SAY_CHARACTERS} are spoken",
        )
    return Say(text=text[:SAY_CHARACTERS], voice=voice, language=language, loop=loop)


def parse_play(element: Element, parent: str, warnings: Warnings) -> Play | None:
    """Read a ``<Play>``; ``None`` if there is nothing to play."""
    reader = Reader(element, parent, warnings)
    loop = reader.number("loop", default=1, least=0, code=Code.PLAY_LOOP)
    digits = keys(reader, "digits", Code.PLAY_DIGITS)
    reader.finish(text=True)
    url = reader.own_text
    if url and digits:
        warnings.schema("attribute digits of Play is passed over: there is a URL")
        digits = ""
    if not url and not digits:
        warnings.schema("Play without a URL or digits is skipped")
        return None
    return Play(url=url, digits=digits, loop=loop)


def parse_pause(element: Element, parent: str, warnings: Warnings) -> Pause:
    """Read a ``<Pause>``."""
    reader = Reader(element, parent, warnings)
    length = reader.number("length", default=1, least=1, code=Code.PAUSE_LENGTH)
    reader.finish()
    return Pause(length_seconds=length)


def parse_gather(element: Element, parent: str, warnings: Warnings) -> Gather:
    """Read a ``<Gather>`` with its prompts. Keys are collected, whatever ``input`` asks for."""
    reader = Reader(element, parent, warnings)
    _warn_of_input(reader, warnings)
    gather = Gather(
        prompts=tuple(_prompts(reader, warnings)),
        action=reader.endpoint("action", "method", code=Code.GATHER_METHOD),
        timeout_seconds=reader.number(
            "timeout", default=GATHER_TIMEOUT_SECONDS, least=1, code=Code.GATHER_TIMEOUT
        ),
        num_digits=reader.number("numDigits", default=None, least=1, code=Code.GATHER_NUM_DIGITS),
        finish_on_key=_finish_on_key(reader),
        action_on_empty_result=reader.flag(
            "actionOnEmptyResult", default=False, code=Code.GATHER_ACTION_ON_EMPTY_RESULT
        ),
    )
    reader.finish(elements=True)
    return gather


def keys(reader: Reader, name: str, code: int) -> str:
    """Return an attribute that is keys to press, empty if it is none.

    ``w`` waits half a second, and ``W``, which waits a whole one, comes out as two of them.
    """
    value = reader.text(name) or ""
    if value and not _KEYS.fullmatch(value):
        reader.bad(name, "it must be of 0-9, A-D, *, #, w and W", code)
        return ""
    return value.replace("W", "ww")


def _prompts(reader: Reader, warnings: Warnings) -> Iterator[Prompt]:
    for child in reader.children(strange=Code.GATHER_NESTED):
        prompt = _PROMPTS[child.tag](child, "Gather", warnings)
        if prompt is not None:
            yield prompt


_PROMPTS: Final[dict[str, Callable[[Element, str, Warnings], Prompt | None]]] = {
    "Say": parse_say,
    "Play": parse_play,
    "Pause": parse_pause,
}


def _language(reader: Reader) -> str:
    language = reader.text("language") or ""
    if language and not _LANGUAGE.fullmatch(language):
        reader.bad("language", "it must be a language tag such as en-US", Code.SAY_LANGUAGE)
        return ""
    return language


def _warn_of_markup(element: Element, warnings: Warnings) -> None:
    """Warn of SSML, once for each name: a text may be full of it."""
    seen: set[str] = set()
    for parent in element.iter():
        for child in parent:
            if child.tag not in seen:
                seen.add(child.tag)
                warnings.schema(
                    f"markup {shorten(child.tag)} in Say is ignored: its text is spoken"
                )


def _finish_on_key(reader: Reader) -> str:
    """Return the key that ends the input, empty if the attribute is there and is empty."""
    if not reader.has("finishOnKey"):
        return "#"
    value = reader.raw("finishOnKey").strip()
    if len(value) > 1:
        reader.bad("finishOnKey", "it must be one key", Code.GATHER_FINISH_ON_KEYS)
        return "#"
    if value not in _ANY_KEY:
        reader.bad("finishOnKey", "it must be 0-9, # or *", Code.GATHER_FINISH_ON_KEY)
        return "#"
    return value


def _warn_of_input(reader: Reader, warnings: Warnings) -> None:
    kinds = (reader.text("input") or "dtmf").split()
    if not set(kinds) <= {"dtmf", "speech"}:
        reader.bad("input", "it must be dtmf, speech or both", Code.GATHER_INPUT)
    elif "speech" in kinds:
        warnings.schema("input of Gather: speech is not recognized, keys are collected")
