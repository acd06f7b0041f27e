"""Calls as the Calls resource shows them."""

from datetime import timedelta

import msgspec
import pytest

from midcall.model.calls import CallStatus, StatusCallback
from midcall.model.endpoints import Endpoint
from midcall.model.families import Family, Leg
from midcall.model.sids import CallSid
from tests.unit.core.calls.stage import NOW, PARENT, parent_call


def test_messages_flow_while_a_call_rings_or_is_in_progress() -> None:
    """Active is what the Call Message Events page calls so."""
    active = {status.value for status in CallStatus if status.active}
    assert active == {"ringing", "in-progress"}


def test_a_call_is_over_in_every_other_status_but_queued() -> None:
    """Five ways to end, and no way back."""
    terminal = {status.value for status in CallStatus if status.terminal}
    assert terminal == {"completed", "busy", "no-answer", "canceled", "failed"}


@pytest.mark.parametrize(
    ("answered", "ended", "duration"),
    [
        (None, None, None),
        (0.0, None, None),
        (None, 60.0, 0),
        (0.0, 60.0, 60),
        (10.0, 69.6, 60),
        (10.0, 70.4, 60),
        (10.0, 9.0, 0),
    ],
)
def test_a_duration_counts_from_the_answer(
    answered: float | None, ended: float | None, duration: int | None
) -> None:
    """Whole seconds; none before the end, zero without an answer or against the clock."""
    call = msgspec.structs.replace(
        parent_call(),
        answered_at=None if answered is None else NOW + timedelta(seconds=answered),
        ended_at=None if ended is None else NOW + timedelta(seconds=ended),
    )
    assert call.duration_seconds == duration


def test_a_status_callback_hears_of_the_end_unless_told_otherwise() -> None:
    """``completed`` is the documented default."""
    assert {event.value for event in StatusCallback(endpoint=Endpoint("u")).events} == {"completed"}


def test_a_family_knows_its_parent_and_its_children() -> None:
    """Children keep the order in which they were dialled; the family is over with its last leg."""
    sids = [CallSid(f"CA{number:032x}") for number in (9, 3, 5)]
    legs = {PARENT: Leg(call=parent_call(CallStatus.COMPLETED), identity="ann")}
    for sid in sids:
        legs[sid] = Leg(call=msgspec.structs.replace(parent_call(), sid=sid), identity="bob")
    family = Family(sid=PARENT, account_sid=parent_call().account_sid, legs=legs)
    assert family.parent.sid == PARENT
    assert [leg.sid for leg in family.children] == sids
    assert not family.over
    ended = {
        sid: msgspec.structs.replace(
            leg, call=msgspec.structs.replace(leg.call, status=CallStatus.BUSY)
        )
        for sid, leg in legs.items()
    }
    assert msgspec.structs.replace(family, legs=ended).over
