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

from midcall.core.calls import events as ev
from midcall.core.calls import machine
from midcall.core.calls.turn import Decision
from midcall.model.calls import CallEvent, CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.families import DeviceId, Dialing, Family, Fetching, Pausing, SessionId
from midcall.model.sids import CallSid
from midcall.model.twiml import (
    Client,
    Dial,
    Document,
    Hangup,
    Parameter,
    Pause,
    Redirect,
    Reject,
    TwimlWarning,
    Verb,
)
from tests.unit.core.calls.invariants import Watch
from tests.unit.core.calls.stage import ANN, NOW, VOICE, Counting, parent_call

T = TypeVar("T")

Move = tuple[str, int, int]
"""What happens next, in a word, and the numbers that choose to whom and with what."""

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "150"))
STEPS_TO_THE_END = 3000

NOBODY = CallSid("CA" + "f" * 32)
SESSIONS = [ANN, *(SessionId(f"s{number}") for number in range(4))]

endpoints = st.sampled_from([Endpoint("/next"), Endpoint("https://example.com/x"), Endpoint("//[")])
clients = st.builds(
    Client,
    identity=st.sampled_from(["ann", "bob", "cat"]),
    parameters=st.just((Parameter("a", "1"),)),
    status_callback=st.none() | endpoints,
    status_callback_events=st.frozensets(st.sampled_from(CallEvent)),
)
dials = st.builds(
    Dial,
    clients=st.lists(clients, min_size=1, max_size=3).map(tuple) | st.just(()),
    action=st.none() | endpoints,
    timeout_seconds=st.integers(1, 60),
    time_limit_seconds=st.integers(1, 60),
    caller_id=st.none() | st.just("client:desk"),
    answer_on_bridge=st.booleans(),
)
other_verbs: st.SearchStrategy[Verb] = st.one_of(
    st.builds(Pause, length_seconds=st.integers(0, 60)),
    st.builds(Redirect, endpoint=endpoints),
    st.just(Hangup()),
    st.builds(Reject, busy=st.booleans()),
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
arrives fails found rang accepted rejected hung-up gone failed lost back fired restarted later
""".split()
# Most of the time a call goes its way: chance alone would end every one before it began.
KINDS = ["onward"] * 2 * len(ANYTHING) + ANYTHING
SECONDS = [0, 0, 1, 5, 30, 60]
TIMERS = ["ring", "limit", "pause", "away:x"]

numbers = st.integers(0, 11)
moves = st.tuples(st.integers(0, len(KINDS) - 1).map(KINDS.__getitem__), numbers, numbers)


class Story:
    """A family, the time, and everything that was ever there to be named."""

    def __init__(self, library: list[Document], fallback: Endpoint | None = None) -> None:
        self.library = library
        self.now = NOW
        self.entropy = Counting()
        self.watch = Watch()
        self.devices: list[tuple[CallSid, DeviceId]] = []
        self.tokens: list[str] = ["unknown"]
        placed = machine.Placed(
            call=parent_call(),
            identity="ann",
            session=ANN,
            offer_sdp="offer",
            parameters=(),
            voice=VOICE,
            fallback=fallback,
        )
        self._keep(machine.place(placed, self.now, self.entropy))

    def tell(self, event: ev.Event) -> None:
        """Let something happen to what the store would give back."""
        before = msgspec.json.decode(msgspec.json.encode(self.family), type=Family)
        decision = machine.step(before, event, self.now, self.entropy)
        if before.over:
            assert decision.family is before, "something happened to a family that was over"
            assert not decision.changes
            assert not decision.effects
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
        session = SESSIONS[other % len(SESSIONS)]
        match kind:
            case "onward":
                self._go_on(number, other)
            case "arrives":
                self._arrive(number, other)
            case "fails":
                token = _pick(self.tokens, number)
                self.tell(ev.DocumentFailed(token=token, code=11200, reason="", url=VOICE.url))
            case "found":
                sid = _pick([*reversed(self.family.legs), NOBODY], number)
                self.tell(ev.DevicesFound(call_sid=sid, sessions=_sessions(other)))
            case "lost":
                keep = SECONDS[number % len(SECONDS)]
                self.tell(ev.DeviceDetached(session=session, keep_seconds=keep))
            case "fired":
                self.tell(ev.TimerFired(name=TIMERS[number % len(TIMERS)]))
            case "restarted":
                self.tell(ev.ServerRestarted(keep_seconds=SECONDS[number % len(SECONDS)]))
            case "later":
                self.wait(SECONDS[number % len(SECONDS)])
            case _:
                mixed = (self.family.sid, self.devices[0][1])
                nonsense = (self.family.sid, DeviceId("nobody"))
                device = _pick([*self.devices, mixed, nonsense], number)
                self._tell_device(kind, *device, session)

    def _arrive(self, number: int, which: int) -> None:
        document = self.library[which % len(self.library)]
        token = _pick(self.tokens, number)
        self.tell(ev.DocumentArrived(token=token, document=document, url=VOICE.url))

    def _go_on(self, number: int, other: int) -> None:
        """Let the next thing happen that everybody waits for."""
        match self.family.program.activity:
            case Fetching():
                self._arrive(0, other)
            case Pausing():
                self.wait(60)
            case Dialing(children=children):
                live = [self.family.legs[sid] for sid in children if not self._is_over(sid)]
                leg = live[number % len(live)]
                if not leg.devices:
                    self.tell(ev.DevicesFound(call_sid=leg.sid, sessions=_sessions(other)))
                    return
                device = leg.devices[other % len(leg.devices)].id
                self._tell_device(_next(leg.call.status, number), leg.sid, device, SESSIONS[0])

    def _is_over(self, sid: CallSid) -> bool:
        return self.family.legs[sid].call.status.terminal

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
                event = ev.DeviceAttached(call_sid=sid, device=device, session=session)
        self.tell(event)

    def end(self) -> None:
        """Let the customer's server fail and nobody pick up; whoever talks talks on."""
        for _ in range(STEPS_TO_THE_END):
            match self.family.program.activity:
                case Fetching(token=token):
                    self.tell(ev.DocumentFailed(token=token, code=1, reason="", url=""))
                case Dialing() | Pausing():
                    self.wait(60)
                case None:
                    return
        raise AssertionError("this call never ends")

    def _keep(self, decision: Decision) -> None:
        self.family = decision.family
        self.watch.look(decision)
        held = [(sid, device.id) for sid, leg in self.family.legs.items() for device in leg.devices]
        self.devices = [*(new for new in held if new not in self.devices), *self.devices]
        activity = self.family.program.activity
        if isinstance(activity, Fetching) and activity.token not in self.tokens:
            self.tokens.insert(0, activity.token)


def _pick(choices: Sequence[T], number: int) -> T:
    """Name something, the newest first, then those that are gone, and at last nonsense."""
    return choices[min(number, len(choices) - 1)]


def _sessions(number: int) -> tuple[SessionId, ...]:
    return tuple(SESSIONS[: number % len(SESSIONS)])


def _next(status: CallStatus, number: int) -> str:
    """Return what a device in a dialled leg is likely to do."""
    if status is CallStatus.QUEUED:
        return "rang"
    if status is CallStatus.RINGING:
        return ["accepted", "accepted", "rejected", "failed"][number % 4]
    return "hung-up"


@given(
    library=libraries,
    fallback=st.none() | endpoints,
    story=st.lists(moves, min_size=12, max_size=60),
)
@settings(max_examples=EXAMPLES)
def test_whatever_happens_a_family_stays_sound_and_can_end(
    library: list[Document], fallback: Endpoint | None, story: list[Move]
) -> None:
    """No event raises, nothing forbidden happens, nobody is left behind, and every call can end."""
    told = Story(library, fallback)
    for move in story:
        told.do(move)
    told.end()
    assert told.family.over
    for move in story:
        told.do(move)


@given(library=libraries, story=st.lists(moves, max_size=30))
@settings(max_examples=max(1, EXAMPLES // 4))
def test_the_same_story_is_decided_the_same_way(library: list[Document], story: list[Move]) -> None:
    """Time and chance are arguments: the machine has no memory of its own."""
    told = Story(library), Story(library)
    for move in story:
        for one in told:
            one.do(move)
    assert told[0].family == told[1].family
