"""The program of a leg: which verb is next, and what its outcome leads to.

The program is state, not a coroutine: ``Program`` holds what is being done and what is left of the
document, so that a server that starts again knows where every call stands. ``advance`` runs verbs
until one of them has to wait for an event.

A parent runs the call's own TwiML. A child may run some of its own before it is joined (``url`` of
a noun); at the end of that it is joined, and it cannot dial.
"""

import msgspec

from midcall.core import effects as do
from midcall.core.calls import timers
from midcall.core.calls.states import Cause, Phase
from midcall.core.calls.turn import Turn
from midcall.core.limits import DOCUMENTS_PER_CALL
from midcall.core.twiml import dial, prompts
from midcall.core.twiml.describing import described
from midcall.core.twiml.links import absolute_endpoint
from midcall.core.twiml.requests import call_parameters
from midcall.model.calls import CallStatus
from midcall.model.codes import Code
from midcall.model.endpoints import Endpoint
from midcall.model.errors import CallBusy, CallDeclined, Fault, TwimlFault
from midcall.model.families import Dialing, Fetching, Origin, Pausing
from midcall.model.sids import CallSid
from midcall.model.traces import TraceKind
from midcall.model.twiml import (
    Dial,
    Document,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Verb,
)

UNANSWERED_CAUSES = {
    CallStatus.BUSY: Cause.REJECTED,
    CallStatus.NO_ANSWER: Cause.UNANSWERED,
    CallStatus.CANCELED: Cause.WITHDRAWN,
    CallStatus.FAILED: Cause.FAILED,
}
"""What becomes of a caller who was to be answered by a ``<Dial>`` that came out like this."""


def fetch(turn: Turn, sid: CallSid, origin: Origin, extra: dict[str, str] | None = None) -> None:
    """Let a leg wait for another document."""
    program = turn.program(sid)
    if program.fetches >= DOCUMENTS_PER_CALL:
        reason = f"the call ran through {DOCUMENTS_PER_CALL} documents"
        fail(turn, sid, TwimlFault(Code.TOO_MANY_REDIRECTS, reason, origin.url))
        return
    activity = Fetching(
        origin=origin,
        parameters=call_parameters(turn.legs[sid]) | (extra or {}),
        token=turn.token(),
    )
    fetching = msgspec.structs.replace(
        program, activity=activity, rest=(), fetches=program.fetches + 1
    )
    turn.put_program(sid, fetching)
    turn.do(do.FetchDocument(sid, activity))


def document_arrived(turn: Turn, sid: CallSid, token: str, document: Document, url: str) -> None:
    """Begin a document, if it is the one that the program waits for."""
    activity = _awaited(turn, sid, token)
    if activity is None:
        return
    for warning in document.warnings:
        turn.notify(sid, warning.code, warning.text, url=url)
    origin = activity.origin
    if origin.endpoint is not None and url:
        origin = msgspec.structs.replace(origin, endpoint=Endpoint(url, origin.endpoint.method))
    begun = msgspec.structs.replace(
        turn.program(sid), activity=None, rest=document.verbs, origin=origin
    )
    turn.put_program(sid, begun)
    advance(turn, sid)


def document_failed(turn: Turn, sid: CallSid, token: str, fault: TwimlFault) -> None:
    """Go on with the fallback, or end the call."""
    activity = _awaited(turn, sid, token)
    if activity is None:
        return
    origin = activity.origin
    method = origin.endpoint.method.value if origin.endpoint else ""
    turn.notify(
        sid,
        fault.twiml_code,
        fault.reason,
        url=fault.url,
        method=method,
        evidence=fault.evidence,
    )
    turn.put_activity(sid, None)
    if origin.fallback is not None:
        extra = {"ErrorCode": str(fault.twiml_code), "ErrorUrl": fault.url}
        fetch(turn, sid, Origin(endpoint=origin.fallback), extra)
    else:
        _end(turn, sid, fault)


def fail(turn: Turn, sid: CallSid, fault: TwimlFault) -> None:
    """Show a fault of the program in the debugger, and end the call with it."""
    turn.notify(sid, fault.twiml_code, fault.reason, url=fault.url)
    turn.put_activity(sid, None)
    _end(turn, sid, fault)


def advance(turn: Turn, sid: CallSid) -> None:
    """Run verbs until one has to wait, or the leg is over."""
    while turn.program(sid).activity is None and turn.phase(sid) is not Phase.OVER:
        program = turn.program(sid)
        if not program.rest:
            _finish(turn, sid)
            return
        verb, *rest = program.rest
        turn.put_program(sid, msgspec.structs.replace(program, rest=tuple(rest)))
        turn.trace(sid, TraceKind.VERB, type(verb).__name__, described(verb))
        _run(turn, sid, verb)


def pause_ended(turn: Turn, sid: CallSid) -> None:
    """Go on after ``<Pause>``."""
    if isinstance(turn.program(sid).activity, Pausing):
        turn.put_activity(sid, None)
        advance(turn, sid)


def prompt_ended(turn: Turn, sid: CallSid, token: str) -> None:
    """Go on after what was being heard."""
    outcome = prompts.prompt_ended(turn, sid, token)
    _after(turn, sid, outcome)


def resume(turn: Turn, sid: CallSid) -> None:
    """Take a program up after the server was away."""
    if isinstance(activity := turn.program(sid).activity, Fetching):
        turn.do(do.FetchDocument(sid, activity))
    _after(turn, sid, prompts.resume(turn, sid))


def digit_pressed(turn: Turn, sid: CallSid, digit: str) -> None:
    """Let a program have a key that was pressed."""
    _after(turn, sid, prompts.digit_pressed(turn, sid, digit))


def quiet_ended(turn: Turn, sid: CallSid) -> None:
    """Go on after a ``<Pause>`` among prompts."""
    _after(turn, sid, prompts.quiet_ended(turn, sid))


def gather_timed_out(turn: Turn, sid: CallSid) -> None:
    """Go on after ``<Gather>`` waited long enough."""
    _after(turn, sid, prompts.gather_timed_out(turn, sid))


def dial_ended(turn: Turn) -> None:
    """Go on after ``<Dial>``: the next noun, its action or the next verb, once no child is left."""
    _leave_dial(turn)
    advance(turn, turn.root)


def redirect(turn: Turn, sid: CallSid, origin: Origin) -> None:
    """Leave whatever a leg is doing, and go on with another document."""
    if (dialing := turn.dialing()) is not None and sid == turn.root:
        # Its children are of no concern to the program any more when they end.
        turn.put_activity(sid, None)
        for child in dialing.children:
            turn.end(child)
        dial.stop(turn, dialing)
    prompts.stop(turn, sid)
    turn.put_activity(sid, None)
    fetch(turn, sid, origin)


def _run(turn: Turn, sid: CallSid, verb: Verb) -> None:
    match verb:
        case Reject(busy=busy) if not _answered(turn, sid):
            fault: Fault = CallBusy() if busy else CallDeclined()
            turn.move(sid, Cause.REJECTED, fault)
        case Dial() if sid != turn.root:
            turn.notify(sid, Code.DIAL_FROM_CHILD, "a called party cannot dial")
        case Dial(answer_on_bridge=True) if not _answered(turn, sid):
            _dial(turn, verb)
        case Dial():
            _answer(turn, sid)
            _dial(turn, verb)
        case Say() | Play():
            _answer(turn, sid)
            prompts.speak(turn, sid, verb)
        case Gather():
            _answer(turn, sid)
            _after(turn, sid, prompts.gather(turn, sid, verb))
        case Pause(length_seconds=length):
            _answer(turn, sid)
            turn.put_activity(sid, Pausing(pause=verb))
            turn.set_timer(timers.PAUSE, sid, length)
        case Redirect(endpoint=endpoint):
            # A redirect leads the caller on unanswered: the next document may reject the call.
            fetch(turn, sid, Origin(endpoint=absolute_endpoint(turn, sid, endpoint)))
        case Hangup() | Reject():
            _answer(turn, sid)
            turn.move(sid, Cause.ENDED)


def _dial(turn: Turn, verb: Dial) -> None:
    dial.begin(turn, verb)
    # Without anybody to ring it is over before it began. ``advance`` goes on from here: a document
    # may be full of such verbs, and each must not take a call deeper.
    _leave_dial(turn)


def _leave_dial(turn: Turn) -> None:
    dialing = turn.dialing()
    while dialing is not None and dial.children_over(turn, dialing):
        if turn.phase(turn.root) is Phase.OVER or not dial.call_next(turn, dialing):
            _close(turn, dialing)
            return
        dialing = turn.dialing()  # the next may be over already


def _close(turn: Turn, dialing: Dialing) -> None:
    over = turn.phase(turn.root) is Phase.OVER
    outcome = dial.close(turn, dialing)
    if dialing.dial.action is not None and not over:
        origin = Origin(endpoint=absolute_endpoint(turn, turn.root, dialing.dial.action))
        fetch(turn, turn.root, origin, outcome)


def _after(turn: Turn, sid: CallSid, outcome: prompts.Outcome) -> None:
    """Go on after prompts and keys, if they came to an end."""
    match outcome:
        case prompts.Waiting():
            pass
        case prompts.Over():
            advance(turn, sid)
        case prompts.Keys(gather=gather, parameters=parameters):
            origin = turn.program(sid).origin
            if gather.action is not None:
                origin = Origin(endpoint=absolute_endpoint(turn, sid, gather.action))
            fetch(turn, sid, origin, parameters)


def _finish(turn: Turn, sid: CallSid) -> None:
    """Come to the end of a document: the call is over, or the called party is joined."""
    if sid != turn.root:
        joined = msgspec.structs.replace(turn.legs[sid], whisper=None)
        turn.put(joined)
        turn.settle(sid)
        return
    dialed = turn.program(sid).dialed
    cause = UNANSWERED_CAUSES.get(dialed) if dialed is not None else None
    if not _answered(turn, sid) and cause is not None:
        turn.move(sid, cause)
        return
    turn.answer_parent()
    turn.move(sid, Cause.ENDED)


def _end(turn: Turn, sid: CallSid, fault: TwimlFault) -> None:
    turn.move(sid, Cause.ENDED if _answered(turn, sid) else Cause.FAILED, fault)


def _answer(turn: Turn, sid: CallSid) -> None:
    """Answer the leg that the document is for: a child that hears one has answered itself."""
    if sid == turn.root:
        turn.answer_parent()


def _answered(turn: Turn, sid: CallSid) -> bool:
    return turn.phase(sid) is not Phase.WAITING


def _awaited(turn: Turn, sid: CallSid, token: str) -> Fetching | None:
    """Return the fetch that a token belongs to, if the leg still waits for it."""
    leg = turn.legs.get(sid)
    activity = leg.program.activity if leg is not None else None
    if isinstance(activity, Fetching) and activity.token == token:
        return None if turn.phase(sid) is Phase.OVER else activity
    return None
