"""Trouble on the line and at whom callbacks go to, as the test asked for it."""

import pytest

from midcall.testing import Cut, Delay, Drop, Emulator, FailCallback, NotInTime, PhoneCall

HOLD = "<Response><Pause length='3600'/></Response>"


@pytest.fixture
def call(midcall: Emulator) -> PhoneCall:
    """Give a call of alice's with the server."""
    midcall.answer_with(twiml=HOLD)
    return midcall.phone("alice").dial().wait_until("open")


def test_a_message_to_the_server_is_lost(midcall: Emulator, call: PhoneCall) -> None:
    """The second is not confirmed; the first and the third arrive."""
    midcall.faults = [Drop("message", number=2, way="to server")]
    first = call.send(1)
    with pytest.raises(NotInTime):
        call.send(2, seconds=0.05)
    third = call.send(3)
    assert [one["sid"] for one in midcall.messages(call.sid)] == [first, third]


def test_a_message_to_the_app_is_lost(midcall: Emulator, call: PhoneCall) -> None:
    """Of two, only the second comes."""
    midcall.faults.append(Drop("message", way="to device"))
    for number in (1, 2):
        midcall.send(call.sid, str(number))
    assert call.received()[0].content == 2


def test_an_ack_is_held_up(midcall: Emulator, call: PhoneCall) -> None:
    """The message is on disk long before the app hears of it."""
    midcall.faults = [Delay("ack", seconds=3600)]
    with pytest.raises(NotInTime):
        call.send("slow", seconds=0.05)
    assert [one["state"] for one in midcall.messages(call.sid)] == ["held"]


def test_a_delay_lets_everything_through_in_the_end(midcall: Emulator, call: PhoneCall) -> None:
    """In its order, and late."""
    midcall.faults = [Delay("message", seconds=0.02)]
    for number in range(3):
        midcall.send(call.sid, str(number))
    assert [one.content for one in call.received(count=3)] == [0, 1, 2]


def test_a_socket_is_cut_behind_a_message(midcall: Emulator, call: PhoneCall) -> None:
    """The server has it, its ack is lost; the phone comes back, says it again, and is confirmed."""
    midcall.faults = [Cut(after="message", way="to server")]
    sid = call.send("once")
    assert [one["sid"] for one in midcall.messages(call.sid)] == [sid]
    assert call.happened[-3:] == ["reconnecting", "reconnected", "message_sent"]


def test_a_call_is_taken_up_again_after_a_cut(midcall: Emulator) -> None:
    """The answer arrives, then the line is lost; what is sent meanwhile waits."""
    midcall.answer_with(twiml=HOLD)
    midcall.faults = [Cut(after="answer", identity="alice")]
    call = midcall.phone("alice").dial()
    midcall.wait_for_status(call.sid, "in-progress")
    midcall.send(call.sid, '"welcome back"')
    assert call.received()[0].content == "welcome back"
    assert call.happened == ["ringing", "accept", "reconnecting", "reconnected"]


def test_trouble_of_one_phone_is_not_that_of_another(midcall: Emulator, call: PhoneCall) -> None:
    """A fault that names an identity leaves the others alone."""
    midcall.faults = [Drop("message", number=None, identity="bob")]
    assert call.send("through")
    other = midcall.phone("bob").dial().wait_until("open")
    with pytest.raises(NotInTime):
        other.send("lost", seconds=0.05)


def test_callbacks_fail_without_a_server_that_does(midcall: Emulator, call: PhoneCall) -> None:
    """Twice with 503, once refused; then it arrives, and the API shows every attempt."""
    midcall.faults = [FailCallback(status=503, times=2), FailCallback(None, 2)]
    midcall.subscribe(call.sid, midcall.inbox.url("/messages"))
    sid = call.send("hi")
    midcall.clock.advance(30)
    (came,) = midcall.received("/messages")
    assert came.fields["Sid"] == sid
    message = midcall.rest("GET", f"Calls/{call.sid}/UserDefinedMessages/{sid}")
    assert [one["response_code"] for one in message["attempts"]] == [503, 503, None, 204]


def test_a_receipt_fails_alone(midcall: Emulator, call: PhoneCall) -> None:
    """Faults of one kind leave callbacks of another kind alone."""
    midcall.faults = [FailCallback(kind="receipt", times=1)]
    midcall.subscribe(call.sid, midcall.inbox.url("/messages"))
    midcall.send(call.sid, "1", StatusCallback=midcall.inbox.url("/receipts"))
    call.send("hi")
    midcall.received("/messages")
    midcall.settle()
    assert midcall.inbox.requests("/receipts") == []
    midcall.clock.advance(5)
    assert midcall.received("/receipts")[0].fields["MessageStatus"] == "delivered"
