"""What one step keeps together, whatever brought it about."""

from datetime import timedelta

from midcall.core import effects as do
from midcall.core.calls.states import Cause
from midcall.core.calls.turn import Turn
from midcall.model.calls import CallStatus
from midcall.model.twiml import Dial
from tests.unit.core.calls.stage import NOW, PARENT, Counting, Stage, clients


def test_a_step_that_changed_nothing_returns_the_very_same_family() -> None:
    """Nobody writes to disk that nothing happened."""
    stage = Stage(Dial(nouns=clients("bob")))
    turn = Turn(stage.family, NOW + timedelta(seconds=1), Counting())
    turn.set_timer("x", PARENT, 1)
    turn.stop_timer("x", PARENT)
    assert turn.decision().family is stage.family


def test_a_step_leaves_the_family_that_it_began_with_alone() -> None:
    """What was decided before stays as it was, for a room that falls back to it."""
    stage = Stage(Dial(nouns=clients("bob")))
    bob = stage.ring("bob", "b1")
    before = stage.family
    timers, legs = dict(before.timers), dict(before.legs)
    stage.accept(bob)
    assert before.timers == timers
    assert before.legs == legs
    assert before.legs[bob].call.status is CallStatus.RINGING


def test_a_family_that_is_over_keeps_no_timer_and_no_program() -> None:
    """Nothing of it happens any more."""
    stage = Stage(Dial(nouns=clients("bob")))
    turn = Turn(stage.family, NOW, Counting())
    turn.set_timer("stray", PARENT, 1)
    turn.move(PARENT, Cause.HUNG_UP)
    family = turn.decision().family
    assert family.over
    assert not family.timers
    assert family.parent.program.activity is None
    assert not family.parent.program.rest


def test_an_answered_caller_is_not_answered_again() -> None:
    """Each verb that needs an answered call may ask for it."""
    stage = Stage(Dial(nouns=clients("bob")))
    turn = Turn(stage.family, NOW, Counting())
    turn.answer_parent()
    assert not turn.effects


def test_a_caller_is_told_of_the_answer_before_anything_else_of_it() -> None:
    """The answer comes before ring-back and before the search."""
    stage = Stage(Dial(nouns=clients("bob")))
    assert stage.kinds() == [do.AnswerDevice, do.FindDevices, do.RingMedia]
