"""The two tables, cell by cell, against the words of the pages that they come from."""

import itertools

import pytest

from midcall.core.calls.states import (
    JOINT,
    SIBLINGS,
    TRANSITIONS,
    Cause,
    Consequence,
    ForbiddenTransition,
    Phase,
    next_status,
    phase,
)
from midcall.core.calls.turn import Turn
from midcall.model.calls import CallStatus
from midcall.model.families import Family, Leg
from tests.unit.core.calls.stage import NOW, PARENT, Counting, parent_call

ONE_LEG = """
             rang     answered     hung-up    ended      withdrawn  rejected  unanswered  failed
queued       ringing  in-progress  canceled   -          canceled   busy      no-answer   failed
ringing      -        in-progress  canceled   -          canceled   busy      no-answer   failed
in-progress  -        -            completed  completed  -          -         -           -
completed    -        -            -          -          -          -         -           -
busy         -        -            -          -          -          -         -           -
no-answer    -        -            -          -          -          -         -           -
canceled     -        -            -          -          -          -         -           -
failed       -        -            -          -          -          -         -           -
"""
"""What a leg becomes (Calls resource, "call status values"; TwiML <Dial>, "DialCallStatus")."""

TWO_LEGS = {
    ("waiting", "waiting"): "nothing",
    ("waiting", "talking"): "answer the parent",
    ("waiting", "over"): "resume the parent's TwiML once no child is left",
    ("talking", "waiting"): "nothing",
    ("talking", "talking"): "connect the two media legs",
    ("talking", "over"): "resume the parent's TwiML once no child is left",
    ("over", "waiting"): "cancel the child's invite",
    ("over", "talking"): "hang the child up",
    ("over", "over"): "nothing",
}


def _cells() -> list[tuple[CallStatus, Cause, CallStatus | None]]:
    head, *lines = ONE_LEG.strip().splitlines()
    causes = [Cause(name.replace("-", " ")) for name in head.split()]
    return [
        (CallStatus(status), cause, None if cell == "-" else CallStatus(cell))
        for status, *row in map(str.split, lines)
        for cause, cell in zip(causes, row, strict=True)
    ]


CELLS = _cells()


def test_every_status_and_every_cause_is_in_the_table_of_this_test() -> None:
    """The table above is whole: no cell of the real one is left out of the next two tests."""
    assert {(status, cause) for status, cause, _ in CELLS} == set(
        itertools.product(CallStatus, Cause)
    )


@pytest.mark.parametrize(("status", "cause", "becomes"), [cell for cell in CELLS if cell[2]])
def test_an_allowed_transition_leads_where_the_table_says(
    status: CallStatus, cause: Cause, becomes: CallStatus
) -> None:
    """Each cell that holds a status is what the leg becomes."""
    assert next_status(status, cause) is becomes


@pytest.mark.parametrize(("status", "cause"), [cell[:2] for cell in CELLS if not cell[2]])
def test_a_forbidden_transition_raises_and_moves_nothing(status: CallStatus, cause: Cause) -> None:
    """Each empty cell raises; the leg, its messages, its devices and its timers stay."""
    family = Family(
        sid=PARENT,
        account_sid=parent_call().account_sid,
        legs={PARENT: Leg(call=parent_call(status), identity="ann")},
    )
    turn = Turn(family, NOW, Counting())
    with pytest.raises(ForbiddenTransition, match=f"a call that is {status} cannot be {cause}"):
        turn.move(PARENT, cause)
    assert turn.legs == family.legs
    assert turn.timers == {}
    assert not turn.effects
    assert not turn.changes
    assert not turn.resume_due


def test_a_terminal_status_has_no_row() -> None:
    """A call ends once."""
    assert not {status for status in TRANSITIONS if status.terminal}


@pytest.mark.parametrize("status", CallStatus)
def test_a_phase_is_as_much_of_a_status_as_another_leg_cares_about(status: CallStatus) -> None:
    """Waiting until answered, talking while in progress, over for ever after."""
    waits = {CallStatus.QUEUED, CallStatus.RINGING}
    expected = Phase.WAITING if status in waits else Phase.OVER
    if status is CallStatus.IN_PROGRESS:
        expected = Phase.TALKING
    assert phase(status) is expected


def test_the_joint_table_holds_every_pair() -> None:
    """Whatever a parent and its child are, the table says what must be done."""
    told = {
        (parent.value, child.value): consequence.value
        for (parent, child), consequence in JOINT.items()
    }
    assert told == TWO_LEGS


def test_only_a_child_that_talks_does_anything_to_another() -> None:
    """The first to answer withdraws those that still ring; nothing else concerns siblings."""
    assert SIBLINGS == {(Phase.TALKING, Phase.WAITING): Consequence.WITHDRAW_CHILD}


def test_what_the_joint_tables_ask_for_is_allowed_by_the_first() -> None:
    """The tables never disagree: what is done to a child can be done to it."""
    done = {
        Consequence.WITHDRAW_CHILD: Cause.WITHDRAWN,
        Consequence.END_CHILD: Cause.ENDED,
    }
    rules = [(child, rule) for (_, child), rule in (*JOINT.items(), *SIBLINGS.items())]
    for child, rule in rules:
        for status in CallStatus:
            if rule in done and phase(status) is child:
                assert next_status(status, done[rule]).terminal
    waiting = [status for status in CallStatus if phase(status) is Phase.WAITING]
    assert {next_status(status, Cause.ANSWERED) for status in waiting} == {CallStatus.IN_PROGRESS}
