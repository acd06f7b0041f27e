"""Anything may happen to a family, in any order, sensible or not: what must hold holds.

``SOAK_EXAMPLES`` in the environment sets how many stories are told; the default takes a few
seconds.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import machine
from midcall.core.calls.states import Cause
from midcall.core.calls.turn import Decision
from midcall.model.calls import CallEvent, CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.families import (
    DeviceId,
    Dialing,
    Family,
    Fetching,
    Gathering,
    Leg,
    Origin,
    Pausing,
    SessionId,
    Speaking,
)
from midcall.model.numbers import Behaviour
from midcall.model.sids import CallSid
from midcall.model.twiml import (
    Client,
    Dial,
    Document,
    Gather,
    Hangup,
    Number,
    Parameter,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    TwimlWarning,
    Verb,
)
from tests.unit.core.calls.invariants import Watch
from tests.unit.core.calls.stage import (
    ANN,
    NOW,
    OURS,
    OWNED,
    PARENT,
    STRANGER,
    VOICE,
    Begin,
    Counting,
    arriving,
    placed,
    requested,
)

T = TypeVar("T")

Move = tuple[str, int, int]
"""What happens next, in a word, and the numbers that choose to whom and with what."""

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "150"))
STEPS_TO_THE_END = 3000

NOBODY = CallSid("CA" + "f" * 32)
SESSIONS = [ANN, *(SessionId(f"s{number}") for number in range(4))]

endpoints = st.sampled_from([Endpoint("/next"), Endpoint("https://example.com/x"), Endpoint("//[")])
whispers = st.none() | st.none() | endpoints
callback_events = st.frozensets(st.sampled_from(CallEvent))
clients = st.builds(
    Client,
    identity=st.sampled_from(["ann", "bob", "cat"]),
    parameters=st.just((Parameter("a", "1"),)),
    url=whispers,
    status_callback=st.none() | endpoints,
    status_callback_events=callback_events,
)
phone_numbers = st.builds(
    Number,
    number=st.sampled_from([OURS, STRANGER]),
    send_digits=st.sampled_from(["", "", "w12#"]),
    url=whispers,
    status_callback=st.none() | endpoints,
    status_callback_events=callback_events,
)
dials = st.builds(
    Dial,
    nouns=st.lists(clients | phone_numbers, min_size=1, max_size=3).map(tuple) | st.just(()),
    action=st.none() | endpoints,
    timeout_seconds=st.integers(1, 60),
    time_limit_seconds=st.integers(1, 60),
    caller_id=st.sampled_from([None, "client:desk", STRANGER, STRANGER]),
    answer_on_bridge=st.booleans(),
    hangup_on_star=st.booleans(),
    sequential=st.booleans(),
    progress_events=st.booleans(),
)
prompts: st.SearchStrategy[Say | Play | Pause] = st.one_of(
    st.just(Say(text="hello")),
    st.builds(Play, url=st.sampled_from(["/hello.wav", "//["])),
    st.just(Play(digits="1")),
    st.builds(Pause, length_seconds=st.integers(0, 60)),
)
gathers = st.builds(
    Gather,
    prompts=st.lists(prompts, max_size=2).map(tuple),
    action=st.none() | endpoints,
    timeout_seconds=st.integers(0, 60),
    num_digits=st.none() | st.integers(1, 3),
    finish_on_key=st.sampled_from(["#", "", "*"]),
    action_on_empty_result=st.booleans(),
)
other_verbs: st.SearchStrategy[Verb] = st.one_of(
    prompts,
    gathers,
    st.builds(Redirect, endpoint=endpoints),
    st.just(Hangup()),
    st.builds(Reject, busy=st.booleans()),
)
beginnings: st.SearchStrategy[Begin] = st.one_of(
    st.just(placed(Origin(endpoint=VOICE))),
    st.just(placed(Origin(endpoint=VOICE, fallback=VOICE))),
    st.just(placed(Origin(text="<Response/>", template=True))),
    st.just(requested(identity="bob", callback=True)),
    st.just(requested(number=OURS, send_digits="1")),
    st.just(arriving()),
)


@st.composite
def _mostly(draw: st.DrawFn, often: st.SearchStrategy[T], seldom: st.SearchStrategy[T]) -> T:
    """Draw from the first three times out of four."""
    return draw(often if draw(st.integers(0, 3)) else seldom)


verbs = _mostly(dials, other_verbs)
documents = st.builds(
    Document,
    st.lists(verbs, min_size=1, max_size=5).map(tuple),
    st.lists(st.just(TwimlWarning(12200, "odd")), max_size=1).map(tuple),
)
libraries = st.lists(documents, min_size=1, max_size=4)

ANYTHING = """
arrives fails found number rang accepted rejected hung-up gone failed lost back taken far heard
unheard pressed updated renewed fired restarted later
""".split()
# Most of the time a call goes its way: chance alone would end every one before it began.
KINDS = ["onward"] * 2 * len(ANYTHING) + ANYTHING
SECONDS = [0, 0, 1, 5, 30, 60]
TIMERS = [
    f"{kind}:{PARENT}" for kind in ("ring", "limit", "pause", "gather", "quiet", "answer")
] + ["away:x"]
CAUSES = [Cause.RANG, Cause.ANSWERED, *Cause]
KEYS = "1*#0"
FOUND = [
    ev.NumberFound(call_sid=NOBODY, owned=OWNED),
    *(ev.NumberFound(call_sid=NOBODY, simulated=behaviour) for behaviour in Behaviour),
    ev.NumberFound(call_sid=NOBODY),
]
UPDATES = [
    ev.CallUpdated(call_sid=NOBODY, end=True),
    ev.CallUpdated(call_sid=NOBODY, origin=Origin(endpoint=VOICE)),
    ev.CallUpdated(call_sid=NOBODY, origin=Origin(text="<Response/>")),
    ev.CallUpdated(call_sid=NOBODY, status_callback=VOICE),
    ev.CallUpdated(call_sid=NOBODY, time_limit_seconds=30),
]

choices = st.integers(0, 11)
moves = st.tuples(st.integers(0, len(KINDS) - 1).map(KINDS.__getitem__), choices, choices)


class Story:
    """A family, the time, and everything that was ever there to be named."""

    def __init__(self, library: list[Document], begin: Begin) -> None:
        self.library = library
        self.now = NOW
        self.entropy = Counting()
        self.watch = Watch()
        self.devices: list[tuple[CallSid, DeviceId]] = [(PARENT, DeviceId("nobody"))]
        self.fetches: list[tuple[CallSid, str]] = [(PARENT, "unknown")]
        self.prompts: list[tuple[CallSid, str]] = [(PARENT, ""), (PARENT, "unknown")]
        self.accepted: set[str] = set()
        self.family: Family
        self._keep(begin(self.now, self.entropy))

    def tell(self, event: ev.Event) -> None:
        """Let something happen to what the store would give back."""
        before = msgspec.json.decode(msgspec.json.encode(self.family), type=Family)
        decision = machine.step(before, event, self.now, self.entropy)
        if before.over:
            assert decision.family is before, "something happened to a family that was over"
            assert not decision.effects
            # That a prompt could not be had is shown, whatever became of its call.
            assert not decision.changes or isinstance(event, ev.PromptFailed)
        if isinstance(event, ev.PromptEnded) and decision.family is not before:
            assert event.token not in self.accepted, "a prompt ended twice"
            self.accepted.add(event.token)
        self._keep(decision)

    def wait(self, seconds: float) -> None:
        """Let time pass, with every timer at its time."""
        until = self.now + timedelta(seconds=seconds)
        while due := [(at, name) for name, at in self.family.timers.items() if at <= until]:
            at, name = min(due)
            self.now = max(self.now, at)
            self.tell(ev.TimerFired(name=name))
        self.now = until

    def do(self, move: Move) -> None:
        """Make a move."""
        kind, number, other = move
        match kind:
            case "onward":
                self._go_on(number, other)
            case "arrives":
                self._arrive(*_pick(self.fetches, number), other)
            case "fails":
                self._fail(*_pick(self.fetches, number))
            case "lost":
                session = SESSIONS[other % len(SESSIONS)]
                keep = SECONDS[number % len(SECONDS)]
                self.tell(ev.DeviceDetached(session=session, keep_seconds=keep))
            case "fired":
                self.tell(ev.TimerFired(name=TIMERS[number % len(TIMERS)]))
            case "restarted":
                self.tell(ev.ServerRestarted(keep_seconds=SECONDS[number % len(SECONDS)]))
            case "later":
                self.wait(SECONDS[number % len(SECONDS)])
            case "found" | "number" | "far" | "pressed" | "updated" | "renewed":
                sid = _pick([*reversed(self.family.legs), NOBODY], number)
                self._happen_to_leg(kind, sid, other)
            case "heard" | "unheard":
                self._sound(kind, *_pick(self.prompts, number))
            case _:
                mixed = (self.family.sid, self.devices[0][1])
                device = _pick([*self.devices, mixed], number)
                self._tell_device(kind, *device, SESSIONS[other % len(SESSIONS)])

    def _sound(self, kind: str, sid: CallSid, token: str) -> None:
        if kind == "heard":
            self.tell(ev.PromptEnded(call_sid=sid, token=token))
        else:
            self.tell(ev.PromptFailed(call_sid=sid, code=13420, reason="", url=VOICE.url))

    def _happen_to_leg(self, kind: str, sid: CallSid, other: int) -> None:
        event: ev.Event
        match kind:
            case "found":
                event = ev.DevicesFound(call_sid=sid, sessions=_sessions(other))
            case "number":
                found = FOUND[other % len(FOUND)]
                event = msgspec.structs.replace(found, call_sid=sid)
            case "far":
                event = ev.FarEndChanged(call_sid=sid, cause=CAUSES[other % len(CAUSES)])
            case "pressed":
                event = ev.DigitPressed(call_sid=sid, digit=KEYS[other % len(KEYS)])
            case "updated":
                event = msgspec.structs.replace(UPDATES[other % len(UPDATES)], call_sid=sid)
            case _:
                event = ev.MediaRestarted(call_sid=sid)
        self.tell(event)

    def _arrive(self, sid: CallSid, token: str, which: int) -> None:
        document = self.library[which % len(self.library)]
        self.tell(ev.DocumentArrived(call_sid=sid, token=token, document=document, url=VOICE.url))

    def _fail(self, sid: CallSid, token: str) -> None:
        self.tell(
            ev.DocumentFailed(call_sid=sid, token=token, code=11200, reason="", url=VOICE.url)
        )

    def _go_on(self, number: int, other: int) -> None:
        """Let the next thing happen that everybody waits for."""
        waiting = [leg for leg in self.family.legs.values() if self._waits(leg)]
        if not waiting:
            return
        leg = waiting[number % len(waiting)]
        match leg.program.activity:
            case Fetching(token=token):
                self._arrive(leg.sid, token, other)
            case Pausing():
                self.wait(60)
            case Speaking(token=token):
                self.tell(ev.PromptEnded(call_sid=leg.sid, token=token))
            case Gathering(token=token):
                if other % 2:
                    self._happen_to_leg("pressed", leg.sid, other)
                elif token:
                    self.tell(ev.PromptEnded(call_sid=leg.sid, token=token))
                else:
                    self.wait(60)
            case _:
                self._call_out(leg, number, other)

    def _waits(self, leg: Leg) -> bool:
        """Tell whether something has to happen to a leg of itself."""
        dials = isinstance(leg.program.activity, Dialing)
        return not leg.call.status.terminal and not dials

    def _call_out(self, leg: Leg, number: int, other: int) -> None:
        """Let a leg that we called, or who talks at its end, go on."""
        if leg.number and leg.call.status is CallStatus.QUEUED and leg.trunk is None:
            self._happen_to_leg("number", leg.sid, other)
        elif leg.number:
            ended = leg.call.status is CallStatus.IN_PROGRESS and number % 4 == 0
            cause = Cause.HUNG_UP if ended else CAUSES[other % 2]
            self.tell(ev.FarEndChanged(call_sid=leg.sid, cause=cause))
        elif not leg.devices:
            self._happen_to_leg("found", leg.sid, other)
        else:
            device = leg.devices[other % len(leg.devices)].id
            self._tell_device(_next(leg.call.status, number), leg.sid, device, SESSIONS[0])

    def _tell_device(self, kind: str, sid: CallSid, device: DeviceId, session: SessionId) -> None:
        event: ev.DeviceEvent
        match kind:
            case "rang":
                event = ev.DeviceRang(call_sid=sid, device=device)
            case "accepted":
                event = ev.DeviceAccepted(call_sid=sid, device=device, sdp="answer")
            case "rejected":
                event = ev.DeviceRejected(call_sid=sid, device=device)
            case "hung-up":
                event = ev.DeviceHungUp(call_sid=sid, device=device)
            case "gone":
                event = ev.DeviceGone(call_sid=sid, device=device)
            case "failed":
                event = ev.DeviceFailed(call_sid=sid, device=device, reason="no codec")
            case _:
                fingerprint = f"certificate of {session}" if kind == "taken" else ""
                leg = self.family.legs.get(sid)
                held = [one for one in leg.devices if one.id == device] if leg else []
                if held and kind == "back":
                    fingerprint = held[0].fingerprint
                event = ev.DeviceAttached(
                    call_sid=sid,
                    device=device,
                    session=session,
                    fingerprint=fingerprint,
                    offer_sdp="offer",
                )
        self.tell(event)

    def end(self) -> None:
        """Let customers' servers fail, nobody pick up and nobody hang up; prompts come to an end.

        Whoever talks without a limit is ended by the REST API.
        """
        for _ in range(STEPS_TO_THE_END):
            if self.family.over:
                return
            self._end_one_thing()
        raise AssertionError("this call never ends")

    def _end_one_thing(self) -> None:
        for leg in self.family.legs.values():
            match leg.program.activity:
                case Fetching(token=token):
                    self._fail(leg.sid, token)
                    return
                case Speaking(token=token):
                    self.tell(ev.PromptEnded(call_sid=leg.sid, token=token))
                    return
                case Gathering(token=token) if (leg.sid, token) in self.prompts and token:
                    self.tell(ev.PromptEnded(call_sid=leg.sid, token=token))
                    return
                case _:
                    pass
        self.wait(60)

    def _keep(self, decision: Decision) -> None:
        self.family = decision.family
        self.watch.look(decision)
        held = [(sid, device.id) for sid, leg in self.family.legs.items() for device in leg.devices]
        self.devices = [*(new for new in held if new not in self.devices), *self.devices]
        for effect in decision.effects:
            if isinstance(effect, do.PlayPrompt):
                self.prompts.insert(0, (effect.call_sid, effect.token))
        for sid, leg in self.family.legs.items():
            activity = leg.program.activity
            if isinstance(activity, Fetching) and (sid, activity.token) not in self.fetches:
                self.fetches.insert(0, (sid, activity.token))


def _pick(choices: Sequence[T], number: int) -> T:
    """Name something of what is there, was there, and never was: the newest stand first."""
    return choices[number % len(choices)]


def _sessions(number: int) -> tuple[SessionId, ...]:
    return tuple(SESSIONS[: number % len(SESSIONS)])


def _next(status: CallStatus, number: int) -> str:
    """Return what a device in a dialled leg is likely to do."""
    if status is CallStatus.QUEUED:
        return "rang"
    if status is CallStatus.RINGING:
        return ["accepted", "accepted", "rejected", "failed"][number % 4]
    return "hung-up"


@given(library=libraries, begin=beginnings, story=st.lists(moves, min_size=12, max_size=60))
@settings(max_examples=EXAMPLES)
def test_whatever_happens_a_family_stays_sound_and_can_end(
    library: list[Document], begin: Begin, story: list[Move]
) -> None:
    """No event raises, nothing forbidden happens, nobody is left behind, and every call can end."""
    told = Story(library, begin)
    for move in story:
        told.do(move)
    told.end()
    assert told.family.over
    for move in story:
        told.do(move)


@given(library=libraries, begin=beginnings, story=st.lists(moves, max_size=30))
@settings(max_examples=max(1, EXAMPLES // 4))
def test_the_same_story_is_decided_the_same_way(
    library: list[Document], begin: Begin, story: list[Move]
) -> None:
    """Time and chance are arguments: the machine has no memory of its own."""
    told = Story(library, begin), Story(library, begin)
    for move in story:
        for one in told:
            one.do(move)
    assert told[0].family == told[1].family
