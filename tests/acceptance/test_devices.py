"""What one device, or several, may do with a call: hand it over, restart its media, press keys."""

from collections.abc import Iterator

import pytest
from twilio.rest import Client

from tests.acceptance.conftest import NewApplication
from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer
from tests.acceptance.support.documents import dial
from tests.acceptance.support.libraries import children_of, make_token, status_of, wait_for_status
from tests.acceptance.support.people import People
from tests.acceptance.support.phones import Phone
from tests.acceptance.support.servers import Midcall

WAIT = '<Response><Pause length="600"/></Response>'


@pytest.fixture
def people(chromium: Chromium, midcall: Midcall) -> Iterator[People]:
    """Give people with phones of any kind; whatever they do, nothing may leave the site."""
    those = People(chromium, midcall)
    yield those
    those.leave()
    assert those.strangers() == set()


def connected(alice: Phone, bob: Phone) -> None:
    """Let alice call bob, and bob accept."""
    alice.dial(bob.identity)
    bob.accept()
    alice.wait_until("open")
    bob.wait_until("open")


# --- handing a call over --------------------------------------------------------------------------


def test_a_ringing_call_can_be_forwarded_to_another_device(
    people: People, midcall: Midcall, client: Client, application: NewApplication
) -> None:
    """By its ``connectToken``: the first device gets a cancel, the other has the same call.

    The other one need not be registered.
    """
    app, _ = application(dial("bob-forwards", parameters=(("topic", "billing & more"),)))
    alice = people.phone("alice-forwarded", application_sid=app)
    first = people.phone("bob-forwards")
    second = people.own_phone(
        make_token(midcall.credentials, "bob-forwards"), "bob-forwards", registers=False
    )
    second.evaluate("() => window.phone.device.unregister()")
    alice.dial("whoever")
    first.wait_until("pending")
    shown = """() => ({parameters: window.phone.call.parameters,
        custom: Object.fromEntries(window.phone.call.customParameters)})"""
    before = first.evaluate(shown)
    token = first.until("window.phone.call.connectToken")

    second.connect({"connectToken": token})
    second.wait_until("open")
    first.wait_until_over()
    assert first.events()[-1:] == ["cancel"]
    assert second.evaluate(shown) == before
    alice.wait_until("open")
    alice.wait_for_audio()
    second.wait_for_audio()
    child = before["parameters"]["CallSid"]
    assert children_of(client, alice.call_sid) == [child]
    made = client.calls(child).user_defined_messages.create(content='{"for": "the second"}')
    assert second.received(str(made.sid))["content"] == {"for": "the second"}
    second.hang_up()
    alice.wait_until_over()
    wait_for_status(client, child, "completed")


def test_an_open_call_can_be_handed_over(people: People, midcall: Midcall) -> None:
    """A call under way moves to another device; the one at the other end hears no cut."""
    alice = people.phone("alice-stays")
    first = people.phone("bob-moves")
    connected(alice, first)
    token = first.until("window.phone.call.connectToken")
    second = people.own_phone(make_token(midcall.credentials, "bob-moves"), "bob-moves")
    second.connect({"connectToken": token})
    second.wait_until("open")
    first.wait_until_over()
    alice.wait_for_audio()
    second.wait_for_audio()
    second.wait_until_acknowledged(second.send({"from": "the second"}))


# --- media ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_audio_goes_on_after_an_ice_restart(people: People, who: str) -> None:
    """The SDK offers anew on either side: new credentials, the same call, audio both ways."""
    alice, bob = people.phone(f"alice-ice-{who}"), people.phone(f"bob-ice-{who}")
    connected(alice, bob)
    phone = alice if who == "caller" else bob
    alice.wait_for_audio()
    credentials = """() => window.connections.map(({remoteDescription}) =>
        remoteDescription?.sdp.match(/a=ice-ufrag:(\\S+)/)?.[1]).filter(Boolean).at(-1)"""
    before = phone.evaluate(credentials)
    phone.evaluate("() => window.phone.call._mediaHandler.iceRestart()")
    phone.until(f"(({credentials})() !== '{before}')")
    phone.until(
        "window.connections.some(({iceConnectionState, signalingState}) =>"
        " signalingState === 'stable' && ['connected', 'completed'].includes(iceConnectionState))"
    )
    alice.wait_for_audio()
    bob.wait_for_audio()
    assert "disconnect" not in alice.events()
    phone.wait_until_acknowledged(phone.send({"still": "here"}))


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["in the audio", "by signalling"])
def test_keys_that_are_pressed_reach_gather(
    people: People, application: NewApplication, customer: Customer, way: str
) -> None:
    """``sendDigits('12#')``: the action is asked with the keys (RFC 4733, or a dtmf frame)."""
    action = customer.endpoint(WAIT)
    app, _ = application(
        f'<Response><Gather action="{action.url}" timeout="30"><Say>Your number?</Say>'
        "</Gather></Response>"
    )
    alice = people.phone("alice-presses", application_sid=app)
    alice.dial("a menu")
    alice.wait_until("open")
    if way == "by signalling":
        alice.evaluate(
            """() => { window.phone.call._mediaHandler.getOrCreateDTMFSender = () => null; }"""
        )
    else:
        alice.wait_for_audio()
    alice.evaluate("() => window.phone.call.sendDigits('12#')")
    [request] = action.wait(1)
    assert request.form["Digits"] == "12"
    assert request.form["CallSid"] == alice.call_sid
    assert request.form["CallStatus"] == "in-progress"


def test_a_star_ends_the_leg_that_was_dialled(
    people: People, application: NewApplication, customer: Customer
) -> None:
    """``hangupOnStar``: the caller's star ends the callee's call, and the caller's goes on."""
    action = customer.endpoint(WAIT)
    app, _ = application(dial("bob-starred", hangupOnStar="true", action=action.url))
    alice = people.phone("alice-stars", application_sid=app)
    bob = people.phone("bob-starred")
    connected(alice, bob)
    alice.wait_for_audio()
    alice.evaluate("() => window.phone.call.sendDigits('*')")
    bob.wait_until_over()
    [request] = action.wait(1)
    assert request.form["DialCallStatus"] == "completed"
    assert request.form["DialBridged"] == "true"
    assert int(request.form["DialCallDuration"]) >= 0
    assert request.form["DialCallSid"] == bob.last_call_sid
    assert alice.evaluate("() => window.phone.call.status()") == "open"


# --- who one is -----------------------------------------------------------------------------------


def test_a_token_without_an_identity_may_call(
    people: People, midcall: Midcall, application: NewApplication
) -> None:
    """The webhook and the callee see ``client:Anonymous``; nobody can call back."""
    app, voice = application(dial("bob-anonymous"))
    bob = people.phone("bob-anonymous")
    token = make_token(midcall.credentials, None, app)
    nobody = people.own_phone(token, registers=False)
    nobody.until("window.phone.errors.length > 0")
    nobody.connect({"params": {"To": "bob-anonymous"}})
    bob.accept()
    nobody.wait_until("open")
    bob.wait_until("open")
    assert bob.evaluate("() => window.phone.call.parameters.From") == "client:Anonymous"
    assert voice.requests[0].form["From"] == "client:Anonymous"
    nobody.wait_for_audio()
    nobody.wait_until_acknowledged(nobody.send({"from": "nobody"}))


def test_a_device_registers_leaves_and_returns(people: People, client: Client) -> None:
    """Unregistered it has no calls, and may call; registered again it rings."""
    alice, bob = people.phone("alice-registers"), people.phone("bob-registers")
    bob.evaluate("() => window.phone.device.unregister()")
    bob.until("window.phone.device.state === 'unregistered'")
    alice.dial("bob-registers")
    alice.wait_until_over()
    assert [status_of(client, sid) for sid in children_of(client, alice.last_call_sid)] == [
        "no-answer"
    ]
    assert bob.evaluate("() => window.phone.calls.length") == 0
    bob.evaluate("() => window.phone.dial('alice-registers', {})")
    alice.accept()
    bob.wait_until("open")
    bob.hang_up()
    alice.wait_until_over()
    bob.evaluate("() => window.phone.device.register()")
    bob.until("window.phone.device.state === 'registered'")
    alice.dial("bob-registers")
    bob.accept()
    alice.wait_until("open")


def test_a_token_can_be_renewed_in_mid_call(people: People, midcall: Midcall) -> None:
    """``updateToken`` on the same socket: the call goes on, and lasts beyond the old token."""
    alice = people.phone("alice-renews")
    token = make_token(midcall.credentials, "bob-renews", ttl=12)
    bob = people.own_phone(token, "bob-renews")
    connected(alice, bob)
    fresh = make_token(midcall.credentials, "bob-renews", ttl=300)
    sockets = bob.evaluate("() => window.sockets.length")
    bob.evaluate(
        """(token) => {
            window.lifetimes = [];
            window.phone.device.updateToken(token);
        }""",
        fresh,
    )
    bob.until(
        """window.sockets.at(-1).heard.filter((text) => text.includes('"connected"'))
            .map((text) => JSON.parse(text).payload.token.ttl).some((ttl) => ttl > 200)"""
    )
    assert bob.evaluate("() => window.sockets.length") == sockets
    assert bob.evaluate("() => window.phone.call.status()") == "open"
    bob.wait_until_acknowledged(bob.send({"still": "here"}))
    bob.wait_for_audio()
    alice.hang_up()
    bob.wait_until_over()
    assert bob.evaluate("() => window.phone.device.state") == "registered"


# --- several calls at once ------------------------------------------------------------------------


def test_a_busy_device_does_not_ring_and_its_caller_gets_no_answer(
    people: People, application: NewApplication, customer: Customer
) -> None:
    """The SDK ignores a call while it has one: the second caller's ``<Dial>`` times out."""
    action = customer.endpoint(WAIT)
    app, _ = application(dial("bob-busy", timeout="3", action=action.url))
    alice, bob = people.phone("alice-talks-to-busy"), people.phone("bob-busy")
    carol = people.phone("carol-waits", application_sid=app)
    connected(alice, bob)
    carol.dial("whoever")
    [request] = action.wait(1)
    assert request.form["DialCallStatus"] == "no-answer"
    assert request.form["DialBridged"] == "false"
    assert bob.evaluate("() => window.phone.calls.length") == 1
    bob.wait_for_audio()
    assert bob.evaluate("() => window.phone.call.status()") == "open"


def test_two_callers_ring_one_device(people: People, client: Client) -> None:
    """Two calls ring at once; the device takes one, and the SDK leaves the other ringing."""
    alice, carol = people.phone("alice-is-first"), people.phone("carol-is-second")
    bob = people.phone("bob-is-wanted")
    alice.dial("bob-is-wanted")
    bob.wait_until("pending")
    bob.evaluate("() => window.phone.device.updateOptions({allowIncomingWhileBusy: true})")
    carol.dial("bob-is-wanted")
    bob.until("window.phone.calls.filter(({call}) => call.status() === 'pending').length === 2")
    senders = bob.evaluate("() => window.phone.calls.map(({call}) => call.parameters.From)")
    assert senders == ["client:alice-is-first", "client:carol-is-second"]
    bob.click("Accept")
    bob.wait_until("open")
    bob.wait_for_audio()
    alice.wait_for_audio()
    [left] = children_of(client, carol.call_sid)
    carol.hang_up()
    wait_for_status(client, left, "canceled")
    assert bob.evaluate("() => window.phone.call.status()") == "open"


# --- what a callee is told ------------------------------------------------------------------------


def test_an_incoming_call_has_the_documented_parameters(
    people: People, midcall: Midcall, application: NewApplication
) -> None:
    """``call.parameters`` deep-equals what Twilio documents, and nothing more."""
    app, _ = application(dial("bob-reads-all", parameters=(("a", "1"),)))
    alice = people.phone("alice-has-facts", application_sid=app)
    bob = people.phone("bob-reads-all")
    alice.dial("whoever")
    bob.wait_until("pending")
    assert bob.evaluate("() => window.phone.call.parameters") == {
        "AccountSid": midcall.credentials.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": bob.call_sid,
        "From": "client:alice-has-facts",
        "To": "client:bob-reads-all",
        "Params": "a=1",
    }
    assert bob.evaluate("() => window.phone.call.callerInfo") is None
    assert bob.custom_parameters() == {"a": "1"}
