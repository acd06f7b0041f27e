"""Messages in the middle of a call, both ways, with the official libraries on the server's side."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

import pytest
from twilio.rest import Client

from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer, Reply, Request
from tests.acceptance.support.node import Relay, node
from tests.acceptance.support.phones import Callers, Phone
from tests.acceptance.support.servers import Midcall

CONTENTS = [
    pytest.param({"key1": "Hello from the server side."}, id="object"),
    pytest.param(["a", 1, 2.5, True, None, {"deep": [{"er": []}]}], id="array"),
    pytest.param("just text", id="text"),
    pytest.param(
        {"emoji": "👋🏽", "ümläut": "世界", "quote": "\"'<&>", "nul": "\u0000"}, id="unicode"
    ),
    pytest.param({"numbers": [0, -1, 1e-7, 9007199254740991, 1.5e300]}, id="numbers"),
    pytest.param({"form": "a=b&c=d+e%20f"}, id="form"),
]


@dataclass(frozen=True, slots=True)
class Talk:
    """An open call between two phones."""

    alice: Phone
    bob: Phone

    def phone(self, leg: str) -> Phone:
        """Return who holds a leg: the parent is the caller's, the child the callee's."""
        return self.alice if leg == "parent" else self.bob


@pytest.fixture(scope="module")
def talk(chromium: Chromium, midcall: Midcall) -> Iterator[Talk]:
    """Give a call that goes on through all tests here; nobody hangs up."""
    people = Callers(chromium, midcall)
    alice, bob = people.phone("alice-messages"), people.phone("bob-messages")
    alice.dial("bob-messages")
    bob.accept()
    alice.wait_until("open")
    bob.wait_until("open")
    yield Talk(alice, bob)
    people.leave()
    assert people.strangers() == set()


Sending: TypeAlias = Callable[[str, str], str]
Subscribing: TypeAlias = Callable[..., str]
Removing: TypeAlias = Callable[[str, str], bool]


@pytest.fixture(params=["python", "node"])
def library(request: pytest.FixtureRequest) -> str:
    """Give each official library in turn."""
    return str(request.param)


@pytest.fixture
def send(library: str, midcall: Midcall, client: Client) -> Sending:
    """Give a way to send content, as JSON text, to a call: returns the SID of the message."""

    def python(call_sid: str, content: str) -> str:
        message = client.calls(call_sid).user_defined_messages.create(content=content)
        assert message.call_sid == call_sid
        assert message.account_sid == midcall.credentials.account_sid
        assert message.date_created is not None
        return str(message.sid)

    def by_node(call_sid: str, content: str) -> str:
        message = node("messages.mjs", midcall, callSid=call_sid, content=content)
        assert message["callSid"] == call_sid
        assert message["accountSid"] == midcall.credentials.account_sid
        assert message["isDate"]
        return str(message["sid"])

    return python if library == "python" else by_node


@pytest.fixture
def subscribe(library: str, midcall: Midcall, client: Client) -> Subscribing:
    """Give a way to subscribe: ``subscribe(call_sid, callback, method)`` returns the SID."""

    def python(call_sid: str, callback: str, method: str = "POST") -> str:
        made = client.calls(call_sid).user_defined_message_subscriptions.create(
            callback=callback, method=method
        )
        assert made.uri is not None
        assert made.uri.endswith(f"/UserDefinedMessageSubscriptions/{made.sid}.json")
        return str(made.sid)

    def by_node(call_sid: str, callback: str, method: str = "POST") -> str:
        made = node(
            "subscriptions.mjs", midcall, callSid=call_sid, callback=callback, method=method
        )
        assert made["uri"].endswith(f"/UserDefinedMessageSubscriptions/{made['sid']}.json")
        return str(made["sid"])

    return python if library == "python" else by_node


@pytest.fixture
def remove(library: str, midcall: Midcall, client: Client) -> Removing:
    """Give a way to end a subscription."""

    def python(call_sid: str, sid: str) -> bool:
        return client.calls(call_sid).user_defined_message_subscriptions(sid).delete()

    def by_node(call_sid: str, sid: str) -> bool:
        return bool(node("subscriptions.mjs", midcall, callSid=call_sid, remove=sid)["removed"])

    return python if library == "python" else by_node


# --- server to SDK --------------------------------------------------------------------------------


@pytest.mark.parametrize("leg", ["parent", "child"])
def test_a_message_from_the_server_reaches_the_sdk_of_its_leg(
    talk: Talk, send: Sending, leg: str
) -> None:
    """The SDK sees the REST ``sid`` as ``voiceEventSid``, and the content deep-equal."""
    phone = talk.phone(leg)
    content = {"key1": "Hello from the server side.", "leg": leg, "nested": [1, {"two": None}]}
    sid = send(phone.call_sid, json.dumps(content))
    seen = phone.received(sid)
    assert seen["content"] == content
    assert seen["contentType"] == "application/json"
    assert seen["messageType"] == "user-defined-message"
    assert '"Hello from the server side."' in phone.text()


@pytest.mark.parametrize("content", CONTENTS)
def test_any_json_arrives_as_it_was_sent(talk: Talk, client: Client, content: Any) -> None:
    """Objects, arrays, text and numbers of any kind arrive deep-equal."""
    made = client.calls(talk.bob.call_sid).user_defined_messages.create(content=json.dumps(content))
    assert talk.bob.received(str(made.sid))["content"] == content


def test_messages_arrive_in_the_order_in_which_they_were_accepted(
    talk: Talk, client: Client
) -> None:
    """Twenty messages, one after another, reach the app in that order."""
    messages = client.calls(talk.bob.call_sid).user_defined_messages
    sids = [str(messages.create(content=json.dumps({"n": n})).sid) for n in range(20)]
    talk.bob.received(sids[-1])
    seen = talk.bob.evaluate("() => window.phone.received.map(({voiceEventSid}) => voiceEventSid)")
    assert [sid for sid in seen if sid in sids] == sids


def test_a_message_reaches_its_leg_and_no_other(talk: Talk, client: Client) -> None:
    """What is sent to the child is not seen by the parent's SDK."""
    made = client.calls(talk.bob.call_sid).user_defined_messages.create(content='{"for": "bob"}')
    talk.bob.received(str(made.sid))
    later = client.calls(talk.alice.call_sid).user_defined_messages.create(content="{}")
    talk.alice.received(str(later.sid))
    seen = talk.alice.evaluate(
        "() => window.phone.received.map(({voiceEventSid}) => voiceEventSid)"
    )
    assert made.sid not in seen


def test_a_repeated_request_with_the_same_key_sends_once(talk: Talk, client: Client) -> None:
    """The same ``IdempotencyKey`` gives the first answer again, and the app sees one message."""
    messages = client.calls(talk.alice.call_sid).user_defined_messages
    sids = {
        str(messages.create(content='{"once": true}', idempotency_key="key-1").sid)
        for _ in range(3)
    }
    [sid] = sids
    talk.alice.received(sid)
    later = str(messages.create(content='{"later": true}').sid)
    talk.alice.received(later)
    seen = talk.alice.evaluate(
        "() => window.phone.received.map(({voiceEventSid}) => voiceEventSid)"
    )
    assert seen.count(sid) == 1


# --- SDK to server --------------------------------------------------------------------------------


def fields_of(request: Request) -> dict[str, Any]:
    """Return the callback's fields, wherever its method puts them."""
    return request.json() if request.method == "POST" else request.query


@pytest.mark.parametrize("method", ["POST", pytest.param("GET", marks=pytest.mark.long)])
@pytest.mark.parametrize("leg", ["parent", "child"])
def test_a_message_from_the_sdk_reaches_the_servers_callback(
    talk: Talk, midcall: Midcall, customer: Customer, subscribe: Subscribing, leg: str, method: str
) -> None:
    """The callback gets the seven fields, signed so that both official validators accept it."""
    phone = talk.phone(leg)
    callback = customer.endpoint(suffix="?kept=as+it%20is")
    subscribe(phone.call_sid, callback.url, method)
    content = {"key1": "This is a message from the SDK", "leg": leg, "list": [1, None, "ü"]}
    sid = phone.send(content)
    phone.wait_until_acknowledged(sid)
    request = callback.wait_for(lambda one: fields_of(one).get("Sid") == sid, "the callback")

    assert request.method == method
    fields = fields_of(request)
    expected = {"ContentType", "Content", "SequenceNumber", "CallSid", "Timestamp"}
    expected |= {"AccountSid", "Sid"}
    assert set(fields) - {"kept"} == expected
    assert all(isinstance(value, str) for value in fields.values())
    assert fields["ContentType"] == "application/json"
    assert json.loads(fields["Content"]) == content
    assert fields["CallSid"] == phone.call_sid
    assert fields["AccountSid"] == midcall.credentials.account_sid
    assert parsedate_to_datetime(fields["Timestamp"]).utcoffset() is not None
    assert request.query["kept"] == "as it is"
    assert request.headers["i-twilio-idempotency-token"]
    if method == "POST":
        assert request.headers["content-type"].startswith("application/json")

    assert request.is_signed_with(midcall.credentials.auth_token)
    assert not request.is_signed_with("0" * 32)
    assert node(
        "validate.mjs",
        midcall,
        url=request.url,
        signature=request.headers["x-twilio-signature"],
        fields=fields if method == "POST" else {},
    )


@pytest.mark.parametrize("method", ["POST", pytest.param("GET", marks=pytest.mark.long)])
def test_the_node_librarys_own_middleware_lets_callbacks_through(
    talk: Talk, client: Client, relay: Relay, method: str
) -> None:
    """An Express application behind ``twilio.webhook()``, set up as the official relays, agrees."""
    made = client.calls(talk.bob.call_sid).user_defined_message_subscriptions.create(
        callback=relay.url, method=method
    )
    sid = talk.bob.send({"through": "express"})
    record = relay.next()
    assert record.get("method") == method, record
    fields = record["body"] if method == "POST" else record["query"]
    assert fields["Sid"] == sid
    assert json.loads(fields["Content"]) == {"through": "express"}
    assert made.delete()


def test_sequence_numbers_count_the_messages_of_a_leg_from_0(
    callers: Callers, client: Client, customer: Customer
) -> None:
    """A new call's first message is number "0"; callbacks arrive one by one, in order."""
    alice, bob = callers.phone("alice-counts"), callers.phone("bob-counts")
    alice.dial("bob-counts")
    bob.accept()
    bob.wait_until("open")
    callback = customer.endpoint()
    client.calls(bob.call_sid).user_defined_message_subscriptions.create(callback=callback.url)
    sids = bob.evaluate("() => [...Array(12).keys()].map((n) => window.phone.send({n}))")
    told = [request.json() for request in callback.wait(12)]
    assert [fields["SequenceNumber"] for fields in told] == [str(n) for n in range(12)]
    assert [fields["Sid"] for fields in told] == sids
    assert [json.loads(fields["Content"]) for fields in told] == [{"n": n} for n in range(12)]


def test_every_subscription_of_a_leg_gets_every_message(
    talk: Talk, customer: Customer, subscribe: Subscribing
) -> None:
    """Two subscriptions, two callbacks, one message."""
    first, second = customer.endpoint(), customer.endpoint()
    assert subscribe(talk.bob.call_sid, first.url) != subscribe(talk.bob.call_sid, second.url)
    sid = talk.bob.say('{"to": "both"}')
    for callback in (first, second):
        fields = callback.wait_for(lambda one: one.json()["Sid"] == sid, "the message").json()
        assert json.loads(fields["Content"]) == {"to": "both"}


def test_a_removed_subscription_gets_nothing_more(
    talk: Talk, customer: Customer, subscribe: Subscribing, remove: Removing
) -> None:
    """After the removal a message goes to the other subscription only."""
    gone, kept = customer.endpoint(), customer.endpoint()
    sid = subscribe(talk.alice.call_sid, gone.url)
    subscribe(talk.alice.call_sid, kept.url)
    first = talk.alice.send({"n": 1})
    for callback in (gone, kept):
        callback.wait_for(lambda one: one.json()["Sid"] == first, "the first message")
    assert remove(talk.alice.call_sid, sid)
    second = talk.alice.send({"n": 2})
    kept.wait_for(lambda one: one.json()["Sid"] == second, "the second message")
    assert second not in {one.json()["Sid"] for one in gone.requests}


@pytest.mark.parametrize(
    ("typed", "content"),
    [
        ('{"hello": ["server"]}', {"hello": ["server"]}),
        ("Hello, server: 50 % & more", {"text": "Hello, server: 50 % & more"}),
        ("42", 42),
    ],
)
def test_what_a_person_types_is_sent_as_json(
    talk: Talk, client: Client, customer: Customer, typed: str, content: Any
) -> None:
    """JSON goes as it is, plain text as ``{"text": …}``; the page shows it as acknowledged."""
    callback = customer.endpoint()
    client.calls(talk.alice.call_sid).user_defined_message_subscriptions.create(
        callback=callback.url
    )
    sid = talk.alice.say(typed)
    talk.alice.wait_until_acknowledged(sid)
    fields = callback.wait_for(lambda one: one.json()["Sid"] == sid, "the message").json()
    assert json.loads(fields["Content"]) == content
    assert "acknowledged" in talk.alice.text()


def test_a_callback_that_fails_is_tried_again_in_order(
    talk: Talk, midcall: Midcall, client: Client, customer: Customer
) -> None:
    """A message that was refused with 503 comes again, the same, before the next one."""
    refused: list[str] = []

    def refuse_once(request: Request) -> Reply:
        if not refused:
            refused.append(request.json()["Sid"])
            return Reply(status=503)
        return Reply(status=204)

    callback = customer.endpoint(refuse_once)
    client.calls(talk.bob.call_sid).user_defined_message_subscriptions.create(callback=callback.url)
    first, second = talk.bob.send({"n": 1}), talk.bob.send({"n": 2})
    told = callback.wait(3)
    assert [one.json()["Sid"] for one in told] == [first, first, second]
    tokens = [one.headers["i-twilio-idempotency-token"] for one in told]
    assert tokens[0] == tokens[1] != tokens[2]
    assert all(one.is_signed_with(midcall.credentials.auth_token) for one in told)
