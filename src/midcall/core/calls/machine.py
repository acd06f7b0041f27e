"""The call machine: ``step(family, event) -> Decision``.

A pure function over a parent leg and its children. Time and randomness are arguments. An event that
comes too late (for a call that ended, from a device that another one beat, by a timer that was set
anew) changes nothing; no event raises.
"""

from datetime import datetime
from typing import assert_never

import msgspec

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls.states import Cause, Phase, phase
from midcall.core.calls.turn import Decision, Turn, away_timer
from midcall.core.limits import DEVICES_PER_IDENTITY
from midcall.core.ports import Entropy
from midcall.core.twiml import dial, runner
from midcall.model.calls import Call, CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.errors import BadMedia
from midcall.model.families import (
    Device,
    DeviceId,
    Dialing,
    Family,
    Fetching,
    Leg,
    SessionId,
)
from midcall.model.sids import CallSid
from midcall.model.twiml import Parameter


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A device wants to call: what is known of the call when it begins.

    ``call`` is ringing and has no children yet. Without a ``voice`` endpoint the application keeps
    its document here.
    """

    call: Call
    identity: str
    session: SessionId
    offer_sdp: str
    parameters: tuple[Parameter, ...]
    voice: Endpoint | None
    fallback: Endpoint | None


def place(placed: Placed, now: datetime, entropy: Entropy) -> Decision:
    """Begin a family with the call of an SDK: tell the device its CallSid, ask for the TwiML."""
    sid = placed.call.sid
    device = _device(sid, placed.session, entropy)
    leg = Leg(
        call=placed.call,
        identity=placed.identity,
        devices=(device,),
        parameters=placed.parameters,
    )
    family = Family(
        sid=sid,
        account_sid=placed.call.account_sid,
        application_sid=placed.call.application_sid,
        legs={sid: leg},
    )
    turn = Turn(family, now, entropy)
    turn.do(do.TellRinging(call_sid=sid, device=device))
    # The document is on its way while media is set up.
    runner.fetch(turn, placed.voice, fallback=placed.fallback)
    turn.do(do.PrepareAnswer(call_sid=sid, device=device, offer_sdp=placed.offer_sdp))
    return turn.decision()


def step(family: Family, event: ev.Event, now: datetime, entropy: Entropy) -> Decision:
    """Decide what becomes of a family when something happened to it."""
    turn = Turn(family, now, entropy)
    _apply(turn, event)
    if turn.resume_due:
        runner.dial_ended(turn)
    return turn.decision()


def _apply(turn: Turn, event: ev.Event) -> None:
    match event:
        case ev.DocumentArrived(token=token, document=document, url=url):
            runner.document_arrived(turn, token, document, url)
        case ev.DocumentFailed(token=token, code=code, reason=reason, url=url):
            runner.document_failed(turn, token, code, reason, url)
        case ev.DevicesFound(call_sid=sid, sessions=sessions):
            _devices_found(turn, sid, sessions)
        case ev.DeviceDetached(session=session, keep_seconds=keep):
            _session_lost(turn, session, keep)
        case ev.TimerFired(name=name):
            _timer_fired(turn, name)
        case ev.ServerRestarted(keep_seconds=keep):
            _server_restarted(turn, keep)
        case _:
            _apply_to_device(turn, event)


def _apply_to_device(turn: Turn, event: ev.DeviceEvent) -> None:
    match event:
        case ev.DeviceRang(call_sid=sid, device=device):
            _device_rang(turn, sid, device)
        case ev.DeviceAccepted(call_sid=sid, device=device, sdp=sdp):
            _device_accepted(turn, sid, device, sdp)
        case ev.DeviceRejected(call_sid=sid, device=device):
            _device_left(turn, sid, device, ringing=Cause.REJECTED)
        case ev.DeviceHungUp(call_sid=sid, device=device):
            _device_left(turn, sid, device, ringing=Cause.REJECTED)
        case ev.DeviceGone(call_sid=sid, device=device):
            _device_left(turn, sid, device, ringing=Cause.UNANSWERED)
        case ev.DeviceFailed(call_sid=sid, device=device, reason=reason):
            _device_failed(turn, sid, device, reason)
        case ev.DeviceAttached(call_sid=sid, device=device, session=session):
            _device_attached(turn, sid, device, session)
        case _:
            assert_never(event)


# --- devices ----------------------------------------------------------------------------------


def _devices_found(turn: Turn, sid: CallSid, sessions: tuple[SessionId, ...]) -> None:
    leg = turn.legs.get(sid)
    if leg is None or leg.call.status is not CallStatus.QUEUED or leg.devices:
        return
    if not sessions:
        turn.move(sid, Cause.UNANSWERED)
        return
    devices = tuple(
        _device(sid, session, turn.entropy) for session in sessions[:DEVICES_PER_IDENTITY]
    )
    turn.put_devices(sid, devices)
    for device in devices:
        turn.do(do.InviteDevice(call=leg.call, device=device, parameters=leg.parameters))


def _device_rang(turn: Turn, sid: CallSid, device: DeviceId) -> None:
    leg, _ = _holder(turn, sid, device)
    if leg is not None and leg.call.status is CallStatus.QUEUED:
        turn.move(sid, Cause.RANG)
    if leg is not None:
        turn.do(do.RelayDownlinks(sid))


def _device_accepted(turn: Turn, sid: CallSid, device: DeviceId, sdp: str) -> None:
    leg, winner = _holder(turn, sid, device)
    if leg is None or winner is None or phase(leg.call.status) is not Phase.WAITING:
        return
    if sid == turn.family.sid:
        return  # a caller has nothing to accept
    for loser in leg.devices:
        if loser.id != device:
            turn.do(do.CancelDevice(call_sid=sid, device=loser))
    turn.put_devices(sid, (winner,))
    turn.do(do.AcceptMedia(call_sid=sid, device=device, sdp=sdp))
    turn.move(sid, Cause.ANSWERED)
    turn.do(do.RelayDownlinks(sid))
    activity = turn.program.activity
    if isinstance(activity, Dialing):
        turn.stop_timer(dial.RING_TIMER)
        turn.set_timer(dial.LIMIT_TIMER, activity.dial.time_limit_seconds)


def _device_left(turn: Turn, sid: CallSid, device: DeviceId, *, ringing: Cause) -> None:
    """Let a device go that left by itself; without any device the leg is over.

    ``ringing`` is what that means for a child that still rings; a caller who leaves hangs up.
    """
    leg, gone = _holder(turn, sid, device)
    if leg is None or gone is None:
        return
    remaining = tuple(held for held in leg.devices if held.id != device)
    turn.stop_timer(away_timer(gone))
    turn.put_devices(sid, remaining)
    turn.do(do.ReleaseDevice(call_sid=sid, device=gone))
    if remaining:
        return
    rings = sid != turn.family.sid and phase(leg.call.status) is Phase.WAITING
    turn.move(sid, ringing if rings else Cause.HUNG_UP)


def _device_failed(turn: Turn, sid: CallSid, device: DeviceId, reason: str) -> None:
    leg, failed = _holder(turn, sid, device)
    if leg is None or failed is None:
        return
    if len(leg.devices) > 1:
        turn.put_devices(sid, tuple(held for held in leg.devices if held.id != device))
        turn.do(do.CancelDevice(call_sid=sid, device=failed))
        return
    cause = Cause.FAILED if phase(leg.call.status) is Phase.WAITING else Cause.ENDED
    turn.move(sid, cause, BadMedia(reason))


def _session_lost(turn: Turn, session: SessionId, keep_seconds: int) -> None:
    for leg in list(turn.legs.values()):
        for device in leg.devices:
            if device.session == session:
                _detach(turn, leg.sid, device, keep_seconds)


def _detach(turn: Turn, sid: CallSid, device: Device, keep_seconds: int) -> None:
    """Keep the leg for a device that was told how to come back; let any other go."""
    leg = turn.legs[sid]
    if phase(leg.call.status) is not Phase.TALKING:
        # A caller who was not answered has no reconnect token yet, and an SDK that has not
        # accepted an incoming call does not come back for it.
        _device_left(turn, sid, device.id, ringing=Cause.UNANSWERED)
        return
    away = msgspec.structs.replace(device, detached_at=device.detached_at or turn.now)
    turn.put_devices(sid, tuple(away if held.id == device.id else held for held in leg.devices))
    turn.set_timer(away_timer(device), keep_seconds)


def _device_attached(turn: Turn, sid: CallSid, device: DeviceId, session: SessionId) -> None:
    leg, held = _holder(turn, sid, device)
    if leg is None or held is None or phase(leg.call.status) is not Phase.TALKING:
        return  # only a leg that was answered waits for its device
    back = msgspec.structs.replace(held, session=session, detached_at=None)
    turn.put_devices(sid, tuple(back if one.id == device else one for one in leg.devices))
    turn.stop_timer(away_timer(back))
    turn.do(do.WelcomeBack(call_sid=sid, device=back))
    turn.do(do.RelayDownlinks(sid))


# --- time -------------------------------------------------------------------------------------


def _timer_fired(turn: Turn, name: str) -> None:
    due_at = turn.timers.get(name)
    if due_at is None or due_at > turn.now:
        return
    turn.stop_timer(name)
    match name:
        case dial.RING_TIMER:
            _each_child(turn, Phase.WAITING, Cause.UNANSWERED)
        case dial.LIMIT_TIMER:
            _each_child(turn, Phase.TALKING, Cause.ENDED)
        case runner.PAUSE_TIMER:
            runner.pause_ended(turn)
        case _:
            for leg in list(turn.legs.values()):
                for device in leg.devices:
                    if away_timer(device) == name:
                        _device_left(turn, leg.sid, device.id, ringing=Cause.UNANSWERED)


def _each_child(turn: Turn, in_phase: Phase, cause: Cause) -> None:
    for child in turn.children():
        if phase(turn.legs[child.sid].call.status) is in_phase:
            turn.move(child.sid, cause)


def _server_restarted(turn: Turn, keep_seconds: int) -> None:
    for leg in list(turn.legs.values()):
        for device in leg.devices:
            _detach(turn, leg.sid, device, keep_seconds)
    for leg in turn.children():
        if turn.legs[leg.sid].call.status is CallStatus.QUEUED:
            turn.move(leg.sid, Cause.UNANSWERED)
    if isinstance(turn.program.activity, Fetching) and not turn.parent.call.status.terminal:
        turn.do(do.FetchDocument())


# --- small things -----------------------------------------------------------------------------


def _holder(turn: Turn, sid: CallSid, device: DeviceId) -> tuple[Leg, Device] | tuple[None, None]:
    """Find a leg and the device of that id among its devices."""
    leg = turn.legs.get(sid)
    if leg is not None:
        for held in leg.devices:
            if held.id == device:
                return leg, held
    return None, None


def _device(sid: CallSid, session: SessionId, entropy: Entropy) -> Device:
    return Device(
        id=DeviceId(f"{sid}.{entropy(4).hex()}"),
        session=session,
        reconnect_token=entropy(32).hex(),
    )
