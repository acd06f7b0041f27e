"""Phone numbers: those that simulate a party, and those that lead to a real inbound call."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from twilio.rest import Client

from tests.acceptance.conftest import NewApplication
from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer, Endpoint
from tests.acceptance.support.documents import dial
from tests.acceptance.support.libraries import children_of, status_of, wait_for_status
from tests.acceptance.support.phones import Callers
from tests.acceptance.support.processes import eventually
from tests.acceptance.support.servers import Midcall

WAIT = '<Response><Pause length="600"/></Response>'
EVERY_STAGE = ["initiated", "ringing", "answered", "completed"]
ANSWERS, TALKS = "+15005550100", "+15005550101"
NOBODY_SERVES = "+15005550199"


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """A number of the account, and the address that is asked when it is called."""

    sid: str
    number: str
    voice: Endpoint


@pytest.fixture(scope="module")
def own(client: Client, customer: Customer) -> OwnNumber:
    """Give a number that the account has."""
    voice = customer.endpoint(WAIT)
    made = client.incoming_phone_numbers.create(phone_number="+15125550177", voice_url=voice.url)
    return OwnNumber(str(made.sid), str(made.phone_number), voice)


@pytest.fixture
def people(chromium: Chromium, midcall: Midcall) -> Iterator[Callers]:
    """Give people with phones."""
    those = Callers(chromium, midcall)
    yield those
    those.leave()
    assert those.strangers() == set()


def dial_number(number: str, caller_id: str, status_callback: str = "", **attributes: str) -> str:
    """Dial a number."""
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    callback = ""
    if status_callback:
        callback = (
            f' statusCallback="{status_callback}"'
            ' statusCallbackEvent="initiated ringing answered completed"'
        )
    return (
        f'<Response><Dial callerId="{caller_id}"{written}>'
        f"<Number{callback}>{number}</Number></Dial></Response>"
    )


@pytest.mark.parametrize(
    ("number", "outcome", "stages"),
    [
        (ANSWERS, "completed", ["initiated", "ringing", "in-progress", "completed"]),
        (TALKS, "completed", ["initiated", "ringing", "in-progress", "completed"]),
        ("+15005550102", "busy", ["initiated", "busy"]),
        ("+15005550103", "no-answer", ["initiated", "ringing", "no-answer"]),
        ("+15005550104", "failed", ["initiated", "failed"]),
        (NOBODY_SERVES, "failed", ["initiated", "failed"]),
    ],
)
def test_a_number_behaves_as_documented(
    client: Client,
    customer: Customer,
    own: OwnNumber,
    number: str,
    outcome: str,
    stages: list[str],
) -> None:
    """``<Number>`` to each simulated party: the child's status by REST, by callback, by action."""
    action, status = customer.endpoint("<Response><Hangup/></Response>"), customer.endpoint()
    twiml = dial_number(
        number, own.number, status.url, timeout="3", timeLimit="2", action=action.url
    )
    parent = client.calls.create(to=ANSWERS, from_=own.number, twiml=twiml)
    [request] = action.wait(1)
    assert request.form["DialCallStatus"] == outcome
    [child] = children_of(client, str(parent.sid))
    assert request.form["DialCallSid"] == child
    assert status_of(client, child) == outcome
    told = [one.form for one in status.wait(len(stages))]
    assert [form["CallStatus"] for form in told] == stages
    assert {form["To"] for form in told} == {number}
    assert {form["From"] for form in told} == {own.number}
    wait_for_status(client, str(parent.sid), "completed")
    codes = [one.error_code for one in client.calls(child).notifications.list()]
    assert codes == (["13224"] if number == NOBODY_SERVES else [])


@pytest.mark.parametrize(
    ("number", "outcome"),
    [("+15005550102", "busy"), ("+15005550103", "no-answer"), ("+15005550104", "failed")],
)
def test_a_call_to_a_number_ends_as_its_party_does(
    client: Client, customer: Customer, own: OwnNumber, number: str, outcome: str
) -> None:
    """Calls made by REST: busy, no answer within ``Timeout``, failed; their TwiML never runs."""
    voice = customer.endpoint(WAIT)
    call = client.calls.create(to=number, from_=own.number, url=voice.url, timeout=2)
    wait_for_status(client, str(call.sid), outcome)
    assert voice.requests == []


def test_a_party_that_talks_is_heard(
    people: Callers, application: NewApplication, own: OwnNumber
) -> None:
    """An SDK dials a number and hears somebody, until it hangs up."""
    app, _ = application(dial_number(TALKS, own.number))
    alice = people.phone("alice-listens", application_sid=app)
    alice.dial(TALKS)
    alice.wait_until("open")
    alice.wait_for_audio()


def test_an_sdk_needs_a_number_to_call_from(
    people: Callers, application: NewApplication, client: Client, customer: Customer
) -> None:
    """Without ``callerId`` a client cannot call a number: failed, with 13214 in the debugger."""
    action = customer.endpoint("<Response><Hangup/></Response>")
    app, _ = application(
        f'<Response><Dial action="{action.url}"><Number>{ANSWERS}</Number></Dial></Response>'
    )
    alice = people.phone("alice-numberless", application_sid=app)
    alice.dial(ANSWERS)
    [request] = action.wait(1)
    assert request.form["DialCallStatus"] == "failed"
    alice.wait_until_over()
    codes = {one.error_code for one in client.calls(alice.last_call_sid).notifications.list()} | {
        one.error_code
        for child in children_of(client, alice.last_call_sid)
        for one in client.calls(child).notifications.list()
    }
    assert "13214" in codes


def test_a_number_that_the_account_has_is_a_real_inbound_call(
    people: Callers,
    application: NewApplication,
    client: Client,
    customer: Customer,
    midcall: Midcall,
    own: OwnNumber,
) -> None:
    """From SDK to number to SDK: four legs, two calls, audio through the loop, keys as well.

    The number's own TwiML is asked for as an inbound call's; who is called there sees whether the
    caller is verified. Whoever hangs up ends all of it.
    """
    path = f"/2010-04-01/Accounts/{midcall.credentials.account_sid}"
    form = {"StirStatus": "TN-Validation-Passed-A", "StatusCallback": customer.endpoint().url}
    changed = midcall.request(
        "POST",
        f"{path}/IncomingPhoneNumbers/{own.sid}.json",
        body=urlencode(form).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert changed.status == 200, changed.body
    told = customer.find(form["StatusCallback"])
    assert told is not None
    from_, inner = own.number, customer.endpoint(dial("bob-at-the-number"))
    own.voice.answering = inner.answering

    app, _ = application(dial_number(own.number, from_, answerOnBridge="true"))
    alice = people.phone("alice-loops", application_sid=app)
    bob = people.phone("bob-at-the-number")
    alice.dial(own.number)
    bob.wait_until("pending")
    request = own.voice.requests[-1]
    inbound = request.form["CallSid"]
    assert request.form["Direction"] == "inbound"
    assert request.form["CallStatus"] == "ringing"
    assert request.form["From"] == request.form["Caller"] == own.number
    assert request.form["To"] == request.form["Called"] == own.number
    assert request.form["StirVerstat"] == "TN-Validation-Passed-A"
    shown = client.calls(inbound).fetch()
    assert (shown.direction, shown.phone_number_sid) == ("inbound", own.sid)
    assert bob.evaluate("() => window.phone.call.callerInfo") == {"isVerified": True}
    assert bob.evaluate("() => window.phone.call.parameters") == {
        "AccountSid": midcall.credentials.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": bob.call_sid,
        "From": own.number,
        "To": "client:bob-at-the-number",
        "StirStatus": "TN-Validation-Passed-A",
    }
    bob.accept()
    alice.wait_until("open")
    bob.wait_until("open")
    alice.wait_for_audio()
    bob.wait_for_audio()

    [outer] = children_of(client, alice.call_sid)
    [inner_child] = children_of(client, inbound)
    legs = [alice.call_sid, outer, inbound, inner_child]
    assert inner_child == bob.call_sid
    assert [status_of(client, sid) for sid in legs] == ["in-progress"] * 4
    bob.hang_up()
    alice.wait_until_over()
    for sid in legs:
        wait_for_status(client, sid, "completed")
    [ended] = told.wait(1)
    assert ended.form["CallSid"] == inbound
    assert ended.form["CallStatus"] == "completed"


def test_a_number_can_be_asked_for_keys(
    people: Callers, application: NewApplication, customer: Customer, own: OwnNumber
) -> None:
    """``Gather`` at the number hears the keys of an SDK that called it, and speaks to it."""
    action = customer.endpoint(WAIT)
    menu = customer.endpoint(
        f'<Response><Gather numDigits="3" timeout="60" action="{action.url}">'
        '<Say loop="0">Your customer number, please.</Say></Gather></Response>'
    )
    own.voice.answering = menu.answering
    app, _ = application(dial_number(own.number, own.number))
    alice = people.phone("alice-in-a-menu", application_sid=app)
    alice.dial(own.number)
    alice.wait_until("open")
    alice.wait_for_audio()
    alice.evaluate("() => window.phone.call.sendDigits('4w71')")
    [request] = action.wait(1)
    assert request.form["Digits"] == "471"
    assert request.form["To"] == own.number


def test_a_call_made_to_an_own_number_plays_both_parts(
    client: Client, customer: Customer, own: OwnNumber
) -> None:
    """``Calls`` create to an own number: its TwiML answers, and keys are sent to it."""
    action = customer.endpoint(WAIT)
    menu = customer.endpoint(
        f'<Response><Gather numDigits="2" timeout="60" action="{action.url}"/></Response>'
    )
    own.voice.answering = menu.answering
    status = customer.endpoint()
    call = client.calls.create(
        to=own.number,
        from_=own.number,
        twiml=WAIT,
        send_digits="9w8",
        status_callback=status.url,
        status_callback_event=EVERY_STAGE,
    )
    [request] = action.wait(1)
    assert request.form["Digits"] == "98"
    inbound = request.form["CallSid"]
    assert inbound != call.sid
    client.calls(str(call.sid)).update(status="completed")
    wait_for_status(client, inbound, "completed")
    assert [one.form["CallStatus"] for one in status.wait(4)] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    eventually(lambda: status_of(client, str(call.sid)) == "completed", "it is over")
