"""The interfaces of this server, described on the server itself.

``/docs`` shows what ``/openapi.json`` and ``/asyncapi.json`` say, for people: every operation of
the REST API and every frame of the signalling. The page is plain files; it reads the two documents
in the browser, so it says what this server speaks and not what another version did.

Invariants:

- The page asks no third party for anything, runs no script but its own and makes no HTML out of
  text; the ``Content-Security-Policy`` says so to the browser.
- Nothing here is about an account, so nobody is asked who is there.
"""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

import midcall
from midcall.wire import frames_description

_STATIC: Final = Path(__file__).parent / "static" / "docs"

_PAGE: Final = "docs.html"

_MEDIA_TYPES: Final = {".css": "text/css", ".js": "text/javascript"}

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""The policy under which the page runs (CSP Level 3, Trusted Types)."""

_ON_EVERY_ANSWER: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # New versions are seen at once; an unchanged file costs one 304.
    "Cache-Control": "no-cache",
}


def routes(public_url: str) -> list[Route]:
    """Return the page, its files, and the description of the signalling.

    ``public_url`` is the origin at which clients reach this server. The page also loads
    ``/openapi.json``, and the phone's style and icon.
    """
    pages = _Pages(public_url)
    return [
        Route("/docs", pages.page, methods=["GET"]),
        Route("/docs/{name}", pages.asset, methods=["GET"]),
        Route("/asyncapi.json", pages.asyncapi, methods=["GET"]),
    ]


class _Pages:
    """The requests, answered."""

    def __init__(self, public_url: str) -> None:
        self._page = (_STATIC / _PAGE).read_text(encoding="utf-8")
        self._files = {path.name: path for path in _STATIC.iterdir() if path.suffix in _MEDIA_TYPES}
        described = frames_description.document(midcall.__version__, urlsplit(public_url).netloc)
        self._asyncapi = msgspec.json.encode(described)

    async def page(self, _request: Request) -> Response:
        """Answer with the page."""
        headers = {**_ON_EVERY_ANSWER, "Content-Security-Policy": CONTENT_SECURITY_POLICY}
        return Response(self._page, media_type="text/html", headers=headers)

    async def asset(self, request: Request) -> Response:
        """Answer with one of the page's own files."""
        path = self._files.get(request.path_params["name"])
        if path is None:
            text = "The reference has no such file.\n"
            return Response(text, 404, media_type="text/plain", headers=_ON_EVERY_ANSWER)
        media_type = _MEDIA_TYPES[path.suffix]
        return FileResponse(path, media_type=media_type, headers=_ON_EVERY_ANSWER)

    async def asyncapi(self, _request: Request) -> Response:
        """Answer with the description of the signalling (AsyncAPI 3.0)."""
        return Response(self._asyncapi, media_type="application/json", headers=_ON_EVERY_ANSWER)
