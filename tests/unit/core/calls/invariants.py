"""What holds of a call family after every step, whatever happened to it."""

from collections import Counter

import msgspec

from midcall.core import effects as do
from midcall.core.calls import timers
from midcall.core.calls.states import TRANSITIONS, Phase, phase
from midcall.core.calls.turn import Decision
from midcall.core.ports import AddEntry, Change, ExpireMessages
from midcall.model.calls import CallStatus
from midcall.model.families import (
    Activity,
    Dialing,
    Family,
    Fetching,
    Gathering,
    Leg,
    Pausing,
    Speaking,
    far_line_of,
    line_of,
)
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
        self._lines: dict[str, str] = {}
        self._played: set[str] = set()
        self._ended: Counter[CallSid] = Counter()
        self._next_entry: Counter[str] = Counter()
        self._searched: Counter[CallSid] = Counter()
        self._far_ended: Counter[CallSid] = Counter()

    def look(self, decision: Decision) -> None:
        """Check a family after a step."""
        family = decision.family
        self._check_statuses(family)
        _check_joint(family)
        _check_devices(family)
        _check_programs(family)
        _check_kept_whole(family)
        for change in decision.changes:
            self._check_change(change)
        for effect in decision.effects:
            self._check_effect(effect, family)
        self._check_timers(family)
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

    def _check_effect(self, effect: do.Effect, family: Family) -> None:
        match effect:
            case do.PrepareAnswer() | do.InviteDevice():
                assert effect.device.id not in self._endpoints, "an endpoint was made twice"
                self._endpoints[effect.device.id] = "there"
            case do.CancelDevice() | do.HangUpDevice() | do.ReleaseDevice():
                assert self._endpoints[effect.device.id] == "there", "an endpoint was let go twice"
                self._endpoints[effect.device.id] = "gone"
            case (
                do.AcceptMedia(device=name)
                | do.PartMedia(device=name)
                | do.RingMedia(device=name)
                | do.StopPrompt(device=name)
            ):
                assert self._is_there(name, family)
            case do.JoinMedia(first=first, second=second):
                assert self._is_there(first, family)
                assert self._is_there(second, family)
                _check_joined(CallSid(second.partition(".")[0]), family)
            case do.PlayPrompt(device=name, token=token):
                assert self._is_there(name, family)
                assert token not in self._played, "a prompt was played twice"
                self._played.add(token)
            case do.LinkMedia(first=first, second=second):
                assert first not in self._lines
                assert second not in self._lines
                self._lines |= {first: "there", second: "there"}
            case do.ReleaseLine(line=line):
                assert self._lines.get(line) != "gone", "a line was let go twice"
                if line in self._lines:
                    self._lines[line] = "gone"
            case _:
                self._check_search(effect, family)

    def _check_search(self, effect: do.Effect, family: Family) -> None:
        match effect:
            case do.FindDevices(call_sid=sid) | do.FindNumber(call_sid=sid):
                self._searched[sid] += 1
            case do.CallNumber(leg=call, far_sid=far):
                assert family.legs[call.sid].trunk == far
                assert self._lines[line_of(far)] == "there", "the far end finds no line"
            case do.TellFarEnd(call_sid=trunk):
                (leg,) = [leg for leg in family.legs.values() if leg.trunk == trunk]
                self._far_ended[leg.sid] += leg.call.status.terminal
            case do.PassDigits(call_sid=trunk, digits=digits):
                assert trunk in {leg.trunk for leg in family.legs.values()}
                assert digits
            case _:
                pass

    def _is_there(self, name: str, family: Family) -> bool:
        """Tell whether an endpoint is there. The line of a call that arrived is not our own."""
        if not family.parent.called and name == line_of(family.sid):
            return True
        return "there" in {self._endpoints.get(name), self._lines.get(name)}

    def _check_books(self, family: Family) -> None:
        held = {device.id for leg in family.legs.values() for device in leg.devices}
        there = {name for name, state in self._endpoints.items() if state == "there"}
        assert held == there, "an endpoint without a device, or a device without an endpoint"
        lines = {CallSid(name.partition(".")[0]) for name in self._open_lines()}
        trunks = {leg.trunk for leg in family.legs.values() if _live(leg)}
        assert lines <= {sid for sid, leg in family.legs.items() if _live(leg)} | trunks
        ended = {sid for sid, leg in family.legs.items() if leg.call.status.terminal}
        assert self._ended == Counter(ended), "messages expire once for each leg, when it ends"
        far = {sid for sid in ended if family.legs[sid].trunk is not None}
        assert set(self._far_ended.elements()) == far, "the other side of a trunk was not told"
        for leg in family.legs.values():
            if leg.called:
                refused = leg.call.status is CallStatus.FAILED
                assert self._searched[leg.sid] == 1 or (leg.number and refused)
            told = 0 if leg.status_callback is None else leg.status_callback.told
            assert self._next_entry[leg.sid] == told

    def _open_lines(self) -> set[str]:
        return {name for name, state in self._lines.items() if state == "there"}

    def _check_timers(self, family: Family) -> None:
        expected = {timer for leg in family.legs.values() for timer in self._timers_of(leg)}
        if _rings(family):
            expected.add(f"{timers.RING}:{family.sid}")
        assert set(family.timers) == expected

    def _timers_of(self, leg: Leg) -> set[str]:
        expected = {
            f"{timers.AWAY}:{device.id}" for device in leg.devices if device.detached_at is not None
        }
        status = leg.call.status
        if status is CallStatus.IN_PROGRESS and leg.time_limit_seconds:
            expected.add(f"{timers.LIMIT}:{leg.sid}")
        if status is CallStatus.RINGING and self._lines.get(far_line_of(leg.sid)) == "there":
            expected.add(f"{timers.ANSWER}:{leg.sid}")
        match leg.program.activity:
            case Pausing():
                expected.add(f"{timers.PAUSE}:{leg.sid}")
            case Gathering(token=""):
                expected.add(f"{timers.GATHER}:{leg.sid}")
            case Gathering(token=token) if token not in self._played:
                expected.add(f"{timers.QUIET}:{leg.sid}")
            case _:
                pass
        return expected


def _live(leg: Leg) -> bool:
    return not leg.call.status.terminal


def _rings(family: Family) -> bool:
    """Tell whether anybody is called who has not answered yet."""
    return any(
        leg.called and phase(leg.call.status) is Phase.WAITING for leg in family.legs.values()
    )


def _check_joined(child: CallSid, family: Family) -> None:
    leg = family.legs[child]
    assert leg.sid != family.sid
    assert leg.whisper is None, "a child was joined before it heard its own document"


def _check_joint(family: Family) -> None:
    parent = phase(family.parent.call.status)
    children = [phase(leg.call.status) for leg in family.children]
    joined = [
        leg
        for leg in family.children
        if phase(leg.call.status) is Phase.TALKING and not leg.whisper
    ]
    if parent is Phase.OVER:
        assert family.over, "a child outlived its parent"
    if parent is Phase.WAITING:
        assert not joined, "a child talks to nobody"
    assert children.count(Phase.TALKING) <= 1, "two children talk"
    if Phase.TALKING in children:
        assert Phase.WAITING not in children, "a sibling still rings"


def _check_devices(family: Family) -> None:
    for leg in family.legs.values():
        status = leg.call.status
        if leg.number:
            assert not leg.devices, "a phone number has no devices of ours"
            continue
        if status.terminal:
            assert not leg.devices, "a device holds a call that is over"
        if status is CallStatus.RINGING:
            assert leg.devices, "a call rings nowhere"
        if status is CallStatus.IN_PROGRESS or (_live(leg) and not leg.called):
            assert len(leg.devices) == 1, "a call has one device at its end"
        if status is not CallStatus.IN_PROGRESS:
            assert not [device for device in leg.devices if device.detached_at], "nobody waits"


def _check_programs(family: Family) -> None:
    if family.over:
        assert not family.timers
    for leg in family.legs.values():
        program = leg.program
        if not _runs(leg, family):
            assert program.activity is None
            assert not program.rest
            continue
        assert program.activity is not None, "a call that waits for nothing"
        _check_activity(program.activity, leg, family)


def _runs(leg: Leg, family: Family) -> bool:
    """Tell whether a leg runs TwiML: a caller always, who is called from the answer on."""
    status = leg.call.status
    if leg.sid == family.sid:
        waits = leg.called and phase(status) is Phase.WAITING
        return not status.terminal and not waits
    return status is CallStatus.IN_PROGRESS and leg.whisper is not None


def _check_activity(activity: Activity, leg: Leg, family: Family) -> None:
    match activity:
        case Dialing(children=children):
            assert leg.sid == family.sid, "a called party dials"
            assert any(_live(family.legs[sid]) for sid in children), (
                "a dial without anybody goes on"
            )
            assert {one.sid for one in family.children if _live(one)} <= set(children)
        case Fetching():
            pass
        case Speaking(token=token):
            assert token
            assert phase(leg.call.status) is Phase.TALKING
        case Pausing() | Gathering():
            assert phase(leg.call.status) is Phase.TALKING


def _check_kept_whole(family: Family) -> None:
    kept = msgspec.json.encode(family)
    assert msgspec.json.decode(kept, type=Family) == family
