"""A request, its repeats and the redirects that it leads to, each a new request through the guard.

- 301, 302 and 303 make a POST into a GET without its parameters, 307 and 308 keep it as it is (RFC
  9110, section 15.4). Each hop is signed anew, for its own URL.
- The fragment of the first URL says after which failures and how often a request is repeated at
  once ("connection overrides" page), for all hops together. A repeat is the same request again.
- The deadline is for everything.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply
from midcall.core.outbox.retry import repeats_at_once
from midcall.core.ports import Clock
from midcall.delivery.attempt import Limits, attempt
from midcall.delivery.egress import Egress
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import InvalidUrl
from midcall.model.twiml import TwimlWarning
from midcall.wire.callbacks import OutgoingRequest
from midcall.wire.overrides import Overrides, parse_overrides
from midcall.wire.urls import join_url

MOST_REDIRECTS: Final = 10
"""How often a request is sent elsewhere (error 11215)."""

_INSTANT: Final = 0.001
"""In seconds: less time than any request takes."""

_WORTH_A_REPEAT: Final = 0.1
"""In seconds: the least time that an override can give a request."""

_KEEPING: Final = frozenset({307, 308})
_CHANGING: Final = frozenset({301, 302, 303})


class Hop(msgspec.Struct, frozen=True):
    """Where a request goes, and whether it still has its parameters."""

    endpoint: Endpoint
    with_parameters: bool = True


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a journey and what came of it; no ``request`` if none could be made."""

    endpoint: Endpoint
    requested_at: datetime
    request: OutgoingRequest | None
    reply: Reply


class Journey(msgspec.Struct, frozen=True):
    """Every request that one led to, in order; there is at least one step.

    ``warnings`` say what of the URL's connection overrides was passed over.
    """

    steps: tuple[Step, ...]
    warnings: tuple[TwimlWarning, ...] = ()

    @property
    def last(self) -> Step:
        """Return how it ended."""
        return self.steps[-1]

    @property
    def reply(self) -> Reply:
        """Return the last reply, with the duration of the whole."""
        duration_ms = sum(step.reply.duration_ms for step in self.steps)
        return msgspec.structs.replace(self.last.reply, duration_ms=duration_ms)


class Asker:
    """Makes requests and whatever they lead to."""

    def __init__(self, egress: Egress, clock: Clock, limits: Limits) -> None:
        self._egress = egress
        self._clock = clock
        self._limits = limits

    async def ask(
        self,
        endpoint: Endpoint,
        build: Callable[[Hop], OutgoingRequest],
        *,
        parameters_matter: bool,
    ) -> Journey:
        """Make a request, repeat it and follow where it is sent; whatever happens is a reply.

        ``build`` may raise ``InvalidUrl``. With ``parameters_matter``, a redirect that would drop
        the parameters is not followed: it is the reply.
        """
        overrides = parse_overrides(endpoint.url)
        limits = overridden(self._limits, overrides)
        ends_at = _now() + limits.total_seconds
        steps: list[Step] = []
        hop, repeats, redirects = Hop(endpoint), 0, 0
        while True:
            left = max(_INSTANT, ends_at - _now())
            within = msgspec.structs.replace(limits, total_seconds=left)
            step = await self._step(hop, build, within, overrides.sni)
            if redirects and step.request is None:
                step = _failed(step, FailureKind.BAD_REDIRECT)
            steps.append(step)
            wanted = repeats_at_once(step.reply, overrides.retry_policies)
            in_time = ends_at - _now() > _WORTH_A_REPEAT
            if wanted and in_time and repeats < overrides.retry_count:
                repeats += 1
                continue
            following = next_hop(hop, step.reply)
            if following is None or (parameters_matter and not following.with_parameters):
                return Journey(tuple(steps), overrides.warnings)
            if redirects == MOST_REDIRECTS:
                end = msgspec.structs.replace(step, endpoint=following.endpoint, request=None)
                steps.append(_failed(end, FailureKind.TOO_MANY_REDIRECTS))
                return Journey(tuple(steps), overrides.warnings)
            redirects += 1
            hop = following

    async def _step(
        self,
        hop: Hop,
        build: Callable[[Hop], OutgoingRequest],
        limits: Limits,
        named: bool,
    ) -> Step:
        requested_at = self._clock()
        request: OutgoingRequest | None = None
        reply: Reply
        try:
            request = build(hop)
        except InvalidUrl:
            reply = Failure(kind=FailureKind.BAD_URL)
        else:
            reply = await attempt(self._egress, request, limits, named=named)
        return Step(endpoint=hop.endpoint, requested_at=requested_at, request=request, reply=reply)


def overridden(limits: Limits, overrides: Overrides) -> Limits:
    """Return limits as a URL overrides them; it cannot have more time in all than there was."""
    return msgspec.structs.replace(
        limits,
        connect_seconds=overrides.connect_seconds,
        read_seconds=overrides.read_seconds,
        total_seconds=min(limits.total_seconds, overrides.total_seconds),
    )


def next_hop(hop: Hop, reply: Reply) -> Hop | None:
    """Return where a reply sends the request, ``None`` if nowhere."""
    if not isinstance(reply, Answer) or reply.status not in _KEEPING | _CHANGING:
        return None
    # A GET has its parameters in the query, which the new location replaces.
    keeps = reply.status in _KEEPING and hop.endpoint.method is Method.POST
    url = join_url(hop.endpoint.url, reply.location) if reply.location else ""
    method = Method.POST if keeps else Method.GET
    return Hop(Endpoint(url, method), hop.with_parameters and keeps)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _failed(step: Step, kind: FailureKind) -> Step:
    return msgspec.structs.replace(step, reply=Failure(kind=kind))
