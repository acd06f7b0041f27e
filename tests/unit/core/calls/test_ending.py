"""Endings: whoever leaves, in whichever state, nobody is left behind."""

import pytest

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.ports import ExpireMessages
from midcall.model.calls import CallStatus
from midcall.model.errors import BadMedia
from midcall.model.twiml import Dial, Pause
from tests.unit.core.calls.stage import PARENT, Stage, clients

BOB = Dial(nouns=clients("bob"))
BRIDGED = Dial(nouns=clients("bob"), answer_on_bridge=True)


def _expired(stage: Stage) -> set[str]:
    return {change.call_sid for change in stage.changes if isinstance(change, ExpireMessages)}


def test_a_caller_who_hangs_up_before_the_answer_cancels() -> None:
    """While the TwiML is awaited the call is only ringing."""
    stage = Stage()
    caller = stage.device()
    stage.hang_up()
    assert stage.status() is CallStatus.CANCELED
    assert stage.family.over
    assert stage.effects == (do.ReleaseDevice(call_sid=PARENT, device=caller),)


def test_a_document_for_a_caller_who_left_is_ignored() -> None:
    """The web server may still be working on it."""
    stage = Stage()
    token = stage.fetching.token
    stage.hang_up()
    before = stage.family
    document = ev.DocumentFailed(call_sid=PARENT, token=token, code=11200, reason="", url="")
    stage.step(document)
    assert stage.family is before
    assert not stage.changes


@pytest.mark.parametrize("dial", [BOB, BRIDGED])
def test_a_caller_who_hangs_up_cancels_what_rings(dial: Dial) -> None:
    """Every device that rings is cancelled; the child was never answered."""
    stage = Stage(dial)
    answered = stage.status() is CallStatus.IN_PROGRESS
    bob = stage.ring("bob", "b1", "b2")
    ringing = stage.leg(bob).devices
    stage.hang_up()
    assert stage.status() is (CallStatus.COMPLETED if answered else CallStatus.CANCELED)
    assert stage.status(bob) is CallStatus.CANCELED
    assert [cancel.device for cancel in stage.done(do.CancelDevice)] == list(ringing)
    assert not stage.done(do.HangUpDevice)
    assert _expired(stage) == {PARENT, bob}


def test_a_caller_who_hangs_up_withdraws_a_child_that_is_still_looked_for() -> None:
    """A queued child has nobody to be told."""
    stage = Stage(BOB)
    stage.hang_up()
    assert stage.status(stage.child("bob").sid) is CallStatus.CANCELED
    assert not stage.done(do.CancelDevice)


def test_a_caller_who_hangs_up_ends_the_call_of_the_other() -> None:
    """The child that talks is completed and told; nothing is joined or parted any more."""
    stage = Stage(BOB)
    bob = stage.answer("bob")
    talking = stage.device(bob)
    stage.hang_up()
    assert stage.status() is stage.status(bob) is CallStatus.COMPLETED
    assert stage.done(do.HangUpDevice) == [do.HangUpDevice(call_sid=bob, device=talking)]
    assert stage.family.over
    assert not stage.family.timers


def test_a_callee_who_hangs_up_is_released_and_the_document_goes_on() -> None:
    """The caller hears nobody while its TwiML goes on."""
    stage = Stage(BOB, Pause(length_seconds=5))
    bob = stage.answer("bob")
    leaving = stage.device(bob)
    stage.hang_up(bob)
    assert stage.status(bob) is CallStatus.COMPLETED
    assert stage.status() is CallStatus.IN_PROGRESS
    assert stage.effects == (
        do.ReleaseDevice(call_sid=bob, device=leaving),
        do.PartMedia(device=stage.device().id),
    )
    assert _expired(stage) == {bob}


def test_a_caller_who_hangs_up_in_a_pause_ends_the_program() -> None:
    """No timer is left of a call that is over."""
    stage = Stage(Pause(length_seconds=5))
    stage.hang_up()
    assert stage.family.over
    assert not stage.family.timers
    assert stage.family.parent.program.activity is None


def test_hanging_up_twice_is_hanging_up_once() -> None:
    """Both ends may end a call at the same time."""
    stage = Stage(BOB)
    bob = stage.answer("bob")
    caller, callee = stage.device(), stage.device(bob)
    stage.hang_up(bob)
    before = stage.family
    for sid, device in ((bob, callee), (PARENT, caller)):
        stage.step(ev.DeviceHungUp(call_sid=sid, device=device.id))
        assert stage.family is before
        assert not stage.effects


def test_a_caller_whose_offer_cannot_be_used_fails() -> None:
    """Before the answer the call fails, and the device is told why."""
    stage = Stage()
    caller = stage.device()
    stage.step(ev.DeviceFailed(call_sid=PARENT, device=caller.id, reason="no codec"))
    assert stage.status() is CallStatus.FAILED
    (hang_up,) = stage.done(do.HangUpDevice)
    assert isinstance(hang_up.fault, BadMedia)
    assert hang_up.fault.reason == "no codec"


def test_a_caller_whose_media_fails_after_the_answer_is_completed() -> None:
    """A call in progress cannot fail any more; the device is still told why it ends."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1")
    caller = stage.device()
    stage.step(ev.DeviceFailed(call_sid=PARENT, device=caller.id, reason="late"))
    assert stage.status() is CallStatus.COMPLETED
    assert stage.status(bob) is CallStatus.CANCELED
    (hang_up,) = stage.done(do.HangUpDevice)
    assert isinstance(hang_up.fault, BadMedia)


def test_a_callee_whose_answer_cannot_be_used_is_hung_up() -> None:
    """The child was answered before its media failed: it is completed, and told why."""
    stage = Stage(BOB)
    bob = stage.answer("bob")
    callee = stage.device(bob)
    stage.step(ev.DeviceFailed(call_sid=bob, device=callee.id, reason="no codec"))
    assert stage.status(bob) is CallStatus.COMPLETED
    told = stage.done(do.HangUpDevice)[0]
    assert told.device == callee
    assert isinstance(told.fault, BadMedia)


@pytest.mark.parametrize("identity", ["ann", "bob"])
def test_one_device_may_hold_both_ends(identity: str) -> None:
    """A tab that calls its own identity has two legs; losing it lets go of both."""
    stage = Stage(Dial(nouns=clients(identity)))
    child = stage.answer(identity, "ann's tab")
    stage.lose("ann's tab")
    assert stage.device().detached_at is not None
    assert stage.device(child).detached_at is not None
    stage.wait(30)
    assert stage.family.over
    assert not stage.family.timers


def test_a_leg_expires_its_messages_when_it_ends() -> None:
    """What was not delivered by then never will be; the other leg's messages stay."""
    stage = Stage(BOB, Pause(length_seconds=5))
    bob = stage.ring("bob", "b1")
    stage.reject(bob)
    assert _expired(stage) == {bob}
    stage.hang_up()
    assert _expired(stage) == {PARENT}
