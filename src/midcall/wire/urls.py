"""The URLs of customers' servers: from the text that was given to what is sent and signed.

One form is both sent and signed, so that a server which puts the URL together from the request that
it received computes the same signature:

- the fragment is gone, an empty path is ``/``;
- what RFC 3986 does not allow in a URL is percent-encoded; what is encoded already stays as it is;
- user and password go into ``Authorization`` but stay in the signed URL, as in the original.
"""

import base64
import re
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

import msgspec

from midcall.model.errors import InvalidUrl

# Letters, digits, hyphens and dots: the original refuses underscores (Subscriptions page).
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_USERINFO: Final = re.compile(r"\A([A-Za-z]+://)[^/?]*@")
# Everything that RFC 3986 allows somewhere, and "%", which begins what is encoded already.
_ALLOWED: Final = "!#$%&'()*+,/:;=?@[]~"


class WebhookUrl(msgspec.Struct, frozen=True):
    """A URL that can be requested.

    ``signed`` is what the signature covers, ``sent`` the same without user and password, and
    ``authorization`` the header value that carries those, if there are any.
    """

    signed: str
    sent: str
    authorization: str | None = None

    def __repr__(self) -> str:
        """Leave user, password and query out, for logs."""
        return f"WebhookUrl({self.sent.partition('?')[0]!r})"


def parse_webhook_url(text: str, *, name: str = "Url") -> WebhookUrl:
    """Read a URL that a customer gave under ``name``; raise ``InvalidUrl`` if it cannot be used."""

    def refuse(reason: str) -> InvalidUrl:
        return InvalidUrl(name, text, reason)

    if _CONTROL.search(text):
        raise refuse("it contains control characters")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise refuse(str(error)) from None
    if parts.scheme not in {"http", "https"}:
        raise refuse("it does not begin with http:// or https://")
    if port == 0:
        raise refuse("its port is not in 1-65535")
    if "\\" in parts.netloc:
        raise refuse("its host contains a backslash, which others read as a slash")
    if "_" in host:
        raise refuse("its host contains an underscore")
    ascii_host = _ascii_host(host, parts.netloc)
    if ascii_host is None:
        raise refuse("it has no valid host")
    return _compose(parts, ascii_host, port)


def join_url(base: str, reference: str) -> str:
    """Resolve a reference, absolute or relative, against the URL that it came from."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference  # It is not a URL, as whoever parses it will find.


def shown(url: str) -> str:
    """Return a URL without user, password and fragment, for whoever reads of it."""
    return _USERINFO.sub(r"\1", url.partition("#")[0])


def _ascii_host(host: str, netloc: str) -> str | None:
    if ":" in host:
        # An IPv6 address: urlsplit has checked it. A zone index names a link of this machine.
        return f"[{host}]" if "%" not in host else None
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return None
    else:
        host = _as_given(host, netloc)
    return host if _HOST.fullmatch(host) else None


def _as_given(host: str, netloc: str) -> str:
    """Undo the lower case: the signature covers what the customer wrote."""
    start = netloc.lower().rfind(host)
    return netloc[start : start + len(host)]


def _compose(parts: SplitResult, host: str, port: int | None) -> WebhookUrl:
    authority = host if port is None else f"{host}:{port}"
    rest = _encode(parts.path or "/") + (f"?{_encode(parts.query)}" if parts.query else "")
    sent = f"{parts.scheme}://{authority}{rest}"
    if parts.username is None:
        return WebhookUrl(sent, sent)
    userinfo, _, _ = parts.netloc.rpartition("@")
    signed = f"{parts.scheme}://{_encode(userinfo)}@{authority}{rest}"
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    basic = base64.b64encode(credentials.encode()).decode()
    return WebhookUrl(signed, sent, f"Basic {basic}")


def _encode(text: str) -> str:
    return quote(text, safe=_ALLOWED)
