"""Ringing: who is invited, who wins, who is told that it is over."""

import pytest

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.limits import DEVICES_PER_IDENTITY
from midcall.model.calls import CallDirection, CallStatus
from midcall.model.families import DeviceId, SessionId
from midcall.model.sids import CallSid
from midcall.model.twiml import Client, Dial, Parameter
from tests.unit.core.calls.stage import NOW, PARENT, Stage, clients

BOB = Dial(nouns=clients("bob"))
BOB_OR_CAT = Dial(nouns=clients("bob", "cat"))
BRIDGED = Dial(nouns=clients("bob"), answer_on_bridge=True)
UNKNOWN = CallSid("CA" + "f" * 32)


def test_a_dialled_client_is_looked_for() -> None:
    """Each noun is a call of its own, queued until a device was told of it."""
    stage = Stage(BOB_OR_CAT)
    looked_for = [(effect.call_sid, effect.identity) for effect in stage.done(do.FindDevices)]
    bob, cat = stage.child("bob"), stage.child("cat")
    assert looked_for == [(bob.sid, "bob"), (cat.sid, "cat")]
    assert bob.call.status is CallStatus.QUEUED
    assert bob.call.parent_call_sid == PARENT
    assert bob.call.direction is CallDirection.OUTBOUND_DIAL
    assert (bob.call.from_address, bob.call.to_address) == ("client:ann", "client:bob")


def test_the_caller_id_of_a_dial_is_who_calls() -> None:
    """``callerId`` replaces the caller's own address on the dialled leg, and only there."""
    stage = Stage(Dial(nouns=clients("bob"), caller_id="client:desk"))
    assert stage.child("bob").call.from_address == "client:desk"
    assert stage.leg(PARENT).call.from_address == "client:ann"


def test_every_device_of_every_client_is_invited() -> None:
    """All registrations of all identities ring at once, each as a device of its own."""
    stage = Stage(BOB_OR_CAT)
    bob = stage.ring("bob", "b1", "b2")
    cat = stage.ring("cat", "c1")
    invited = [effect for effect in stage.all_effects if isinstance(effect, do.InviteDevice)]
    assert [(i.call.sid, i.device.session) for i in invited] == [
        (bob, "b1"),
        (bob, "b2"),
        (cat, "c1"),
    ]
    assert len({i.device.id for i in invited}) == 3
    assert len({i.device.reconnect_token for i in invited}) == 3


def test_an_invite_carries_the_parameters_of_its_client() -> None:
    """``<Parameter>`` travels in order, duplicates included: which one counts is the SDK's rule."""
    given = (Parameter("a", "1"), Parameter("a", "2"))
    stage = Stage(Dial(nouns=(Client(identity="bob", parameters=given),)))
    stage.ring("bob", "b1")
    (invite,) = [effect for effect in stage.all_effects if isinstance(effect, do.InviteDevice)]
    assert invite.parameters == given


def test_a_child_rings_once_its_first_device_was_told() -> None:
    """The status follows the invite; messages begin to flow on each device that was told."""
    stage = Stage(BOB)
    sid = stage.child("bob").sid
    stage.step(ev.DevicesFound(call_sid=sid, sessions=(SessionId("b1"), SessionId("b2"))))
    assert stage.status(sid) is CallStatus.QUEUED
    for device in stage.leg(sid).devices:
        stage.step(ev.DeviceRang(call_sid=sid, device=device.id))
        assert stage.status(sid) is CallStatus.RINGING
        assert stage.done(do.RelayDownlinks) == [do.RelayDownlinks(sid)]


def test_no_more_devices_ring_than_the_limit() -> None:
    """An identity with endless registrations does not cost endless media."""
    stage = Stage(BOB)
    sessions = [f"b{number}" for number in range(DEVICES_PER_IDENTITY + 5)]
    stage.ring("bob", *sessions)
    rung = [device.session for device in stage.leg(stage.child("bob").sid).devices]
    assert rung == sessions[:DEVICES_PER_IDENTITY]


def test_nobody_registered_is_no_answer() -> None:
    """Without a registration there is nobody to wait for."""
    stage = Stage(BOB_OR_CAT)
    bob = stage.ring("bob")
    assert stage.status(bob) is CallStatus.NO_ANSWER
    cat = stage.ring("cat")
    assert stage.status(cat) is CallStatus.NO_ANSWER
    assert stage.status() is CallStatus.COMPLETED


def test_the_first_to_accept_wins() -> None:
    """The winner is connected; its other devices and the other children are cancelled."""
    stage = Stage(BOB_OR_CAT)
    bob = stage.ring("bob", "b1", "b2")
    cat = stage.ring("cat", "c1", "c2")
    losers = {stage.leg(bob).devices[0], *stage.leg(cat).devices}
    stage.accept(bob, 1)
    assert stage.status(bob) is CallStatus.IN_PROGRESS
    assert stage.device(bob).session == "b2"
    assert stage.status(cat) is CallStatus.CANCELED
    assert {cancel.device for cancel in stage.done(do.CancelDevice)} == losers
    assert not stage.done(do.HangUpDevice)


def test_an_accepted_call_is_joined_once_its_media_is_known() -> None:
    """The device's answer is taken before its media is joined with the caller's."""
    stage = Stage(BOB)
    bob = stage.answer("bob")
    accepted, joined = do.AcceptMedia, do.JoinMedia
    assert [kind for kind in stage.kinds() if kind in {accepted, joined}] == [accepted, joined]
    assert stage.done(joined) == [joined(first=stage.device().id, second=stage.device(bob).id)]


def test_with_answer_on_bridge_the_caller_is_answered_by_the_child() -> None:
    """The caller rings until somebody accepts, is then told so, and is joined once."""
    stage = Stage(BRIDGED)
    assert stage.status() is CallStatus.RINGING
    stage.ring("bob", "b1")
    assert stage.status() is CallStatus.RINGING
    assert not [effect for effect in stage.all_effects if isinstance(effect, do.AnswerDevice)]
    stage.accept(stage.child("bob").sid)
    assert stage.status() is CallStatus.IN_PROGRESS
    assert stage.kinds() == [do.AcceptMedia, do.AnswerDevice, do.JoinMedia, do.RelayDownlinks]


def test_a_second_accept_comes_too_late() -> None:
    """Who accepts after another one changes nothing: it was cancelled already."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1", "b2")
    late = stage.leg(bob).devices[1].id
    stage.accept(bob)
    before = stage.family
    stage.step(ev.DeviceAccepted(call_sid=bob, device=late, sdp="late"))
    assert stage.family is before
    assert not stage.effects


def test_accepting_twice_is_accepting_once() -> None:
    """A repeated answer of the same device changes nothing."""
    stage = Stage(BOB)
    bob = stage.answer("bob")
    before = stage.family
    stage.accept(bob)
    assert stage.family is before
    assert not stage.effects


def test_a_caller_has_nothing_to_accept() -> None:
    """An ``answer`` for the parent's own leg is nonsense and changes nothing."""
    stage = Stage(BRIDGED)
    before = stage.family
    stage.accept(PARENT)
    assert stage.family is before


def test_one_of_two_devices_may_reject() -> None:
    """The other goes on ringing; the one that rejected is let go without being told again."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1", "b2")
    rejecting = stage.leg(bob).devices[0]
    stage.reject(bob)
    assert stage.status(bob) is CallStatus.RINGING
    assert stage.effects == (do.ReleaseDevice(call_sid=bob, device=rejecting),)
    stage.accept(bob)
    assert stage.status(bob) is CallStatus.IN_PROGRESS
    assert not stage.done(do.CancelDevice)


def test_when_all_devices_reject_the_child_is_busy() -> None:
    """The last rejection ends the call."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1", "b2")
    stage.reject(bob)
    stage.reject(bob)
    assert stage.status(bob) is CallStatus.BUSY


def test_hanging_up_what_rings_is_rejecting_it() -> None:
    """A device that sends ``hangup`` instead of ``reject`` means the same."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1")
    stage.hang_up(bob)
    assert stage.status(bob) is CallStatus.BUSY


def test_a_rejecting_child_leaves_its_siblings_ringing() -> None:
    """The dial goes on while anybody rings."""
    stage = Stage(BOB_OR_CAT)
    bob, cat = stage.ring("bob", "b1"), stage.ring("cat", "c1")
    stage.reject(bob)
    assert stage.status(cat) is CallStatus.RINGING
    assert stage.status() is CallStatus.IN_PROGRESS


def test_whoever_has_not_accepted_in_time_is_cancelled() -> None:
    """When the dial's timeout is over nobody is waited for any more."""
    stage = Stage(Dial(nouns=clients("bob", "cat"), timeout_seconds=20))
    bob, cat = stage.ring("bob", "b1", "b2"), stage.ring("cat", "c1")
    stage.wait(19.9)
    assert stage.status(bob) is CallStatus.RINGING
    stage.wait(0.1)
    assert stage.status(bob) is stage.status(cat) is CallStatus.NO_ANSWER
    cancelled = [effect for effect in stage.all_effects if isinstance(effect, do.CancelDevice)]
    assert len(cancelled) == 3


def test_a_child_that_was_never_found_times_out_as_well() -> None:
    """The dial does not depend on the answer to its search."""
    stage = Stage(Dial(nouns=clients("bob"), timeout_seconds=20))
    stage.wait(20)
    assert stage.status(stage.child("bob").sid) is CallStatus.NO_ANSWER


def test_the_ringing_timeout_ends_with_the_ringing() -> None:
    """Once somebody talks the timeout means nothing."""
    stage = Stage(Dial(nouns=clients("bob"), timeout_seconds=20))
    bob = stage.answer("bob")
    stage.wait(100)
    assert stage.status(bob) is CallStatus.IN_PROGRESS


def test_the_time_limit_ends_the_child() -> None:
    """``timeLimit`` counts from the answer; the child is completed and told."""
    stage = Stage(Dial(nouns=clients("bob"), timeout_seconds=20, time_limit_seconds=60))
    stage.wait(10)
    bob = stage.answer("bob")
    device = stage.device(bob)
    stage.wait(59)
    assert stage.status(bob) is CallStatus.IN_PROGRESS
    stage.wait(1)
    assert stage.status(bob) is CallStatus.COMPLETED
    assert stage.leg(bob).call.duration_seconds == 60
    hung_up = [effect for effect in stage.all_effects if isinstance(effect, do.HangUpDevice)]
    assert do.HangUpDevice(call_sid=bob, device=device) in hung_up


def test_a_device_that_is_gone_before_its_invite_is_no_answer() -> None:
    """A tab that was closed while the call was on its way did not fail: nobody was there."""
    stage = Stage(BOB)
    bob = stage.child("bob").sid
    stage.step(ev.DevicesFound(call_sid=bob, sessions=(SessionId("b1"),)))
    gone = stage.device(bob)
    stage.step(ev.DeviceGone(call_sid=bob, device=gone.id))
    assert stage.status(bob) is CallStatus.NO_ANSWER
    assert do.ReleaseDevice(call_sid=bob, device=gone) in stage.effects


def test_a_device_whose_media_fails_leaves_the_others_ringing() -> None:
    """One browser without a usable codec does not end the call for the other."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1", "b2")
    failing = stage.leg(bob).devices[0]
    stage.step(ev.DeviceFailed(call_sid=bob, device=failing.id, reason="no codec"))
    assert stage.effects == (do.CancelDevice(call_sid=bob, device=failing),)
    assert stage.status(bob) is CallStatus.RINGING


def test_the_last_device_whose_media_fails_fails_the_child() -> None:
    """Without any device that could take part the call cannot be carried out."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1")
    stage.step(ev.DeviceFailed(call_sid=bob, device=stage.device(bob).id, reason="no codec"))
    assert stage.status(bob) is CallStatus.FAILED


@pytest.mark.parametrize("device", ["", "CA1.2", "bob"])
def test_an_unknown_device_changes_nothing(device: str) -> None:
    """Events of devices that a leg does not have are too late, or nonsense."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1")
    before = stage.family
    for sid in (bob, PARENT, UNKNOWN):
        unknown = DeviceId(device)
        for event in (
            ev.DeviceRang(call_sid=sid, device=unknown),
            ev.DeviceAccepted(call_sid=sid, device=unknown, sdp=""),
            ev.DeviceRejected(call_sid=sid, device=unknown),
            ev.DeviceHungUp(call_sid=sid, device=unknown),
            ev.DeviceGone(call_sid=sid, device=unknown),
            ev.DeviceFailed(call_sid=sid, device=unknown, reason=""),
            ev.DeviceAttached(call_sid=sid, device=unknown, session=SessionId("x")),
        ):
            stage.step(event)
            assert stage.family is before
            assert not stage.effects


def test_devices_are_found_once() -> None:
    """A second answer to the same search invites nobody twice, before and after it rings."""
    stage = Stage(BOB)
    bob = stage.child("bob").sid
    stage.step(ev.DevicesFound(call_sid=bob, sessions=(SessionId("b1"),)))
    for _ in range(2):
        before = stage.family
        for sid, sessions in ((bob, ("b2",)), (bob, ()), (UNKNOWN, ("b2",))):
            found = tuple(map(SessionId, sessions))
            stage.step(ev.DevicesFound(call_sid=sid, sessions=found))
            assert stage.family is before
        stage.step(ev.DeviceRang(call_sid=bob, device=stage.device(bob).id))


def test_devices_found_for_a_child_that_ended_are_left_alone() -> None:
    """The search may take longer than the caller waits."""
    stage = Stage(BOB)
    bob = stage.child("bob").sid
    stage.hang_up()
    stage.step(ev.DevicesFound(call_sid=bob, sessions=(SessionId("b1"),)))
    assert not stage.effects
    assert stage.status(bob) is CallStatus.CANCELED


def test_times_are_those_of_the_events() -> None:
    """Creation, answer and end carry the moment at which they happened."""
    stage = Stage(BOB)
    stage.wait(3)
    bob = stage.answer("bob")
    stage.wait(5.4)
    stage.hang_up(bob)
    call = stage.leg(bob).call
    assert call.created_at == NOW
    assert call.answered_at is not None
    assert call.ended_at is not None
    assert (call.answered_at - NOW).total_seconds() == 3
    assert (call.ended_at - NOW).total_seconds() == 8.4
    assert call.updated_at == call.ended_at
    assert call.duration_seconds == 5
