"""Templates: the TwiML that an application keeps here, filled in for one call.

Mustache (its manual, mustache(5)): ``{{To}}``, ``{{#Name}}…{{/Name}}``, ``{{^Name}}…{{/Name}}``.
A template sees every parameter of the call's TwiML request by name, and ``Parameters``, the list of
what the caller gave, each with ``name`` and ``value``:

    {{#Parameters}}<Parameter name="{{name}}" value="{{value}}"/>{{/Parameters}}

Chevron reads the tags; the filling in is ours, because it has to be safe in the hands of people who
do not trust each other, and a general renderer looks names up as Python attributes, calls what is
callable and reads partials from files.

Invariants:

- a value is text in the document, never markup: every value is escaped, ``{{{…}}}`` and ``{{&…}}``
  are refused;
- a name is looked up among the parameters and nowhere else; what is not there is empty;
- nothing is read or called: partials are refused;
- the result is bounded: no section repeats inside itself, and a document over the size that a TwiML
  document may have is given up while it grows.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from chevron.tokenizer import ChevronError, tokenize

from midcall.model.errors import TwimlFault
from midcall.model.twiml import Parameter

PARSE_FAILURE: Final = 12100
TOO_LARGE: Final = 11750

TEMPLATE_CHARACTERS: Final = 16_384
"""The longest template. The original takes 4,000 characters of TwiML in a request (32018)."""

DOCUMENT_CHARACTERS: Final = 65_536
"""The longest document (error 11750: 64 kB)."""

SECTION_DEPTH: Final = 16
"""How deep sections may be inside each other."""

PARAMETERS: Final = "Parameters"
"""The name of the list of the caller's own parameters."""

_ESCAPES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
    # As themselves, an attribute's value would lose them (XML 1.0 section 3.3.3).
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}

# Characters that no XML document may have, not even escaped (XML 1.0 section 2.2).
_NOT_XML: Final = frozenset(
    {*range(0x20), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)} - {0x9, 0xA, 0xD}
)

_ESCAPE_TABLE: Final = str.maketrans(
    dict.fromkeys(_NOT_XML, "\N{REPLACEMENT CHARACTER}") | _ESCAPES
)


class _Text(msgspec.Struct, frozen=True):
    text: str


class _Variable(msgspec.Struct, frozen=True):
    name: str


class _Section(msgspec.Struct, frozen=True):
    name: str
    inverted: bool
    parts: tuple["_Part", ...]


_Part = _Text | _Variable | _Section
_Scopes = tuple[Mapping[str, str], ...]


def check(template: str) -> None:
    """Raise ``TwimlFault`` (12100) if a template cannot be used, whatever the parameters are."""
    _compile(template)


def render(template: str, parameters: Mapping[str, str], own: Sequence[Parameter]) -> str:
    """Fill a template in with a request's ``parameters`` and the caller's ``own``.

    Raises ``TwimlFault``: 12100 for a template that cannot be used, 11750 for a document that
    grows too large.
    """
    items = tuple({"name": parameter.name, "value": parameter.value} for parameter in own)
    pieces: list[str] = []
    size = 0
    for piece in _fill(_compile(template), (parameters,), items):
        size += len(piece)
        if size > DOCUMENT_CHARACTERS:
            raise TwimlFault(TOO_LARGE, f"the document has over {DOCUMENT_CHARACTERS} characters")
        pieces.append(piece)
    return "".join(pieces)


def escape(text: str) -> str:
    """Return ``text`` as it stands in XML, in an element or an attribute, to mean itself."""
    return text.translate(_ESCAPE_TABLE)


def _fill(
    parts: tuple[_Part, ...], scopes: _Scopes, items: tuple[Mapping[str, str], ...]
) -> Iterator[str]:
    for part in parts:
        match part:
            case _Text(text):
                yield text
            case _Variable(name):
                yield escape(_look_up(name, scopes))
            case _Section(name, inverted, inner):
                for scope in _scopes(name, inverted, scopes, items):
                    yield from _fill(inner, scope, items)


def _scopes(
    name: str, inverted: bool, scopes: _Scopes, items: tuple[Mapping[str, str], ...]
) -> Iterator[_Scopes]:
    """Return what a section is filled in with, once for each time that it appears."""
    if name == PARAMETERS and not inverted:
        for item in items:
            yield (item, *scopes)
        return
    present = bool(items) if name == PARAMETERS else bool(_look_up(name, scopes))
    if present is not inverted:
        yield scopes


def _look_up(name: str, scopes: _Scopes) -> str:
    for scope in scopes:
        if name in scope:
            return scope[name]
    return ""


@lru_cache(maxsize=64)
def _compile(template: str) -> tuple[_Part, ...]:
    """Read a template. Kept, since an application's template is read again for every call."""
    if len(template) > TEMPLATE_CHARACTERS:
        raise TwimlFault(PARSE_FAILURE, f"the template has over {TEMPLATE_CHARACTERS} characters")
    try:
        tags = list(tokenize(template))
    except (ChevronError, IndexError):
        # An IndexError: a tag without a name. Chevron's own text would name its lines.
        raise TwimlFault(PARSE_FAILURE, "a Mustache tag is not closed or has no name") from None
    return _parts(iter(tags), ())


def _parts(tags: Iterator[tuple[str, str]], within: tuple[str, ...]) -> tuple[_Part, ...]:
    """Read tags up to the end of the section that they are in, or of the template."""
    parts: list[_Part] = []
    for kind, text in tags:
        match kind:
            case "literal":
                parts.append(_Text(text))
            case "variable":
                parts.append(_Variable(text))
            case "section" | "inverted section":
                _check_section(text, within)
                inner = _parts(tags, (*within, text))
                parts.append(_Section(text, kind != "section", inner))
            case "end":
                break
            case "set delimiter":
                pass
            case _:
                raise TwimlFault(PARSE_FAILURE, f"Mustache's '{kind}' tag is not allowed here")
    return tuple(parts)


def _check_section(name: str, within: tuple[str, ...]) -> None:
    if name in within:
        # The list inside the list would multiply with every level.
        raise TwimlFault(PARSE_FAILURE, f"section {name} is inside itself")
    if len(within) == SECTION_DEPTH:
        raise TwimlFault(PARSE_FAILURE, f"sections are more than {SECTION_DEPTH} deep")
