"""What steps note of themselves."""

from datetime import timedelta

from midcall.core.calls import events as ev
from midcall.core.calls.states import Cause
from midcall.core.calls.tracing import MOST, TRACED
from midcall.core.calls.turn import Turn
from midcall.model.errors import CallDeclined
from midcall.model.traces import TraceKind
from midcall.model.twiml import Dial, Hangup, Pause, Say
from tests.unit.core.calls.stage import NOW, PARENT, Counting, Stage, clients, requested


def noted(stage: Stage) -> list[tuple[str, TraceKind, str]]:
    """Return what the last step noted, in short."""
    return [(trace.call_sid, trace.kind, trace.name) for trace in stage.traces]


def test_a_leg_begins_with_its_first_status() -> None:
    """A call of a device rings; one that the REST API makes is queued."""
    assert noted(Stage()) == [(PARENT, TraceKind.STATUS, "ringing")]
    assert noted(Stage(begin=requested(identity="bob"))) == [(PARENT, TraceKind.STATUS, "queued")]


def test_a_dial_is_noted_with_whom_it_rings() -> None:
    """The verb, the answer that it takes, and the children that it makes, in this order."""
    stage = Stage(Dial(nouns=clients("bob", "carol")))
    bob, carol = stage.child("bob").sid, stage.child("carol").sid
    assert noted(stage) == [
        (PARENT, TraceKind.VERB, "Dial"),
        (PARENT, TraceKind.STATUS, "in-progress"),
        (bob, TraceKind.STATUS, "queued"),
        (carol, TraceKind.STATUS, "queued"),
    ]
    assert stage.traces[0].details["to"] == "client:bob, client:carol"
    assert {trace.at for trace in stage.traces} == {NOW}
    assert {trace.account_sid for trace in stage.traces} == {stage.family.account_sid}


def test_every_change_of_status_is_noted() -> None:
    """Of each leg that it concerns, at its time."""
    stage = Stage(Dial(nouns=clients("bob")))
    bob = stage.answer("bob")
    assert noted(stage) == [(bob, TraceKind.STATUS, "in-progress")]
    stage.wait(7)
    stage.hang_up()
    assert set(noted(stage)) == {
        (PARENT, TraceKind.STATUS, "completed"),
        (bob, TraceKind.STATUS, "completed"),
    }
    assert {trace.at for trace in stage.traces} == {NOW + timedelta(seconds=7)}


def test_an_end_is_noted_with_what_the_device_was_told() -> None:
    """Its code, and its sentence as far as there is room."""
    stage = Stage()
    turn = Turn(stage.family, NOW, Counting())
    turn.move(PARENT, Cause.REJECTED, CallDeclined())
    (trace,) = (change.trace for change in turn.traces.noted)
    assert trace.details == {"code": "31603", "reason": str(CallDeclined())}


def test_traces_alone_are_not_written() -> None:
    """A step that changed nothing causes no commit by what it noted."""
    stage = Stage(Pause(length_seconds=9))
    turn = Turn(stage.family, NOW, Counting())
    turn.trace(PARENT, TraceKind.VERB, "Pause")
    assert turn.decision().changes == ()
    stage.step(ev.DigitPressed(call_sid=PARENT, digit="1"))
    assert stage.changes == ()


def test_a_step_notes_no_more_than_so_much() -> None:
    """A document of any length makes no commit of any length."""
    stage = Stage(*(Dial(nouns=()) for _ in range(MOST)), Hangup())
    assert len(stage.traces) == MOST
    assert stage.family.over


def test_what_is_said_is_cut() -> None:
    """A text may have thousands of characters."""
    stage = Stage(Say(text="a" * (TRACED + 1)))
    assert stage.traces[0].details["text"] == "a" * TRACED
