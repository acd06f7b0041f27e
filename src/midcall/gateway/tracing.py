"""Traces of the signalling: gathered, and written a few at a time behind everybody's back.

They are for the eye. Nobody waits for them, and whoever causes too many of them causes no more:

- a call has so many at once, and so many a second,
- so many wait to be written; past that they are dropped, with one line in the log.

No trace has an SDP, a token or what somebody said or keyed in. User-defined messages leave none:
they have a record of their own.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import structlog

from midcall.core.messages import rate
from midcall.core.messages.rate import Bucket, Rate
from midcall.core.ports import AddTrace, Change
from midcall.model.sids import AccountSid, CallSid
from midcall.model.traces import Trace, TraceKind
from midcall.wire import frames

log = structlog.get_logger()

GATHER_SECONDS: Final = 0.25
"""How long traces are gathered for one commit."""

WAITING: Final = 500
"""Traces that may wait to be written: what is said on a thousand calls in half a second."""

CALL_RATE: Final = Rate(2, 60)
"""Traces of one call: a call that rings on many devices and moves to another network has some
dozens in a moment, and after that one now and then."""

CALLS: Final = 10_000
"""Calls of which it is remembered how many traces they had lately."""

TEXT: Final = 200
"""The longest text in a trace, in characters."""

Note = Callable[[Trace], None]
Record = Callable[[Sequence[Change]], None]
Later = Callable[[float, Callable[[], None]], None]
Clock = Callable[[], datetime]

NAMES: Final[dict[type[frames.ClientFrame] | type[frames.ServerFrame], str]] = {
    frames.ClientInvite: "invite",
    frames.ClientAnswer: "answer",
    frames.Reinvite: "reinvite",
    frames.Reject: "reject",
    frames.ClientHangup: "hangup",
    frames.Dtmf: "dtmf",
    frames.ServerInvite: "invite",
    frames.Ringing: "ringing",
    frames.ServerAnswer: "answer",
    frames.Cancel: "cancel",
    frames.ServerHangup: "hangup",
    frames.Error: "error",
}
"""The frames that leave a trace, by the names of their types."""


def unnoted(_: Trace) -> None:
    """Note nothing."""


class Tracing:
    """The traces that are to be written."""

    def __init__(self, *, record: Record, later: Later, clock: Clock) -> None:
        self._record = record
        self._later = later
        self._clock = clock
        self._waiting: list[AddTrace] = []
        self._dropped = 0
        self._buckets: dict[CallSid, Bucket] = {}

    def note(self, trace: Trace) -> None:
        """Have a trace written soon, unless there are too many."""
        if not self._may_have_one(trace.call_sid):
            return
        if len(self._waiting) >= WAITING:
            self._dropped += 1
            return
        if not self._waiting:
            self._later(GATHER_SECONDS, self.flush)
        self._waiting.append(AddTrace(trace))

    def flush(self) -> None:
        """Have everything written that waits."""
        waiting, self._waiting = self._waiting, []
        dropped, self._dropped = self._dropped, 0
        if waiting:
            self._record(waiting)
        if dropped:
            log.warning("Traces were dropped: there were too many", traces=dropped)

    def _may_have_one(self, call: CallSid) -> bool:
        now = self._clock()
        kept = self._buckets.pop(call, None) or rate.full(CALL_RATE, now)
        taken = rate.take(kept, CALL_RATE, now)
        # The last one asked about stands last: the first is the one to forget.
        self._buckets[call] = taken or kept
        if len(self._buckets) > CALLS:
            del self._buckets[next(iter(self._buckets))]
        return taken is not None


def trace_of(
    frame: frames.ClientFrame | frames.ServerFrame,
    *,
    account_sid: AccountSid,
    call_sid: CallSid,
    session: str,
    at: datetime,
) -> Trace | None:
    """Return what a frame leaves of itself, ``None`` if that is nothing.

    The beginning of ``session`` tells the devices of a leg from each other.
    """
    name = NAMES.get(type(frame))
    if name is None:
        return None
    received = isinstance(frame, frames.ClientFrame)
    return Trace(
        account_sid=account_sid,
        call_sid=call_sid,
        at=at,
        kind=TraceKind.RECEIVED if received else TraceKind.SENT,
        name=name,
        details={"session": session[:8], **_details(frame)},
    )


def _details(frame: frames.ClientFrame | frames.ServerFrame) -> dict[str, str]:
    match frame:
        case frames.ClientInvite(reconnect=str()):
            return {"reconnect": "true"}
        case frames.ClientHangup(message=str(message)):
            return {"message": message[:TEXT]}
        case frames.Dtmf(dtmf=keys):
            # How many keys, not which: it may be somebody's PIN.
            return {"keys": str(len(keys))}
        case frames.ServerHangup(error=frames.Failure() as failure) | frames.Error(error=failure):
            return {"code": str(failure.code), "message": failure.message[:TEXT]}
        case _:
            return {}
