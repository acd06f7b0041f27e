"""A request and the redirects that it leads to, each of them a new request through the guard.

301, 302 and 303 make a POST into a GET without its parameters, 307 and 308 keep it as it is (RFC
9110, section 15.4). Each hop is signed anew, for its own URL. The deadline is for all of them.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply
from midcall.delivery.attempt import Limits, attempt
from midcall.delivery.egress import Egress
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import InvalidUrl
from midcall.wire.callbacks import OutgoingRequest
from midcall.wire.urls import join_url

MOST_REDIRECTS: Final = 10
"""How often a request is sent elsewhere (error 11215)."""

_KEEPING: Final = frozenset({307, 308})
_CHANGING: Final = frozenset({301, 302, 303})


class Hop(msgspec.Struct, frozen=True):
    """Where a request goes, and whether it still has its parameters."""

    endpoint: Endpoint
    with_parameters: bool = True


async def ask(
    egress: Egress,
    endpoint: Endpoint,
    build: Callable[[Hop], OutgoingRequest],
    limits: Limits,
    *,
    parameters_matter: bool,
) -> tuple[Reply, Endpoint]:
    """Make a request, follow where it is sent, and return the last reply and who gave it.

    ``build`` may raise ``InvalidUrl``. With ``parameters_matter``, a redirect that would drop the
    parameters is not followed: it is the reply.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    hop = Hop(endpoint)
    for redirects in range(1 + MOST_REDIRECTS):
        spent = loop.time() - began
        spent_ms = round(spent * 1000)
        try:
            request = build(hop)
        except InvalidUrl:
            kind = FailureKind.BAD_REDIRECT if redirects else FailureKind.BAD_URL
            return Failure(kind=kind, duration_ms=spent_ms), hop.endpoint
        left = max(0.001, limits.total_seconds - spent)
        reply = await attempt(egress, request, msgspec.structs.replace(limits, total_seconds=left))
        reply = msgspec.structs.replace(reply, duration_ms=spent_ms + reply.duration_ms)
        following = next_hop(hop, reply)
        if following is None or (parameters_matter and not following.with_parameters):
            return reply, hop.endpoint
        hop = following
    spent_ms = round((loop.time() - began) * 1000)
    return Failure(kind=FailureKind.TOO_MANY_REDIRECTS, duration_ms=spent_ms), hop.endpoint


def next_hop(hop: Hop, reply: Reply) -> Hop | None:
    """Return where a reply sends the request, ``None`` if nowhere."""
    if not isinstance(reply, Answer) or reply.status not in _KEEPING | _CHANGING:
        return None
    # A GET has its parameters in the query, which the new location replaces.
    keeps = reply.status in _KEEPING and hop.endpoint.method is Method.POST
    url = join_url(hop.endpoint.url, reply.location) if reply.location else ""
    method = Method.POST if keeps else Method.GET
    return Hop(Endpoint(url, method), hop.with_parameters and keeps)
