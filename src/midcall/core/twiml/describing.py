"""Verbs as traces show them: the attributes that say what was meant, in TwiML's own names.

- Only what differs from the usual is named, except what a verb is about.
- Whatever a person may have said or keyed in is left out: what ``<Play>`` presses, and the
  parameters of a call. What is spoken is the application's own, and is cut.
- A URL is shown without user and password, and without its query, which may carry secrets.
"""

from typing import assert_never
from urllib.parse import urlsplit, urlunsplit

from midcall.core.calls.tracing import TRACED
from midcall.model.twiml import (
    Client,
    Dial,
    Gather,
    Hangup,
    Number,
    Pause,
    Play,
    Prompt,
    Redirect,
    Reject,
    Say,
    Verb,
)


def described(verb: Verb) -> dict[str, str]:
    """Return the attributes of a verb that help to understand what it does."""
    return {name: text[:TRACED] for name, text in _attributes(verb).items() if text}


def _attributes(verb: Verb) -> dict[str, str]:
    match verb:
        case Dial():
            return _dial(verb)
        case Gather():
            return _gather(verb)
        case Say() | Play() | Pause():
            return _prompt(verb)
        case Redirect(endpoint=endpoint):
            return {"url": _bare(endpoint.url), "method": endpoint.method.value}
        case Reject(busy=busy):
            return {"reason": "busy" if busy else "rejected"}
        case Hangup():
            return {}
        case _:
            assert_never(verb)


def _dial(dial: Dial) -> dict[str, str]:
    return {
        "to": ", ".join(map(_party, dial.nouns)),
        "callerId": dial.caller_id or "",
        "timeout": str(dial.timeout_seconds),
        "answerOnBridge": _flag(dial.answer_on_bridge),
        "sequential": _flag(dial.sequential),
        "action": _bare(dial.action.url) if dial.action else "",
    }


def _gather(gather: Gather) -> dict[str, str]:
    return {
        "timeout": str(gather.timeout_seconds),
        "numDigits": str(gather.num_digits or ""),
        "finishOnKey": gather.finish_on_key,
        "action": _bare(gather.action.url) if gather.action else "",
    }


def _prompt(prompt: Prompt) -> dict[str, str]:
    match prompt:
        case Say(text=text, voice=voice, language=language, loop=loop):
            return {"text": text, "voice": voice, "language": language, "loop": _times(loop)}
        case Play(url=url, digits=digits, loop=loop):
            keys = str(len(digits)) if digits else ""
            return {"url": _bare(url), "keys": keys, "loop": _times(loop)}
        case Pause(length_seconds=length):
            return {"length": str(length)}
        case _:
            assert_never(prompt)


def _party(noun: Client | Number) -> str:
    return f"client:{noun.identity}" if isinstance(noun, Client) else noun.number


def _times(loop: int) -> str:
    return "" if loop == 1 else str(loop)


def _flag(on: bool) -> str:
    return "true" if on else ""


def _bare(url: str) -> str:
    """Return a URL, which may be relative, with its host and path alone."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""  # It is no URL, as the debugger says.
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
