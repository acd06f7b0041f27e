"""Calls between phones: the unmodified SDK in Chromium on both sides."""

import pytest
from twilio.rest import Client

from tests.acceptance.conftest import NewApplication
from tests.acceptance.support.customer import Customer
from tests.acceptance.support.documents import dial
from tests.acceptance.support.libraries import children_of, status_of, wait_for_status
from tests.acceptance.support.phones import Callers, Phone


def connected(alice: Phone, bob: Phone) -> None:
    """Let alice call bob, and bob accept."""
    alice.dial(bob.identity)
    bob.accept()
    alice.wait_until("open")
    bob.wait_until("open")


def test_two_people_talk_and_either_hears_the_other(callers: Callers) -> None:
    """A call from page to page is open on both sides, with audio in both directions."""
    alice, bob = callers.phone("alice-talks"), callers.phone("bob-talks")
    connected(alice, bob)
    alice.wait_for_audio()
    bob.wait_for_audio()


@pytest.mark.parametrize("who", ["caller", pytest.param("callee", marks=pytest.mark.long)])
def test_whoever_hangs_up_ends_the_call_for_both(
    callers: Callers, client: Client, who: str
) -> None:
    """Hanging up on one side ends the other side's call, and both legs are completed."""
    alice, bob = callers.phone(f"alice-{who}-ends"), callers.phone(f"bob-{who}-ends")
    connected(alice, bob)
    parent, child = alice.call_sid, bob.call_sid
    (alice if who == "caller" else bob).hang_up()
    alice.wait_until_over()
    bob.wait_until_over()
    assert "disconnect" in alice.events()
    assert "disconnect" in bob.events()
    wait_for_status(client, parent, "completed")
    wait_for_status(client, child, "completed")


def test_a_rejected_call_ends(callers: Callers, client: Client) -> None:
    """The callee rejects: the child is busy, and the caller's call ends."""
    alice, bob = callers.phone("alice-rejected"), callers.phone("bob-rejects")
    alice.dial("bob-rejects")
    parent = alice.call_sid
    bob.reject()
    bob.wait_until_over()
    assert "reject" in bob.events()
    alice.wait_until_over()
    [child] = children_of(client, parent)
    wait_for_status(client, child, "busy")
    wait_for_status(client, parent, "completed")


@pytest.mark.long
def test_a_caller_who_gives_up_stops_the_ringing(callers: Callers, client: Client) -> None:
    """The caller hangs up while it rings: the callee's call is canceled."""
    alice, bob = callers.phone("alice-gives-up"), callers.phone("bob-hears-it-ring")
    alice.dial("bob-hears-it-ring")
    bob.wait_until("pending")
    child = bob.call_sid
    alice.hang_up()
    bob.wait_until_over()
    assert bob.events()[-1:] == ["cancel"]
    wait_for_status(client, child, "canceled")


@pytest.mark.long
def test_of_two_tabs_the_first_to_accept_has_the_call(callers: Callers) -> None:
    """Every registration of an identity rings; the others get a cancel."""
    alice = callers.phone("alice-rings-twice")
    first, second = callers.phone("bob-twice"), callers.phone("bob-twice")
    alice.dial("bob-twice")
    first.wait_until("pending")
    second.wait_until("pending")
    second.accept()
    alice.wait_until("open")
    second.wait_until("open")
    first.wait_until_over()
    assert first.events()[-1:] == ["cancel"]
    second.wait_for_audio()


def test_a_call_to_nobody_ends(
    callers: Callers, client: Client, application: NewApplication
) -> None:
    """An identity that nobody registered: the child is not answered, and the call ends."""
    app, _ = application(dial("nobody-at-all", answerOnBridge="true"))
    alice = callers.phone("alice-calls-nobody", application_sid=app)
    alice.dial("nobody-at-all")
    alice.wait_until_over()
    assert "nobody-at-all did not answer" in alice.text()
    parent = alice.last_call_sid
    wait_for_status(client, parent, "no-answer")
    assert {status_of(client, child) for child in children_of(client, parent)} <= {
        "no-answer",
        "failed",
    }


def test_custom_parameters_arrive_as_they_were_given(
    callers: Callers, application: NewApplication
) -> None:
    """Names and values of any characters reach ``call.customParameters``; the last of two wins."""
    given = (
        ("plain", "text"),
        ("custom + param", "a+b c&d=e?f#g%20h"),
        ("ümläut", "Grüße, 世界 👋🏽"),
        ("twice", "first"),
        ("twice", "second"),
        ("markup", "<&\"'>"),
        ("empty", ""),
        ("long", "x" * 200),
    )
    app, _ = application(dial("bob-parameters", parameters=given))
    alice = callers.phone("alice-parameters", application_sid=app)
    bob = callers.phone("bob-parameters")
    alice.dial("whoever")
    bob.wait_until("pending")
    assert bob.custom_parameters() == dict(given)
    assert "Grüße, 世界 👋🏽" in bob.text()


@pytest.mark.long
def test_what_the_caller_typed_reaches_the_callee(callers: Callers) -> None:
    """The default application passes on every parameter that the caller gave."""
    alice, bob = callers.phone("alice-types"), callers.phone("bob-reads")
    alice.dial("bob-reads", {"topic": "billing & <more>", "to be": "or not"})
    bob.wait_until("pending")
    found = bob.custom_parameters()
    assert found["topic"] == "billing & <more>"
    assert found["to be"] == "or not"


def test_a_status_callback_tells_the_childs_story_in_order(
    callers: Callers, application: NewApplication, customer: Customer
) -> None:
    """The server learns the child's CallSid, and each stage once, numbered from 0."""
    status = customer.endpoint()
    app, _ = application(dial("bob-status", status_callback=status.url))
    alice = callers.phone("alice-status", application_sid=app)
    bob = callers.phone("bob-status")
    alice.dial("whoever")
    bob.accept()
    alice.wait_until("open")
    bob.wait_until("open")
    parent, child = alice.call_sid, bob.call_sid
    status.wait(3)
    bob.hang_up()
    told = [request.form for request in status.wait(4)]
    assert [form["CallStatus"] for form in told] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [form["SequenceNumber"] for form in told] == ["0", "1", "2", "3"]
    assert {form["CallSid"] for form in told} == {child}
    assert {form["ParentCallSid"] for form in told} == {parent}
    assert {form["CallbackSource"] for form in told} == {"call-progress-events"}
    assert int(told[-1]["CallDuration"]) >= 0
    assert "CallDuration" not in told[0]


@pytest.mark.long
def test_a_muted_phone_is_not_heard(callers: Callers) -> None:
    """Mute silences the microphone, and says so."""
    alice, bob = callers.phone("alice-mutes"), callers.phone("bob-listens")
    connected(alice, bob)
    bob.wait_for_audio()
    alice.click("Mute")
    alice.until("window.phone.call.isMuted()")
    alice.until("document.querySelector('[aria-pressed=true]')")
    alice.click("Mute")
    alice.until("!window.phone.call.isMuted()")
    bob.wait_for_audio()


@pytest.mark.long
def test_a_phone_can_call_again_after_a_call(callers: Callers) -> None:
    """After a call, the same two phones make another, the other way round."""
    alice, bob = callers.phone("alice-again"), callers.phone("bob-again")
    connected(alice, bob)
    alice.hang_up()
    alice.wait_until_over()
    bob.wait_until_over()
    connected(bob, alice)
    bob.wait_for_audio()
