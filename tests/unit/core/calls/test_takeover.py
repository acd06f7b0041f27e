"""``connectToken``: a call goes over to another device of the same identity."""

import pytest

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import timers
from midcall.model.calls import CallStatus
from midcall.model.errors import BadMedia
from midcall.model.families import SessionId
from midcall.model.twiml import Dial, Pause
from tests.unit.core.calls.stage import PARENT, Stage, clients, requested, timer

BOB = Dial(nouns=clients("bob"))
BRIDGED = Dial(nouns=clients("bob"), answer_on_bridge=True)


def test_a_ringing_call_is_answered_by_whoever_takes_it_over() -> None:
    """The first device is cancelled, the other is answered with what it offered."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1", "b2")
    ringing = stage.leg(bob).devices
    stage.take_over(bob, "b3")
    taker = stage.device(bob)
    assert taker.session == "b3"
    assert taker.reconnect_token not in {device.reconnect_token for device in ringing}
    assert stage.effects[:4] == (
        *(do.CancelDevice(call_sid=bob, device=device) for device in ringing),
        do.PrepareAnswer(call_sid=bob, device=taker, offer_sdp="another offer"),
        do.AnswerDevice(call_sid=bob, device=taker),
    )
    assert do.JoinMedia(first=stage.device().id, second=taker.id) in stage.effects
    assert stage.status(bob) is CallStatus.IN_PROGRESS
    assert timer(timers.RING) not in stage.family.timers


def test_taking_a_ringing_call_over_withdraws_the_siblings() -> None:
    """It is an answer like any other, for the dial and for a caller who waits for it."""
    stage = Stage(Dial(nouns=clients("bob", "cat"), answer_on_bridge=True))
    bob, cat = stage.ring("bob", "b1"), stage.ring("cat", "c1")
    stage.take_over(bob)
    assert stage.status(cat) is CallStatus.CANCELED
    assert stage.status() is CallStatus.IN_PROGRESS


@pytest.mark.parametrize("away", [False, True])
@pytest.mark.parametrize("callee", [False, True])
def test_a_talk_goes_on_with_another_device(callee: bool, away: bool) -> None:
    """The other end stays; the taker is joined with it, and gets the leg's messages."""
    stage = Stage(BOB)
    bob = stage.answer("bob", "b1")
    sid = bob if callee else PARENT
    held = stage.device(sid)
    if away:
        stage.lose(held.session)
        held = stage.device(sid)
    stage.take_over(sid, "new phone")
    taker = stage.device(sid)
    assert taker.fingerprint == "certificate of new phone"
    joined = do.JoinMedia(first=stage.device().id, second=stage.device(bob).id)
    assert stage.effects == (
        do.CancelDevice(call_sid=sid, device=held),
        do.PrepareAnswer(call_sid=sid, device=taker, offer_sdp="another offer"),
        do.AnswerDevice(call_sid=sid, device=taker),
        joined,
        do.RelayDownlinks(sid),
    )
    assert stage.status() is stage.status(bob) is CallStatus.IN_PROGRESS
    assert set(stage.family.timers) == {timer(timers.LIMIT, bob)}


def test_who_takes_over_hears_that_it_rings() -> None:
    """The caller's other device goes on waiting for the callee."""
    stage = Stage(Dial(nouns=clients("bob"), ring_tone="de"))
    stage.ring("bob", "b1")
    stage.take_over()
    ringing = do.RingMedia(device=stage.device().id, country="de")
    assert stage.done(do.RingMedia) == [ringing]
    assert not stage.done(do.JoinMedia)


def test_a_caller_who_was_not_answered_cannot_be_taken_over() -> None:
    """It was not told the token yet; and an answer would be a lie."""
    stage = Stage(BRIDGED)
    before = stage.family
    stage.take_over()
    assert stage.family is before
    assert not stage.effects


def test_the_loss_of_the_first_device_means_nothing_any_more() -> None:
    """Its token and its socket are of the past."""
    stage = Stage(Pause(length_seconds=100))
    first = stage.device()
    stage.take_over(PARENT, "new phone")
    before = stage.family
    stage.lose(first.session)
    stage.step(ev.DeviceHungUp(call_sid=PARENT, device=first.id))
    again = ev.DeviceAttached(
        call_sid=PARENT,
        device=first.id,
        session=SessionId("x"),
        fingerprint=first.fingerprint,
    )
    stage.step(again)
    assert stage.family is before


def test_who_took_over_comes_back_like_any_other() -> None:
    """With its own token, by its own certificate."""
    stage = Stage(Pause(length_seconds=100))
    stage.take_over(PARENT, "new phone")
    stage.lose("new phone")
    stage.attach(PARENT, "new phone's next socket")
    assert stage.device().session == "new phone's next socket"
    assert [type(effect) for effect in stage.effects] == [do.WelcomeBack, do.RelayDownlinks]


def test_an_offer_that_cannot_be_answered_ends_the_call_that_was_taken_over() -> None:
    """The first device was let go already; whoever took over is told why."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1")
    stage.take_over(bob)
    stage.step(ev.DeviceFailed(call_sid=bob, device=stage.device(bob).id, reason="no codec"))
    assert stage.status(bob) is CallStatus.COMPLETED
    (told,) = [effect for effect in stage.done(do.HangUpDevice) if effect.call_sid == bob]
    assert isinstance(told.fault, BadMedia)


def test_a_call_from_the_rest_api_is_answered_by_whoever_takes_it_over() -> None:
    """Its TwiML begins then."""
    stage = Stage(begin=requested(identity="bob"))
    stage.step(ev.DevicesFound(call_sid=PARENT, sessions=(SessionId("b1"),)))
    stage.take_over()
    assert stage.status() is CallStatus.IN_PROGRESS
    assert stage.done(do.FetchDocument) == [do.FetchDocument(PARENT, stage.fetching)]
