"""``<Dial>``: its children, and how it came out (TwiML ``<Dial>`` page)."""

from typing import assert_never

import msgspec

from midcall.core import effects as do
from midcall.core.calls import timers
from midcall.core.calls.states import Cause, Phase
from midcall.core.calls.turn import Turn
from midcall.core.twiml.links import absolute_endpoint
from midcall.model.calls import Call, CallDirection, CallEvent, CallStatus, StatusCallback
from midcall.model.codes import Code
from midcall.model.families import Dialing, Leg, Origin
from midcall.model.sids import CALL, CallSid, from_entropy
from midcall.model.twiml import Client, Dial, Noun, Number

CLIENT = "client:"
"""How the address of an SDK user begins."""

OUTCOMES = (
    CallStatus.COMPLETED,
    CallStatus.BUSY,
    CallStatus.NO_ANSWER,
    CallStatus.FAILED,
    CallStatus.CANCELED,
)
"""Which child speaks for a ``<Dial>`` of several: the first status that one of them has."""


def begin(turn: Turn, dial: Dial) -> None:
    """Make a child for every noun, or for the first, and look for who it rings."""
    first, waiting = (dial.nouns[:1], dial.nouns[1:]) if dial.sequential else (dial.nouns, ())
    turn.put_activity(turn.root, Dialing(dial=dial, children=(), waiting=waiting))
    _call(turn, first)
    ring_back(turn, turn.root)


def ring_back(turn: Turn, sid: CallSid) -> None:
    """Let a caller who was answered hear that somebody rings, if this is one and somebody does."""
    dialing = turn.dialing()
    if dialing is None or sid != turn.root or turn.phase(sid) is not Phase.TALKING:
        return
    if turn.partner(sid) is None and not children_over(turn, dialing):
        for endpoint in turn.parent.endpoints:
            turn.do(do.RingMedia(device=endpoint, country=dialing.dial.ring_tone))


def call_next(turn: Turn, dialing: Dialing) -> bool:
    """Go on with the next noun if there is one and nobody was reached; return whether so."""
    reached = any(turn.legs[sid].call.status is CallStatus.COMPLETED for sid in dialing.children)
    if reached or not dialing.waiting:
        return False
    turn.put_activity(turn.root, msgspec.structs.replace(dialing, waiting=dialing.waiting[1:]))
    _call(turn, dialing.waiting[:1])
    return True


def children_over(turn: Turn, dialing: Dialing) -> bool:
    """Tell whether nobody is left who rings or talks."""
    return all(turn.phase(sid) is Phase.OVER for sid in dialing.children)


def close(turn: Turn, dialing: Dialing) -> dict[str, str]:
    """Leave the ``<Dial>``; return the parameters that its action is asked with."""
    stop(turn, dialing)
    speaker = _speaker(turn, dialing)
    status = speaker.status if speaker is not None else CallStatus.FAILED
    program = msgspec.structs.replace(turn.program(turn.root), activity=None, dialed=status)
    turn.put_program(turn.root, program)
    parameters = {"DialCallStatus": status.value, "DialBridged": "false"}
    if speaker is not None:
        bridged = status is CallStatus.COMPLETED and turn.legs[speaker.sid].whisper is None
        parameters["DialBridged"] = "true" if bridged else "false"
        parameters["DialCallSid"] = speaker.sid
        parameters["DialCallDuration"] = str(speaker.duration_seconds or 0)
    return parameters


def stop(turn: Turn, dialing: Dialing) -> None:
    """Let the caller hear nobody any more."""
    turn.stop_timer(timers.RING, turn.root)
    if dialing.children:
        for endpoint in turn.parent.endpoints:
            turn.do(do.PartMedia(device=endpoint))


def _speaker(turn: Turn, dialing: Dialing) -> Call | None:
    calls = [turn.legs[sid].call for sid in dialing.children]
    return min(calls, key=lambda call: OUTCOMES.index(call.status), default=None)


def _call(turn: Turn, nouns: tuple[Noun, ...]) -> None:
    dialing = turn.dialing()
    if dialing is None:
        raise AssertionError("children belong to a Dial under way")
    made = [_child(turn, dialing.dial, noun) for noun in nouns]
    children = (*dialing.children, *(leg.sid for leg in made))
    turn.put_activity(turn.root, msgspec.structs.replace(dialing, children=children))
    turn.set_timer(timers.RING, turn.root, dialing.dial.timeout_seconds)
    for leg in made:
        turn.put(leg)
    for leg in made:
        turn.announce(leg.sid, CallEvent.INITIATED)
        if leg.number and leg.call.from_address.startswith(CLIENT):
            reason = "a call to a number needs a callerId that is one"
            turn.notify(leg.sid, Code.DIAL_CALLER_ID, reason)
            turn.move(leg.sid, Cause.FAILED)
        else:
            seek(turn, leg.sid)


def seek(turn: Turn, sid: CallSid) -> None:
    """Look for whoever is to be at the end of a leg that we call."""
    leg = turn.legs[sid]
    if leg.number:
        turn.do(do.FindNumber(call_sid=sid, number=leg.number))
    else:
        turn.do(do.FindDevices(call_sid=sid, identity=leg.identity))


def _child(turn: Turn, dial: Dial, noun: Noun) -> Leg:
    sid = CallSid(from_entropy(CALL, turn.entropy(16)))
    parent = turn.parent.call
    caller_id = dial.caller_id or parent.from_address
    callback = None
    if noun.status_callback is not None:
        endpoint = absolute_endpoint(turn, turn.root, noun.status_callback)
        callback = StatusCallback(endpoint=endpoint, events=noun.status_callback_events)
    whisper = None
    if noun.url is not None:
        whisper = Origin(endpoint=absolute_endpoint(turn, turn.root, noun.url))
    leg = Leg(
        call=Call(
            sid=sid,
            account_sid=parent.account_sid,
            parent_call_sid=parent.sid,
            from_address=caller_id,
            to_address=_address(noun),
            direction=CallDirection.OUTBOUND_DIAL,
            status=CallStatus.QUEUED,
            created_at=turn.now,
            updated_at=turn.now,
            stir_status=parent.stir_status,
        ),
        status_callback=callback,
        time_limit_seconds=dial.time_limit_seconds,
        hops=turn.parent.hops,
        whisper=whisper,
    )
    match noun:
        case Client(identity=identity, parameters=parameters):
            return msgspec.structs.replace(leg, identity=identity, parameters=parameters)
        case Number(number=number, send_digits=digits):
            return msgspec.structs.replace(leg, number=number, send_digits=digits)
        case _:
            assert_never(noun)


def _address(noun: Noun) -> str:
    return f"{CLIENT}{noun.identity}" if isinstance(noun, Client) else noun.number
