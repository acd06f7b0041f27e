"""TwiML: XML text to the verbs of ``model.twiml``.

What makes a document unusable is a ``TwimlFault``: no text (11770), no XML (12100), another root
than ``Response`` (12102). Everything smaller is a ``TwimlWarning`` and read over, as in the
original: an unknown verb or attribute (12200), a value that its attribute cannot have (under the
attribute's own code where the error dictionary has one; the default applies).

Invariants:

- XML from strangers: no DTD, no entities, nothing fetched, no recursion over its depth;
- names are case-sensitive;
- URLs stay as they are written; they may be relative to the document's own.
"""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from midcall.model.endpoints import Endpoint
from midcall.model.errors import TwimlFault
from midcall.model.twiml import Document, Hangup, Pause, Redirect, Reject, Verb
from midcall.wire.twiml_dial import parse_dial
from midcall.wire.twiml_elements import Reader, Warnings, own_text, shorten

EMPTY: Final = 11770
PARSE_FAILURE: Final = 12100
WRONG_ROOT: Final = 12102

_REDIRECT_METHOD: Final = 13710
_REJECT_REASON: Final = 13810
_PAUSE_LENGTH: Final = 13910

_NOT_SUPPORTED_YET: Final = frozenset(
    {
        "Connect",
        "Echo",
        "Enqueue",
        "Gather",
        "Leave",
        "Message",
        "Pay",
        "Play",
        "Prompt",
        "Queue",
        "Record",
        "Refer",
        "Say",
        "Siprec",
        "Sms",
        "Start",
        "Stop",
        "Stream",
    }
)
"""Verbs of the original that a document may well contain; the warning says which kind it is."""


def parse(text: str) -> Document:
    """Read a document.

    Raises ``TwimlFault``: 11770 for one without text, 12100 for one that is not XML or uses what
    XML lets strangers abuse, 12102 for one whose root is not ``Response``.
    """
    if not text.strip():
        raise TwimlFault(EMPTY, "the document is empty")
    root = _root(text)
    if root.tag != "Response":
        raise TwimlFault(WRONG_ROOT, f"the root must be Response, it is {shorten(root.tag)}")
    warnings = Warnings()
    reader = Reader(root, warnings)
    reader.finish()
    reader.no_text()
    return Document(tuple(_verbs(root, warnings)), warnings.collected())


def _root(text: str) -> Element:
    try:
        return fromstring(text, forbid_dtd=True)
    except ParseError as fault:
        line, column = fault.position
        raise TwimlFault(
            PARSE_FAILURE, f"not well-formed XML at line {line}, column {column}"
        ) from None
    except DefusedXmlException:
        raise TwimlFault(PARSE_FAILURE, "a DTD, which may define entities, is refused") from None
    except UnicodeError:
        raise TwimlFault(PARSE_FAILURE, "a character that is not Unicode text") from None


def _verbs(root: Element, warnings: Warnings) -> Iterator[Verb]:
    for element in root:
        verb = _verb(element, warnings)
        if verb is not None:
            yield verb


def _verb(element: Element, warnings: Warnings) -> Verb | None:
    match element.tag:
        case "Dial":
            return parse_dial(element, warnings)
        case "Pause":
            return _pause(element, warnings)
        case "Redirect":
            return _redirect(element, warnings)
        case "Hangup":
            return _hangup(element, warnings)
        case "Reject":
            return _reject(element, warnings)
        case tag if tag in _NOT_SUPPORTED_YET:
            warnings.schema(f"verb {tag} is not supported yet")
        case tag:
            warnings.schema(f"verb {shorten(tag)} is unknown")
    return None


def _pause(element: Element, warnings: Warnings) -> Pause:
    reader = Reader(element, warnings)
    length = reader.seconds("length", default=1, code=_PAUSE_LENGTH)
    _finish_leaf(reader)
    return Pause(length_seconds=length)


def _redirect(element: Element, warnings: Warnings) -> Redirect | None:
    reader = Reader(element, warnings)
    method = reader.method("method", code=_REDIRECT_METHOD)
    reader.finish()
    reader.no_elements()
    url = own_text(element)
    if not url:
        # Relative to itself it would be the same document again, for ever.
        warnings.schema("Redirect without a URL is skipped")
        return None
    return Redirect(endpoint=Endpoint(url, method))


def _hangup(element: Element, warnings: Warnings) -> Hangup:
    _finish_leaf(Reader(element, warnings))
    return Hangup()


def _reject(element: Element, warnings: Warnings) -> Reject:
    reader = Reader(element, warnings)
    busy = reader.choice(
        "reason", {"rejected": False, "busy": True}, default=False, code=_REJECT_REASON
    )
    _finish_leaf(reader)
    return Reject(busy=busy)


def _finish_leaf(reader: Reader) -> None:
    """Warn of whatever is left in an element that is nothing but its attributes."""
    reader.finish()
    reader.no_text()
    reader.no_elements()
