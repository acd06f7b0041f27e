"""From the head of a request to where its sender wants to go (RFC 9110, section 9.3.6).

httptools, which serves midcall's own HTTP, judges the syntax; here only the target is read. What it
lets through is of a few plain characters, so that it may stand in a response and in a log.
"""

import re
from dataclasses import dataclass
from typing import Final

import httptools

from midcall.proxy.refusals import NO_PLAIN_HTTP, NO_TARGET, NOT_A_SERVER, NOT_HTTP, Refusal

# RFC 9112, section 3.2.3: host and port, both. Names with underscores are in use.
_AUTHORITY: Final = re.compile(
    rb"(?:\[(?P<address>[0-9a-fA-F:.]{2,45})\]|(?P<name>[A-Za-z0-9._-]{1,253})):(?P<port>[0-9]{1,5})"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A host, in lower case and IPv6 without brackets, and a TCP port."""

    host: str
    port: int


class _Seen:
    """What httptools tells of a head."""

    url = b""
    complete = False

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request's target."""
        self.url += url

    def on_headers_complete(self) -> None:
        """Note that there is a request."""
        self.complete = True


def parse_head(head: bytes) -> Target | Refusal:
    """Read a whole head, up to and including the empty line."""
    seen = _Seen()
    parser = httptools.HttpRequestParser(seen)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        pass  # The head is over, and what follows is not HTTP any more.
    except httptools.HttpParserError:
        return NOT_HTTP
    if not seen.complete:
        return NOT_HTTP
    if parser.get_method() != b"CONNECT":
        return NOT_A_SERVER if seen.url.startswith(b"/") else NO_PLAIN_HTTP
    return _parse_authority(seen.url) or NO_TARGET


def _parse_authority(text: bytes) -> Target | None:
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    host = (found["address"] or found["name"]).decode("ascii").lower().rstrip(".")
    port = int(found["port"])
    return Target(host, port) if host and 0 < port < 65536 else None
