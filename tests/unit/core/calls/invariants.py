"""What holds of a call family after every step, whatever happened to it."""

from collections import Counter

import msgspec

from midcall.core import effects as do
from midcall.core.calls.states import TRANSITIONS, Phase, phase
from midcall.core.calls.turn import Decision, away_timer
from midcall.core.ports import AddEntry, Change, ExpireMessages
from midcall.model.calls import CallStatus
from midcall.model.families import Dialing, Family, Pausing
from midcall.model.sids import CallSid


def _reachable(status: CallStatus) -> set[CallStatus]:
    reached = {status}
    while new := {s for one in reached for s in TRANSITIONS.get(one, {}).values()} - reached:
        reached |= new
    return reached


REACHABLE = {status: _reachable(status) for status in CallStatus}


class Watch:
    """Looks on while a family lives, and keeps the books of what was asked for."""

    def __init__(self) -> None:
        self._before: dict[CallSid, CallStatus] = {}
        self._endpoints: dict[str, str] = {}
        self._ended: Counter[CallSid] = Counter()
        self._next_entry: Counter[str] = Counter()
        self._searched: Counter[CallSid] = Counter()

    def look(self, decision: Decision) -> None:
        """Check a family after a step."""
        family = decision.family
        self._check_statuses(family)
        _check_joint(family)
        _check_devices(family)
        _check_timers(family)
        _check_program(family)
        _check_kept_whole(family)
        for change in decision.changes:
            self._check_change(change)
        for effect in decision.effects:
            self._check_effect(effect)
        self._check_books(family)

    def _check_statuses(self, family: Family) -> None:
        for sid, leg in family.legs.items():
            status = leg.call.status
            before = self._before.get(sid, CallStatus.QUEUED)
            assert status in REACHABLE[before], f"{sid} went from {before} to {status}"
            assert (leg.call.ended_at is not None) == status.terminal
            talked = leg.call.answered_at is not None
            assert talked == (status in {CallStatus.IN_PROGRESS, CallStatus.COMPLETED})
            self._before[sid] = status
        assert set(self._before) == set(family.legs), "a leg was lost"

    def _check_change(self, change: Change) -> None:
        if isinstance(change, AddEntry):
            entry = change.entry
            assert entry.lane == entry.call_sid
            assert entry.position == self._next_entry[entry.lane], "a gap in a lane"
            assert entry.parameters["SequenceNumber"] == str(entry.position)
            self._next_entry[entry.lane] += 1
        if isinstance(change, ExpireMessages):
            self._ended[change.call_sid] += 1

    def _check_effect(self, effect: do.Effect) -> None:
        match effect:
            case do.PrepareAnswer() | do.InviteDevice():
                assert effect.device.id not in self._endpoints, "an endpoint was made twice"
                self._endpoints[effect.device.id] = "there"
            case do.CancelDevice() | do.HangUpDevice() | do.ReleaseDevice():
                assert self._endpoints[effect.device.id] == "there", "an endpoint was let go twice"
                self._endpoints[effect.device.id] = "gone"
            case (
                do.AcceptMedia(device=name) | do.PartMedia(device=name) | do.RingMedia(device=name)
            ):
                assert self._endpoints[name] == "there"
            case do.JoinMedia(first=first, second=second):
                assert self._endpoints[first] == self._endpoints[second] == "there"
            case do.FindDevices(call_sid=sid):
                self._searched[sid] += 1
            case _:
                pass

    def _check_books(self, family: Family) -> None:
        held = {device.id for leg in family.legs.values() for device in leg.devices}
        there = {name for name, state in self._endpoints.items() if state == "there"}
        assert held == there, "an endpoint without a device, or a device without an endpoint"
        ended = {sid for sid, leg in family.legs.items() if leg.call.status.terminal}
        assert self._ended == Counter(ended), "messages expire once for each leg, when it ends"
        for leg in family.children:
            assert self._searched[leg.sid] == 1
            told = 0 if leg.status_callback is None else leg.status_callback.told
            assert self._next_entry[leg.sid] == told


def _check_joint(family: Family) -> None:
    parent = phase(family.parent.call.status)
    children = [phase(leg.call.status) for leg in family.children]
    if parent is Phase.OVER:
        assert family.over, "a child outlived its parent"
    if parent is Phase.WAITING:
        assert Phase.TALKING not in children, "a child talks to nobody"
    assert children.count(Phase.TALKING) <= 1, "two children talk"
    if Phase.TALKING in children:
        assert Phase.WAITING not in children, "a sibling still rings"


def _check_devices(family: Family) -> None:
    for leg in family.legs.values():
        status = leg.call.status
        if status.terminal:
            assert not leg.devices, "a device holds a call that is over"
        if status is CallStatus.RINGING:
            assert leg.devices, "a call rings nowhere"
        if status is CallStatus.IN_PROGRESS or (leg.sid == family.sid and not status.terminal):
            assert len(leg.devices) == 1, "a call has one device at its end"
        if status is not CallStatus.IN_PROGRESS:
            assert not [device for device in leg.devices if device.detached_at], "nobody waits"


def _check_timers(family: Family) -> None:
    expected = {
        away_timer(device)
        for leg in family.legs.values()
        for device in leg.devices
        if device.detached_at is not None
    }
    match family.program.activity:
        case Dialing(children=children):
            phases = {phase(family.legs[sid].call.status) for sid in children}
            expected.add("limit" if Phase.TALKING in phases else "ring")
            assert phases - {Phase.OVER}, "a dial without anybody goes on"
        case Pausing():
            expected.add("pause")
        case _:
            pass
    assert set(family.timers) == expected


def _check_program(family: Family) -> None:
    if family.over:
        assert family.program.activity is None
        assert not family.program.rest
        assert not family.timers
    else:
        assert family.program.activity is not None, "a call that waits for nothing"


def _check_kept_whole(family: Family) -> None:
    kept = msgspec.json.encode(family)
    assert msgspec.json.decode(kept, type=Family) == family
