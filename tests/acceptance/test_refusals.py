"""What the server refuses, as the unmodified SDK shows it to the app; and what it asks to wait."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import NewApplication
from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer
from tests.acceptance.support.libraries import make_client, make_token, wait_for_status
from tests.acceptance.support.people import People, make_caller
from tests.acceptance.support.servers import Midcall

WAIT = '<Response><Pause length="600"/></Response>'


@pytest.fixture
def people(chromium: Chromium, midcall: Midcall) -> Iterator[People]:
    """Give people with phones."""
    those = People(chromium, midcall)
    yield those
    those.leave()
    assert those.strangers() == set()


def test_messages_past_the_rate_are_refused_and_the_others_arrive(
    people: People, application: NewApplication, customer: Customer, midcall: Midcall
) -> None:
    """A burst of 300: 31206 for those over the mark, an ack and a callback for the rest."""
    app, _ = application(WAIT)
    alice = people.phone("alice-floods", application_sid=app)
    alice.dial("whoever")
    alice.wait_until("open")
    callback = customer.endpoint()
    make_client(midcall).calls(alice.call_sid).user_defined_message_subscriptions.create(
        callback=callback.url
    )
    sent = alice.evaluate(
        "() => [...Array(300).keys()].map((n) => window.phone.call.sendMessage("
        "{content: {n}, messageType: 'user-defined-message'}))"
    )
    alice.wait_for_error(31206)
    alice.until(
        """(() => {
            const { calls, errors } = window.phone;
            const acks = calls.at(-1).events.filter((name) => name === 'messageSent').length;
            const refused = errors.filter(({ code }) => code === 31206).length;
            return acks + refused === 300;
        })()"""
    )
    acknowledged = alice.events().count("messageSent")
    assert acknowledged >= 100
    told = [request.json()["Sid"] for request in callback.wait(acknowledged)]
    assert told == [sid for sid in sent if sid in set(told)]
    assert alice.evaluate("() => window.phone.call.status()") == "open"


def test_parameters_that_are_too_long_end_the_call_with_their_code(
    people: People, application: NewApplication
) -> None:
    """``connect()`` with more than 800 bytes of parameters: 31103, and nobody is asked."""
    app, voice = application(WAIT)
    alice = people.phone("alice-says-too-much", application_sid=app)
    alice.evaluate("() => window.phone.dial('whoever', {long: 'x'.repeat(900)})")
    alice.wait_for_error(31103)
    alice.wait_until_over()
    assert voice.requests == []


def test_a_call_with_a_reconnect_token_of_no_call_ends(
    people: People, midcall: Midcall, application: NewApplication
) -> None:
    """A ``connectToken`` whose call is over: the SDK's call ends with an error."""
    app, _ = application("<Response><Say>Bye</Say><Pause/></Response>")
    alice = people.phone("alice-comes-late", application_sid=app)
    alice.dial("whoever")
    token = alice.until("window.phone.call?.connectToken")
    alice.hang_up()
    alice.wait_until_over()
    second = people.own_phone(make_token(midcall.credentials, "alice-comes-late"), "alice-late")
    second.connect({"connectToken": token})
    second.wait_until_over()
    assert second.evaluate("() => window.phone.errors.length") > 0


@pytest.mark.long
def test_a_call_survives_the_server_that_it_began_on(
    chromium: Chromium, customer: Customer, tmp_path: Path
) -> None:
    """The server stops with advice to wait, and another takes its place on the same store.

    The page stays away as long as it was told to, comes back, and has its call again: messages
    flow both ways, those sent meanwhile included.
    """
    server = Midcall(tmp_path).start()
    people = People(chromium, server)
    client = make_client(server)
    callback = customer.endpoint()
    alice = make_caller(people, client, customer, "alice-survives")
    alice.call(WAIT)
    phone = alice.phone
    phone.wait_until("open")
    client.calls(phone.call_sid).user_defined_message_subscriptions.create(callback=callback.url)
    first = phone.send({"n": 1})
    phone.wait_until_acknowledged(first)
    assert server.stop() == 0
    phone.until("window.phone.call.status() === 'reconnecting'")
    advice = phone.evaluate(
        """() => window.sockets.flatMap(({ heard }) => heard).filter((text) => text.trim())
            .map((text) => JSON.parse(text)).filter(({ type }) => type === 'error')
            .map(({ payload }) => payload.error)"""
    )
    assert [error["code"] for error in advice] == [20503]
    assert advice[0]["retryAfter"] > 0
    second = phone.send({"n": 2})

    server.start()
    phone.wait_until_acknowledged(second)
    assert [one.json()["Sid"] for one in callback.wait(2)] == [first, second]
    made = client.calls(phone.call_sid).user_defined_messages.create(content='{"back": true}')
    assert phone.received(str(made.sid))["content"] == {"back": True}
    sid = phone.call_sid
    phone.hang_up()
    wait_for_status(client, sid, "completed")
    people.leave()
    assert server.stop() == 0
