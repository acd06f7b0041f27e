"""``<Dial events="call-progress-event">``: the caller's device is told of its call's children."""

import pytest

from midcall.core import effects as do
from midcall.model.endpoints import Endpoint
from midcall.model.twiml import Client, Dial
from tests.unit.core.calls.stage import PARENT, Stage, clients

BOB = Client(identity="bob", url=Endpoint("/screen"))


@pytest.mark.parametrize("whispering", [True, False])
def test_the_stages_of_a_child_are_told_to_the_caller(whispering: bool) -> None:
    """``events="call-progress-event"``: each stage once, each message with a SID of its own."""
    dial = Dial(nouns=(BOB,) if whispering else clients("bob"), progress_events=True)
    stage = Stage(dial)
    bob = stage.answer("bob")
    stage.hang_up(bob)
    told = [effect for effect in stage.all_effects if isinstance(effect, do.TellProgress)]
    assert [effect.status for effect in told] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert {effect.call_sid for effect in told} == {PARENT}
    assert {effect.child.sid for effect in told} == {bob}
    assert len({effect.sid for effect in told}) == 4


def test_the_stages_of_a_child_are_told_to_nobody_unasked() -> None:
    """The attribute has to be there."""
    stage = Stage(Dial(nouns=clients("bob")))
    stage.answer("bob")
    assert not [effect for effect in stage.all_effects if isinstance(effect, do.TellProgress)]


def test_a_child_that_was_left_behind_is_not_told_of() -> None:
    """A caller who has gone has no device that could hear it."""
    stage = Stage(Dial(nouns=clients("bob"), progress_events=True))
    stage.ring("bob", "b1")
    stage.hang_up()
    assert not stage.done(do.TellProgress)
