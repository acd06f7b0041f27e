"""TwiML that acts, as the one who calls hears it: the unmodified SDK on the line."""

import io
import math
import struct
import time
import wave
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from twilio.rest import Client

from tests.acceptance.conftest import NewApplication
from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer, Reply
from tests.acceptance.support.documents import dial
from tests.acceptance.support.libraries import children_of, status_of, wait_for_status
from tests.acceptance.support.people import Caller, make_caller, set_free
from tests.acceptance.support.phones import Callers, Phone
from tests.acceptance.support.processes import eventually
from tests.acceptance.support.servers import Midcall

WAIT = '<Response><Pause length="600"/></Response>'
LONG_SPEECH = "<Say>" + "This is a long story, and nobody wants to hear all of it. " * 30 + "</Say>"
"""Some minutes of speech."""


def tone(seconds: float = 1.0, hertz: int = 440, rate: int = 8000) -> bytes:
    """Make a WAV file with a tone in it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        for number in range(int(seconds * rate)):
            sample = 12_000 * math.sin(2 * math.pi * hertz * number / rate)
            writer.writeframes(struct.pack("<h", int(sample)))
    return file.getvalue()


@pytest.fixture(scope="module")
def people(chromium: Chromium, midcall: Midcall) -> Iterator[Callers]:
    """Give people who stay through all tests here."""
    those = Callers(chromium, midcall)
    yield those
    those.leave()
    assert those.strangers() == set()


@pytest.fixture(scope="module")
def lasting_caller(people: Callers, client: Client, customer: Customer) -> Caller:
    """Give somebody who calls again and again."""
    return make_caller(people, client, customer, "alice-verbs")


@pytest.fixture(scope="module")
def lasting_bob(people: Callers) -> Phone:
    """Give somebody who is called again and again."""
    return people.phone("bob-verbs")


@pytest.fixture
def alice(lasting_caller: Caller) -> Iterator[Caller]:
    """Give the caller, who hangs up after each test."""
    yield lasting_caller
    set_free(lasting_caller.phone)


@pytest.fixture
def bob(lasting_bob: Phone) -> Iterator[Phone]:
    """Give the callee, whose phone is free again after each test."""
    yield lasting_bob
    set_free(lasting_bob)


# --- what a caller hears --------------------------------------------------------------------------


def test_what_is_said_is_heard_and_then_the_call_ends(alice: Caller, client: Client) -> None:
    """``<Say>`` arrives as sound; behind the last verb the call is completed."""
    alice.call('<Response><Say loop="3">Hello. This is a test of speech.</Say></Response>')
    alice.phone.wait_until("open")
    sid = alice.phone.call_sid
    alice.phone.wait_for_audio()
    alice.phone.wait_until_over()
    assert "disconnect" in alice.phone.events()
    wait_for_status(client, sid, "completed")


def test_a_recording_is_fetched_and_heard(
    alice: Caller, customer: Customer, midcall: Midcall
) -> None:
    """``<Play>`` asks for the file with GET, signed, and plays it as often as it should."""
    recording = customer.endpoint(Reply(tone(), content_type="audio/wav"))
    alice.call(f'<Response><Play loop="0">{recording.url}</Play></Response>')
    alice.phone.wait_until("open")
    alice.phone.wait_for_audio()
    request = recording.requests[0]
    assert request.method == "GET"
    assert request.is_signed_with(midcall.credentials.auth_token)


def test_a_recording_that_is_not_there_is_a_notification_and_the_call_goes_on(
    alice: Caller, customer: Customer, client: Client
) -> None:
    """``<Play>`` of a URL that answers 404: the debugger names it, the next verb follows."""
    missing, later = customer.endpoint(Reply(status=404)), customer.endpoint(WAIT)
    alice.call(f"<Response><Play>{missing.url}</Play><Redirect>{later.url}</Redirect></Response>")
    later.wait(1)
    sid = alice.phone.call_sid
    notifications = eventually(
        client.calls(sid).notifications.list, "a notification about the recording"
    )
    assert [one.request_url for one in notifications] == [missing.url]


def test_a_pause_lasts(alice: Caller, customer: Customer) -> None:
    """``<Pause>`` answers the call, and the next verb waits for its end."""
    later = customer.endpoint(WAIT)
    alice.call(f'<Response><Pause length="2"/><Redirect>{later.url}</Redirect></Response>')
    alice.phone.wait_until("open")
    begun = time.monotonic()
    [request] = later.wait(1)
    assert time.monotonic() - begun > 1
    assert request.form["CallStatus"] == "in-progress"


# --- keys -----------------------------------------------------------------------------------------


def test_a_key_interrupts_the_prompts_of_gather(alice: Caller, customer: Customer) -> None:
    """Nested ``<Say>``, ``<Play>`` and ``<Pause>``: a key stops them, and is taken."""
    recording = customer.endpoint(Reply(tone(30), content_type="audio/wav"))
    action = customer.endpoint(WAIT)
    alice.call(
        f'<Response><Gather numDigits="1" action="{action.url}" method="GET">'
        f'<Pause length="1"/><Play>{recording.url}</Play>{LONG_SPEECH}</Gather></Response>'
    )
    alice.phone.wait_until("open")
    recording.wait(1)
    alice.phone.wait_for_audio()
    alice.phone.evaluate("() => window.phone.call.sendDigits('5')")
    begun = time.monotonic()
    [request] = action.wait(1)
    assert time.monotonic() - begun < 15
    assert request.method == "GET"
    assert request.query["Digits"] == "5"
    assert request.query["FinishedOnKey"] == ""


def test_without_a_key_gather_leads_on(alice: Caller, customer: Customer) -> None:
    """After ``timeout`` the next verb runs; the action is not asked for."""
    action, later = customer.endpoint(WAIT), customer.endpoint(WAIT)
    alice.call(
        f'<Response><Gather timeout="1" action="{action.url}"/>'
        f"<Redirect>{later.url}</Redirect></Response>"
    )
    later.wait(1)
    assert action.requests == []


# --- where the call goes --------------------------------------------------------------------------


def test_a_redirect_leads_on_before_the_call_is_answered(alice: Caller, customer: Customer) -> None:
    """The next document is asked for with CallStatus ringing, and may reject the call."""
    second = customer.endpoint("<Response><Reject/></Response>")
    alice.call(f"<Response><Redirect>{second.url}</Redirect></Response>")
    [request] = second.wait(1)
    assert request.form["CallStatus"] == "ringing"
    alice.phone.wait_until_over()
    assert "accept" not in alice.phone.events()


@pytest.mark.parametrize(
    ("reason", "code", "status"),
    [("rejected", 31603, "busy"), ("busy", 31486, "busy")],
)
def test_a_rejected_call_is_an_error_at_the_sdk(
    alice: Caller, client: Client, reason: str, code: int, status: str
) -> None:
    """``<Reject>`` never answers: the SDK's call ends with an error that tells why."""
    alice.call(f'<Response><Reject reason="{reason}"/></Response>')
    alice.phone.wait_for_error(code)
    alice.phone.wait_until_over()
    assert "accept" not in alice.phone.events()
    wait_for_status(client, alice.phone.last_call_sid, status)


# --- dialling -------------------------------------------------------------------------------------


def test_nouns_ring_one_after_another_if_they_should(
    alice: Caller, bob: Phone, people: Callers, client: Client
) -> None:
    """``sequential``: the second rings when the first has refused."""
    carol = people.phone("carol-verbs")
    alice.call(dial("bob-verbs", "carol-verbs", sequential="true"))
    bob.wait_until("pending")
    parent = alice.phone.call_sid
    assert len(children_of(client, parent)) == 1
    assert carol.evaluate("() => window.phone.calls.length") == 0
    bob.reject()
    carol.accept()
    carol.wait_until("open")
    alice.phone.wait_for_audio()
    assert [status_of(client, sid) for sid in children_of(client, parent)] == [
        "busy",
        "in-progress",
    ]


def test_a_caller_is_answered_when_the_callee_answers(
    alice: Caller, bob: Phone, client: Client
) -> None:
    """``answerOnBridge``: the SDK's call rings until somebody accepts."""
    alice.call(dial("bob-verbs", answerOnBridge="true"))
    bob.wait_until("pending")
    assert alice.phone.evaluate("() => window.phone.call.status()") == "ringing"
    assert status_of(client, alice.phone.call_sid) == "ringing"
    bob.accept()
    alice.phone.wait_until("open")
    alice.phone.wait_for_audio()
    bob.wait_for_audio()
    assert alice.phone.events()[:2] == ["ringing", "accept"]
    wait_for_status(client, alice.phone.call_sid, "in-progress")


def test_a_callee_hears_something_first(alice: Caller, bob: Phone, customer: Customer) -> None:
    """``url`` of a noun: its TwiML runs for the callee alone, then the two are joined."""
    whisper = customer.endpoint(
        '<Response><Gather numDigits="1" timeout="60"><Say>Press a key.</Say></Gather></Response>'
    )
    alice.call(dial("bob-verbs", client=f' url="{whisper.url}"', answerOnBridge="true"))
    bob.accept()
    bob.wait_until("open")
    [request] = whisper.wait(1)
    assert request.form["CallSid"] == bob.call_sid
    assert request.form["ParentCallSid"] == alice.phone.call_sid
    assert request.form["Direction"] == "outbound-dial"
    bob.wait_for_audio()
    assert alice.phone.evaluate("() => window.phone.call.status()") == "ringing"
    bob.evaluate("() => window.phone.call.sendDigits('1')")
    whisper.wait(2)  # Without an action the document is asked for again, with the key.
    assert whisper.requests[1].form["Digits"] == "1"
    whisper.answering = lambda _request: Reply(b"<Response/>")
    bob.evaluate("() => window.phone.call.sendDigits('2')")
    alice.phone.wait_until("open")
    alice.phone.wait_for_audio()
    bob.wait_for_audio()


def test_progress_is_told_to_the_caller(alice: Caller, bob: Phone) -> None:
    """``events="call-progress-event"``: messages of that type tell of the callee's stages."""
    alice.phone.evaluate("() => { window.phone.received.length = 0; }")
    alice.call(dial("bob-verbs", events="call-progress-event"))
    bob.accept()
    bob.wait_until("open")
    child = bob.call_sid
    bob.hang_up()
    alice.phone.until(
        "window.phone.received.some(({content}) => content.CallStatus === 'completed')"
    )
    told = alice.phone.evaluate(
        """() => window.phone.received.map(({content, contentType, messageType}) =>
            ({content, contentType, messageType}))"""
    )
    assert {one["messageType"] for one in told} == {"call-progress-event"}
    assert {one["contentType"] for one in told} == {"application/json"}
    assert [one["content"] for one in told] == [
        {
            "ParentCallSid": alice.phone.last_call_sid,
            "CallSid": child,
            "CallStatus": status,
            "CallType": "CLIENT",
        }
        for status in ("initiated", "ringing", "in-progress", "completed")
    ]


def test_twiml_that_is_kept_here_is_a_template(
    people: Callers, bob: Phone, midcall: Midcall
) -> None:
    """An application's own TwiML names what the caller gave: no web server is needed."""
    twiml = "<Response><Dial><Client>{{whom}}</Client></Dial></Response>"
    made = midcall.request(
        "POST",
        f"/2010-04-01/Accounts/{midcall.credentials.account_sid}/Applications.json",
        body=urlencode({"VoiceTwiml": twiml}).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert made.status == 201, made.body
    dave = people.phone("dave-verbs", application_sid=made.json()["sid"])
    dave.evaluate("() => window.phone.dial('', {whom: 'bob-verbs'})")
    bob.wait_until("pending")
    assert bob.evaluate("() => window.phone.call.parameters.From") == "client:dave-verbs"


def test_a_dial_tells_how_it_ended(
    people: Callers, application: NewApplication, customer: Customer
) -> None:
    """Nobody there: the action is told no-answer, with the child's SID, and leads on."""
    action = customer.endpoint("<Response><Hangup/></Response>")
    app, _ = application(dial("nobody-verbs", action=action.url, method="GET"))
    frank = people.phone("frank-verbs", application_sid=app)
    frank.dial("whoever")
    [request] = action.wait(1)
    assert request.method == "GET"
    assert request.query["DialCallStatus"] == "no-answer"
    assert request.query["DialBridged"] == "false"
    assert request.query["DialCallDuration"] == "0"
    assert request.query["DialCallSid"].startswith("CA")
    frank.wait_until_over()
