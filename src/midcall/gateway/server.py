"""The signalling endpoint: ``/signal``, and the insights that the SDK posts beside it."""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from midcall.gateway.connection import Connection
from midcall.gateway.dialogue import Doorway, SignallingDialogue
from midcall.gateway.insights import Insights

DEFAULT_EDGE = "ashburn"
"""The edge that roaming resolves to."""

INSIGHTS_BYTES = 256 * 1024
"""The largest insights post: ten samples of a call have some ten kilobytes."""

_EDGE = re.compile(r"voice-js\.([a-z0-9-]+)\.twilio\.com(?::\d+)?")

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "content-type, x-twilio-token",
    "Access-Control-Max-Age": "86400",
    "Access-Control-Allow-Private-Network": "true",
}


def routes(doorway: Doorway) -> list[BaseRoute]:
    """Return what the SDK reaches this server by."""

    async def signal(websocket: WebSocket) -> None:
        connection = Connection(websocket, doorway.limits)
        edge = edge_of(websocket.headers.get("host", ""))
        await connection.run(SignallingDialogue(doorway, connection, edge))

    async def insights(request: Request) -> Response:
        return await _insights(request, doorway.insights)

    return [
        WebSocketRoute("/signal", signal),
        Route("/insights", insights, methods=["POST", "OPTIONS"]),
    ]


def edge_of(host: str) -> str:
    """Return the edge that a host name stands for (``voice-js.<edge>.twilio.com``)."""
    match = _EDGE.fullmatch(host.lower())
    edge = match.group(1) if match else DEFAULT_EDGE
    return DEFAULT_EDGE if edge == "roaming" else edge


async def _insights(request: Request, insights: Insights | None) -> Response:
    """Take the SDK's reports, which would otherwise go, with its token, to somebody else's host.

    They come cross-origin, after a preflight. What is made of them is nobody's business there.
    """
    token = request.headers.get("x-twilio-token")
    size, body = 0, bytearray()
    async for chunk in request.stream():
        size += len(chunk)
        if size > INSIGHTS_BYTES:
            return Response(status_code=413, headers=_CORS)
        body += chunk if token else b""
    if insights is not None and token and request.method == "POST":
        await insights.take(token, bytes(body))
    return Response(status_code=200 if request.method == "POST" else 204, headers=_CORS)
