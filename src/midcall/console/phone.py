"""The phone page: the official Voice SDK in a browser, with one field to call and one to write.

The page is plain files. This module serves them, and tells the page the two things that only the
server knows: whether the SDK's file is there, and whether this server mints tokens for the asking.

Invariants:

- The page asks no third party for anything. The ``Content-Security-Policy`` allows this server, its
  signalling and its insights host, so that a mistake here or in a new SDK is blocked and seen.
- Tokens are minted only where the operator said so (``PhoneSettings.mint_token``), and never for a
  page that reached this server under a foreign name (DNS rebinding) or from another origin.
- No token is cached and none is logged; the page takes one from the URL's fragment, which browsers
  do not send.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from midcall.model.errors import Fault, InvalidIdentity
from midcall.model.twiml import IDENTITY_CHARACTERS

SDK_INSTALLATION: Final = "npm install @twilio/voice-sdk@2.18.5"
"""How to get the SDK that the page was tested with."""

_STATIC: Final = Path(__file__).parent / "static"

_ASSETS: Final = {
    "phone.css": "text/css",
    "phone.js": "text/javascript",
    "messages.js": "text/javascript",
    "screen.js": "text/javascript",
    "sounds.js": "text/javascript",
    "tokens.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}

# What a Host header may look like before it is repeated in a header of ours (RFC 9110 section 7.2).
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")

_ON_EVERY_ANSWER: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # New versions are seen at once; an unchanged file costs one 304.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSettings:
    """What the page needs to know of its server.

    ``sdk_path`` is the SDK's ``twilio.min.js``, ``None`` if it was not installed. ``public_host``
    is the host, with its port unless that is the scheme's own, under which the server tells others
    to reach it. ``mint_token`` makes an Access Token for an identity; ``None`` where people have to
    bring their own, which is everywhere but in development.
    """

    sdk_path: Path | None
    public_host: str
    mint_token: Callable[[str], str] | None = None


def routes(settings: PhoneSettings) -> list[Route]:
    """Return the page and everything that it loads from this server."""
    phone = _Phone(settings)
    return [
        Route("/phone", phone.page, methods=["GET"]),
        Route("/phone/token", phone.token, methods=["GET"]),
        Route("/phone/twilio.min.js", phone.sdk, methods=["GET"]),
        Route("/phone/{name}", phone.asset, methods=["GET"]),
    ]


def content_security_policy(own_host: str, public_host: str) -> str:
    """Compose the policy under which the page runs (CSP Level 3).

    The SDK posts its insights to ``eventgw.<public host>`` over HTTPS and opens ``wss:`` to the
    host of the page; its sounds are made in the page and read as ``blob:``.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src 'self' blob: wss://{own_host} https://eventgw.{public_host}",
            "media-src 'self' blob:",
            "form-action 'self'",
            "base-uri 'none'",
            # Pages of this server may show phones side by side.
            "frame-ancestors 'self'",
        )
    )


class _Phone:
    """The page's requests, answered."""

    def __init__(self, settings: PhoneSettings) -> None:
        self._settings = settings
        self._page = (_STATIC / "phone.html").read_text(encoding="utf-8")

    async def page(self, request: Request) -> Response:
        """Answer with the page."""
        own_host = request.headers.get("host", "")
        if not _HOST.fullmatch(own_host):
            return _sentence(400, "The request names no host that this server could answer for.")
        settings = self._settings
        text = self._page.replace("{sdk}", _yes_or_no(_exists(settings.sdk_path)))
        text = text.replace("{mints}", _yes_or_no(settings.mint_token is not None))
        text = text.replace("{sdk-installation}", SDK_INSTALLATION)
        policy = content_security_policy(own_host, settings.public_host)
        return Response(
            text,
            media_type="text/html",
            headers={
                **_ON_EVERY_ANSWER,
                "Content-Security-Policy": policy,
                "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
            },
        )

    async def asset(self, request: Request) -> Response:
        """Answer with one of the page's own files."""
        name = request.path_params["name"]
        media_type = _ASSETS.get(name)
        if media_type is None:
            return _sentence(404, "The phone page has no such file.")
        return FileResponse(_STATIC / name, media_type=media_type, headers=_ON_EVERY_ANSWER)

    async def sdk(self, _request: Request) -> Response:
        """Answer with the SDK as npm delivered it."""
        path = self._settings.sdk_path
        if path is None or not _exists(path):
            return _sentence(
                404, f"The Voice SDK is not installed here. Get it: {SDK_INSTALLATION}"
            )
        return FileResponse(path, media_type="text/javascript", headers=_ON_EVERY_ANSWER)

    async def token(self, request: Request) -> Response:
        """Mint a token for an identity, where this server does that."""
        mint_token = self._settings.mint_token
        if mint_token is None:
            return _refusal(404, 20404, "This server gives out no tokens; bring one along")
        if not self._is_own_page(request):
            reason = f"Tokens are given to pages of https://{self._settings.public_host} only"
            return _refusal(403, 20403, reason)
        try:
            return _fresh({"token": mint_token(_checked(request.query_params.get("identity", "")))})
        except Fault as fault:
            return _refusal(400, fault.code, str(fault))

    def _is_own_page(self, request: Request) -> bool:
        """Tell a page of this server (or no browser at all) from a stranger's page."""
        site = request.headers.get("sec-fetch-site", "none")
        if site not in {"same-origin", "none"}:
            return False
        return _is_own_name(request.headers.get("host", ""), self._settings.public_host)


def _is_own_name(host: str, public_host: str) -> bool:
    """Tell whether a Host header cannot be a stranger's name that was made to point here.

    Rebinding needs a name whose address the stranger controls. An IP address is none, nor is
    ``localhost`` (RFC 6761 section 6.3), nor the name that the operator gave.
    """
    name = _without_port(host)
    if name in {"localhost", _without_port(public_host)}:
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _without_port(host: str) -> str:
    return re.sub(r":\d+$", "", host).lower()


def _checked(identity: str) -> str:
    if not identity:
        raise InvalidIdentity("there is none; ask with ?identity=alice")
    if len(identity) > IDENTITY_CHARACTERS:
        raise InvalidIdentity(f"it is longer than {IDENTITY_CHARACTERS} characters")
    return identity


def _exists(path: Path | None) -> bool:
    return path is not None and path.is_file()


def _yes_or_no(truth: bool) -> str:
    return "yes" if truth else "no"


def _sentence(status: int, text: str) -> Response:
    return Response(text + "\n", status, media_type="text/plain", headers=_ON_EVERY_ANSWER)


def _refusal(status: int, code: int, message: str) -> JSONResponse:
    return _fresh({"code": code, "message": message, "status": status}, status)


def _fresh(content: Mapping[str, str | int], status: int = 200) -> JSONResponse:
    """Answer with something that nobody may keep."""
    return JSONResponse(content, status, headers={**_ON_EVERY_ANSWER, "Cache-Control": "no-store"})
