"""``/console/advice.json``: what to do about each code that the debugger shows."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from midcall.wire.advice import FIXES


class Advice(msgspec.Struct, frozen=True):
    """What a code means, and what to do."""

    title: str
    fix: str


def routes() -> list[BaseRoute]:
    """Return the route of the advice. It is the same for everybody, and no secret."""
    every = {str(code.value): Advice(code.title, fix) for code, fix in FIXES.items()}
    text = msgspec.json.encode(every)

    async def advise(_: Request) -> Response:
        headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return Response(text, headers=headers, media_type="application/json")

    return [Route("/console/advice.json", advise, methods=["GET"])]
