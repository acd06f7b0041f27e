"""Elements: how a TwiML element's attributes and text are read, warning of what cannot be used.

A ``Reader`` is asked for the attributes that its verb knows; ``finish`` then warns of every one
that nobody asked for. A value that cannot be used warns and gives the default: a document with a
mistake in it still does the rest of what it says.
"""

from collections.abc import Mapping
from typing import Final, TypeVar
from xml.etree.ElementTree import Element

from midcall.model.endpoints import Endpoint, Method
from midcall.model.twiml import TwimlWarning

SCHEMA: Final = 12200
"""Schema validation warning: a name that does not belong where it stands."""

MAX_WARNINGS: Final = 50
"""The most warnings of one document: each becomes an entry in the debugger."""

_NAME_CHARACTERS: Final = 64
"""How much of a stranger's name or value a warning repeats."""

_MAX_SECONDS_DIGITS: Final = 9
"""Digits of a number of seconds that is read at all: 31 years is more than any call lasts."""

T = TypeVar("T")


class Warnings:
    """Collects what was read over, up to a limit."""

    def __init__(self) -> None:
        self._kept: list[TwimlWarning] = []
        self._left_out = 0

    def add(self, code: int, text: str) -> None:
        """Add a warning under its documented code."""
        if len(self._kept) < MAX_WARNINGS:
            self._kept.append(TwimlWarning(code, text))
        else:
            self._left_out += 1

    def schema(self, text: str) -> None:
        """Add a schema warning."""
        self.add(SCHEMA, text)

    def collected(self) -> tuple[TwimlWarning, ...]:
        """Return the warnings, the last of which counts those over the limit."""
        if not self._left_out:
            return tuple(self._kept)
        return (*self._kept, TwimlWarning(SCHEMA, f"{self._left_out} more warnings"))


class Reader:
    """Reads one element."""

    def __init__(self, element: Element, warnings: Warnings) -> None:
        self._element = element
        self._warnings = warnings
        self._unread = set(element.keys())

    @property
    def verb(self) -> str:
        """The element's name, for warnings."""
        return shorten(self._element.tag)

    def text(self, name: str) -> str | None:
        """Return an attribute without the spaces around it; ``None`` if it is absent or blank."""
        return self.raw(name).strip() or None

    def raw(self, name: str) -> str:
        """Return an attribute as it is written, empty if it is absent."""
        self._unread.discard(name)
        return self._element.get(name, "")

    def choice(self, name: str, choices: Mapping[str, T], *, default: T, code: int = SCHEMA) -> T:
        """Return what an attribute's value stands for."""
        value = self.text(name)
        if value is None:
            return default
        if value not in choices:
            allowed = " or ".join(choices)
            self._bad(name, value, f"it must be {allowed}", code)
            return default
        return choices[value]

    def flag(self, name: str, *, default: bool, code: int = SCHEMA) -> bool:
        """Return an attribute that is ``true`` or ``false``."""
        return self.choice(name, {"true": True, "false": False}, default=default, code=code)

    def seconds(self, name: str, *, default: int, code: int = SCHEMA) -> int:
        """Return an attribute that is a positive whole number of seconds."""
        value = self.text(name)
        if value is None:
            return default
        if not _is_positive_integer(value):
            self._bad(name, value, "it must be a positive whole number of seconds", code)
            return default
        return int(value)

    def method(self, name: str, *, code: int = SCHEMA) -> Method:
        """Return an attribute that is GET or POST, in either case; POST if it is absent."""
        choices = {method.value: method for method in Method}
        choices |= {method.value.lower(): method for method in Method}
        return self.choice(name, choices, default=Method.POST, code=code)

    def endpoint(self, name: str, method_name: str, *, code: int = SCHEMA) -> Endpoint | None:
        """Return the URL in one attribute with the method in another, if there is a URL."""
        url = self.text(name)
        method = self.method(method_name, code=code)
        return None if url is None else Endpoint(url, method)

    def finish(self, *, not_supported_yet: frozenset[str] = frozenset()) -> None:
        """Warn of every attribute that was not asked for."""
        for name in sorted(self._unread):
            what = "not supported yet" if name in not_supported_yet else "unknown"
            self._warnings.schema(f"attribute {shorten(name)} of {self.verb} is {what}")

    def no_text(self) -> None:
        """Warn if there is text directly in the element."""
        if own_text(self._element):
            self._warnings.schema(f"text does not belong in {self.verb}")

    def no_elements(self) -> None:
        """Warn of elements in the element."""
        for child in self._element:
            self._warnings.schema(f"element {shorten(child.tag)} does not belong in {self.verb}")

    def _bad(self, name: str, value: str, rule: str, code: int) -> None:
        self._warnings.add(code, f"attribute {name} of {self.verb} is {shorten(value)!r}: {rule}")


def own_text(element: Element) -> str:
    """Return the text directly in an element, not that of the elements in it, without margins."""
    parts = [element.text or "", *(child.tail or "" for child in element)]
    return "".join(parts).strip()


def shorten(text: str) -> str:
    """Return as much of a stranger's text as a warning repeats."""
    return text if len(text) <= _NAME_CHARACTERS else f"{text[:_NAME_CHARACTERS]}…"


def _is_positive_integer(text: str) -> bool:
    # str.isdecimal() alone also takes the digits of other scripts.
    digits = text.isascii() and text.isdecimal() and len(text) <= _MAX_SECONDS_DIGITS
    return digits and int(text) > 0
