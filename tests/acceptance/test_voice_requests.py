"""The request that asks a customer's server for the TwiML of an SDK's call."""

from collections.abc import Mapping
from typing import Any

import pytest
from twilio.rest import Client

from tests.acceptance.conftest import NewApplication
from tests.acceptance.support.customer import Customer, Reply, Request
from tests.acceptance.support.documents import dial
from tests.acceptance.support.libraries import wait_for_status
from tests.acceptance.support.node import node
from tests.acceptance.support.phones import Callers
from tests.acceptance.support.servers import Midcall

HANG_UP = "<Response><Hangup/></Response>"


def accepted_by_node(request: Request, midcall: Midcall, fields: Mapping[str, Any]) -> bool:
    """Ask the official Node validator."""
    signature = request.headers["x-twilio-signature"]
    answer = node(
        "validate.mjs", midcall, url=request.url, signature=signature, fields=dict(fields)
    )
    return answer is True


def test_the_request_has_the_documented_parameters_and_a_signature(
    callers: Callers, midcall: Midcall, application: NewApplication
) -> None:
    """A form with the call's facts, the caller's own parameters merged in, signed."""
    app, voice = application(HANG_UP)
    alice = callers.phone("alice-asks", application_sid=app)
    alice.evaluate(
        """() => window.phone.dial('somebody', {
            topic: 'billing & more', 'ümläut key': 'Grüße 世界', AccountSid: 'forged' })"""
    )
    [request] = voice.wait(1)
    assert request.method == "POST"
    content_type = request.headers["content-type"]
    assert content_type == "application/x-www-form-urlencoded; charset=UTF-8"
    form = request.form
    assert list(form) == sorted(form)
    alice.wait_until_over()
    assert form == {
        "AccountSid": midcall.credentials.account_sid,
        "ApiVersion": "2010-04-01",
        "ApplicationSid": app,
        "CallSid": alice.last_call_sid,
        "CallStatus": "ringing",
        "Called": "",
        "Caller": "client:alice-asks",
        "Direction": "inbound",
        "From": "client:alice-asks",
        "To": "somebody",
        "topic": "billing & more",
        "ümläut key": "Grüße 世界",
    }
    assert request.headers["i-twilio-idempotency-token"]
    assert request.is_signed_with(midcall.credentials.auth_token)
    assert not request.is_signed_with("0" * 32)
    assert accepted_by_node(request, midcall, form)


def test_a_get_request_has_the_parameters_in_its_query(
    callers: Callers, midcall: Midcall, client: Client, customer: Customer
) -> None:
    """``VoiceMethod`` GET puts everything behind what the URL has already, and signs it."""
    voice = customer.endpoint(HANG_UP, suffix="?tenant=a%20b")
    app = client.applications.create(voice_url=voice.url, voice_method="GET")
    alice = callers.phone("alice-gets", application_sid=app.sid)
    alice.dial("somebody", {"topic": "x y+z"})
    [request] = voice.wait(1)
    assert request.method == "GET"
    assert request.body == b""
    assert request.query["tenant"] == "a b"
    assert request.query["topic"] == "x y+z"
    assert request.query["From"] == "client:alice-gets"
    assert request.is_signed_with(midcall.credentials.auth_token)
    assert accepted_by_node(request, midcall, {})


def test_a_fallback_url_is_asked_when_the_voice_url_fails(
    callers: Callers, client: Client, customer: Customer
) -> None:
    """An error at the Voice URL sends the call to the fallback, with the error's code and URL."""
    voice, fallback = customer.endpoint(Reply(status=500)), customer.endpoint(HANG_UP)
    app = client.applications.create(voice_url=voice.url, voice_fallback_url=fallback.url)
    alice = callers.phone("alice-falls-back", application_sid=app.sid)
    alice.dial("somebody")
    form = fallback.wait(1)[0].form
    assert form["ErrorCode"] == "11200"
    assert form["ErrorUrl"] == voice.url


def test_a_dial_with_an_action_asks_what_comes_next(
    callers: Callers, application: NewApplication, customer: Customer, client: Client
) -> None:
    """After the callee hung up, ``action`` is told how the dialled call went."""
    action = customer.endpoint(HANG_UP)
    app, _ = application(dial("bob-action", action=action.url))
    alice = callers.phone("alice-action", application_sid=app)
    bob = callers.phone("bob-action")
    alice.dial("whoever")
    bob.accept()
    alice.wait_until("open")
    bob.wait_until("open")
    parent, child = alice.call_sid, bob.call_sid
    bob.hang_up()
    form = action.wait(1)[0].form
    assert form["DialCallStatus"] == "completed"
    assert form["DialCallSid"] == child
    assert form["CallSid"] == parent
    assert int(form["DialCallDuration"]) >= 0
    wait_for_status(client, parent, "completed")


@pytest.mark.parametrize(
    ("ended", "status"),
    [("reject", "busy"), pytest.param("ring out", "no-answer", marks=pytest.mark.long)],
)
def test_a_dial_that_failed_says_how(
    callers: Callers, application: NewApplication, customer: Customer, ended: str, status: str
) -> None:
    """A rejected call is busy, one that nobody accepts in time is no-answer."""
    action = customer.endpoint(HANG_UP)
    app, _ = application(dial("bob-" + status, action=action.url, timeout="5"))
    alice = callers.phone("alice-" + status, application_sid=app)
    bob = callers.phone("bob-" + status)
    alice.dial("whoever")
    if ended == "reject":
        bob.reject()
    form = action.wait(1)[0].form
    assert form["DialCallStatus"] == status
    bob.wait_until_over()
