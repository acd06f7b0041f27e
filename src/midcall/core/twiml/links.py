"""URLs in a document, which may be relative to the document's own (RFC 3986, section 5)."""

from urllib.parse import urljoin, urlsplit

from midcall.core.calls.turn import Turn
from midcall.model.endpoints import Endpoint
from midcall.model.sids import CallSid


def absolute(turn: Turn, sid: CallSid, url: str) -> str:
    """Resolve a URL against the document that a leg runs.

    An absolute URL stays to the letter, because its exact text is signed.
    """
    try:
        if urlsplit(url).scheme:
            return url
        return urljoin(turn.program(sid).origin.url, url)
    except ValueError:
        return url  # It is not a URL, as whoever asks it will find.


def absolute_endpoint(turn: Turn, sid: CallSid, endpoint: Endpoint) -> Endpoint:
    """Resolve an endpoint's URL against the document that a leg runs."""
    return Endpoint(absolute(turn, sid, endpoint.url), endpoint.method)
