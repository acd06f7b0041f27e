"""Parameters of a form as values of the model. Absent parameters are ``None``."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import msgspec

from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import (
    InvalidMethod,
    InvalidParameter,
    ParameterRefused,
    TwimlFault,
)
from midcall.model.sids import (
    APPLICATION,
    CALL,
    MESSAGE,
    SUBSCRIPTION,
    ApplicationSid,
    CallSid,
    MessageSid,
    SubscriptionSid,
    is_sid,
)
from midcall.model.twiml import IDENTITY_CHARACTERS
from midcall.wire import templates
from midcall.wire.forms import Form
from midcall.wire.urls import parse_webhook_url

FRIENDLY_NAME_CHARACTERS = 64
"""The longest friendly name (Accounts, Applications and Keys resource pages)."""

_MAX_DIGITS = 9
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

WordT = TypeVar("WordT", bound=StrEnum)


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """From when on, and before when; ``None`` is without end."""

    start: datetime | None = None
    before: datetime | None = None


def friendly_name(form: Form) -> str | None:
    """Return ``FriendlyName``; raise ``InvalidParameter`` if it is too long."""
    name = form.find("FriendlyName")
    if name is not None and len(name) > FRIENDLY_NAME_CHARACTERS:
        raise InvalidParameter(
            "FriendlyName", f"{len(name)} characters, the limit is {FRIENDLY_NAME_CHARACTERS}"
        )
    return name


def url(form: Form, name: str) -> str | None:
    """Return a webhook's URL as it was given; an empty one takes it away.

    Raises ``InvalidUrl``.
    """
    text = form.find(name)
    if text:
        parse_webhook_url(text, name=name)
    return text


def method(form: Form, name: str) -> Method | None:
    """Return a webhook's method, in either case; an empty one is the default again.

    Raises ``InvalidMethod``.
    """
    text = form.find(name)
    if text is None:
        return None
    try:
        return Method(text.upper() or Method.POST)
    except ValueError:
        raise InvalidMethod(name, text) from None


def endpoint(form: Form, url_name: str, method_name: str) -> Endpoint | None:
    """Return a webhook, or ``None`` without a URL; its method is checked all the same.

    Raises ``InvalidUrl`` and ``InvalidMethod``.
    """
    given, text = method(form, method_name), url(form, url_name)
    return Endpoint(text, given or Method.POST) if text else None


def call_sid(form: Form, name: str) -> CallSid | None:
    """Return the SID of a call; raise ``InvalidParameter`` if it is none."""
    text = _sid(form, name, CALL, "a call")
    return CallSid(text) if text else None


def message_sid(form: Form, name: str) -> MessageSid | None:
    """Return the SID of a message; raise ``InvalidParameter`` if it is none."""
    text = _sid(form, name, MESSAGE, "a message")
    return MessageSid(text) if text else None


def subscription_sid(form: Form, name: str) -> SubscriptionSid | None:
    """Return the SID of a subscription; raise ``InvalidParameter`` if it is none."""
    text = _sid(form, name, SUBSCRIPTION, "a subscription")
    return SubscriptionSid(text) if text else None


def application_sid(form: Form) -> ApplicationSid | None:
    """Return ``ApplicationSid``; raise ``ParameterRefused`` (21218) if it is no such SID."""
    text = form.find("ApplicationSid")
    if text and not is_sid(APPLICATION, text):
        raise ParameterRefused(21218, f"Invalid ApplicationSid: {text}")
    return ApplicationSid(text) if text else None


def is_identity(text: str) -> bool:
    """Tell whether a text can be the name of an SDK's user."""
    return 0 < len(text) <= IDENTITY_CHARACTERS and not _CONTROL.search(text)


def flag(form: Form, name: str) -> bool | None:
    """Return a truth value; raise ``InvalidParameter`` if it is neither true nor false."""
    text = form.find(name)
    if text is None:
        return None
    match text.lower():
        case "true":
            return True
        case "false" | "":
            return False
        case _:
            raise InvalidParameter(name, "it must be true or false")


def template(form: Form, name: str) -> str | None:
    """Return TwiML with Mustache in it, if it can be read: better known now than in a call.

    Raises ``InvalidParameter``.
    """
    text = form.find(name)
    if text:
        try:
            templates.check(text)
        except TwimlFault as fault:
            raise InvalidParameter(name, fault.reason) from None
    return text


def text(form: Form, name: str, most: int) -> str | None:
    """Return a text, or ``None`` if it is absent or empty.

    Raises ``InvalidParameter`` for one that is longer than ``most`` characters.
    """
    given = form.find(name)
    if given and len(given) > most:
        raise InvalidParameter(name, f"{len(given)} characters, the limit is {most}")
    return given or None


def number(form: Form, name: str, least: int, most: int) -> int | None:
    """Return a whole number, or ``None`` if it is absent or empty.

    Raises ``InvalidParameter`` for what is no whole number, or out of range.
    """
    text = form.find(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS):
        raise InvalidParameter(name, "it is not a whole number")
    if not least <= int(text) <= most:
        raise InvalidParameter(name, f"it must be from {least} to {most}")
    return int(text)


def word(form: Form, name: str, words: type[WordT]) -> WordT | None:
    """Return one of some words, or ``None`` if it is absent or empty.

    Raises ``InvalidParameter`` for any other.
    """
    text = form.find(name)
    if not text:
        return None
    try:
        return words(text)
    except ValueError:
        raise InvalidParameter(name, f"it is none of {', '.join(words)}") from None


def span(query: Form, name: str) -> Span:
    """Return the time that ``name``, ``name<`` and ``name>`` leave (Calls page, "Filter by date").

    Each is a day in GMT or a time. ``name`` alone is the whole day, of a time too: some of the
    official libraries turn a day into its first second. ``name<`` is before it, ``name>`` is on it
    or after it. Raises ``InvalidParameter``.
    """
    on, before, start = (_time(query, f"{name}{sign}") for sign in ("", "<", ">"))
    starts, ends = [start] if start else [], [before] if before else []
    if on is not None:
        day = on.replace(hour=0, minute=0, second=0, microsecond=0)
        starts.append(day)
        ends.append(_later(name, day, timedelta(days=1)))
    return Span(start=max(starts, default=None), before=min(ends, default=None))


def closed_span(query: Form, first: str, last: str) -> Span:
    """Return the time from ``first`` to ``last``, both included (Alerts page).

    A last day is included whole, a last time with its second. Raises ``InvalidParameter``.
    """
    start, end = _time(query, first), _time(query, last)
    if end is not None:
        whole_day = "T" not in (query.find(last) or "").upper()
        end = _later(last, end, timedelta(days=1) if whole_day else timedelta(seconds=1))
    return Span(start=start, before=end)


def _sid(form: Form, name: str, kind: str, what: str) -> str | None:
    text = form.find(name)
    if text and not is_sid(kind, text):
        raise InvalidParameter(name, f"it is not the SID of {what}")
    return text


def _time(query: Form, name: str) -> datetime | None:
    text = query.find(name)
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        # A time without a zone is GMT, like every other time of this API.
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidParameter(name, "it is neither a day, YYYY-MM-DD, nor a time") from None


def _later(name: str, at: datetime, by: timedelta) -> datetime:
    try:
        return at + by
    except OverflowError:
        raise InvalidParameter(name, "it is past the end of time") from None
