"""One step in the making: a family being changed, and what shall follow from the change.

A ``Turn`` is a working copy that lives for one step and is never shared, so the step as a whole is
a pure function. It is the only place where a call's status changes (``Turn.move``), and whatever
must follow from a change (its status callback, the end of its messages, the release of its devices,
the fate of the legs that it belongs with) follows here, for every way in which it can come about.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from midcall.core import effects as do
from midcall.core.calls import timers
from midcall.core.calls.states import (
    JOINT,
    SIBLINGS,
    Cause,
    Consequence,
    Phase,
    next_status,
    phase,
)
from midcall.core.calls.status import stage_status, status_entry
from midcall.core.calls.tracing import Traces, why
from midcall.core.ports import AddEntry, AddNotification, Change, Entropy, ExpireMessages
from midcall.model.calls import Call, CallEvent, CallStatus
from midcall.model.codes import level_of
from midcall.model.errors import Fault
from midcall.model.families import (
    Activity,
    Device,
    DeviceId,
    Dialing,
    Family,
    Leg,
    Program,
    far_line_of,
    line_of,
)
from midcall.model.notifications import NO_EVIDENCE, Evidence, Notification
from midcall.model.sids import MESSAGE, NOTIFICATION, CallSid, NotificationSid, from_entropy
from midcall.model.traces import TraceKind

STAGES: dict[CallStatus, CallEvent] = {
    CallStatus.QUEUED: CallEvent.INITIATED,
    CallStatus.RINGING: CallEvent.RINGING,
    CallStatus.IN_PROGRESS: CallEvent.ANSWERED,
}
"""The status callback that each status owes; a terminal one owes ``completed``."""

FAR_CAUSES: dict[CallStatus, Cause] = {
    CallStatus.RINGING: Cause.RANG,
    CallStatus.IN_PROGRESS: Cause.ANSWERED,
    CallStatus.COMPLETED: Cause.HUNG_UP,
    CallStatus.BUSY: Cause.REJECTED,
    CallStatus.NO_ANSWER: Cause.UNANSWERED,
    CallStatus.FAILED: Cause.FAILED,
    CallStatus.CANCELED: Cause.HUNG_UP,
}
"""What a leg's status means to the leg on the other side of its trunk."""


class Decision(msgspec.Struct, frozen=True):
    """What a step decided: the family as it is now, what to write beside it, what to do then."""

    family: Family
    changes: tuple[Change, ...]
    effects: tuple[do.Effect, ...]


class Turn:
    """A family during one step, at one moment."""

    def __init__(self, family: Family, now: datetime, entropy: Entropy) -> None:
        self.family = family
        self.now = now
        self.entropy = entropy
        self.legs = dict(family.legs)
        self.timers = dict(family.timers)
        self.changes: list[Change] = []
        self.traces = Traces(family.account_sid, now)
        self.effects: list[do.Effect] = []
        self.resume_due = False

    # --- reading

    @property
    def root(self) -> CallSid:
        """The SID of the parent leg."""
        return self.family.sid

    @property
    def parent(self) -> Leg:
        """The parent leg as it is at this point of the step."""
        return self.legs[self.root]

    def children(self) -> list[Leg]:
        """Return the child legs as they are at this point of the step."""
        return [leg for sid, leg in self.legs.items() if sid != self.root]

    def phase(self, sid: CallSid) -> Phase:
        """Return the phase of a leg's status."""
        return phase(self.legs[sid].call.status)

    def program(self, sid: CallSid) -> Program:
        """Return where a leg's TwiML stands."""
        return self.legs[sid].program

    def holder(self, sid: CallSid, device: DeviceId) -> Device | None:
        """Find a device among those of a leg."""
        leg = self.legs.get(sid)
        held = leg.devices if leg is not None else ()
        return next((one for one in held if one.id == device), None)

    def partner(self, sid: CallSid) -> Leg | None:
        """Find the leg that a leg is joined with."""
        for child in self.children():
            pair = self._joint_phase(self.root), self._joint_phase(child.sid)
            if sid in (self.root, child.sid) and JOINT[pair] is Consequence.JOIN:
                return child if sid == self.root else self.parent
        return None

    def dialing(self) -> Dialing | None:
        """Return the ``<Dial>`` that the parent is in, if it is in one."""
        activity = self.parent.program.activity
        return activity if isinstance(activity, Dialing) else None

    def decision(self) -> Decision:
        """Close the step. If nothing changed the family is the very same, and nobody writes it.

        Traces go along with what is written anyway; alone they are not worth a commit.
        """
        family = msgspec.structs.replace(self.family, legs=self.legs, timers=self.timers)
        if family.over:
            family = msgspec.structs.replace(family, timers={})
        if family == self.family:
            family = self.family
        written = self.changes or family is not self.family
        traces = self.traces.noted if written else []
        return Decision(family, (*self.changes, *traces), tuple(self.effects))

    # --- minting

    def token(self) -> str:
        """Mint a token: a UUID."""
        return str(UUID(bytes=self.entropy(16), version=4))

    # --- writing

    def put(self, leg: Leg) -> None:
        """Replace a leg, or add one."""
        if leg.sid not in self.legs:
            self.trace(leg.sid, TraceKind.STATUS, leg.call.status.value)
        self.legs[leg.sid] = leg

    def put_devices(self, sid: CallSid, devices: tuple[Device, ...]) -> None:
        """Replace who rings for a leg or holds it."""
        self.put(msgspec.structs.replace(self.legs[sid], devices=devices))

    def put_program(self, sid: CallSid, program: Program) -> None:
        """Replace where a leg's TwiML stands."""
        self.put(msgspec.structs.replace(self.legs[sid], program=program))

    def put_activity(self, sid: CallSid, activity: Activity | None) -> None:
        """Replace what a leg's TwiML is doing."""
        program = msgspec.structs.replace(self.legs[sid].program, activity=activity)
        self.put_program(sid, program)

    def do(self, effect: do.Effect) -> None:
        """Ask for something to be done after the commit."""
        self.effects.append(effect)

    def has_timer(self, kind: str, key: str) -> bool:
        """Tell whether a timer was wished for."""
        return f"{kind}:{key}" in self.timers

    def set_timer(self, kind: str, key: str, seconds: float) -> None:
        """Let ``TimerFired`` come after so many seconds, instead of any earlier wish."""
        self.timers[f"{kind}:{key}"] = self.now + timedelta(seconds=seconds)

    def stop_timer(self, kind: str, key: str) -> None:
        """Take a wish for a timer back."""
        self.timers.pop(f"{kind}:{key}", None)

    def trace(
        self, sid: CallSid, kind: TraceKind, name: str, details: dict[str, str] | None = None
    ) -> None:
        """Note what happened to a leg, for whoever looks at it."""
        self.traces.note(sid, kind, name, details)

    def notify(
        self,
        sid: CallSid,
        code: int,
        text: str,
        *,
        url: str = "",
        method: str = "",
        evidence: Evidence = NO_EVIDENCE,
    ) -> None:
        """Show an error or a warning of a leg in the debugger, as its code is either."""
        self.changes.append(
            AddNotification(
                Notification(
                    sid=NotificationSid(from_entropy(NOTIFICATION, self.entropy(16))),
                    account_sid=self.family.account_sid,
                    call_sid=sid,
                    code=code,
                    level=level_of(code),
                    text=text,
                    created_at=self.now,
                    request_url=url,
                    request_method=method,
                    request_variables=evidence.request_variables,
                    response_headers=evidence.response_headers,
                    response_body=evidence.response_body,
                )
            )
        )

    # --- the status of a leg

    def move(self, sid: CallSid, cause: Cause, fault: Fault | None = None) -> None:
        """Change a leg's status, and do everything that follows.

        ``fault`` is told to the leg's devices if the change ends it. Raises
        ``ForbiddenTransition`` with nothing moved.
        """
        before = self.legs[sid]
        status = next_status(before.call.status, cause)
        self.put(msgspec.structs.replace(before, call=self._moved(before.call, status)))
        self.trace(sid, TraceKind.STATUS, status.value, why(fault))
        self.announce(sid, STAGES.get(status, CallEvent.COMPLETED))
        if status.terminal:
            self._let_go(before, fault)
        elif status is CallStatus.IN_PROGRESS and before.time_limit_seconds:
            self.set_timer(timers.LIMIT, sid, before.time_limit_seconds)
        if before.trunk is not None:
            self.do(do.TellFarEnd(call_sid=before.trunk, cause=FAR_CAUSES[status]))
        self.settle(sid)

    def announce(self, sid: CallSid, stage: CallEvent) -> None:
        """Owe the status callback of a stage, and tell the caller's device, as they wished."""
        leg = self.legs[sid]
        dialing = self.dialing()
        if dialing is not None and dialing.dial.progress_events and sid in dialing.children:
            self._tell_progress(leg.call, stage)
        callback = leg.status_callback
        if callback is None or stage not in callback.events:
            return
        entry = status_entry(leg.call, callback, stage, self.now, self.entropy)
        self.changes.append(AddEntry(entry))
        told = msgspec.structs.replace(callback, told=callback.told + 1)
        self.put(msgspec.structs.replace(leg, status_callback=told))

    def answer_parent(self) -> None:
        """Answer whoever calls, if they still wait for that."""
        if self.parent.called or self.phase(self.root) is not Phase.WAITING:
            return
        for device in self.parent.devices:
            self.do(do.AnswerDevice(call_sid=self.root, device=device))
        self.move(self.root, Cause.ANSWERED)

    def settle(self, sid: CallSid) -> None:
        """Do what the joint tables ask for after the leg ``sid`` changed."""
        if sid == self.root:
            for child in self.children():
                self._follow(JOINT[self._joint_phase(sid), self._joint_phase(child.sid)], child.sid)
            return
        for other in self.children():
            if other.sid != sid:
                pair = self.phase(sid), self.phase(other.sid)
                self._follow(SIBLINGS.get(pair, Consequence.NOTHING), other.sid)
        self._follow(JOINT[self._joint_phase(self.root), self._joint_phase(sid)], sid)

    def rejoin(self, sid: CallSid) -> None:
        """Join a leg again with the one that it talks to: its media was made anew."""
        partner = self.partner(sid)
        if partner is not None:
            self._join(partner.sid if sid == self.root else sid)

    def _joint_phase(self, sid: CallSid) -> Phase:
        """Return the phase that the other leg sees.

        A child that hears TwiML of its own before it is joined has been answered, but not yet for
        its parent.
        """
        leg = self.legs[sid]
        whispering = sid != self.root and leg.whisper is not None
        actual = phase(leg.call.status)
        return Phase.WAITING if whispering and actual is Phase.TALKING else actual

    def _follow(self, consequence: Consequence, child: CallSid) -> None:
        match consequence:
            case Consequence.NOTHING:
                pass
            case Consequence.ANSWER_PARENT:
                self.answer_parent()
            case Consequence.JOIN:
                self._join(child)
            case Consequence.RESUME:
                # The program goes on at the end of the step, when the children have settled.
                self.resume_due = True
            case Consequence.WITHDRAW_CHILD | Consequence.END_CHILD:
                self.end(child)

    def end(self, sid: CallSid, fault: Fault | None = None) -> None:
        """End a leg whatever it is doing; one that is over stays as it is."""
        match self.phase(sid):
            case Phase.WAITING:
                self.move(sid, Cause.WITHDRAWN, fault)
            case Phase.TALKING:
                self.move(sid, Cause.ENDED, fault)
            case Phase.OVER:
                pass

    def _join(self, child: CallSid) -> None:
        for first in self.parent.endpoints:
            for second in self.legs[child].endpoints:
                self.do(do.JoinMedia(first=first, second=second))

    def _moved(self, call: Call, status: CallStatus) -> Call:
        answered_at = self.now if status is CallStatus.IN_PROGRESS else call.answered_at
        ended_at = self.now if status.terminal else None
        return msgspec.structs.replace(
            call, status=status, updated_at=self.now, answered_at=answered_at, ended_at=ended_at
        )

    def _let_go(self, before: Leg, fault: Fault | None) -> None:
        """End a leg's messages, program and timers; tell the devices that still had it."""
        sid = before.sid
        self.changes.append(ExpireMessages(sid, self.now))
        ringing = before.called and phase(before.call.status) is Phase.WAITING
        for device in self.legs[sid].devices:
            self.stop_timer(timers.AWAY, device.id)
            if ringing:
                self.do(do.CancelDevice(call_sid=sid, device=device))
            else:
                self.do(do.HangUpDevice(call_sid=sid, device=device, fault=fault))
        if before.number and before.called:
            # Who called had both lines made, and lets both go: the other side may be on its way.
            far = line_of(before.trunk) if before.trunk is not None else far_line_of(sid)
            self.do(do.ReleaseLine(line=line_of(sid)))
            self.do(do.ReleaseLine(line=far))
        for name in [name for name in self.timers if name.endswith(f":{sid}")]:
            del self.timers[name]
        self.put(msgspec.structs.replace(self.legs[sid], devices=(), program=Program()))

    def _tell_progress(self, child: Call, stage: CallEvent) -> None:
        self.do(
            do.TellProgress(
                call_sid=self.root,
                child=child,
                status=stage_status(child, stage),
                sid=from_entropy(MESSAGE, self.entropy(16)),
            )
        )
