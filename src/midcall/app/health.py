"""``/healthz`` and ``/readyz``: whether the process lives, and whether it takes work."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class Health:
    """What probes are told. ``ready`` is false before the start and from the drain on."""

    def __init__(self) -> None:
        self.ready = False

    def routes(self) -> list[Route]:
        """Return the two probes."""
        return [Route("/healthz", self._live), Route("/readyz", self._ready)]

    async def _live(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _ready(self, _request: Request) -> Response:
        if self.ready:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready"}, status_code=503)
