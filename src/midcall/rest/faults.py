"""How a request is refused: every fault as the error JSON of the original, with its headers.

What went wrong inside is logged and never shown. The log names the exception and where it came
from, but not its text: that may quote a message's content or a statement's parameters.
"""

import traceback
from collections.abc import Iterable

import msgspec
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from midcall.model.errors import (
    AuthenticationRequired,
    BodyTooLarge,
    BodyTooSlow,
    Fault,
    MethodNotAllowed,
    NotFound,
)
from midcall.rest.auth import CHALLENGE
from midcall.wire.problems import problem

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS = 1
"""When a client may try again what could not be done now."""

JSON = "application/json"


def refuse(fault: Fault, *, allowed: Iterable[str] = (), challenge: str = CHALLENGE) -> Response:
    """Answer with a fault.

    ``allowed`` are the methods that the path takes, ``challenge`` says how one shows who one is.
    """
    headers = {"Cache-Control": "no-store"}
    match fault:
        case AuthenticationRequired():
            headers["WWW-Authenticate"] = challenge
        case MethodNotAllowed():
            headers["Allow"] = ", ".join(allowed)
        case BodyTooLarge() | BodyTooSlow():
            # The rest of the body is still to come, and nobody will read it.
            headers["Connection"] = "close"
        case _:
            pass
    if fault.temporary:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    body = msgspec.json.encode(problem(fault))
    return Response(body, fault.http_status, headers, JSON)


def crash(method: str, path: str, error: Exception) -> Response:
    """Log what nobody foresaw; answer without details."""
    log.error(
        "A REST request failed inside the server",
        method=method,
        path=path,
        fault=type(error).__name__,
        where="".join(traceback.format_tb(error.__traceback__)),
    )
    return refuse(Fault())


async def unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer, as an ASGI application, for a path that nothing is at."""
    if scope["type"] == "websocket":
        await WebSocketClose()(scope, receive, send)
        return
    await refuse(NotFound(scope["path"]))(scope, receive, send)
