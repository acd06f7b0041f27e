"""TwiML: XML text to the verbs of ``model.twiml``.

What makes a document unusable is a ``TwimlFault``: no text (11770), no XML (12100), another root
than ``Response`` (12102). Everything smaller is a ``TwimlWarning`` and read over, as in the
original: what ``wire.twiml_table`` does not say is supported (12200), a value that its attribute
cannot have (under the attribute's own code where the error dictionary has one; the default
applies).

Invariants:

- XML from strangers: no DTD, no entities, nothing fetched, no recursion over its depth;
- names are case-sensitive;
- URLs stay as they are written; they may be relative to the document's own.
"""

from collections.abc import Callable, Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from midcall.model.codes import Code
from midcall.model.endpoints import Endpoint
from midcall.model.errors import TwimlFault
from midcall.model.twiml import Document, Hangup, Redirect, Reject, Verb
from midcall.wire.twiml_dial import parse_dial
from midcall.wire.twiml_elements import Reader, Warnings, shorten
from midcall.wire.twiml_prompts import parse_gather, parse_pause, parse_play, parse_say

ROOT: Final = "Response"


def parse(text: str) -> Document:
    """Read a document.

    Raises ``TwimlFault``: 11770 for one without text, 12100 for one that is not XML or uses what
    XML lets strangers abuse, 12102 for one whose root is not ``Response``.
    """
    if not text.strip():
        raise TwimlFault(Code.EMPTY_BODY, "the document is empty")
    root = _root(text)
    if root.tag != ROOT:
        raise TwimlFault(Code.WRONG_ROOT, f"the root must be {ROOT}, it is {shorten(root.tag)}")
    warnings = Warnings()
    reader = Reader(root, "", warnings)
    verbs = tuple(_verbs(reader, warnings))
    reader.finish(elements=True)
    return Document(verbs, warnings.collected())


def _root(text: str) -> Element:
    try:
        return fromstring(text, forbid_dtd=True)
    except ParseError as fault:
        line, column = fault.position
        raise TwimlFault(
            Code.PARSE_FAILURE, f"not well-formed XML at line {line}, column {column}"
        ) from None
    except DefusedXmlException:
        reason = "a DTD, which may define entities, is refused"
        raise TwimlFault(Code.PARSE_FAILURE, reason) from None
    except UnicodeError:
        reason = "a character that is not Unicode text"
        raise TwimlFault(Code.PARSE_FAILURE, reason) from None


def _verbs(root: Reader, warnings: Warnings) -> Iterator[Verb]:
    for element in root.children():
        verb = _PARSERS[element.tag](element, ROOT, warnings)
        if verb is not None:
            yield verb


def _redirect(element: Element, parent: str, warnings: Warnings) -> Verb | None:
    reader = Reader(element, parent, warnings)
    method = reader.method("method", code=Code.REDIRECT_METHOD)
    reader.finish(text=True)
    url = reader.own_text
    if not url:
        # Relative to itself it would be the same document again, for ever.
        warnings.schema("Redirect without a URL is skipped")
        return None
    return Redirect(endpoint=Endpoint(url, method))


def _hangup(element: Element, parent: str, warnings: Warnings) -> Verb:
    Reader(element, parent, warnings).finish()
    return Hangup()


def _reject(element: Element, parent: str, warnings: Warnings) -> Verb:
    reader = Reader(element, parent, warnings)
    reasons = {"rejected": False, "busy": True}
    busy = reader.choice("reason", reasons, default=False, code=Code.REJECT_REASON)
    reader.finish()
    return Reject(busy=busy)


_PARSERS: Final[dict[str, Callable[[Element, str, Warnings], Verb | None]]] = {
    "Dial": parse_dial,
    "Say": parse_say,
    "Play": parse_play,
    "Pause": parse_pause,
    "Gather": parse_gather,
    "Redirect": _redirect,
    "Hangup": _hangup,
    "Reject": _reject,
}
