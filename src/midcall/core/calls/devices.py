"""What devices do with the legs that ring for them or that they hold."""

import msgspec

from midcall.core import effects as do
from midcall.core.calls import timers
from midcall.core.calls.states import Cause, Phase
from midcall.core.calls.turn import Turn
from midcall.core.limits import DEVICES_PER_IDENTITY
from midcall.core.ports import Entropy
from midcall.core.twiml import dial, runner
from midcall.model.calls import CallStatus
from midcall.model.errors import BadMedia
from midcall.model.families import Device, DeviceId, SessionId
from midcall.model.sids import CallSid
from midcall.model.twiml import Play


def mint_device(
    sid: CallSid, session: SessionId, entropy: Entropy, fingerprint: str = ""
) -> Device:
    """Make a device's part in a leg."""
    return Device(
        id=DeviceId(f"{sid}.{entropy(4).hex()}"),
        session=session,
        reconnect_token=entropy(32).hex(),
        fingerprint=fingerprint,
    )


def found(turn: Turn, sid: CallSid, sessions: tuple[SessionId, ...]) -> None:
    """Invite every device of the one who is called."""
    leg = turn.legs.get(sid)
    if leg is None or leg.number or leg.call.status is not CallStatus.QUEUED or leg.devices:
        return
    if not sessions:
        turn.move(sid, Cause.UNANSWERED)
        return
    devices = tuple(
        mint_device(sid, session, turn.entropy) for session in sessions[:DEVICES_PER_IDENTITY]
    )
    turn.put_devices(sid, devices)
    for device in devices:
        turn.do(do.InviteDevice(call=leg.call, device=device, parameters=leg.parameters))


def rang(turn: Turn, sid: CallSid, device: DeviceId) -> None:
    """Note that a device was told of its leg."""
    if turn.holder(sid, device) is None:
        return
    if turn.legs[sid].call.status is CallStatus.QUEUED:
        turn.move(sid, Cause.RANG)
    turn.do(do.RelayDownlinks(sid))


def accepted(turn: Turn, sid: CallSid, device: DeviceId, sdp: str, fingerprint: str) -> None:
    """Give the leg to the device that took it, and withdraw it from the others."""
    winner = turn.holder(sid, device)
    if winner is None or not turn.legs[sid].called or turn.phase(sid) is not Phase.WAITING:
        return
    _cancel_others(turn, sid, device)
    turn.put_devices(sid, (msgspec.structs.replace(winner, fingerprint=fingerprint),))
    turn.do(do.AcceptMedia(call_sid=sid, device=device, sdp=sdp))
    answered(turn, sid)


def answered(turn: Turn, sid: CallSid) -> None:
    """Go on with a leg that we called, now that it is answered."""
    turn.move(sid, Cause.ANSWERED)
    if turn.phase(sid) is not Phase.TALKING:
        return
    turn.do(do.RelayDownlinks(sid))
    leg = turn.legs[sid]
    if leg.send_digits:
        _send_digits(turn, sid)
    if sid == turn.root:
        turn.stop_timer(timers.RING, sid)
        runner.fetch(turn, sid, leg.program.origin)
        return
    if all(turn.phase(other.sid) is not Phase.WAITING for other in turn.children()):
        turn.stop_timer(timers.RING, turn.root)
    if leg.whisper is not None:
        runner.fetch(turn, sid, leg.whisper)


def _send_digits(turn: Turn, sid: CallSid) -> None:
    leg = turn.legs[sid]
    if leg.trunk is not None:
        turn.do(do.PassDigits(call_sid=leg.trunk, digits=leg.send_digits))
    else:
        for endpoint in leg.endpoints:
            # Like a prompt, it takes its time, and nothing waits for it.
            keys = Play(digits=leg.send_digits)
            turn.do(do.PlayPrompt(call_sid=sid, device=endpoint, prompt=keys, token=turn.token()))


def left(turn: Turn, sid: CallSid, device: DeviceId, *, ringing: Cause) -> None:
    """Let a device go that left by itself; without any device the leg is over.

    ``ringing`` is what that means for a leg that still rings for it; a caller who leaves hangs up.
    """
    gone = turn.holder(sid, device)
    if gone is None:
        return
    remaining = tuple(held for held in turn.legs[sid].devices if held.id != device)
    turn.stop_timer(timers.AWAY, gone.id)
    turn.put_devices(sid, remaining)
    turn.do(do.ReleaseDevice(call_sid=sid, device=gone))
    if remaining:
        return
    rings = turn.legs[sid].called and turn.phase(sid) is Phase.WAITING
    turn.move(sid, ringing if rings else Cause.HUNG_UP)


def failed(turn: Turn, sid: CallSid, device: DeviceId, reason: str) -> None:
    """Go on without a device that cannot take part; without any other the leg is over."""
    gone = turn.holder(sid, device)
    if gone is None:
        return
    devices = turn.legs[sid].devices
    if len(devices) > 1:
        turn.put_devices(sid, tuple(held for held in devices if held.id != device))
        turn.do(do.CancelDevice(call_sid=sid, device=gone))
        return
    cause = Cause.FAILED if turn.phase(sid) is Phase.WAITING else Cause.ENDED
    turn.move(sid, cause, BadMedia(reason))


def session_lost(turn: Turn, session: SessionId, keep_seconds: int) -> None:
    """Go on without the socket of a session."""
    for leg in list(turn.legs.values()):
        for device in leg.devices:
            if device.session == session:
                detach(turn, leg.sid, device, keep_seconds)


def detach(turn: Turn, sid: CallSid, device: Device, keep_seconds: int) -> None:
    """Keep the leg for a device that was told how to come back; let any other go."""
    if turn.phase(sid) is not Phase.TALKING:
        # A caller who was not answered has no reconnect token yet, and an SDK that has not
        # accepted an incoming call does not come back for it.
        left(turn, sid, device.id, ringing=Cause.UNANSWERED)
        return
    away = msgspec.structs.replace(device, detached_at=device.detached_at or turn.now)
    _replace(turn, sid, away)
    turn.set_timer(timers.AWAY, device.id, keep_seconds)


def attached(
    turn: Turn, sid: CallSid, device: DeviceId, session: SessionId, fingerprint: str, offer: str
) -> None:
    """Give the leg back to its device, or over to the one that was given the token."""
    held = turn.holder(sid, device)
    if held is None:
        return
    same = held.fingerprint == fingerprint
    if turn.phase(sid) is not Phase.TALKING and (same or not turn.legs[sid].called):
        return  # only a leg that was answered waits for its own device, or was told the token
    if same:
        back = msgspec.structs.replace(held, session=session, detached_at=None)
        _replace(turn, sid, back)
        turn.stop_timer(timers.AWAY, device)
        turn.do(do.WelcomeBack(call_sid=sid, device=back, offer_sdp=offer))
        turn.do(do.RelayDownlinks(sid))
    else:
        _take_over(turn, sid, held, mint_device(sid, session, turn.entropy, fingerprint), offer)


def _take_over(turn: Turn, sid: CallSid, held: Device, taker: Device, offer: str) -> None:
    """Move a leg to another device, which offers as a caller does."""
    waiting = turn.phase(sid) is Phase.WAITING
    turn.stop_timer(timers.AWAY, held.id)
    for other in turn.legs[sid].devices:
        turn.do(do.CancelDevice(call_sid=sid, device=other))
    turn.put_devices(sid, (taker,))
    turn.do(do.PrepareAnswer(call_sid=sid, device=taker, offer_sdp=offer))
    turn.do(do.AnswerDevice(call_sid=sid, device=taker))
    if waiting:
        answered(turn, sid)
    else:
        turn.rejoin(sid)
        dial.ring_back(turn, sid)
        turn.do(do.RelayDownlinks(sid))


def away_too_long(turn: Turn, device: str) -> None:
    """End the leg of a device that did not come back."""
    for leg in list(turn.legs.values()):
        for held in leg.devices:
            if held.id == device and held.detached_at is not None:
                left(turn, leg.sid, held.id, ringing=Cause.UNANSWERED)


def _cancel_others(turn: Turn, sid: CallSid, winner: DeviceId) -> None:
    for loser in turn.legs[sid].devices:
        if loser.id != winner:
            turn.do(do.CancelDevice(call_sid=sid, device=loser))


def _replace(turn: Turn, sid: CallSid, device: Device) -> None:
    devices = turn.legs[sid].devices
    turn.put_devices(sid, tuple(device if one.id == device.id else one for one in devices))
