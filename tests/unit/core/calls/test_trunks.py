"""Phone numbers: where they lead, what is heard of the other side, and what crosses over."""

import pytest

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import timers
from midcall.core.calls.states import Cause
from midcall.core.calls.trunks import ANSWER_SECONDS, TALK
from midcall.core.limits import HOPS_PER_CALL
from midcall.model.calls import CallStatus
from midcall.model.families import SessionId, far_line_of, line_of
from midcall.model.notifications import Level
from midcall.model.numbers import SIMULATED, Behaviour
from midcall.model.twiml import Dial, Gather, Number, Pause, Play, Reject
from tests.unit.core.calls.stage import (
    NEAR,
    OURS,
    OWNED,
    PARENT,
    STRANGER,
    VOICE,
    Stage,
    arriving,
    clients,
    numbers,
    timer,
)

CALL_US = Dial(nouns=numbers(OURS), caller_id=STRANGER, timeout_seconds=20)
BOB = Dial(nouns=clients("bob"))


def _talking() -> Stage:
    """Let ann talk through a trunk with whoever is at a number of ours."""
    stage = Stage(CALL_US)
    sid = stage.call_number(stage.dialled(OURS), owned=True)
    stage.far(sid, Cause.RANG)
    stage.far(sid, Cause.ANSWERED)
    return stage


# --- where a number leads -----------------------------------------------------------------------


def test_a_dialled_number_is_looked_up() -> None:
    """A number has no devices: who serves it is asked instead."""
    stage = Stage(CALL_US)
    sid = stage.dialled(OURS)
    assert stage.done(do.FindNumber) == [do.FindNumber(call_sid=sid, number=OURS)]
    assert not stage.done(do.FindDevices)
    assert stage.leg(sid).call.to_address == OURS
    assert stage.leg(sid).call.from_address == STRANGER


def test_a_number_of_ours_is_called_over_a_trunk() -> None:
    """The lines are there before the call on the other side begins."""
    stage = Stage(CALL_US)
    sid = stage.call_number(stage.dialled(OURS), owned=True)
    far_sid = stage.leg(sid).trunk
    assert far_sid is not None
    assert stage.effects == (
        do.LinkMedia(first=line_of(sid), second=line_of(far_sid)),
        do.CallNumber(leg=stage.leg(sid).call, far_sid=far_sid, number=OWNED, hops=1),
    )
    assert stage.status(sid) is CallStatus.QUEUED


def test_a_number_is_found_once() -> None:
    """A second answer to the same question calls nobody twice, nor does one for an SDK user."""
    stage = Stage(Dial(nouns=(*numbers(OURS), *clients("bob")), caller_id=STRANGER))
    sid = stage.call_number(stage.dialled(OURS), owned=True)
    before = stage.family
    stage.call_number(sid, owned=True)
    stage.call_number(stage.child("bob").sid, owned=True)
    stage.call_number(PARENT)
    stage.step(ev.DevicesFound(call_sid=sid, sessions=(SessionId("x"),)))
    assert stage.family is before
    assert not stage.effects


def test_a_number_that_nobody_serves_fails() -> None:
    """There is no carrier: the debugger shows 13224, as an error."""
    stage = Stage(CALL_US)
    sid = stage.call_number(stage.dialled(OURS))
    assert stage.status(sid) is CallStatus.FAILED
    (shown,) = stage.notifications
    assert (shown.code, shown.level, shown.call_sid) == (13224, Level.ERROR, sid)


def test_a_call_is_led_through_so_many_numbers_and_no_more() -> None:
    """Numbers whose TwiML dials another one do not make calls without end."""
    stage = Stage(CALL_US, begin=arriving(hops=HOPS_PER_CALL))
    sid = stage.call_number(stage.dialled(OURS), owned=True)
    assert stage.status(sid) is CallStatus.FAILED
    assert [shown.code for shown in stage.notifications] == [13224]
    assert not stage.done(do.CallNumber)


@pytest.mark.parametrize("sequential", [False, True])
def test_an_sdk_needs_a_caller_id_to_call_a_number(sequential: bool) -> None:
    """``client:ann`` is no number to call from: each child fails with 13214, and nobody rings."""
    dial = Dial(nouns=numbers(OURS, STRANGER), sequential=sequential, action=VOICE)
    stage = Stage(dial)
    assert [leg.call.status for leg in stage.family.children] == [CallStatus.FAILED] * 2
    assert [shown.code for shown in stage.notifications] == [13214, 13214]
    assert not stage.done(do.FindNumber)
    assert stage.fetching.parameters["DialCallStatus"] == "failed"
    assert timer(timers.RING) not in stage.family.timers


def test_a_dial_goes_on_to_the_next_verb_if_no_number_can_be_called() -> None:
    """What failed at once leaves nothing waiting."""
    stage = Stage(Dial(nouns=numbers(OURS)), Pause(length_seconds=5))
    assert timer(timers.PAUSE) in stage.family.timers


# --- simulated parties --------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [Behaviour.ANSWER, Behaviour.TALK])
def test_a_simulated_party_rings_and_answers(behaviour: Behaviour) -> None:
    """It can be seen ringing first; one of them has something to say."""
    (number,) = [number for number, what in SIMULATED.items() if what is behaviour]
    stage = Stage(Dial(nouns=numbers(number), caller_id=STRANGER))
    sid = stage.call_number(stage.dialled(number), simulated=behaviour)
    assert stage.status(sid) is CallStatus.RINGING
    linked = do.LinkMedia(first=line_of(sid), second=far_line_of(sid))
    assert stage.done(do.LinkMedia) == [linked]
    stage.wait(ANSWER_SECONDS)
    said = [(effect.device, effect.prompt) for effect in stage.done(do.PlayPrompt)]
    assert said == ([(far_line_of(sid), TALK)] if behaviour is Behaviour.TALK else [])
    assert stage.status(sid) is CallStatus.IN_PROGRESS
    joined = do.JoinMedia(first=stage.device().id, second=line_of(sid))
    assert stage.done(do.JoinMedia) == [joined]


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [(Behaviour.BUSY, CallStatus.BUSY), (Behaviour.FAIL, CallStatus.FAILED)],
)
def test_a_simulated_party_may_not_be_reached(behaviour: Behaviour, status: CallStatus) -> None:
    """The dial hears of it at once."""
    stage = Stage(CALL_US, Pause())
    sid = stage.call_number(stage.dialled(OURS), simulated=behaviour)
    assert stage.status(sid) is status
    assert timer(timers.PAUSE) in stage.family.timers


def test_a_simulated_party_may_not_answer() -> None:
    """It rings until the dial gives up."""
    stage = Stage(CALL_US)
    sid = stage.call_number(stage.dialled(OURS), simulated=Behaviour.NO_ANSWER)
    stage.wait(19)
    assert stage.status(sid) is CallStatus.RINGING
    stage.wait(1)
    assert stage.status(sid) is CallStatus.NO_ANSWER


def test_a_caller_who_hangs_up_lets_both_lines_go() -> None:
    """Nothing of a simulated party is left, nor does it answer any more."""
    stage = Stage(CALL_US)
    sid = stage.call_number(stage.dialled(OURS), simulated=Behaviour.ANSWER)
    stage.hang_up()
    released = [effect.line for effect in stage.done(do.ReleaseLine)]
    assert released == [line_of(sid), far_line_of(sid)]
    assert not stage.family.timers


# --- what is heard of the other side ------------------------------------------------------------


def test_a_trunk_rings_and_is_answered_with_the_other_side() -> None:
    """The call on the other side decides; the caller is joined with the line."""
    stage = Stage(CALL_US)
    sid = stage.call_number(stage.dialled(OURS), owned=True)
    stage.far(sid, Cause.RANG)
    assert stage.status(sid) is CallStatus.RINGING
    stage.far(sid, Cause.ANSWERED)
    assert stage.status(sid) is CallStatus.IN_PROGRESS
    assert do.JoinMedia(first=stage.device().id, second=line_of(sid)) in stage.effects


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (Cause.REJECTED, CallStatus.BUSY),
        (Cause.UNANSWERED, CallStatus.NO_ANSWER),
        (Cause.HUNG_UP, CallStatus.NO_ANSWER),
        (Cause.ENDED, CallStatus.NO_ANSWER),
        (Cause.FAILED, CallStatus.FAILED),
    ],
)
@pytest.mark.parametrize("rang", [True, False])
def test_a_trunk_that_is_not_answered_says_why(
    cause: Cause, status: CallStatus, rang: bool
) -> None:
    """A rejection is busy, a fault is failed, and whatever else ends the other side no answer."""
    stage = Stage(CALL_US)
    sid = stage.call_number(stage.dialled(OURS), owned=True)
    if rang:
        stage.far(sid, Cause.RANG)
    stage.far(sid, cause)
    assert stage.status(sid) is status


@pytest.mark.parametrize("cause", [Cause.HUNG_UP, Cause.UNANSWERED, Cause.FAILED, Cause.REJECTED])
def test_a_trunk_ends_with_the_other_side_whatever_is_told_of_it(cause: Cause) -> None:
    """Both sides may have moved on at once: an end is an end."""
    stage = _talking()
    stage.far(stage.dialled(OURS), cause)
    assert stage.status(stage.dialled(OURS)) is CallStatus.COMPLETED


@pytest.mark.parametrize("cause", list(Cause))
def test_what_is_heard_of_a_side_that_is_not_there_changes_nothing(cause: Cause) -> None:
    """An SDK's legs have no other side, and a leg that ended hears of none."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1")
    before = stage.family
    stage.far(bob, cause)
    stage.far(PARENT, cause)
    assert stage.family is before
    ended = _talking()
    ended.hang_up()
    over = ended.family
    ended.far(ended.dialled(OURS), cause)
    assert ended.family is over


def test_the_other_side_is_told_of_the_end() -> None:
    """Once, with both lines let go."""
    stage = _talking()
    sid = stage.dialled(OURS)
    far_sid = stage.leg(sid).trunk
    assert far_sid is not None
    stage.hang_up()
    assert stage.done(do.TellFarEnd) == [do.TellFarEnd(call_sid=far_sid, cause=Cause.HUNG_UP)]
    assert [effect.line for effect in stage.done(do.ReleaseLine)] == [
        line_of(sid),
        line_of(far_sid),
    ]


# --- a call that arrives ------------------------------------------------------------------------


def test_a_call_that_arrives_rings_at_the_caller_and_asks_for_its_document() -> None:
    """It is an inbound call like any other, of a phone number."""
    stage = Stage(begin=arriving())
    assert stage.effects == (
        do.TellFarEnd(call_sid=NEAR, cause=Cause.RANG),
        do.FetchDocument(PARENT, stage.fetching),
    )
    asked = stage.fetching.parameters
    assert (asked["From"], asked["To"], asked["Called"]) == (STRANGER, OURS, OURS)
    assert asked["Direction"] == "inbound"


def test_a_call_that_arrives_is_answered_by_its_document() -> None:
    """The caller hears of it; there is no device to be told."""
    stage = Stage(BOB, begin=arriving())
    assert stage.done(do.TellFarEnd) == [do.TellFarEnd(call_sid=NEAR, cause=Cause.ANSWERED)]
    assert not stage.done(do.AnswerDevice)
    bob = stage.answer("bob")
    joined = do.JoinMedia(first=line_of(PARENT), second=stage.device(bob).id)
    assert joined in stage.all_effects


def test_a_call_that_arrives_may_be_rejected() -> None:
    """The caller hears busy."""
    stage = Stage(Reject(), begin=arriving())
    assert stage.done(do.TellFarEnd) == [do.TellFarEnd(call_sid=NEAR, cause=Cause.REJECTED)]
    assert stage.status() is CallStatus.BUSY


@pytest.mark.parametrize("cause", [Cause.HUNG_UP, Cause.UNANSWERED, Cause.FAILED])
def test_a_caller_who_gives_up_cancels_the_call_that_arrived(cause: Cause) -> None:
    """For the one who is called it is the same, whyever the caller does not wait any more."""
    stage = Stage(begin=arriving())
    stage.far(PARENT, cause)
    assert stage.status() is CallStatus.CANCELED


def test_a_call_that_arrived_leaves_its_line_to_whoever_made_it() -> None:
    """Both lines are the caller's: the other side may still be on its way to them."""
    stage = Stage(BOB, begin=arriving())
    stage.answer("bob")
    stage.far(PARENT, Cause.HUNG_UP)
    assert stage.family.over
    assert not [effect for effect in stage.all_effects if isinstance(effect, do.ReleaseLine)]


def test_a_caller_is_not_answered_by_being_told_so() -> None:
    """The other side follows us in this, and not we it."""
    stage = Stage(begin=arriving())
    before = stage.family
    stage.far(PARENT, Cause.ANSWERED)
    stage.far(PARENT, Cause.RANG)
    assert stage.family is before


# --- keys ---------------------------------------------------------------------------------------


def test_keys_pass_over_the_trunk() -> None:
    """Each key that the caller presses arrives on the other side."""
    stage = _talking()
    far_sid = stage.leg(stage.dialled(OURS)).trunk
    assert far_sid is not None
    stage.press("5")
    assert stage.effects == (do.PassDigits(call_sid=far_sid, digits="5"),)
    stage.press("6", stage.dialled(OURS))
    assert not stage.effects


def test_keys_of_who_is_called_pass_back() -> None:
    """A called party may type into the program of the one who calls."""
    stage = Stage(BOB, begin=arriving())
    bob = stage.answer("bob")
    stage.press("5", bob)
    assert stage.effects == (do.PassDigits(call_sid=NEAR, digits="5"),)
    stage.press("6", PARENT)
    assert not stage.effects


def test_keys_that_arrive_are_collected() -> None:
    """They are pressed by whoever is at the end of the leg, wherever that is."""
    stage = Stage(Gather(num_digits=2), begin=arriving())
    stage.press("42")
    assert stage.fetching.parameters["Digits"] == "42"


def test_send_digits_are_pressed_once_the_number_answers() -> None:
    """Over a trunk they arrive as keys, pauses included; a simulated party hears them."""
    noun = Number(number=OURS, send_digits="w12")
    stage = Stage(Dial(nouns=(noun,), caller_id=STRANGER))
    sid = stage.call_number(stage.dialled(OURS), owned=True)
    far_sid = stage.leg(sid).trunk
    assert far_sid is not None
    stage.far(sid, Cause.ANSWERED)
    assert stage.done(do.PassDigits) == [do.PassDigits(call_sid=far_sid, digits="w12")]
    stage = Stage(Dial(nouns=(noun,), caller_id=STRANGER))
    sid = stage.call_number(stage.dialled(OURS), simulated=Behaviour.ANSWER)
    stage.wait(ANSWER_SECONDS)
    (keys,) = stage.done(do.PlayPrompt)
    assert (keys.device, keys.prompt) == (line_of(sid), Play(digits="w12"))


def test_a_star_ends_the_callee_and_the_caller_goes_on() -> None:
    """``hangupOnStar``: only the caller's star, and only while there is a talk."""
    stage = Stage(Dial(nouns=clients("bob"), hangup_on_star=True), Pause(length_seconds=5))
    stage.press("*")
    bob = stage.answer("bob")
    stage.press("*", bob)
    stage.press("1")
    assert stage.status(bob) is CallStatus.IN_PROGRESS
    stage.press("*")
    assert stage.status(bob) is CallStatus.COMPLETED
    assert stage.status() is CallStatus.IN_PROGRESS


def test_a_star_without_the_attribute_is_a_key() -> None:
    """It passes like any other."""
    stage = _talking()
    stage.press("*")
    assert [effect.digits for effect in stage.done(do.PassDigits)] == ["*"]


# --- the server was away ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("causes", "status"),
    [
        ([], CallStatus.NO_ANSWER),
        ([Cause.RANG], CallStatus.NO_ANSWER),
        ([Cause.RANG, Cause.ANSWERED], CallStatus.COMPLETED),
    ],
)
def test_a_trunk_does_not_survive_a_restart(causes: list[Cause], status: CallStatus) -> None:
    """Its lines were in memory; the caller's document goes on, and the other side is told."""
    stage = Stage(CALL_US, Pause(length_seconds=100))
    sid = stage.call_number(stage.dialled(OURS), owned=True)
    for cause in causes:
        stage.far(sid, cause)
    stage.restart()
    assert stage.status(sid) is status
    assert stage.status() is CallStatus.IN_PROGRESS
    assert timer(timers.PAUSE) in stage.family.timers
    assert len(stage.done(do.TellFarEnd)) == 1


def test_a_call_that_arrived_does_not_survive_a_restart() -> None:
    """Its caller is gone, and so are those whom it dialled."""
    stage = Stage(BOB, begin=arriving())
    bob = stage.answer("bob")
    stage.restart()
    assert stage.status() is stage.status(bob) is CallStatus.COMPLETED
    assert stage.family.over
