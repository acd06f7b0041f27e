"""The console's pages: what happens on this server, to look at in a browser.

The pages are plain files; what they show they ask of the REST API, with the session of whoever
logged in. This module serves the files and nothing else.

Invariants:

- No file holds anything about an account, so none asks who is there.
- The pages ask no third party for anything, run no script but their own, make no HTML out of text
  and can be framed by nobody: the ``Content-Security-Policy`` says so to the browser.
- Only the files that were there when the server started are served, by their exact names.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

_STATIC: Final = Path(__file__).parent / "static" / "console"

_PAGE: Final = "console.html"

_MEDIA_TYPES: Final = {".css": "text/css", ".js": "text/javascript"}

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        # The phones of the demo are shown inside of the console.
        "frame-src 'self'",
        # Scripts send what is typed. Without them no browser may put a token into an address.
        "form-action 'none'",
        "base-uri 'none'",
        # A page of somebody else's could have people press its buttons without seeing them.
        "frame-ancestors 'none'",
        # What devices and servers said becomes text on the page, never markup.
        "require-trusted-types-for 'script'",
    )
)
"""The policy under which the console runs (CSP Level 3, Trusted Types)."""

_ON_EVERY_ANSWER: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # New versions are seen at once; an unchanged file costs one 304.
    "Cache-Control": "no-cache",
}

_ON_THE_PAGE: Final = {
    **_ON_EVERY_ANSWER,
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    # The phones of the demo may listen; nothing else is asked for.
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}


def routes() -> list[Route]:
    """Return the console's page and everything that it loads from this server.

    Where the page is, what it shows is in the fragment, which no browser sends and no log has.
    """
    pages = _Pages(_files())
    return [
        Route("/console", pages.page, methods=["GET"]),
        Route("/console/static/{name}", pages.asset, methods=["GET"]),
    ]


class _Pages:
    """The pages' requests, answered."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._page = (_STATIC / _PAGE).read_text(encoding="utf-8")

    async def page(self, _request: Request) -> Response:
        """Answer with the page."""
        return Response(self._page, media_type="text/html", headers=_ON_THE_PAGE)

    async def asset(self, request: Request) -> Response:
        """Answer with one of the console's own files."""
        path = self._files.get(request.path_params["name"])
        if path is None:
            text = "The console has no such file.\n"
            return Response(text, 404, media_type="text/plain", headers=_ON_EVERY_ANSWER)
        media_type = _MEDIA_TYPES[path.suffix]
        return FileResponse(path, media_type=media_type, headers=_ON_EVERY_ANSWER)


def _files() -> dict[str, Path]:
    """Find the scripts and styles, by the names that they are asked for by."""
    return {path.name: path for path in _STATIC.iterdir() if path.suffix in _MEDIA_TYPES}
