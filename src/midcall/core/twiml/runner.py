"""The program of a call: which verb is next, and what its outcome leads to.

The program is state, not a coroutine: ``Program`` holds what is being done and what is left of the
document, so that a server that starts again knows where every call stands. ``advance`` runs verbs
until one of them has to wait for an event.
"""

from urllib.parse import urljoin, urlsplit
from uuid import UUID

import msgspec

from midcall.core import effects as do
from midcall.core.calls.states import Cause, Phase, phase
from midcall.core.calls.turn import Turn
from midcall.core.limits import DOCUMENTS_PER_CALL
from midcall.core.twiml import dial
from midcall.core.twiml.requests import call_parameters
from midcall.model.calls import CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.errors import CallBusy, CallDeclined, Fault, TwimlFault
from midcall.model.families import Dialing, Fetching, Pausing
from midcall.model.notifications import Level
from midcall.model.twiml import Dial, Document, Hangup, Pause, Redirect, Reject, Verb

PAUSE_TIMER = "pause"

TOO_MANY_DOCUMENTS = 11215
"""The documented code for too many redirects."""

UNANSWERED_CAUSES = {
    CallStatus.BUSY: Cause.REJECTED,
    CallStatus.NO_ANSWER: Cause.UNANSWERED,
    CallStatus.CANCELED: Cause.WITHDRAWN,
    CallStatus.FAILED: Cause.FAILED,
}
"""What becomes of a caller who was to be answered by a ``<Dial>`` that came out like this."""


def fetch(
    turn: Turn,
    endpoint: Endpoint | None,
    extra: dict[str, str] | None = None,
    *,
    fallback: Endpoint | None = None,
) -> None:
    """Wait for another document; ``None`` is the application's own."""
    if turn.program.fetches >= DOCUMENTS_PER_CALL:
        reason = f"the call ran through {DOCUMENTS_PER_CALL} documents"
        fail(turn, TwimlFault(TOO_MANY_DOCUMENTS, reason, endpoint.url if endpoint else ""))
        return
    activity = Fetching(
        endpoint=endpoint,
        parameters=call_parameters(turn.parent) | (extra or {}),
        token=str(UUID(bytes=turn.entropy(16), version=4)),
        fallback=fallback,
    )
    turn.program = msgspec.structs.replace(
        turn.program, activity=activity, rest=(), fetches=turn.program.fetches + 1
    )
    turn.do(do.FetchDocument())


def document_arrived(turn: Turn, token: str, document: Document, url: str) -> None:
    """Begin a document, if it is the one that the program waits for."""
    if not _awaits(turn, token):
        return
    for warning in document.warnings:
        turn.notify(warning.code, Level.WARNING, warning.text, url=url)
    turn.program = msgspec.structs.replace(
        turn.program, activity=None, rest=document.verbs, base_url=url
    )
    advance(turn)


def document_failed(turn: Turn, token: str, code: int, reason: str, url: str) -> None:
    """Go on with the fallback, or end the call."""
    activity = turn.program.activity
    if not _awaits(turn, token) or not isinstance(activity, Fetching):
        return
    method = activity.endpoint.method.value if activity.endpoint else ""
    turn.notify(code, Level.ERROR, reason, url=url, method=method)
    turn.program = msgspec.structs.replace(turn.program, activity=None)
    if activity.fallback is not None:
        fetch(turn, activity.fallback, {"ErrorCode": str(code), "ErrorUrl": url})
    else:
        _end(turn, TwimlFault(code, reason, url))


def fail(turn: Turn, fault: TwimlFault) -> None:
    """Show a fault of the program in the debugger, and end the call with it."""
    turn.notify(fault.twiml_code, Level.ERROR, fault.reason, url=fault.url)
    _end(turn, fault)


def advance(turn: Turn) -> None:
    """Run verbs until one has to wait, or the call is over."""
    while turn.program.activity is None and not turn.parent.call.status.terminal:
        if not turn.program.rest:
            _finish(turn)
            return
        verb, *rest = turn.program.rest
        turn.program = msgspec.structs.replace(turn.program, rest=tuple(rest))
        _run(turn, verb)


def pause_ended(turn: Turn) -> None:
    """Go on after ``<Pause>``."""
    if isinstance(turn.program.activity, Pausing):
        turn.program = msgspec.structs.replace(turn.program, activity=None)
        advance(turn)


def dial_ended(turn: Turn) -> None:
    """Go on after ``<Dial>``, with its action or the next verb, once no child is left."""
    activity = turn.program.activity
    if isinstance(activity, Dialing) and dial.children_over(turn, activity):
        _leave_dial(turn, activity)
        advance(turn)


def _run(turn: Turn, verb: Verb) -> None:
    match verb:
        case Reject(busy=busy) if _unanswered(turn):
            fault: Fault = CallBusy() if busy else CallDeclined()
            turn.move(turn.family.sid, Cause.REJECTED, fault)
        case Dial(answer_on_bridge=True) if _unanswered(turn):
            _dial(turn, verb)
        case Dial():
            turn.answer_parent()
            _dial(turn, verb)
        case Pause(length_seconds=length):
            turn.answer_parent()
            turn.program = msgspec.structs.replace(turn.program, activity=Pausing(pause=verb))
            turn.set_timer(PAUSE_TIMER, length)
        case Redirect(endpoint=endpoint):
            # A redirect leads the caller on unanswered: the next document may reject the call.
            fetch(turn, _absolute(turn, endpoint))
        case Hangup() | Reject():
            turn.answer_parent()
            turn.move(turn.family.sid, Cause.ENDED)


def _dial(turn: Turn, verb: Dial) -> None:
    dialing = dial.begin(turn, verb)
    if dial.children_over(turn, dialing):
        # Without anybody to ring it is over before it began. ``advance`` goes on from here: a
        # document may be full of such verbs, and each must not take a call deeper.
        _leave_dial(turn, dialing)


def _leave_dial(turn: Turn, dialing: Dialing) -> None:
    outcome = dial.close(turn, dialing)
    if dialing.dial.action is not None and not turn.parent.call.status.terminal:
        fetch(turn, _absolute(turn, dialing.dial.action), outcome)


def _finish(turn: Turn) -> None:
    """End a call whose document has no more verbs."""
    cause = UNANSWERED_CAUSES.get(turn.program.dialed) if turn.program.dialed else None
    if _unanswered(turn) and cause is not None:
        turn.move(turn.family.sid, cause)
        return
    turn.answer_parent()
    turn.move(turn.family.sid, Cause.ENDED)


def _end(turn: Turn, fault: TwimlFault) -> None:
    turn.move(turn.family.sid, Cause.FAILED if _unanswered(turn) else Cause.ENDED, fault)


def _unanswered(turn: Turn) -> bool:
    return phase(turn.parent.call.status) is Phase.WAITING


def _awaits(turn: Turn, token: str) -> bool:
    activity = turn.program.activity
    return isinstance(activity, Fetching) and activity.token == token


def _absolute(turn: Turn, endpoint: Endpoint) -> Endpoint:
    """Resolve a URL against the document that it stands in (RFC 3986, section 5).

    An absolute URL stays as it is written, because its exact text is signed. One that cannot be
    read stays as well: whoever fetches it refuses it under the documented code.
    """
    try:
        if urlsplit(endpoint.url).scheme:
            return endpoint
        return Endpoint(urljoin(turn.program.base_url, endpoint.url), endpoint.method)
    except ValueError:
        return endpoint
