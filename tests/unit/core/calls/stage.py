"""A call family on a stage: time stands still until told, chance counts, effects are kept.

Nothing is faked here. The machine is a pure function; the stage remembers its family from step to
step, knows who was invited, and lets a test say what happens in a few words.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import machine
from midcall.core.calls.states import Cause
from midcall.core.calls.turn import Decision
from midcall.core.ports import AddEntry, AddNotification, AddTrace, Change, Entropy
from midcall.model.calls import Call, CallDirection, CallEvent, CallStatus, StatusCallback
from midcall.model.endpoints import Endpoint
from midcall.model.families import (
    Device,
    Family,
    Fetching,
    Gathering,
    Leg,
    Origin,
    SessionId,
    Speaking,
)
from midcall.model.notifications import Notification
from midcall.model.numbers import Behaviour, PhoneNumber
from midcall.model.outbox import Entry
from midcall.model.sids import AccountSid, ApplicationSid, CallSid, PhoneNumberSid
from midcall.model.traces import Trace
from midcall.model.twiml import Client, Document, Number, Parameter, TwimlWarning, Verb

T = TypeVar("T")

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
PARENT = CallSid("CA" + "0" * 32)
VOICE = Endpoint("https://example.com/voice?a=1")
ANN = SessionId("ann's tab")
NEAR = CallSid("CA" + "e" * 32)
"""A leg in another family, which a trunk joins with ours."""
OURS = "+15005550006"
STRANGER = "+15005550009"
TOLD = Endpoint("https://example.com/status")
EVERY = frozenset(CallEvent)
OWNED = PhoneNumber(
    sid=PhoneNumberSid("PN" + "0" * 32),
    account_sid=AccountSid("AC" + "0" * 32),
    number=OURS,
    friendly_name="ours",
    created_at=NOW,
    updated_at=NOW,
)


def timer(kind: str, key: str = PARENT) -> str:
    """Name a timer of a leg or a device."""
    return f"{kind}:{key}"


class Counting:
    """Entropy that counts: every draw is another one, and every run the same."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, size: int, /) -> bytes:
        """Return the next number in so many bytes."""
        self.drawn += 1
        return self.drawn.to_bytes(size, "big")


def clients(*identities: str) -> tuple[Client, ...]:
    """Return nouns for a ``<Dial>``."""
    return tuple(Client(identity=identity) for identity in identities)


def numbers(*dialled: str) -> tuple[Number, ...]:
    """Return nouns for a ``<Dial>``."""
    return tuple(Number(number=number) for number in dialled)


def parent_call(status: CallStatus = CallStatus.RINGING) -> Call:
    """Return ann's call, as it is when it begins."""
    return Call(
        sid=PARENT,
        account_sid=AccountSid("AC" + "0" * 32),
        application_sid=ApplicationSid("AP" + "0" * 32),
        from_address="client:ann",
        to_address="bob",
        direction=CallDirection.INBOUND,
        status=status,
        created_at=NOW,
        updated_at=NOW,
    )


Begin = Callable[[datetime, Entropy], Decision]
"""How a family begins, at a time and by chance."""


def placed(origin: Origin, parameters: tuple[Parameter, ...] = ()) -> Begin:
    """Begin with ann's call."""
    told = machine.Placed(
        call=parent_call(),
        identity="ann",
        session=ANN,
        offer_sdp="offer",
        parameters=parameters,
        fingerprint="ann's certificate",
        origin=origin,
    )
    return lambda now, entropy: machine.place(told, now, entropy)


def requested(
    *, identity: str = "", number: str = "", send_digits: str = "", callback: bool = False
) -> Begin:
    """Begin with a call that the REST API makes."""
    call = msgspec.structs.replace(
        parent_call(CallStatus.QUEUED),
        direction=CallDirection.OUTBOUND_API,
        from_address=OURS,
        to_address=f"client:{identity}" if identity else number,
    )
    told = machine.Requested(
        call=call,
        identity=identity,
        number=number,
        origin=Origin(endpoint=VOICE),
        timeout_seconds=40,
        time_limit_seconds=3600,
        send_digits=send_digits,
        status_callback=StatusCallback(endpoint=TOLD, events=EVERY) if callback else None,
    )
    return lambda now, entropy: machine.request(told, now, entropy)


def arriving(hops: int = 1) -> Begin:
    """Begin with a call to a number of ours, from a leg in another family."""
    call = msgspec.structs.replace(
        parent_call(),
        application_sid=None,
        from_address=STRANGER,
        to_address=OURS,
        phone_number_sid=OWNED.sid,
    )
    told = machine.Arriving(call=call, trunk=NEAR, origin=Origin(endpoint=VOICE), hops=hops)
    return lambda now, entropy: machine.arrive(told, now, entropy)


class Stage:
    """Ann has placed a call, and this is what becomes of it."""

    def __init__(
        self,
        *verbs: Verb,
        voice: Endpoint | None = VOICE,
        fallback: Endpoint | None = None,
        parameters: tuple[Parameter, ...] = (Parameter("To", "bob"),),
        begin: Begin | None = None,
    ) -> None:
        self.now = NOW
        self.entropy = Counting()
        self.effects: Sequence[do.Effect] = ()
        self.changes: Sequence[Change] = ()
        self.all_effects: list[do.Effect] = []
        self.all_changes: list[Change] = []
        self.family: Family
        if begin is None:
            begin = placed(Origin(endpoint=voice, fallback=fallback), parameters)
        self._keep(begin(self.now, self.entropy))
        if verbs:
            self.document(*verbs)

    # --- what happens

    def step(self, event: ev.Event) -> None:
        """Let something happen."""
        self._keep(machine.step(self.family, event, self.now, self.entropy))

    def wait(self, seconds: float) -> None:
        """Let time pass; timers come when they are due, in their order."""
        until = self.now + timedelta(seconds=seconds)
        while due := [(at, name) for name, at in self.family.timers.items() if at <= until]:
            at, name = min(due)
            self.now = max(self.now, at)
            self.step(ev.TimerFired(name=name))
        self.now = until

    def document(
        self,
        *verbs: Verb,
        url: str = VOICE.url,
        warnings: tuple[TwimlWarning, ...] = (),
        sid: CallSid = PARENT,
    ) -> None:
        """Let the document arrive that a leg's program waits for."""
        document = Document(verbs, warnings)
        token = self.fetching_of(sid).token
        self.step(ev.DocumentArrived(call_sid=sid, token=token, document=document, url=url))

    def no_document(self, code: int = 11200, sid: CallSid = PARENT) -> None:
        """Let the document not be had."""
        token = self.fetching_of(sid).token
        failed = ev.DocumentFailed(
            call_sid=sid, token=token, code=code, reason="it was bad", url=VOICE.url
        )
        self.step(failed)

    def heard(self, sid: CallSid = PARENT, token: str | None = None) -> None:
        """Let what a leg hears come to its end."""
        self.step(ev.PromptEnded(call_sid=sid, token=token or self.hearing(sid)))

    def press(self, digits: str, sid: CallSid = PARENT) -> None:
        """Let whoever is at the end of a leg press keys."""
        for digit in digits:
            self.step(ev.DigitPressed(call_sid=sid, digit=digit))

    def call_number(
        self, sid: CallSid, *, owned: bool = False, simulated: Behaviour | None = None
    ) -> CallSid:
        """Find where the number of a leg leads; return the leg's SID."""
        found = ev.NumberFound(call_sid=sid, owned=OWNED if owned else None, simulated=simulated)
        self.step(found)
        return sid

    def far(self, sid: CallSid, cause: Cause) -> None:
        """Let something happen on the other side of a leg's trunk."""
        self.step(ev.FarEndChanged(call_sid=sid, cause=cause))

    def take_over(self, sid: CallSid = PARENT, session: str = "another phone") -> None:
        """Let another device come with the token of a leg's."""
        taken = ev.DeviceAttached(
            call_sid=sid,
            device=self.leg(sid).devices[0].id,
            session=SessionId(session),
            fingerprint=f"certificate of {session}",
            offer_sdp="another offer",
        )
        self.step(taken)

    def restart(self, keep_seconds: int = 60) -> None:
        """Keep only what the store keeps, then tell the family that the server is back."""
        kept = msgspec.json.encode(self.family)
        self.family = msgspec.json.decode(kept, type=Family)
        self.step(ev.ServerRestarted(keep_seconds=keep_seconds))

    def ring(self, identity: str, *sessions: str) -> CallSid:
        """Find an identity on these sessions and let them ring; return the child's SID."""
        sid = self.child(identity).sid
        found = tuple(map(SessionId, sessions))
        self.step(ev.DevicesFound(call_sid=sid, sessions=found))
        for device in self.leg(sid).devices:
            self.step(ev.DeviceRang(call_sid=sid, device=device.id))
        return sid

    def answer(self, identity: str, *sessions: str) -> CallSid:
        """Let an identity ring and accept on its first session; return the child's SID."""
        sid = self.ring(identity, *(sessions or (f"{identity}'s tab",)))
        self.accept(sid)
        return sid

    def accept(self, sid: CallSid, number: int = 0) -> None:
        """Let a device that rings for a leg accept."""
        device = self.leg(sid).devices[number]
        self.step(ev.DeviceAccepted(call_sid=sid, device=device.id, sdp="answer"))

    def reject(self, sid: CallSid, number: int = 0) -> None:
        """Let a device that rings for a leg reject."""
        self.step(ev.DeviceRejected(call_sid=sid, device=self.leg(sid).devices[number].id))

    def hang_up(self, sid: CallSid = PARENT) -> None:
        """Let the device of a leg leave."""
        self.step(ev.DeviceHungUp(call_sid=sid, device=self.leg(sid).devices[0].id))

    def lose(self, session: str = ANN, keep_seconds: int = 30) -> None:
        """Let a socket be lost."""
        self.step(ev.DeviceDetached(session=SessionId(session), keep_seconds=keep_seconds))

    def attach(self, sid: CallSid, session: str = "another tab") -> None:
        """Let the device of a leg come back."""
        device = self.leg(sid).devices[0]
        attached = ev.DeviceAttached(
            call_sid=sid,
            device=device.id,
            session=SessionId(session),
            fingerprint=device.fingerprint,
        )
        self.step(attached)

    # --- what is to be seen

    @property
    def fetching(self) -> Fetching:
        """The fetch that the program waits for."""
        return self.fetching_of(PARENT)

    @property
    def entries(self) -> list[Entry]:
        """The requests that the last step owes."""
        return [change.entry for change in self.changes if isinstance(change, AddEntry)]

    @property
    def all_entries(self) -> list[Entry]:
        """The requests that all steps so far owe."""
        return [change.entry for change in self.all_changes if isinstance(change, AddEntry)]

    @property
    def notifications(self) -> list[Notification]:
        """What the last step shows in the debugger."""
        return [
            change.notification for change in self.changes if isinstance(change, AddNotification)
        ]

    @property
    def traces(self) -> list[Trace]:
        """What the last step noted for whoever looks at the call."""
        return [change.trace for change in self.changes if isinstance(change, AddTrace)]

    def fetching_of(self, sid: CallSid) -> Fetching:
        """Return the fetch that a leg's program waits for."""
        activity = self.leg(sid).program.activity
        assert isinstance(activity, Fetching)
        return activity

    def hearing(self, sid: CallSid = PARENT) -> str:
        """Return the token of what a leg hears."""
        activity = self.leg(sid).program.activity
        assert isinstance(activity, Speaking | Gathering)
        return activity.token

    def dialled(self, number: str) -> CallSid:
        """Return the newest leg that was dialled to a number."""
        return [leg for leg in self.family.children if leg.number == number][-1].sid

    def leg(self, sid: CallSid) -> Leg:
        """Return a leg."""
        return self.family.legs[sid]

    def child(self, identity: str) -> Leg:
        """Return the newest leg that was dialled under an identity."""
        return [leg for leg in self.family.children if leg.identity == identity][-1]

    def device(self, sid: CallSid = PARENT) -> Device:
        """Return the only device of a leg."""
        (device,) = self.leg(sid).devices
        return device

    def status(self, sid: CallSid = PARENT) -> CallStatus:
        """Return the status of a leg."""
        return self.leg(sid).call.status

    def done(self, kind: type[T]) -> list[T]:
        """Return what the last step wants done of one kind, in order."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def kinds(self) -> list[type[do.Effect]]:
        """Return the kinds of what the last step wants done, in order."""
        return [type(effect) for effect in self.effects]

    def _keep(self, decision: Decision) -> None:
        self.family = decision.family
        self.effects = decision.effects
        self.changes = decision.changes
        self.all_effects.extend(decision.effects)
        self.all_changes.extend(decision.changes)
