"""How customers' servers are: one resource a host."""

from midcall.wire.resources import Resource
from midcall.wire.timeline import MomentText


class EndpointResource(Resource, frozen=True, kw_only=True):
    """A host that was asked for TwiML or told of something, or still is to be told.

    ``failures`` are requests without a response, or with one of 400 and above. ``last_status`` and
    ``last_error`` are of the last request; ``last_error`` is ``null`` if that went well. Durations
    are in milliseconds: of half of the requests and of 95 in a hundred no more than this.
    ``pending`` and ``dead`` count callbacks that wait for their next attempt, or were given up.
    """

    host: str
    requests: int
    failures: int
    last_date: MomentText | None
    last_status: int | None
    last_error: str | None
    median_ms: int | None
    p95_ms: int | None
    pending: int
    dead: int
