"""Calls joined by trunks: each side hears of the other late, in any interleaving, and they agree.

``SOAK_EXAMPLES`` in the environment sets how many stories are told; the default takes a few
seconds.
"""

import os
from collections import deque
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import machine
from midcall.core.calls.states import phase
from midcall.core.calls.turn import Decision
from midcall.core.limits import HOPS_PER_CALL
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.families import (
    Family,
    Fetching,
    Gathering,
    Leg,
    Origin,
    SessionId,
    Speaking,
)
from midcall.model.sids import CallSid
from midcall.model.twiml import (
    Client,
    Dial,
    Document,
    Gather,
    Hangup,
    Number,
    Pause,
    Reject,
    Say,
    Verb,
)
from tests.unit.core.calls.invariants import Watch
from tests.unit.core.calls.stage import (
    NOW,
    OURS,
    OWNED,
    STRANGER,
    VOICE,
    Begin,
    Counting,
    placed,
    requested,
)

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "100"))

OUR_NUMBER = Dial(nouns=(Number(number=OURS),), caller_id=STRANGER, timeout_seconds=10)
BOB = Dial(nouns=(Client(identity="bob"),), answer_on_bridge=True, timeout_seconds=20)
DOCUMENTS = [
    Document((OUR_NUMBER,)),
    Document((BOB, Pause(length_seconds=5))),
    Document((Say(text="hello"), Hangup())),
    Document((Gather(num_digits=2), Pause(length_seconds=60))),
    Document((Reject(),)),
    Document((Pause(length_seconds=60),)),
]
SECONDS = [0, 1, 10, 60]
KINDS = "passes passes passes passes document document answers hangs-up presses ends waits".split()

MOST_EFFECTS = 10_000

moves = st.tuples(st.sampled_from(KINDS), st.integers(0, 11), st.integers(0, 11))
Move = tuple[str, int, int]


class World:
    """Families by their number of arrival, and what each still has to do to another one.

    What one family wants done is done in its order; between families there is no order.
    """

    def __init__(self, begin: Begin) -> None:
        self.now = NOW
        self.entropy = Counting()
        self.families: list[Family] = []
        self.watches: list[Watch] = []
        self.queues: list[deque[do.Effect]] = []
        self.performed = 0
        self._keep(None, begin(self.now, self.entropy))

    def do(self, move: Move) -> None:
        """Make a move."""
        kind, number, other = move
        which = number % len(self.families)
        leg = list(self.families[which].legs.values())[other % len(self.families[which].legs)]
        match kind:
            case "passes":
                self._perform_next(which)
            case "document":
                if isinstance(fetching := leg.program.activity, Fetching):
                    document = DOCUMENTS[other % len(DOCUMENTS)]
                    self._arrive(which, leg.sid, fetching.token, document)
            case "answers":
                for device in leg.devices[:1]:
                    self.tell(which, ev.DeviceAccepted(call_sid=leg.sid, device=device.id, sdp=""))
            case "hangs-up":
                for device in leg.devices[:1]:
                    self.tell(which, ev.DeviceHungUp(call_sid=leg.sid, device=device.id))
            case "presses":
                self.tell(which, ev.DigitPressed(call_sid=leg.sid, digit="1"))
            case "ends":
                self.tell(which, ev.CallUpdated(call_sid=leg.sid, end=True))
            case _:
                self._wait(SECONDS[other % len(SECONDS)])

    def give(self, which: int, verb: Verb) -> None:
        """Let the document arrive that a family waits for."""
        which %= len(self.families)
        fetching = self.families[which].parent.program.activity
        assert isinstance(fetching, Fetching)
        self._arrive(which, self.families[which].sid, fetching.token, Document((verb,)))

    def settle(self) -> None:
        """Let everything be done that is to be done, until nothing is left."""
        while any(self.queues):
            for which in range(len(self.queues)):
                self._perform_next(which)

    def agree(self) -> None:
        """Check that both sides of every trunk are where the other believes it to be."""
        legs = {leg.sid: leg for family in self.families for leg in family.legs.values()}
        for near in [leg for leg in legs.values() if leg.trunk is not None and leg.called]:
            assert near.trunk is not None
            far = legs.get(near.trunk)
            if far is None:
                assert near.call.status is not CallStatus.IN_PROGRESS
                continue
            assert far.trunk == near.sid
            assert phase(near.call.status) is phase(far.call.status), "the sides disagree"
            if near.call.status is CallStatus.COMPLETED:
                assert far.call.status is CallStatus.COMPLETED

    def end(self) -> None:
        """Let every document fail and time pass, until every family is over."""
        for _ in range(500):
            self.settle()
            if all(family.over for family in self.families):
                return
            for which, family in enumerate(self.families):
                for leg in family.legs.values():
                    self._end_leg(which, leg)
            self._wait(60)
        raise AssertionError("these calls never end")

    def _end_leg(self, which: int, leg: Leg) -> None:
        match leg.program.activity:
            case Fetching(token=token):
                self._arrive(which, leg.sid, token, Document((Hangup(),)))
            case Speaking(token=token) | Gathering(token=token):
                self.tell(which, ev.PromptEnded(call_sid=leg.sid, token=token))
            case _:
                pass

    def _arrive(self, which: int, sid: CallSid, token: str, document: Document) -> None:
        arrived = ev.DocumentArrived(call_sid=sid, token=token, document=document, url=VOICE.url)
        self.tell(which, arrived)

    def _wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        for which in range(len(self.families)):
            for name in list(self.families[which].timers):
                self.tell(which, ev.TimerFired(name=name))

    def tell(self, which: int, event: ev.Event) -> None:
        """Let something happen to a family."""
        self._keep(which, machine.step(self.families[which], event, self.now, self.entropy))

    def _keep(self, which: int | None, decision: Decision) -> None:
        if which is None:
            which = len(self.families)
            self.families.append(decision.family)
            self.watches.append(Watch())
            self.queues.append(deque())
        self.families[which] = decision.family
        self.watches[which].look(decision)
        self.queues[which].extend(decision.effects)

    def _perform_next(self, which: int) -> None:
        """Do what a family wants done next, as far as other families come into it."""
        if not self.queues[which]:
            return
        self.performed += 1
        assert self.performed < MOST_EFFECTS, "this goes on for ever"
        match self.queues[which].popleft():
            case do.FindNumber(call_sid=sid):
                self.tell(which, ev.NumberFound(call_sid=sid, owned=OWNED))
            case do.FindDevices(call_sid=sid):
                self.tell(which, ev.DevicesFound(call_sid=sid, sessions=(SessionId("bob 1"),)))
            case do.InviteDevice(call=call, device=device):
                self.tell(which, ev.DeviceRang(call_sid=call.sid, device=device.id))
            case do.CallNumber() as call_number:
                self._keep(None, machine.arrive(_arriving(call_number), self.now, self.entropy))
            case do.TellFarEnd(call_sid=sid, cause=cause):
                self._tell_leg(ev.FarEndChanged(call_sid=sid, cause=cause))
            case do.PassDigits(call_sid=sid, digits=digits):
                for digit in digits:
                    self._tell_leg(ev.DigitPressed(call_sid=sid, digit=digit))
            case _:
                pass

    def _tell_leg(self, event: ev.FarEndChanged | ev.DigitPressed) -> None:
        for which, family in enumerate(self.families):
            if event.call_sid in family.legs:
                self.tell(which, event)


def _arriving(effect: do.CallNumber) -> machine.Arriving:
    call = Call(
        sid=effect.far_sid,
        account_sid=effect.number.account_sid,
        from_address=effect.leg.from_address,
        to_address=effect.number.number,
        direction=CallDirection.INBOUND,
        status=CallStatus.RINGING,
        created_at=NOW,
        updated_at=NOW,
    )
    origin = Origin(endpoint=VOICE)
    return machine.Arriving(call=call, trunk=effect.leg.sid, origin=origin, hops=effect.hops)


beginnings = st.sampled_from([placed(Origin(endpoint=VOICE)), requested(number=OURS)])


@given(begin=beginnings, story=st.lists(moves, min_size=10, max_size=80))
@settings(max_examples=EXAMPLES)
def test_both_sides_of_a_trunk_agree_in_the_end(begin: Begin, story: list[Move]) -> None:
    """Whenever nothing is on its way, both are over, both wait, or both talk; and it ends."""
    world = World(begin)
    for move in story:
        world.do(move)
    world.settle()
    world.agree()
    world.end()
    world.agree()


def test_a_number_that_dials_itself_comes_to_an_end() -> None:
    """Each call leads to another one, but only so often; then the last fails, and so all end."""
    world = World(placed(Origin(endpoint=VOICE)))
    for _ in range(HOPS_PER_CALL + 5):
        world.settle()
        if not world.families[-1].over:
            world.give(-1, OUR_NUMBER)
    assert len(world.families) == 1 + HOPS_PER_CALL
    assert all(family.over for family in world.families)
    (refused,) = [
        leg
        for family in world.families
        for leg in family.legs.values()
        if leg.call.status is CallStatus.FAILED
    ]
    assert refused.hops == HOPS_PER_CALL


def test_a_caller_who_gives_up_while_the_other_answers_leaves_nobody_behind() -> None:
    """Each hears of the other too late to follow it, and both end all the same."""
    world = World(requested(number=OURS))
    world.settle()
    world.give(1, Pause(length_seconds=60))
    world.tell(0, ev.CallUpdated(call_sid=world.families[0].sid, end=True))
    world.settle()
    assert world.families[0].parent.call.status is CallStatus.CANCELED
    assert world.families[1].parent.call.status is CallStatus.COMPLETED


def test_keys_pass_through_every_trunk_once() -> None:
    """What the first caller presses is heard by the last one's document, and by nobody between."""
    world = World(placed(Origin(endpoint=VOICE)))
    for document in (OUR_NUMBER, OUR_NUMBER, Gather(num_digits=2, action=VOICE)):
        world.settle()
        world.give(-1, document)
    world.settle()
    assert [family.parent.call.status for family in world.families] == [CallStatus.IN_PROGRESS] * 3
    for _ in range(2):
        world.tell(0, ev.DigitPressed(call_sid=world.families[0].sid, digit="7"))
    world.settle()
    fetching = world.families[2].parent.program.activity
    assert isinstance(fetching, Fetching)
    assert fetching.parameters["Digits"] == "77"
