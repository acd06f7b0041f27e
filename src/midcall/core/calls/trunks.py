"""Legs with a phone number at their end: where the number leads, and what happens there.

There is no carrier. A number that an account owns leads back into midcall: a trunk joins the leg
that called it with an inbound call in a family of its own, whose TwiML decides. A few documented
numbers stand for parties that behave in one way. Any other number is served by nobody.
"""

import msgspec

from midcall.core import effects as do
from midcall.core.calls import timers
from midcall.core.calls.devices import answered
from midcall.core.calls.states import Cause, Phase
from midcall.core.calls.turn import Turn
from midcall.core.limits import HOPS_PER_CALL
from midcall.model.calls import CallStatus
from midcall.model.codes import Code
from midcall.model.families import Leg, far_line_of, line_of
from midcall.model.numbers import SIMULATED, Behaviour, PhoneNumber
from midcall.model.sids import CALL, CallSid, from_entropy
from midcall.model.twiml import Say

ANSWER_SECONDS = 1.0
"""How long a simulated party rings before it answers: long enough to be seen ringing."""

REASONS = {Cause.REJECTED, Cause.UNANSWERED, Cause.FAILED}
"""Why somebody who was called was not reached, as the other side of a trunk tells it."""

TALK = Say(text="Hello. This is a simulated party. You may talk to it as long as you like.", loop=0)


def found(turn: Turn, sid: CallSid, owned: PhoneNumber | None, simulated: Behaviour | None) -> None:
    """Call whom a number leads to."""
    leg = turn.legs.get(sid)
    if leg is None or not leg.number or leg.call.status is not CallStatus.QUEUED:
        return
    if leg.trunk is not None:
        return
    if owned is not None and leg.hops >= HOPS_PER_CALL:
        _refuse(turn, sid, f"the call was led through {HOPS_PER_CALL} numbers")
    elif owned is not None:
        _call(turn, leg, owned)
    elif simulated is not None:
        _simulate(turn, sid, simulated)
    else:
        _refuse(turn, sid, f"nobody serves the number {leg.number}")


def _refuse(turn: Turn, sid: CallSid, reason: str) -> None:
    turn.notify(sid, Code.NUMBER_NOT_SERVED, reason)
    turn.move(sid, Cause.FAILED)


def _call(turn: Turn, leg: Leg, owned: PhoneNumber) -> None:
    far_sid = CallSid(from_entropy(CALL, turn.entropy(16)))
    turn.put(msgspec.structs.replace(leg, trunk=far_sid))
    # The lines come first: whatever happens to the call on the other side finds them there.
    turn.do(do.LinkMedia(first=line_of(leg.sid), second=line_of(far_sid)))
    turn.do(do.CallNumber(leg=leg.call, far_sid=far_sid, number=owned, hops=leg.hops + 1))


def _simulate(turn: Turn, sid: CallSid, behaviour: Behaviour) -> None:
    match behaviour:
        case Behaviour.ANSWER | Behaviour.TALK:
            turn.do(do.LinkMedia(first=line_of(sid), second=far_line_of(sid)))
            turn.move(sid, Cause.RANG)
            turn.set_timer(timers.ANSWER, sid, ANSWER_SECONDS)
        case Behaviour.NO_ANSWER:
            turn.move(sid, Cause.RANG)
        case Behaviour.BUSY:
            turn.move(sid, Cause.REJECTED)
        case Behaviour.FAIL:
            turn.move(sid, Cause.FAILED)


def simulated_answer(turn: Turn, sid: CallSid) -> None:
    """Let a simulated party answer."""
    if sid not in turn.legs or turn.phase(sid) is not Phase.WAITING:
        return
    answered(turn, sid)
    leg = turn.legs[sid]
    if leg.active and SIMULATED.get(leg.number) is Behaviour.TALK:
        turn.do(
            do.PlayPrompt(call_sid=sid, device=far_line_of(sid), prompt=TALK, token=turn.token())
        )


def far_end_changed(turn: Turn, sid: CallSid, cause: Cause) -> None:
    """Follow what happened on the other side of a trunk, as far as it concerns this one."""
    leg = turn.legs[sid]
    if leg.trunk is None or turn.phase(sid) is Phase.OVER:
        return
    match cause:
        case Cause.RANG:
            if leg.call.status is CallStatus.QUEUED:
                turn.move(sid, Cause.RANG)
        case Cause.ANSWERED:
            if leg.called and turn.phase(sid) is Phase.WAITING:
                answered(turn, sid)
        case _:
            turn.move(sid, _end(turn, leg, cause))


def _end(turn: Turn, leg: Leg, cause: Cause) -> Cause:
    """Return what the end of the other side means here, whatever has been told of it so far.

    The one who was called may have answered just when the other gave up: each side then knows of
    the other's end only, and still has to end.
    """
    if turn.phase(leg.sid) is Phase.TALKING or not leg.called:
        return Cause.HUNG_UP
    return cause if cause in REASONS else Cause.UNANSWERED
