"""``<Dial>`` and its nouns (TwiML pages ``<Dial>``, ``<Client>`` and ``<Number>``).

A ``<Dial>`` without a noun that can be rung is a ``Dial`` without nouns: whoever runs it goes on
as the original does when nobody can be reached.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final
from xml.etree.ElementTree import Element

from midcall.model.calls import CallEvent
from midcall.model.codes import Code
from midcall.model.twiml import (
    DIAL_TIME_LIMIT_SECONDS,
    DIAL_TIMEOUT_SECONDS,
    IDENTITY_CHARACTERS,
    Client,
    Dial,
    Noun,
    Number,
    Parameter,
)
from midcall.wire.twiml_elements import Reader, Warnings, shorten
from midcall.wire.twiml_prompts import keys

MAX_NOUNS: Final = 10
"""The most nouns in one ``<Dial>`` (TwiML ``<Client>`` and ``<Number>`` pages)."""

PROGRESS_EVENTS: Final = "call-progress-event"
"""What ``events`` may ask for."""

_SEPARATORS: Final = re.compile(r"[ ().-]")
_E164: Final = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
_NORTH_AMERICAN: Final = re.compile(r"1?([2-9][0-9]{9})", re.ASCII)

# Two letters for a country (ISO 3166-1), or the older ring-back tone of the United States.
_RING_TONE: Final = re.compile(r"[a-z]{2}|us-old", re.ASCII)


def parse_dial(element: Element, parent: str, warnings: Warnings) -> Dial:
    """Read a ``<Dial>``."""
    reader = Reader(element, parent, warnings)
    dial = Dial(
        nouns=_nouns(reader, warnings),
        action=reader.endpoint("action", "method", code=Code.DIAL_METHOD),
        timeout_seconds=reader.number(
            "timeout", default=DIAL_TIMEOUT_SECONDS, least=1, code=Code.DIAL_TIMEOUT
        ),
        time_limit_seconds=reader.number(
            "timeLimit", default=DIAL_TIME_LIMIT_SECONDS, least=1, code=Code.DIAL_TIME_LIMIT
        ),
        caller_id=reader.text("callerId"),
        answer_on_bridge=reader.flag(
            "answerOnBridge", default=False, code=Code.DIAL_ANSWER_ON_BRIDGE
        ),
        hangup_on_star=reader.flag("hangupOnStar", default=False, code=Code.DIAL_HANGUP_ON_STAR),
        ring_tone=_ring_tone(reader),
        sequential=reader.flag("sequential", default=False, code=Code.DIAL_SEQUENTIAL),
        progress_events=_progress_events(reader, warnings),
    )
    reader.finish(text=True, elements=True)
    return dial


def parse_dialled_number(text: str) -> str | None:
    """Return a number in E.164, or ``None`` if it is none.

    Spaces, hyphens, dots and parentheses are passed over. Ten digits, or eleven that begin with 1,
    are a number of North America, as in the examples of the ``<Dial>`` page.
    """
    number = _SEPARATORS.sub("", text)
    if _E164.fullmatch(number):
        return number
    domestic = _NORTH_AMERICAN.fullmatch(number)
    return f"+1{domestic[1]}" if domestic is not None else None


def _nouns(reader: Reader, warnings: Warnings) -> tuple[Noun, ...]:
    nouns = tuple(_elements(reader, warnings))
    text = reader.own_text
    if text and nouns:
        warnings.schema("text in Dial is passed over: there are nouns")
    elif text:
        number = _number_text(text, "Dial", warnings)
        nouns = (Number(number=number),) if number is not None else ()
    if len(nouns) > MAX_NOUNS:
        over = len(nouns) - MAX_NOUNS
        warnings.schema(f"Dial calls at most {MAX_NOUNS} nouns, {over} are left out")
    return nouns[:MAX_NOUNS]


def _elements(reader: Reader, warnings: Warnings) -> Iterator[Noun]:
    for child in reader.children(strange=Code.DIAL_NESTED):
        noun = _NOUNS[child.tag](child, warnings)
        if noun is not None:
            yield noun


def _number(element: Element, warnings: Warnings) -> Number | None:
    reader = Reader(element, "Dial", warnings)
    number = _number_text(reader.own_text, "Number", warnings)
    events = _stages(reader, warnings)
    url = reader.endpoint("url", "method", code=Code.NUMBER_METHOD)
    status_callback = reader.endpoint("statusCallback", "statusCallbackMethod")
    send_digits = keys(reader, "sendDigits", Code.NUMBER_SEND_DIGITS)
    reader.finish(text=True)
    if number is None:
        return None
    return Number(
        number=number,
        send_digits=send_digits,
        url=url,
        status_callback=status_callback,
        status_callback_events=events,
    )


def _number_text(text: str, place: str, warnings: Warnings) -> str | None:
    number = parse_dialled_number(text)
    if number is None:
        what = f"{shorten(text)!r} in {place} is not a phone number"
        warnings.add(Code.NUMBER_FORMAT, f"{what} and is left out")
    return number


def _client(element: Element, warnings: Warnings) -> Client | None:
    reader = Reader(element, "Dial", warnings)
    identity, parameters = _identity_and_parameters(reader, warnings)
    events = _stages(reader, warnings)
    url = reader.endpoint("url", "method")
    status_callback = reader.endpoint("statusCallback", "statusCallbackMethod")
    reader.finish(text=True, elements=True)
    if not identity:
        warnings.schema("Client without an identity is left out")
        return None
    if len(identity) > IDENTITY_CHARACTERS:
        warnings.schema(
            f"Client with an identity of {len(identity)} characters is left out, "
            f"the limit is {IDENTITY_CHARACTERS}"
        )
        return None
    return Client(
        identity=identity,
        parameters=parameters,
        url=url,
        status_callback=status_callback,
        status_callback_events=events,
    )


_NOUNS: Final[dict[str, Callable[[Element, Warnings], Noun | None]]] = {
    "Client": _client,
    "Number": _number,
}


def _identity_and_parameters(
    reader: Reader, warnings: Warnings
) -> tuple[str, tuple[Parameter, ...]]:
    """Return the identity, from ``<Identity>`` or else from the text, and the parameters."""
    identities: list[str] = []
    parameters: list[Parameter] = []
    for child in reader.children():
        inner = Reader(child, "Client", warnings)
        if child.tag == "Identity":
            identities.append(inner.own_text)
        else:
            parameters.extend(_parameter(inner, warnings))
        inner.finish(text=child.tag == "Identity")
    if len(identities) + bool(reader.own_text) > 1:
        warnings.schema("Client has more than one identity, the first Identity counts")
    return (identities[0] if identities else reader.own_text), tuple(parameters)


def _parameter(reader: Reader, warnings: Warnings) -> tuple[Parameter, ...]:
    """Return the parameter if it has a name. A value may be empty, and blanks count in it."""
    parameter = Parameter(reader.raw("name"), reader.raw("value"))
    if not parameter.name:
        warnings.schema("Parameter without a name is left out")
        return ()
    return (parameter,)


def _stages(reader: Reader, warnings: Warnings) -> frozenset[CallEvent]:
    """Return the stages that ``statusCallbackEvent`` lists, parted by spaces."""
    known = {event.value: event for event in CallEvent}
    named = (reader.text("statusCallbackEvent") or "").split()
    for name in named:
        if name not in known:
            what = f"statusCallbackEvent {shorten(name)} of {reader.verb}"
            warnings.schema(f"{what} is unknown")
    events = frozenset(known[name] for name in named if name in known)
    return events or frozenset({CallEvent.COMPLETED})


def _ring_tone(reader: Reader) -> str:
    value = reader.text("ringTone") or ""
    if value in {"", "automatic"}:
        return ""
    if not _RING_TONE.fullmatch(value):
        reader.bad("ringTone", "it must be a country's two letters", Code.DIAL_RING_TONE)
        return ""
    return value


def _progress_events(reader: Reader, warnings: Warnings) -> bool:
    named = (reader.text("events") or "").split()
    for name in named:
        if name != PROGRESS_EVENTS:
            warnings.schema(f"events {shorten(name)} of Dial is unknown")
    return PROGRESS_EVENTS in named
