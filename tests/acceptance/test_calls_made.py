"""Calls that a server makes with the official Python library: to SDKs, and to numbers."""

from collections.abc import Iterator
from typing import Any

import pytest
from twilio.rest import Client

from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer, Endpoint, Reply
from tests.acceptance.support.libraries import status_of, wait_for_status
from tests.acceptance.support.people import set_free
from tests.acceptance.support.phones import Callers, Phone
from tests.acceptance.support.processes import eventually
from tests.acceptance.support.servers import Midcall

WAIT = '<Response><Pause length="600"/></Response>'
EVERY_STAGE = ["initiated", "ringing", "answered", "completed"]


@pytest.fixture(scope="module")
def bob(chromium: Chromium, midcall: Midcall) -> Iterator[Phone]:
    """Give a phone that is called again and again."""
    people = Callers(chromium, midcall)
    yield people.phone("bob-is-called")
    people.leave()
    assert people.strangers() == set()


@pytest.fixture(autouse=True)
def _nothing_is_left(bob: Phone) -> Iterator[None]:
    """Let the phone be free again after each test."""
    yield
    set_free(bob)


def stages(endpoint: Endpoint, number: int) -> list[str]:
    """Wait for so many status callbacks; return their statuses, in the order of arrival."""
    told = [request.form for request in endpoint.wait(number)]
    assert [form["SequenceNumber"] for form in told] == [str(n) for n in range(len(told))]
    return [form["CallStatus"] for form in told]


def requests_of(client: Client, call_sid: str | None) -> list[Any]:
    """Return a call's Events."""
    return list(client.calls(str(call_sid)).events.list())


def test_a_call_to_an_sdk_rings_is_accepted_and_heard(
    bob: Phone, client: Client, customer: Customer, midcall: Midcall
) -> None:
    """The page rings with the documented parameters; its user hears the TwiML; callbacks follow."""
    status = customer.endpoint()
    call = client.calls.create(
        to="client:bob-is-called?topic=billing%20%26%20more",
        from_="The shop",
        twiml='<Response><Say loop="0">Your order is ready. Please come and fetch it.</Say>'
        "</Response>",
        status_callback=status.url,
        status_callback_event=EVERY_STAGE,
    )
    assert (str(call.status), call.direction) == ("queued", "outbound-api")
    bob.wait_until("pending")
    wait_for_status(client, str(call.sid), "ringing")
    assert bob.evaluate("() => window.phone.call.parameters") == {
        "AccountSid": midcall.credentials.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": call.sid,
        "From": "The shop",
        "To": "client:bob-is-called",
        "Params": "topic=billing%20%26%20more",
    }
    assert bob.custom_parameters() == {"topic": "billing & more"}
    bob.accept()
    bob.wait_until("open")
    bob.wait_for_audio()
    made = client.calls(str(call.sid)).user_defined_messages.create(content='{"order": 7}')
    assert bob.received(str(made.sid))["content"] == {"order": 7}
    assert str(client.calls(str(call.sid)).update(status="completed").status) == "completed"
    bob.wait_until_over()
    assert "disconnect" in bob.events()
    assert stages(status, 4) == ["initiated", "ringing", "in-progress", "completed"]
    last = status.requests[-1]
    assert last.is_signed_with(midcall.credentials.auth_token)
    assert last.form["CallSid"] == call.sid
    assert last.form["Direction"] == "outbound-api"
    assert int(last.form["CallDuration"]) >= 0
    assert int(last.form["Duration"]) >= 1
    shown = client.calls(str(call.sid)).fetch()
    assert str(shown.status) == "completed"
    assert shown.duration == last.form["CallDuration"]


def test_a_call_under_way_is_led_elsewhere(
    bob: Phone, client: Client, customer: Customer, midcall: Midcall
) -> None:
    """``Url`` and ``Twiml`` replace what the call is doing; Events shows what was asked for."""
    first, second = customer.endpoint(WAIT), customer.endpoint(WAIT)
    call = client.calls.create(to="client:bob-is-called", from_="shop", url=first.url)
    bob.accept()
    bob.wait_until("open")
    [asked] = first.wait(1)
    assert asked.form["CallStatus"] == "in-progress"
    assert asked.form["Direction"] == "outbound-api"
    assert asked.form["From"] == "shop"
    assert asked.form["To"] == asked.form["Called"] == "client:bob-is-called"
    assert asked.is_signed_with(midcall.credentials.auth_token)

    silent = bob.heard()
    client.calls(str(call.sid)).update(twiml='<Response><Say loop="0">Listen.</Say></Response>')
    bob.wait_for_audio()
    assert bob.heard().energy > silent.energy
    client.calls(str(call.sid)).update(url=second.url, method="GET")
    [asked] = second.wait(1)
    assert asked.method == "GET"
    assert asked.query["CallSid"] == call.sid

    eventually(lambda: requests_of(client, call.sid)[1:], "two requests in Events")
    events = requests_of(client, call.sid)
    shown = [(event.request["method"], event.request["url"]) for event in events]
    assert ("POST", first.url) in shown
    assert any(method == "GET" and url.startswith(second.url) for method, url in shown)
    assert {event.response["response_code"] for event in events} == {200}
    client.calls(str(call.sid)).update(twiml="<Response><Hangup/></Response>")
    bob.wait_until_over()


def test_a_call_that_nobody_accepts_in_time(bob: Phone, client: Client, customer: Customer) -> None:
    """``Timeout``: the ringing stops, the call is no-answer, and its TwiML is never asked for."""
    status, voice = customer.endpoint(), customer.endpoint(WAIT)
    call = client.calls.create(
        to="client:bob-is-called",
        from_="shop",
        url=voice.url,
        timeout=2,
        status_callback=status.url,
        status_callback_event=EVERY_STAGE,
    )
    bob.wait_until("pending")
    bob.wait_until_over()
    assert bob.events()[-1:] == ["cancel"]
    assert stages(status, 3) == ["initiated", "ringing", "no-answer"]
    assert status_of(client, str(call.sid)) == "no-answer"
    assert voice.requests == []


def test_a_call_that_is_rejected_and_one_that_is_canceled(bob: Phone, client: Client) -> None:
    """``reject()`` makes it busy; ``Status=canceled`` takes it back while it rings."""
    rejected = client.calls.create(to="client:bob-is-called", from_="shop", twiml=WAIT)
    bob.reject()
    wait_for_status(client, str(rejected.sid), "busy")
    canceled = client.calls.create(to="client:bob-is-called", from_="shop", twiml=WAIT)
    bob.wait_until("pending")
    client.calls(str(canceled.sid)).update(status="canceled")
    bob.wait_until_over()
    assert bob.events()[-1:] == ["cancel"]
    wait_for_status(client, str(canceled.sid), "canceled")


def test_a_call_lasts_no_longer_than_its_time_limit(bob: Phone, client: Client) -> None:
    """``TimeLimit`` ends the call by itself."""
    call = client.calls.create(to="client:bob-is-called", from_="shop", twiml=WAIT, time_limit=2)
    bob.accept()
    bob.wait_until("open")
    bob.wait_until_over()
    wait_for_status(client, str(call.sid), "completed")
    assert 1 <= int(str(client.calls(str(call.sid)).fetch().duration)) <= 10


def test_what_went_wrong_is_in_the_debugger(
    bob: Phone, client: Client, customer: Customer, midcall: Midcall
) -> None:
    """A Url that fails: Notifications of the call, of the account, and Alerts say the same."""
    broken = customer.endpoint(Reply(b"sorry", status=500, content_type="text/plain"))
    call = client.calls.create(to="client:bob-is-called", from_="shop", url=broken.url)
    bob.accept()
    bob.wait_until_over()
    wait_for_status(client, str(call.sid), "completed", "failed")
    path = f"/2010-04-01/Accounts/{midcall.credentials.account_sid}"

    def of_call() -> list[Any]:
        return client.calls(str(call.sid)).notifications.list()

    [notification] = eventually(of_call, "a notification")
    assert (notification.error_code, notification.log) == ("11200", "0")
    assert notification.request_url == broken.url
    whole = client.calls(str(call.sid)).notifications(str(notification.sid)).fetch()
    assert f"CallSid={call.sid}" in str(whole.request_variables)
    assert whole.response_body == "sorry"
    listed = midcall.request("GET", f"{path}/Notifications.json?Log=0").json()["notifications"]
    assert notification.sid in [one["sid"] for one in listed]
    alerts = midcall.request("GET", "/v1/Alerts?LogLevel=error").json()["alerts"]
    [alert] = [one for one in alerts if one["sid"] == notification.sid]
    assert alert["resource_sid"] == call.sid
    assert alert["error_code"] == "11200"
    [event] = requests_of(client, call.sid)
    assert event.response["response_code"] == 500
    assert event.request["parameters"]["CallSid"] == call.sid
