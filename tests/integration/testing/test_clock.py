"""A clock that is moved: what is due by it happens, in its order, and nobody waits."""

from datetime import timedelta

import pytest

from midcall.testing import Emulator, FailCallback, NotInTime

HOLD = "<Response><Pause length='3600'/></Response>"


def test_callbacks_are_tried_again_at_all_the_times_between(midcall: Emulator) -> None:
    """A callback that fails four times is delivered by the fifth attempt, a minute later."""
    midcall.answer_with(twiml=HOLD)
    call = midcall.phone("alice").dial().wait_until("open")
    midcall.subscribe(call.sid, midcall.inbox.answer("/messages", [500, 500, 500, 500, 200]))
    call.send("hi")
    midcall.settle()
    assert len(midcall.inbox.requests("/messages")) == 1
    midcall.clock.advance(1.5)
    assert len(midcall.inbox.requests("/messages")) == 2
    midcall.clock.advance(minutes=1)
    assert len({one.token for one in midcall.received("/messages", count=5)}) == 1
    assert midcall.wait_for(call.sid, state="delivered")


def test_what_is_given_up_after_an_hour_is_given_up_at_once(midcall: Emulator) -> None:
    """The whole schedule of retries passes; the message has failed, visibly."""
    midcall.answer_with(twiml=HOLD)
    call = midcall.phone("alice").dial().wait_until("open")
    midcall.faults = [FailCallback(times=None)]
    midcall.subscribe(call.sid, midcall.inbox.url("/messages"))
    call.send("hi")
    midcall.clock.advance(minutes=50)
    assert midcall.messages(call.sid)[0]["state"] == "accepted"
    midcall.clock.advance(minutes=5)
    assert midcall.messages(call.sid)[0]["state"] == "failed"
    assert midcall.inbox.requests("/messages") == []
    assert len(midcall.rest("GET", "Callbacks", State="dead")["callbacks"]) == 1


def test_a_dial_that_nobody_answers_ends(midcall: Emulator) -> None:
    """After its timeout, and not before."""
    midcall.answer_with(twiml="<Response><Dial timeout='20'><Client>bob</Client></Dial></Response>")
    bob = midcall.phone("bob")
    call = midcall.phone("alice").dial()
    ringing = bob.incoming()
    midcall.clock.advance(19)
    assert ringing.status == "pending"
    midcall.clock.advance(1.5)
    ringing.wait_until("closed")
    assert midcall.wait_for_status(ringing.sid, "no-answer")
    call.wait_until("closed")


@pytest.mark.midcall(held_seconds=20, incoming_hold_seconds=60)
def test_messages_that_wait_too_long_expire(midcall: Emulator) -> None:
    """Nobody answers the call that they are for."""
    alice = midcall.phone("alice")
    call = midcall.call("client:alice", Timeout="600")
    ringing = alice.incoming()
    midcall.send(call["sid"], '"early"')
    midcall.clock.advance(19)
    assert midcall.messages(call["sid"])[0]["state"] == "held"
    midcall.clock.advance(10)
    assert midcall.messages(call["sid"])[0]["state"] == "expired"
    midcall.clock.advance(60)
    assert ringing.messages == []


def test_messages_to_an_app_that_does_not_answer_wait_their_time(midcall: Emulator) -> None:
    """A message to a ringing call is held for the app's first moments, then sent."""
    alice = midcall.phone("alice")
    call = midcall.call("client:alice")
    ringing = alice.incoming()
    midcall.send(call["sid"], '"early"')
    midcall.wait_for(call["sid"], state="held")
    assert ringing.messages == []
    midcall.clock.advance(3)
    assert ringing.received()[0].content == "early"
    assert ringing.status == "pending"


def test_a_token_expires(midcall: Emulator) -> None:
    """The phone is told so, and cannot be called any more; one with a new token can."""
    alice = midcall.phone("alice", seconds=60)
    midcall.clock.advance(59)
    assert alice.errors == []
    midcall.clock.advance(2)
    midcall.wait_for_status(midcall.call("client:alice")["sid"], "no-answer")
    assert alice.failed().code == 20104
    with pytest.raises(NotInTime, match="nothing new went wrong"):
        alice.failed(seconds=0.01)
    later = midcall.phone("alice")
    midcall.call("client:alice")
    assert later.accept().status == "open"


def test_the_time_is_what_the_server_says_it_is(midcall: Emulator) -> None:
    """A call of an hour has lasted an hour; the clock does not go back."""
    midcall.answer_with(twiml=HOLD)
    before = midcall.clock.now
    call = midcall.phone("alice").dial().wait_until("open")
    midcall.clock.advance(minutes=30)
    assert midcall.clock.now - before >= timedelta(minutes=30)
    call.hang_up()
    assert int(midcall.wait_for_status(call.sid, "completed")["duration"]) >= 1800
    with pytest.raises(ValueError, match="ahead only"):
        midcall.clock.advance(-1)


def test_a_phone_stays_while_time_passes(midcall: Emulator) -> None:
    """Heartbeats are of the network, whose time is not moved: hours pass, and the line is up."""
    midcall.answer_with(twiml=HOLD)
    alice = midcall.phone("alice")
    midcall.clock.advance(hours=20)
    call = alice.dial().wait_until("open")
    midcall.clock.advance(minutes=50)
    assert call.send("still here")
    assert alice.errors == []
