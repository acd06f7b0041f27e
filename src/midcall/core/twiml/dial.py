"""``<Dial>``: its children, and how it came out (TwiML ``<Dial>`` page)."""

import msgspec

from midcall.core import effects as do
from midcall.core.calls.states import Phase, phase
from midcall.core.calls.turn import Turn
from midcall.model.calls import Call, CallDirection, CallEvent, CallStatus, StatusCallback
from midcall.model.families import Dialing, Leg
from midcall.model.sids import CALL, CallSid, from_entropy
from midcall.model.twiml import Client, Dial

RING_TIMER = "ring"
LIMIT_TIMER = "limit"

OUTCOMES = (
    CallStatus.COMPLETED,
    CallStatus.BUSY,
    CallStatus.NO_ANSWER,
    CallStatus.FAILED,
    CallStatus.CANCELED,
)
"""Which child speaks for a ``<Dial>`` of several: the first status that one of them has."""


def begin(turn: Turn, dial: Dial) -> Dialing:
    """Make a child for every noun and look for its devices."""
    children = tuple(_add_child(turn, dial, client) for client in dial.clients)
    dialing = Dialing(dial=dial, children=children)
    turn.program = msgspec.structs.replace(turn.program, activity=dialing)
    turn.set_timer(RING_TIMER, dial.timeout_seconds)
    if phase(turn.parent.call.status) is Phase.TALKING:
        for device in turn.parent.devices:
            turn.do(do.RingMedia(device=device.id))
    return dialing


def children_over(turn: Turn, dialing: Dialing) -> bool:
    """Tell whether nobody is left who rings or talks."""
    return all(turn.legs[sid].call.status.terminal for sid in dialing.children)


def close(turn: Turn, dialing: Dialing) -> dict[str, str]:
    """Leave the ``<Dial>``; return the parameters that its action is asked with."""
    turn.stop_timer(RING_TIMER)
    turn.stop_timer(LIMIT_TIMER)
    for device in turn.parent.devices:
        turn.do(do.PartMedia(device=device.id))
    speaker = _speaker(turn, dialing)
    status = speaker.status if speaker is not None else CallStatus.FAILED
    turn.program = msgspec.structs.replace(turn.program, activity=None, dialed=status)
    parameters = {
        "DialCallStatus": status.value,
        "DialBridged": "true" if status is CallStatus.COMPLETED else "false",
    }
    if speaker is not None:
        parameters["DialCallSid"] = speaker.sid
        parameters["DialCallDuration"] = str(speaker.duration_seconds or 0)
    return parameters


def _speaker(turn: Turn, dialing: Dialing) -> Call | None:
    calls = [turn.legs[sid].call for sid in dialing.children]
    return min(calls, key=lambda call: OUTCOMES.index(call.status), default=None)


def _add_child(turn: Turn, dial: Dial, client: Client) -> CallSid:
    sid = CallSid(from_entropy(CALL, turn.entropy(16)))
    parent = turn.parent.call
    call = Call(
        sid=sid,
        account_sid=parent.account_sid,
        parent_call_sid=parent.sid,
        from_address=dial.caller_id or parent.from_address,
        to_address=f"client:{client.identity}",
        direction=CallDirection.OUTBOUND_DIAL,
        status=CallStatus.QUEUED,
        created_at=turn.now,
        updated_at=turn.now,
    )
    callback = None
    if client.status_callback is not None:
        callback = StatusCallback(
            endpoint=client.status_callback, events=client.status_callback_events
        )
    turn.put(
        Leg(
            call=call,
            identity=client.identity,
            parameters=client.parameters,
            status_callback=callback,
        )
    )
    turn.announce(sid, CallEvent.INITIATED)
    turn.do(do.FindDevices(call_sid=sid, identity=client.identity))
    return sid
