"""Where each message is, and what can be asked for beside it: with the real SDK on the line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.rest import Client

from tests.acceptance.conftest import NewApplication
from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer, Reply
from tests.acceptance.support.documents import dial
from tests.acceptance.support.libraries import children_of, make_token, wait_for_status
from tests.acceptance.support.lines import Line
from tests.acceptance.support.people import OwnPhone, People
from tests.acceptance.support.phones import Phone
from tests.acceptance.support.processes import eventually
from tests.acceptance.support.servers import Midcall
from tests.acceptance.support.streams import Stream

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Talk:
    """An open call between two phones; the caller's is on a line of its own."""

    line: Line
    alice: OwnPhone
    bob: Phone


@pytest.fixture(scope="module")
def people(chromium: Chromium, midcall: Midcall) -> Iterator[People]:
    """Give people with phones."""
    those = People(chromium, midcall)
    yield those
    those.leave()
    assert those.strangers() == set()


@pytest.fixture(scope="module")
def talk(people: People, midcall: Midcall, client: Client, customer: Customer) -> Iterator[Talk]:
    """Give a call that goes on through all tests here."""
    line = Line(midcall)
    app = client.applications.create(voice_url=customer.endpoint(dial("bob-delivery")).url)
    token = make_token(midcall.credentials, "alice-delivery", app.sid)
    alice = people.own_phone(token, "alice-delivery", line=line)
    bob = people.phone("bob-delivery")
    alice.dial("bob-delivery")
    bob.accept()
    alice.wait_until("open")
    bob.wait_until("open")
    yield Talk(line, alice, bob)
    line.close()


class Api:
    """The parts of the REST API that the official libraries do not know."""

    def __init__(self, midcall: Midcall) -> None:
        self._midcall = midcall
        self._base = f"/2010-04-01/Accounts/{midcall.credentials.account_sid}"

    def ask(self, method: str, path: str, expected: int, **parameters: str) -> Any:
        """Ask for something of the account; return the answer's body."""
        body, query = None, ""
        if method == "POST":
            body = urlencode(parameters).encode()
        elif parameters:
            query = f"?{urlencode(parameters)}"
        url = f"{self._base}/{path}.json{query}"
        answer = self._midcall.request(method, url, body=body, headers=FORM)
        assert answer.status == expected, answer.body
        return answer.json() if answer.body else None

    def post(self, path: str, expected: int = 201, **parameters: str) -> Any:
        """Create something."""
        return self.ask("POST", path, expected, **parameters)

    def get(self, path: str, **parameters: str) -> Any:
        """Look at something."""
        return self.ask("GET", path, 200, **parameters)

    def state(self, call: str, sid: str) -> str:
        """Return how far a message has come."""
        return str(self.get(f"Calls/{call}/UserDefinedMessages/{sid}")["state"])

    def reaches(self, call: str, sid: str, state: str) -> None:
        """Wait until a message has come this far."""
        eventually(lambda: self.state(call, sid) == state, f"{sid} is {state}")


@pytest.fixture
def api(midcall: Midcall) -> Api:
    """Give the account's part of the API."""
    return Api(midcall)


def test_a_message_is_delivered_when_the_app_has_it(
    talk: Talk, api: Api, midcall: Midcall, customer: Customer
) -> None:
    """The SDK's echo is the receipt: it is in the list, and told to the status callback, signed."""
    receipts = customer.endpoint()
    call = talk.bob.call_sid
    sent = api.post(
        f"Calls/{call}/UserDefinedMessages", Content='{"n": 1}', StatusCallback=receipts.url
    )
    talk.bob.received(sent["sid"])
    (receipt,) = receipts.wait()
    assert receipt.is_signed_with(midcall.credentials.auth_token)
    assert receipt.form["Sid"] == sent["sid"]
    assert receipt.form["CallSid"] == call
    assert receipt.form["MessageStatus"] == "delivered"
    message = api.get(f"Calls/{call}/UserDefinedMessages/{sent['sid']}")
    assert (message["state"], message["sends"], message["direction"]) == (
        "delivered",
        1,
        "downlink",
    )
    (attempt,) = eventually(
        lambda: api.get(f"Calls/{call}/UserDefinedMessages/{sent['sid']}")["attempts"],
        "the receipt's attempt is kept",
    )
    assert (attempt["kind"], attempt["response_code"]) == ("receipt", 204)


def test_a_message_to_a_phone_that_rings_waits_for_the_app(
    people: People,
    client: Client,
    application: NewApplication,
    api: Api,
) -> None:
    """It is sent before the app can know of the call, and is there when the app looks."""
    app, _ = application(dial("bob-rings"))
    bob = people.phone("bob-rings")
    alice = people.phone("alice-rings", application_sid=app)
    alice.dial("bob-rings")
    parent = alice.call_sid
    (child,) = eventually(lambda: children_of(client, parent), "bob's phone is called")
    wait_for_status(client, child, "ringing")
    sent = client.calls(child).user_defined_messages.create(content='{"who": "alice"}')
    assert bob.received(str(sent.sid))["content"] == {"who": "alice"}
    api.reaches(child, str(sent.sid), "delivered")
    assert bob.evaluate("() => window.phone.received.length") == 1
    bob.reject()
    alice.wait_until_over()


def test_a_message_to_a_phone_that_is_away_waits_for_it(talk: Talk, api: Api) -> None:
    """It is held, which can be seen, and delivered once, in order, when the SDK is back."""
    call = talk.alice.call_sid
    talk.line.cut()
    eventually(
        lambda: talk.alice.evaluate("() => window.phone.call.status()") == "reconnecting", "x"
    )
    sids = [
        api.post(f"Calls/{call}/UserDefinedMessages", Content=json.dumps({"n": n}))["sid"]
        for n in range(5)
    ]
    for sid in sids:
        api.reaches(call, sid, "held")
    talk.line.mend()
    for sid in sids:
        talk.alice.received(sid)
        api.reaches(call, sid, "delivered")
    came = talk.alice.evaluate("() => window.phone.received.map((one) => one.voiceEventSid)")
    assert [sid for sid in came if sid in sids] == sids
    listed = api.get(f"Calls/{call}/UserDefinedMessages", Direction="downlink", State="delivered")
    assert {one["sid"] for one in listed["user_defined_messages"]} >= set(sids)


def test_a_subscription_may_begin_with_what_came_before_it(
    people: People, application: NewApplication, api: Api, customer: Customer
) -> None:
    """With Replay; without it, as in the original, it does not. Held until then, expired after."""
    app, _ = application('<Response><Pause length="600"/></Response>')
    phone = people.phone("early", application_sid=app)
    phone.dial("anybody")
    phone.wait_until("open")
    call = phone.call_sid
    early = [phone.send({"n": n}) for n in range(3)]
    for sid in early:
        phone.wait_until_acknowledged(sid)
        assert api.state(call, sid) == "held"
    subscriptions = f"Calls/{call}/UserDefinedMessageSubscriptions"
    plain, replayed = customer.endpoint(), customer.endpoint()
    api.post(subscriptions, Callback=plain.url)
    api.post(subscriptions, Callback=replayed.url, Replay="true")
    late = phone.send({"n": 3})
    told = [request.json() for request in replayed.wait(4)]
    assert [one["Sid"] for one in told] == [*early, late]
    assert [one["SequenceNumber"] for one in told] == ["0", "1", "2", "3"]
    assert [request.json()["Sid"] for request in plain.wait(1)] == [late]
    for sid in [*early, late]:
        api.reaches(call, sid, "delivered")
    phone.hang_up()


def test_a_standing_subscription_hears_the_first_message_of_a_call(
    people: People, application: NewApplication, api: Api, customer: Customer, midcall: Midcall
) -> None:
    """The app sends as soon as it can; nobody on the server's side knew of the call before."""
    app, _ = application('<Response><Pause length="600"/></Response>')
    hook = customer.endpoint()
    standing = api.post("UserDefinedMessageSubscriptions", Callback=hook.url, Identity="first")
    phone = people.phone("first", application_sid=app)
    phone.evaluate(
        """async () => {
            const call = await window.phone.device.connect();
            call.on('ringing', () => call.sendMessage({
                content: {first: true}, messageType: 'user-defined-message'}));
        }"""
    )
    (told,) = hook.wait()
    assert told.is_signed_with(midcall.credentials.auth_token)
    assert told.json()["SubscriptionSid"] == standing["sid"]
    assert json.loads(told.json()["Content"]) == {"first": True}
    path = f"UserDefinedMessageSubscriptions/{standing['sid']}"
    assert api.get(path)["identity"] == "first"
    api.ask("DELETE", path, 204)


def test_one_message_reaches_every_leg_of_a_call(talk: Talk, api: Api) -> None:
    """One request, one answer with the result for each leg; and every leg of an identity."""
    parent = talk.alice.call_sid
    every = api.post("UserDefinedMessages", Content='{"to": "all"}', CallSid=parent)["results"]
    assert [one["call_sid"] for one in every] == [parent, talk.bob.call_sid]
    talk.alice.received(every[0]["sid"])
    talk.bob.received(every[1]["sid"])
    (one,) = api.post("UserDefinedMessages", Content="7", To="client:bob-delivery")["results"]
    assert talk.bob.received(one["sid"])["content"] == 7


def test_the_app_answers_a_message(talk: Talk, api: Api) -> None:
    """The request is open until then; an app that does not answer costs a 504, not the message."""
    messages = f"Calls/{talk.bob.call_sid}/UserDefinedMessages"
    talk.bob.evaluate(
        """() => window.phone.call.on('messageReceived', ({content, voiceEventSid}) => {
            if (content.question) window.phone.call.sendMessage({
                content: {inReplyTo: voiceEventSid, answer: content.question * 6},
                messageType: 'user-defined-message'});
        })"""
    )
    answered = api.post(messages, Content='{"question": 7}', ReplyTimeout="40")
    assert json.loads(answered["reply"]["content"]) == {"inReplyTo": answered["sid"], "answer": 42}
    refused = api.post(messages, 504, Content='{"remark": 1}', ReplyTimeout="1")
    assert refused["code"] == 20504
    talk.bob.received(refused["details"]["sid"])


def test_a_server_without_an_address_hears_everything(
    talk: Talk, api: Api, midcall: Midcall
) -> None:
    """Messages and receipts come as server-sent events; what was missed comes on the way back."""
    call = talk.bob.call_sid
    with Stream(midcall, "UserDefinedMessages/Stream") as stream:
        assert stream.content_type.startswith("text/event-stream")
        said = talk.bob.send({"stream": 1})
        heard = stream.find("message", said)
        assert json.loads(heard.message["content"]) == {"stream": 1}
        sent = api.post(f"Calls/{call}/UserDefinedMessages", Content="{}")["sid"]
        assert stream.find("receipt", sent).message["state"] == "delivered"
    missed = talk.bob.send({"stream": 2})
    talk.bob.wait_until_acknowledged(missed)
    with Stream(
        midcall, f"Calls/{call}/UserDefinedMessages/Stream", last_event_id=heard.id
    ) as again:
        again.find("receipt", sent)
        again.find("message", missed)
        ids = [int(event.id) for event in again.events]
        assert ids == sorted(set(ids))
        assert min(ids) > int(heard.id)


def test_what_was_given_up_is_sent_again_by_hand(
    talk: Talk, api: Api, customer: Customer, client: Client
) -> None:
    """The endpoint says no; somebody mends it, and asks for what it missed, in order."""
    hook = customer.endpoint(Reply(status=410))
    call = talk.bob.call_sid
    subscription = api.post(f"Calls/{call}/UserDefinedMessageSubscriptions", Callback=hook.url)
    sids = [talk.bob.send({"n": n}) for n in range(2)]
    for sid in sids:
        talk.bob.wait_until_acknowledged(sid)
        api.reaches(call, sid, "failed")
    alert = client.calls(call).notifications.list()[0]
    assert alert.error_code == "32711"
    dead = api.get("Callbacks", State="dead", SubscriptionSid=subscription["sid"])["callbacks"]
    assert [one["message_sid"] for one in dead] == list(reversed(sids))
    tokens = [request.headers["i-twilio-idempotency-token"] for request in hook.wait(2)]
    assert [one["id"] for one in dead] == list(reversed(tokens))
    hook.answering = lambda _request: Reply(status=204)
    redriven = api.post("Callbacks/Redrive", 200, SubscriptionSid=subscription["sid"])
    assert redriven == {"redriven": 2}
    again = hook.wait(4)[2:]
    assert [request.json()["Sid"] for request in again] == sids
    assert [request.headers["i-twilio-idempotency-token"] for request in again] == tokens
    for sid in sids:
        api.reaches(call, sid, "delivered")
    client.calls(call).user_defined_message_subscriptions(subscription["sid"]).delete()
