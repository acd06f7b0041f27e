"""One step in the making: a family being changed, and what shall follow from the change.

A ``Turn`` is a working copy that lives for one step and is never shared, so the step as a whole is
a pure function. It is the only place where a call's status changes (``Turn.move``), and whatever
must follow from a change (its status callback, the end of its messages, the release of its devices,
the fate of the legs that it belongs with) follows here, for every way in which it can come about.
"""

from datetime import datetime, timedelta

import msgspec

from midcall.core import effects as do
from midcall.core.calls.states import (
    JOINT,
    SIBLINGS,
    Cause,
    Consequence,
    Phase,
    next_status,
    phase,
)
from midcall.core.calls.status import status_entry
from midcall.core.ports import AddEntry, AddNotification, Change, Entropy, ExpireMessages
from midcall.model.calls import Call, CallEvent, CallStatus
from midcall.model.errors import Fault
from midcall.model.families import Device, Family, Leg, Program
from midcall.model.notifications import Level, Notification
from midcall.model.sids import NOTIFICATION, CallSid, NotificationSid, from_entropy

STAGES: dict[CallStatus, CallEvent] = {
    CallStatus.QUEUED: CallEvent.INITIATED,
    CallStatus.RINGING: CallEvent.RINGING,
    CallStatus.IN_PROGRESS: CallEvent.ANSWERED,
}
"""The status callback that each status owes; a terminal one owes ``completed``."""


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
        self.program = family.program
        self.timers = dict(family.timers)
        self.changes: list[Change] = []
        self.effects: list[do.Effect] = []
        self.resume_due = False

    # --- reading

    @property
    def parent(self) -> Leg:
        """The parent leg as it is at this point of the step."""
        return self.legs[self.family.sid]

    def children(self) -> list[Leg]:
        """Return the child legs as they are at this point of the step."""
        return [leg for sid, leg in self.legs.items() if sid != self.family.sid]

    def decision(self) -> Decision:
        """Close the step. If nothing changed the family is the very same, and nobody writes it."""
        family = msgspec.structs.replace(
            self.family, legs=self.legs, program=self.program, timers=self.timers
        )
        if family.over:
            family = msgspec.structs.replace(family, timers={}, program=Program())
        if family == self.family:
            family = self.family
        return Decision(family, tuple(self.changes), tuple(self.effects))

    # --- writing

    def put(self, leg: Leg) -> None:
        """Replace a leg, or add one."""
        self.legs[leg.sid] = leg

    def put_devices(self, sid: CallSid, devices: tuple[Device, ...]) -> None:
        """Replace who rings for a leg or holds it."""
        self.put(msgspec.structs.replace(self.legs[sid], devices=devices))

    def do(self, effect: do.Effect) -> None:
        """Ask for something to be done after the commit."""
        self.effects.append(effect)

    def set_timer(self, name: str, seconds: float) -> None:
        """Let ``TimerFired(name)`` come after so many seconds, instead of any earlier wish."""
        self.timers[name] = self.now + timedelta(seconds=seconds)

    def stop_timer(self, name: str) -> None:
        """Take a wish for a timer back."""
        self.timers.pop(name, None)

    def notify(
        self, code: int, level: Level, text: str, *, url: str = "", method: str = ""
    ) -> None:
        """Show an error or a warning of this family in the debugger."""
        sid = NotificationSid(from_entropy(NOTIFICATION, self.entropy(16)))
        self.changes.append(
            AddNotification(
                Notification(
                    sid=sid,
                    account_sid=self.family.account_sid,
                    call_sid=self.family.sid,
                    code=code,
                    level=level,
                    text=text,
                    created_at=self.now,
                    request_url=url,
                    request_method=method,
                )
            )
        )

    def move(self, sid: CallSid, cause: Cause, fault: Fault | None = None) -> None:
        """Change a leg's status, and do everything that follows.

        ``fault`` is told to the leg's devices if the change ends it. Raises
        ``ForbiddenTransition`` with nothing moved.
        """
        before = self.legs[sid]
        status = next_status(before.call.status, cause)
        self.put(msgspec.structs.replace(before, call=self._moved(before.call, status)))
        self.announce(sid, STAGES.get(status, CallEvent.COMPLETED))
        if status.terminal:
            self._let_go(before, fault)
        self._settle(sid)

    def announce(self, sid: CallSid, stage: CallEvent) -> None:
        """Owe the status callback of a stage, if somebody wants to hear of it."""
        leg = self.legs[sid]
        callback = leg.status_callback
        if callback is None or stage not in callback.events:
            return
        entry = status_entry(leg.call, callback, stage, self.now, self.entropy)
        self.changes.append(AddEntry(entry))
        told = msgspec.structs.replace(callback, told=callback.told + 1)
        self.put(msgspec.structs.replace(leg, status_callback=told))

    def _moved(self, call: Call, status: CallStatus) -> Call:
        answered_at = self.now if status is CallStatus.IN_PROGRESS else call.answered_at
        ended_at = self.now if status.terminal else None
        return msgspec.structs.replace(
            call, status=status, updated_at=self.now, answered_at=answered_at, ended_at=ended_at
        )

    def _let_go(self, before: Leg, fault: Fault | None) -> None:
        """End the messages of a leg that ended, and tell the devices that still had it."""
        self.changes.append(ExpireMessages(before.sid, self.now))
        ringing = before.sid != self.family.sid and phase(before.call.status) is Phase.WAITING
        for device in self.legs[before.sid].devices:
            self.stop_timer(away_timer(device))
            if ringing:
                self.do(do.CancelDevice(call_sid=before.sid, device=device))
            else:
                self.do(do.HangUpDevice(call_sid=before.sid, device=device, fault=fault))
        self.put_devices(before.sid, ())

    def _settle(self, sid: CallSid) -> None:
        """Do what the joint tables ask for after the leg ``sid`` changed."""
        changed = self.legs[sid]
        if changed.sid == self.family.sid:
            for child in self.children():
                self._follow(JOINT[_phase(self.parent), _phase(child)], child.sid)
            return
        for other in self.children():
            if other.sid != sid:
                rule = SIBLINGS.get((_phase(changed), _phase(other)), Consequence.NOTHING)
                self._follow(rule, other.sid)
        self._follow(JOINT[_phase(self.parent), _phase(self.legs[sid])], sid)

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
            case Consequence.WITHDRAW_CHILD:
                self.move(child, Cause.WITHDRAWN)
            case Consequence.END_CHILD:
                self.move(child, Cause.ENDED)

    def answer_parent(self) -> None:
        """Answer the calling device, if it still waits for that."""
        if phase(self.parent.call.status) is not Phase.WAITING:
            return
        for device in self.parent.devices:
            self.do(do.AnswerDevice(call_sid=self.family.sid, device=device))
        self.move(self.family.sid, Cause.ANSWERED)

    def _join(self, child: CallSid) -> None:
        for first in self.parent.devices:
            for second in self.legs[child].devices:
                self.do(do.JoinMedia(first=first.id, second=second.id))


def away_timer(device: Device) -> str:
    """Name the timer that ends a leg whose device stays away."""
    return f"away:{device.id}"


def _phase(leg: Leg) -> Phase:
    return phase(leg.call.status)
