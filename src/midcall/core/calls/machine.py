"""The call machine: ``step(family, event) -> Decision``.

A pure function over a parent leg and its children. Time and randomness are arguments. An event that
comes too late (for a call that ended, from a device that another one beat, by a timer that was set
anew) changes nothing; no event raises.
"""

from datetime import datetime
from typing import assert_never

import msgspec

from midcall.core import effects as do
from midcall.core.calls import devices, timers, trunks
from midcall.core.calls import events as ev
from midcall.core.calls.states import Cause, Phase
from midcall.core.calls.turn import Decision, Turn
from midcall.core.ports import Entropy
from midcall.core.twiml import dial, runner
from midcall.model.calls import Call, CallEvent, CallStatus, StatusCallback
from midcall.model.errors import TwimlFault
from midcall.model.families import Family, Leg, Origin, Program, SessionId
from midcall.model.sids import CallSid
from midcall.model.traces import TraceKind
from midcall.model.twiml import Parameter


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A device wants to call: what is known of the call when it begins.

    ``call`` is ringing and has no children yet; ``origin`` is where its TwiML comes from.
    """

    call: Call
    identity: str
    session: SessionId
    offer_sdp: str
    fingerprint: str
    parameters: tuple[Parameter, ...]
    origin: Origin
    status_callback: StatusCallback | None = None


class Arriving(msgspec.Struct, frozen=True, kw_only=True):
    """A phone number calls a number of an account.

    ``trunk`` is the leg that does, elsewhere; its lines are there already. ``hops`` counts the
    trunks up to here.
    """

    call: Call
    trunk: CallSid
    origin: Origin
    hops: int = 1
    status_callback: StatusCallback | None = None


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """The REST API wants a call: to the SDK users of ``identity``, or else to ``number``."""

    call: Call
    identity: str
    number: str
    origin: Origin
    timeout_seconds: int
    time_limit_seconds: int
    send_digits: str = ""
    parameters: tuple[Parameter, ...] = ()
    status_callback: StatusCallback | None = None


def place(placed: Placed, now: datetime, entropy: Entropy) -> Decision:
    """Begin a family with the call of an SDK: tell the device its CallSid, ask for the TwiML."""
    sid = placed.call.sid
    device = devices.mint_device(sid, placed.session, entropy, placed.fingerprint)
    leg = Leg(
        call=placed.call,
        identity=placed.identity,
        devices=(device,),
        parameters=placed.parameters,
        status_callback=placed.status_callback,
    )
    turn = _begin(leg, now, entropy)
    turn.do(do.TellRinging(call_sid=sid, device=device))
    # The document is on its way while media is set up.
    runner.fetch(turn, sid, placed.origin)
    turn.do(do.PrepareAnswer(call_sid=sid, device=device, offer_sdp=placed.offer_sdp))
    return turn.decision()


def arrive(arriving: Arriving, now: datetime, entropy: Entropy) -> Decision:
    """Begin a family with the call of a phone number."""
    sid = arriving.call.sid
    leg = Leg(
        call=arriving.call,
        number=arriving.call.from_address,
        trunk=arriving.trunk,
        hops=arriving.hops,
        status_callback=arriving.status_callback,
    )
    turn = _begin(leg, now, entropy)
    turn.do(do.TellFarEnd(call_sid=arriving.trunk, cause=Cause.RANG))
    runner.fetch(turn, sid, arriving.origin)
    return turn.decision()


def request(requested: Requested, now: datetime, entropy: Entropy) -> Decision:
    """Begin a family with a call to somebody; its TwiML runs once it is answered."""
    sid = requested.call.sid
    leg = Leg(
        call=requested.call,
        identity=requested.identity,
        number=requested.number,
        parameters=requested.parameters,
        status_callback=requested.status_callback,
        time_limit_seconds=requested.time_limit_seconds,
        send_digits=requested.send_digits,
        program=Program(origin=requested.origin),
    )
    turn = _begin(leg, now, entropy)
    turn.set_timer(timers.RING, sid, requested.timeout_seconds)
    turn.announce(sid, CallEvent.INITIATED)
    dial.seek(turn, sid)
    return turn.decision()


def step(family: Family, event: ev.Event, now: datetime, entropy: Entropy) -> Decision:
    """Decide what becomes of a family when something happened to it."""
    turn = Turn(family, now, entropy)
    _apply(turn, event)
    if turn.resume_due:
        runner.dial_ended(turn)
    return turn.decision()


def _begin(leg: Leg, now: datetime, entropy: Entropy) -> Turn:
    sid = leg.sid
    family = Family(sid=sid, account_sid=leg.call.account_sid, legs={sid: leg})
    turn = Turn(family, now, entropy)
    turn.trace(sid, TraceKind.STATUS, leg.call.status.value)
    return turn


def _apply(turn: Turn, event: ev.Event) -> None:
    match event:
        case ev.DocumentArrived(call_sid=sid, token=token, document=document, url=url):
            runner.document_arrived(turn, sid, token, document, url)
        case ev.DocumentFailed(call_sid=sid, token=token, code=code, reason=reason, url=url):
            fault = TwimlFault(code, reason, url, event.evidence)
            runner.document_failed(turn, sid, token, fault)
        case ev.DevicesFound(call_sid=sid, sessions=sessions):
            devices.found(turn, sid, sessions)
        case ev.DeviceDetached(session=session, keep_seconds=keep):
            devices.session_lost(turn, session, keep)
        case ev.CallUpdated():
            _updated(turn, event)
        case ev.TimerFired(name=name):
            _timer_fired(turn, name)
        case ev.ServerRestarted(keep_seconds=keep):
            _server_restarted(turn, keep)
        case (
            ev.PromptEnded()
            | ev.PromptFailed()
            | ev.DigitPressed()
            | ev.NumberFound()
            | ev.FarEndChanged()
            | ev.MediaRestarted()
        ):
            _apply_to_party(turn, event)
        case _:
            _apply_to_device(turn, event)


def _apply_to_device(turn: Turn, event: ev.DeviceEvent) -> None:
    match event:
        case ev.DeviceRang(call_sid=sid, device=device):
            devices.rang(turn, sid, device)
        case ev.DeviceAccepted(call_sid=sid, device=device, sdp=sdp, fingerprint=fingerprint):
            devices.accepted(turn, sid, device, sdp, fingerprint)
        case ev.DeviceRejected(call_sid=sid, device=device):
            devices.left(turn, sid, device, ringing=Cause.REJECTED)
        case ev.DeviceHungUp(call_sid=sid, device=device):
            devices.left(turn, sid, device, ringing=Cause.REJECTED)
        case ev.DeviceGone(call_sid=sid, device=device):
            devices.left(turn, sid, device, ringing=Cause.UNANSWERED)
        case ev.DeviceFailed(call_sid=sid, device=device, reason=reason):
            devices.failed(turn, sid, device, reason)
        case ev.DeviceAttached(call_sid=sid, device=device, session=session):
            devices.attached(turn, sid, device, session, event.fingerprint, event.offer_sdp)
        case _:
            assert_never(event)


def _apply_to_party(turn: Turn, event: ev.PartyEvent) -> None:
    if event.call_sid not in turn.legs:
        return
    match event:
        case ev.PromptEnded(call_sid=sid, token=token):
            runner.prompt_ended(turn, sid, token)
        case ev.PromptFailed(call_sid=sid, code=code, reason=reason, url=url):
            turn.notify(sid, code, reason, url=url)
        case ev.DigitPressed(call_sid=sid, digit=digit):
            _digit_pressed(turn, sid, digit)
        case ev.NumberFound(call_sid=sid, owned=owned, simulated=simulated):
            trunks.found(turn, sid, owned, simulated)
        case ev.FarEndChanged(call_sid=sid, cause=cause):
            trunks.far_end_changed(turn, sid, cause)
        case ev.MediaRestarted(call_sid=sid):
            turn.rejoin(sid)
        case _:
            assert_never(event)


def _digit_pressed(turn: Turn, sid: CallSid, digit: str) -> None:
    """Let the program have a key, or else the one who is talked to."""
    partner = turn.partner(sid)
    if partner is None:
        runner.digit_pressed(turn, sid, digit)
        return
    dialing = turn.dialing()
    if digit == "*" and sid == turn.root and dialing is not None and dialing.dial.hangup_on_star:
        turn.move(partner.sid, Cause.ENDED)
    elif partner.trunk is not None:
        turn.do(do.PassDigits(call_sid=partner.trunk, digits=digit))


def _updated(turn: Turn, event: ev.CallUpdated) -> None:
    sid = event.call_sid
    if sid not in turn.legs or turn.phase(sid) is Phase.OVER:
        return
    leg = turn.legs[sid]
    if event.status_callback is not None:
        told = leg.status_callback.told if leg.status_callback is not None else 0
        callback = StatusCallback(endpoint=event.status_callback, told=told)
        turn.put(msgspec.structs.replace(leg, status_callback=callback))
    if event.time_limit_seconds is not None:
        _limit(turn, sid, event.time_limit_seconds)
    if event.end:
        turn.end(sid)
    elif event.origin is not None and sid == turn.root and turn.phase(sid) is Phase.TALKING:
        runner.redirect(turn, sid, event.origin)


def _limit(turn: Turn, sid: CallSid, seconds: int) -> None:
    """Let a leg last so long, counted from its answer."""
    leg = msgspec.structs.replace(turn.legs[sid], time_limit_seconds=seconds)
    turn.put(leg)
    if leg.call.answered_at is not None:
        elapsed = (turn.now - leg.call.answered_at).total_seconds()
        turn.set_timer(timers.LIMIT, sid, max(0.0, seconds - elapsed))


def _timer_fired(turn: Turn, name: str) -> None:
    due_at = turn.timers.get(name)
    if due_at is None or due_at > turn.now:
        return
    del turn.timers[name]
    kind, _, key = name.partition(":")
    sid = CallSid(key)
    match kind:
        case timers.RING:
            _nobody_answered(turn, sid)
        case timers.LIMIT:
            turn.end(sid)
        case timers.PAUSE:
            runner.pause_ended(turn, sid)
        case timers.GATHER:
            runner.gather_timed_out(turn, sid)
        case timers.QUIET:
            runner.quiet_ended(turn, sid)
        case timers.ANSWER:
            trunks.simulated_answer(turn, sid)
        case timers.AWAY:
            devices.away_too_long(turn, key)
        case _:
            raise AssertionError(f"nobody set a timer called {kind}")


def _nobody_answered(turn: Turn, sid: CallSid) -> None:
    """End what still rings: the call itself, or the children of its ``<Dial>``."""
    if turn.legs[sid].called and turn.phase(sid) is Phase.WAITING:
        turn.move(sid, Cause.UNANSWERED)
        return
    for child in turn.children():
        if turn.phase(child.sid) is Phase.WAITING:
            turn.move(child.sid, Cause.UNANSWERED)


def _server_restarted(turn: Turn, keep_seconds: int) -> None:
    for leg in list(turn.legs.values()):
        for device in leg.devices:
            devices.detach(turn, leg.sid, device, keep_seconds)
    for leg in list(turn.legs.values()):
        status = turn.legs[leg.sid].call.status
        if status is CallStatus.QUEUED:
            turn.move(leg.sid, Cause.UNANSWERED)
        elif leg.number and not status.terminal:
            # Its line was in the memory of the server that stopped.
            rings = leg.called and status is CallStatus.RINGING
            turn.move(leg.sid, Cause.UNANSWERED if rings else Cause.HUNG_UP)
    for leg in list(turn.legs.values()):
        if turn.phase(leg.sid) is not Phase.OVER:
            runner.resume(turn, leg.sid)
            # Nobody is there to take its messages yet, and that is to be seen.
            turn.do(do.RelayDownlinks(leg.sid))
