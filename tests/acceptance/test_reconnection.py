"""A call outlives its socket: the line is cut in mid-call, and the SDK comes back."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from twilio.rest import Client

from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer, Endpoint
from tests.acceptance.support.documents import dial
from tests.acceptance.support.libraries import make_token, wait_for_status
from tests.acceptance.support.lines import Line
from tests.acceptance.support.people import OwnPhone, People, sids, wait_for_event
from tests.acceptance.support.phones import Phone
from tests.acceptance.support.processes import eventually
from tests.acceptance.support.servers import Midcall
from tests.acceptance.support.signalling import Signalling

AWAY_SECONDS = 30
"""How long a call waits for a device that is away."""


@dataclass(frozen=True, slots=True)
class Talk:
    """An open call; the caller's page is on a line of its own."""

    line: Line
    alice: OwnPhone
    bob: Phone


def talking(
    people: People, midcall: Midcall, client: Client, customer: Customer, line: Line, names: str
) -> Talk:
    """Open a call."""
    caller, callee = f"alice-{names}", f"bob-{names}"
    app = client.applications.create(voice_url=customer.endpoint(dial(callee)).url)
    token = make_token(midcall.credentials, caller, app.sid)
    alice = people.own_phone(token, caller, line=line)
    bob = people.phone(callee)
    alice.dial(callee)
    bob.accept()
    alice.wait_until("open")
    bob.wait_until("open")
    return Talk(line, alice, bob)


@pytest.fixture(scope="module")
def people(chromium: Chromium, midcall: Midcall) -> Iterator[People]:
    """Give people whose calls go on through all tests here."""
    those = People(chromium, midcall)
    yield those
    those.leave()
    assert those.strangers() == set()


@pytest.fixture(scope="module")
def abandoned(
    people: People, midcall: Midcall, client: Client, customer: Customer
) -> Iterator[tuple[Talk, str, float]]:
    """Give a call whose caller's line has been cut for good, its SID, and when that was."""
    line = Line(midcall)
    call = talking(people, midcall, client, customer, line, "abandoned")
    sid = call.alice.call_sid
    line.cut()
    yield call, sid, time.monotonic()
    line.close()


@pytest.fixture(scope="module")
def talk(
    abandoned: object, people: People, midcall: Midcall, client: Client, customer: Customer
) -> Iterator[Talk]:
    """Give the call whose line is cut again and again."""
    line = Line(midcall)
    yield talking(people, midcall, client, customer, line, "comes-back")
    line.close()


@pytest.fixture
def callback(talk: Talk, client: Client, customer: Customer) -> Iterator[Endpoint]:
    """Give an address that hears what the caller sends during one test."""
    endpoint = customer.endpoint()
    subscriptions = client.calls(talk.alice.call_sid).user_defined_message_subscriptions
    made = subscriptions.create(callback=endpoint.url)
    yield endpoint
    assert (
        client.calls(talk.alice.call_sid).user_defined_message_subscriptions(str(made.sid)).delete()
    )


def told(endpoint: Endpoint) -> list[str]:
    """Return the SIDs that an endpoint heard of, in order, without repeats."""
    return list(dict.fromkeys(request.json()["Sid"] for request in list(endpoint.requests)))


class Chatter:
    """A server that goes on sending messages to a call."""

    def __init__(self, client: Client, call_sid: str) -> None:
        self.sids: list[str] = []
        self._messages = client.calls(call_sid).user_defined_messages
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._chat, name="chatter")

    def _chat(self) -> None:
        while not self._enough.is_set():
            made = self._messages.create(content=json.dumps({"n": len(self.sids)}))
            self.sids.append(str(made.sid))

    def __enter__(self) -> "Chatter":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._enough.set()
        self._thread.join()


def begin_to_send(phone: Phone) -> None:
    """Let the page send ten messages a second: fewer than are taken at once after an outage."""
    phone.evaluate(
        """() => {
            let n = 0;
            window.phone.sent.length = 0;
            window.sending = setInterval(() => window.phone.send({n: n++}), 100);
        }"""
    )


def stop_sending(phone: Phone) -> list[str]:
    """Let the page send no more; return the SIDs that it sent."""
    phone.evaluate("() => clearInterval(window.sending)")
    return sids(phone, "sent")


@pytest.mark.parametrize("manner", [pytest.param("closed", marks=pytest.mark.long), "cut"])
def test_a_lost_socket_loses_no_message(
    talk: Talk, client: Client, callback: Endpoint, manner: str
) -> None:
    """With messages under way both ways the call reconnects; all arrive, once each, in order.

    What the page had written on a line that is cut without notice is the SDK's to lose: it never
    sends twice. Whatever was acknowledged, and whatever it held back meanwhile, arrives.
    """
    alice, line = talk.alice, talk.line
    before = len(sids(alice))
    returns = alice.events().count("reconnected")
    begin_to_send(alice)
    with Chatter(client, alice.call_sid) as chatter:
        eventually(lambda: len(chatter.sids) > 5, "messages are under way")
        if manner == "closed":
            alice.evaluate("() => window.sockets.at(-1).close()")
        else:
            line.cut()
        alice.until("window.phone.call.status() === 'reconnecting'")
        held_back = alice.evaluate(
            "() => [...Array(5).keys()].map((n) => window.phone.send({held: n}))"
        )
        meanwhile = len(chatter.sids)
        eventually(lambda: len(chatter.sids) > meanwhile + 5, "messages are sent meanwhile")
        line.mend()
        wait_for_event(alice, "reconnected", returns + 1)
        after = len(chatter.sids)
        eventually(lambda: len(chatter.sids) > after + 5, "messages are sent afterwards")
    said = stop_sending(alice)
    alice.wait_until_acknowledged(said[-1])
    alice.wait_until("open")

    alice.received(chatter.sids[-1])
    assert list(dict.fromkeys(sids(alice)[before:])) == chatter.sids
    eventually(lambda: said[-1] in told(callback), "the last message at the callback")
    heard = told(callback)
    assert heard == [sid for sid in said if sid in heard]
    acknowledged = alice.evaluate(
        """() => window.phone.sent.filter(({state}) => state === 'acknowledged')
            .map(({voiceEventSid}) => voiceEventSid)"""
    )
    assert set(acknowledged) | set(held_back) <= set(heard)
    if manner == "closed":
        assert heard == said


def test_audio_goes_on_while_the_socket_is_away(talk: Talk) -> None:
    """The line to the server is cut; both go on hearing each other, and then it is mended."""
    alice, bob = talk.alice, talk.bob
    returns = alice.events().count("reconnected")
    talk.line.cut()
    alice.until("window.phone.call.status() === 'reconnecting'")
    alice.wait_for_audio()
    bob.wait_for_audio()
    talk.line.mend()
    wait_for_event(alice, "reconnected", returns + 1)
    alice.wait_for_audio()
    bob.wait_for_audio()


def test_what_was_written_on_a_dead_line_arrives_in_the_end(talk: Talk, client: Client) -> None:
    """A line that swallows everything: what the server wrote there comes again, in order."""
    alice = talk.alice
    returns = alice.events().count("reconnected")
    before = len(sids(alice))
    talk.line.freeze()
    messages = client.calls(alice.call_sid).user_defined_messages
    sent = [str(messages.create(content=f'{{"swallowed": {n}}}').sid) for n in range(5)]
    talk.line.cut()
    alice.until("window.phone.call.status() === 'reconnecting'")
    sent += [str(messages.create(content=f'{{"held": {n}}}').sid) for n in range(5)]
    talk.line.mend()
    wait_for_event(alice, "reconnected", returns + 1)
    alice.received(sent[-1])
    assert list(dict.fromkeys(sids(alice)[before:])) == sent


def test_a_callee_comes_back_too(talk: Talk, client: Client) -> None:
    """The leg of the one who was called waits just so, and its messages as well."""
    bob = talk.bob
    returns = bob.events().count("reconnected")
    before = len(sids(bob))
    bob.evaluate("() => window.sockets.at(-1).close()")
    messages = client.calls(bob.call_sid).user_defined_messages
    sent = [str(messages.create(content=f'{{"n": {n}}}').sid) for n in range(5)]
    wait_for_event(bob, "reconnected", returns + 1)
    bob.received(sent[-1])
    assert list(dict.fromkeys(sids(bob)[before:])) == sent
    talk.alice.wait_for_audio()


def test_a_wrong_reconnect_token_opens_nothing(talk: Talk, midcall: Midcall) -> None:
    """Another device of the same identity that guesses gets 31107, and disturbs nobody."""
    with Signalling(midcall) as thief:
        thief.listen(make_token(midcall.credentials, talk.alice.identity))
        thief.send("invite", callsid=talk.alice.call_sid, sdp="v=0", reconnect="0" * 64, twilio={})
        assert thief.expect("hangup")["error"]["code"] == 31107
    talk.alice.wait_for_audio()


def test_a_device_that_stays_away_ends_its_call(
    abandoned: tuple[Talk, str, float], client: Client
) -> None:
    """After the time that a call waits both legs are completed, and the page sees the end."""
    call, sid, cut_at = abandoned
    call.bob.wait_until_over()
    waited = time.monotonic() - cut_at
    assert waited > AWAY_SECONDS - 1
    wait_for_status(client, sid, "completed")
    call.line.mend()
    call.alice.wait_until_over()
    assert "disconnect" in call.alice.events()
