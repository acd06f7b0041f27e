"""Forms: ``application/x-www-form-urlencoded`` bodies and query strings.

Strict where most parsers are lenient (WHATWG URL, section 5.1, describes the format): a broken
escape or text that is not UTF-8 would otherwise reach a message or a URL as something that the
client did not write. Repeated names are kept, in order; how large a form may be is the door's
business.
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from midcall.model.errors import InvalidParameter

CONTENT_TYPE: Final = "application/x-www-form-urlencoded"

_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9a-fA-F]{2})")


class Form(msgspec.Struct, frozen=True):
    """Names and values in the order in which they came."""

    fields: tuple[tuple[str, str], ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of ``name``."""
        return tuple(value for key, value in self.fields if key == name)

    def find(self, name: str) -> str | None:
        """Return the value of ``name``, or ``None`` if it is not there.

        Raises ``InvalidParameter`` if it is there more than once: which one was meant is a guess.
        """
        values = self.all(name)
        if len(values) > 1:
            raise InvalidParameter(name, f"it is given {len(values)} times")
        return values[0] if values else None

    def __contains__(self, name: object) -> bool:
        return any(key == name for key, _ in self.fields)

    def __repr__(self) -> str:
        """Leave the values out, for logs."""
        return f"Form(names={[name for name, _ in self.fields]!r})"


def parse(text: bytes) -> Form:
    """Read a form.

    Raises ``InvalidParameter`` for a broken percent escape, for text that is not UTF-8, and for a
    zero character, which no database keeps in a text.
    """
    return Form(tuple(_field(pair) for pair in text.split(b"&") if pair))


def is_form(content_type: str) -> bool:
    """Tell whether a Content-Type names a form; its parameters do not matter."""
    return content_type.partition(";")[0].strip().lower() == CONTENT_TYPE


def _field(pair: bytes) -> tuple[str, str]:
    raw_name, _, raw_value = pair.partition(b"=")
    # A name that cannot be read cannot be named either.
    name = _decode("(a name)", raw_name)
    return name, _decode(name[:64], raw_value)


def _decode(name: str, raw: bytes) -> str:
    if _BROKEN_ESCAPE.search(raw):
        raise InvalidParameter(name, "a percent sign without two hexadecimal digits")
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise InvalidParameter(name, "it is not UTF-8") from None
    if "\0" in text:
        raise InvalidParameter(name, "it contains a zero character")
    return text
