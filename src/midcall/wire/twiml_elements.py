"""Elements: how a TwiML element's attributes, text and children are read.

A ``Reader`` is asked for what its verb knows. What ``wire.twiml_table`` does not say is supported
becomes a warning. A value that cannot be used warns and gives the default: a document with a
mistake in it still does the rest of what it says.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar
from xml.etree.ElementTree import Element

from midcall.model.codes import Code
from midcall.model.endpoints import Endpoint, Method
from midcall.model.twiml import TwimlWarning
from midcall.wire import twiml_table
from midcall.wire.twiml_table import Support

MAX_WARNINGS: Final = 50
"""The most warnings of one document: each becomes an entry in the debugger."""

_NAME_CHARACTERS: Final = 60
"""How much of a stranger's name or value a warning repeats."""

_MAX_DIGITS: Final = 9
"""Digits of a whole number that is read at all: 31 years of seconds is more than any call lasts."""

# ElementTree's name for ``xml:lang``, whose prefix every document has without declaring it.
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"

T = TypeVar("T")


class Warnings:
    """Collects what was read over, up to a limit."""

    def __init__(self) -> None:
        self._kept: list[TwimlWarning] = []
        self._left_out = 0

    def add(self, code: int, text: str) -> None:
        """Add a warning under its documented code."""
        if len(self._kept) < MAX_WARNINGS:
            self._kept.append(TwimlWarning(int(code), text))
        else:
            self._left_out += 1

    def schema(self, text: str) -> None:
        """Add a schema warning: something that does not belong where it stands."""
        self.add(Code.SCHEMA, text)

    def collected(self) -> tuple[TwimlWarning, ...]:
        """Return the warnings, the last of which counts those over the limit."""
        if not self._left_out:
            return tuple(self._kept)
        return (*self._kept, TwimlWarning(int(Code.SCHEMA), f"{self._left_out} more warnings"))


class Reader:
    """Reads one element, in the element ``parent``."""

    def __init__(self, element: Element, parent: str, warnings: Warnings) -> None:
        self._element = element
        self._parent = parent
        self._warnings = warnings

    @property
    def verb(self) -> str:
        """The element's name, for warnings."""
        return shorten(self._element.tag)

    @property
    def own_text(self) -> str:
        """The text directly in the element, not that of the elements in it, without margins."""
        parts = [self._element.text or "", *(child.tail or "" for child in self._element)]
        return "".join(parts).strip()

    def has(self, name: str) -> bool:
        """Tell whether there is an attribute, empty or not."""
        return name in self._element.keys()  # noqa: SIM118 -- an Element's `in` asks its children

    def text(self, name: str) -> str | None:
        """Return an attribute without the spaces around it; ``None`` if it is absent or blank."""
        return self.raw(name).strip() or None

    def raw(self, name: str) -> str:
        """Return an attribute as it is written, empty if it is absent."""
        return self._element.get(name, "")

    def choice(
        self, name: str, choices: Mapping[str, T], *, default: T, code: int = Code.SCHEMA
    ) -> T:
        """Return what an attribute's value stands for."""
        value = self.text(name)
        if value is None:
            return default
        if value not in choices:
            self.bad(name, f"it must be {' or '.join(choices)}", code)
            return default
        return choices[value]

    def flag(self, name: str, *, default: bool, code: int = Code.SCHEMA) -> bool:
        """Return an attribute that is ``true`` or ``false``."""
        return self.choice(name, {"true": True, "false": False}, default=default, code=code)

    def number(self, name: str, *, default: T, least: int, code: int = Code.SCHEMA) -> int | T:
        """Return an attribute that is a whole number, ``least`` or more."""
        value = self.text(name)
        if value is None:
            return default
        # str.isdecimal() alone also takes the digits of other scripts.
        digits = value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS
        if not digits or int(value) < least:
            self.bad(name, f"it must be a whole number from {least}", code)
            return default
        return int(value)

    def method(self, name: str, *, code: int = Code.SCHEMA) -> Method:
        """Return an attribute that is GET or POST, in either case; POST if it is absent."""
        choices = {method.value: method for method in Method}
        choices |= {method.value.lower(): method for method in Method}
        return self.choice(name, choices, default=Method.POST, code=code)

    def endpoint(self, name: str, method_name: str, *, code: int = Code.SCHEMA) -> Endpoint | None:
        """Return the URL in one attribute with the method in another, if there is a URL."""
        url = self.text(name)
        method = self.method(method_name, code=code)
        return None if url is None else Endpoint(url, method)

    def children(self, *, strange: int = Code.SCHEMA) -> Iterator[Element]:
        """Return the elements in it that are supported, warning of others.

        ``strange`` is the code for one that does not belong here at all.
        """
        for child in self._element:
            place = twiml_table.find(self._element.tag, child.tag)
            if place is None:
                what = "does not belong in"
                self._warnings.add(strange, f"element {shorten(child.tag)} {what} {self.verb}")
            elif place.support is Support.SUPPORTED:
                yield child
            else:
                self._warnings.schema(
                    f"element {child.tag} in {self.verb} is {place.support}: {place.note}"
                )

    def finish(self, *, text: bool = False, elements: bool = False) -> None:
        """Warn of attributes that have no effect here, and of text and elements not expected."""
        self._warn_of_attributes()
        if not text and self.own_text:
            self._warnings.schema(f"text does not belong in {self.verb}")
        if not elements:
            for child in self.children():
                raise AssertionError(f"{child.tag} in {self.verb} is supported, but never read")

    def bad(self, name: str, rule: str, code: int) -> None:
        """Warn of an attribute's value."""
        value = shorten(self.raw(name).strip())
        self._warnings.add(code, f"attribute {name} of {self.verb} is {value!r}: {rule}")

    def _warn_of_attributes(self) -> None:
        place = twiml_table.find(self._parent, self._element.tag)
        for key in sorted(self._element.keys()):
            name = key.replace(_XML, "xml:")
            attribute = place.find_attribute(name) if place is not None else None
            if attribute is None:
                self._warnings.schema(f"attribute {shorten(name)} of {self.verb} is unknown")
            elif attribute.support is not Support.SUPPORTED:
                self._warnings.schema(
                    f"attribute {name} of {self.verb} is {attribute.support}: {attribute.note}"
                )


def shorten(text: str) -> str:
    """Return as much of a stranger's text as a warning repeats."""
    return text if len(text) <= _NAME_CHARACTERS else f"{text[:_NAME_CHARACTERS]}…"
