"""What one device, or several, may do with a call: hand it over, restart its media, press keys."""

from collections.abc import Iterator

import pytest
from twilio.rest import Client

from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer
from tests.acceptance.support.documents import dial
from tests.acceptance.support.libraries import children_of, make_token, status_of, wait_for_status
from tests.acceptance.support.people import Caller, People, make_caller, set_free
from tests.acceptance.support.phones import Phone
from tests.acceptance.support.servers import Midcall

WAIT = '<Response><Pause length="600"/></Response>'
BOB = "bob-devices"


@pytest.fixture(scope="module")
def people(chromium: Chromium, midcall: Midcall) -> Iterator[People]:
    """Give people with phones of any kind; whatever they do, nothing may leave the site."""
    those = People(chromium, midcall)
    yield those
    those.leave()
    assert those.strangers() == set()


@pytest.fixture(scope="module")
def lasting_alice(people: People, client: Client, customer: Customer) -> Caller:
    """Give somebody who calls again and again."""
    return make_caller(people, client, customer, "alice-devices")


@pytest.fixture(scope="module")
def lasting_bob(people: People) -> Phone:
    """Give somebody who is called again and again."""
    return people.phone(BOB)


@pytest.fixture(scope="module")
def lasting_carol(people: People, client: Client, customer: Customer) -> Caller:
    """Give another one who calls again and again."""
    return make_caller(people, client, customer, "carol-devices")


@pytest.fixture
def alice(lasting_alice: Caller) -> Iterator[Caller]:
    """Give the caller, who hangs up after each test."""
    yield lasting_alice
    set_free(lasting_alice.phone)


@pytest.fixture
def bob(lasting_bob: Phone) -> Iterator[Phone]:
    """Give the callee, whose phone is free again after each test."""
    yield lasting_bob
    set_free(lasting_bob)


@pytest.fixture
def carol(lasting_carol: Caller) -> Iterator[Caller]:
    """Give the other caller, who hangs up after each test."""
    yield lasting_carol
    set_free(lasting_carol.phone)


def connect(alice: Caller, bob: Phone) -> None:
    """Let alice call bob, and bob accept."""
    alice.call(dial(bob.identity))
    bob.accept()
    alice.phone.wait_until("open")
    bob.wait_until("open")


# --- handing a call over --------------------------------------------------------------------------


def test_a_ringing_call_can_be_forwarded_to_another_device(
    people: People, alice: Caller, bob: Phone, midcall: Midcall, client: Client
) -> None:
    """By its ``connectToken``: the first device gets a cancel, the other has the same call.

    The other one need not be registered.
    """
    token = make_token(midcall.credentials, BOB)
    second = people.own_phone(token, BOB)
    second.evaluate("() => window.phone.device.unregister()")
    second.until("window.phone.device.state === 'unregistered'")
    alice.call(dial(BOB, parameters=(("topic", "billing & more"),)))
    bob.wait_until("pending")
    shown = """() => ({parameters: window.phone.call.parameters,
        custom: Object.fromEntries(window.phone.call.customParameters)})"""
    before = bob.evaluate(shown)
    assert before["custom"] == {"topic": "billing & more"}

    second.connect({"connectToken": bob.until("window.phone.call.connectToken")})
    second.wait_until("open")
    bob.wait_until_over()
    assert bob.events()[-1:] == ["cancel"]
    assert second.evaluate(shown) == before
    alice.phone.wait_until("open")
    alice.phone.wait_for_audio()
    second.wait_for_audio()
    child = before["parameters"]["CallSid"]
    assert children_of(client, alice.phone.call_sid) == [child]
    made = client.calls(child).user_defined_messages.create(content='{"for": "the second"}')
    assert second.received(str(made.sid))["content"] == {"for": "the second"}
    second.hang_up()
    alice.phone.wait_until_over()
    wait_for_status(client, child, "completed")
    second.close()


def test_an_open_call_can_be_handed_over(
    people: People, alice: Caller, bob: Phone, midcall: Midcall
) -> None:
    """A call under way moves to another device; both ends hear each other, and messages flow."""
    connect(alice, bob)
    token = bob.until("window.phone.call.connectToken")
    second = people.own_phone(make_token(midcall.credentials, BOB), BOB)
    second.connect({"connectToken": token})
    second.wait_until("open")
    bob.wait_until_over()
    alice.phone.wait_for_audio()
    second.wait_for_audio()
    second.wait_until_acknowledged(second.send({"from": "the second"}))
    set_free(second)
    second.close()


# --- media ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_audio_goes_on_after_an_ice_restart(alice: Caller, bob: Phone, who: str) -> None:
    """The SDK offers anew on either side: new credentials, the same call, audio both ways."""
    connect(alice, bob)
    phone = alice.phone if who == "caller" else bob
    phone.wait_for_audio()
    credentials = """() => window.connections.map(({remoteDescription}) =>
        remoteDescription?.sdp.match(/a=ice-ufrag:(\\S+)/)?.[1]).filter(Boolean).at(-1)"""
    before = phone.evaluate(credentials)
    phone.evaluate("() => window.phone.call._mediaHandler.iceRestart()")
    phone.until(f"(({credentials})() !== '{before}')")
    phone.until(
        "(({iceConnectionState, signalingState}) => signalingState === 'stable'"
        " && ['connected', 'completed'].includes(iceConnectionState))"
        "(window.phone.call._mediaHandler.version.pc)"
    )
    alice.phone.wait_for_audio()
    bob.wait_for_audio()
    assert alice.phone.evaluate("() => window.phone.call.status()") == "open"
    phone.wait_until_acknowledged(phone.send({"still": "here"}))


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["in the audio", "by signalling"])
def test_keys_that_are_pressed_reach_gather(alice: Caller, customer: Customer, way: str) -> None:
    """``sendDigits('12#')``: the action is asked with the keys (RFC 4733, or a dtmf frame)."""
    action = customer.endpoint(WAIT)
    alice.call(
        f'<Response><Gather action="{action.url}" timeout="30"><Say loop="0">Your number?</Say>'
        "</Gather></Response>"
    )
    phone = alice.phone
    phone.wait_until("open")
    if way == "by signalling":
        phone.evaluate(
            """() => { window.phone.call._mediaHandler.getOrCreateDTMFSender = () => null; }"""
        )
    else:
        phone.wait_for_audio()
    phone.evaluate("() => window.phone.call.sendDigits('12#')")
    [request] = action.wait(1)
    assert request.form["Digits"] == "12"
    assert request.form["FinishedOnKey"] == "#"
    assert request.form["CallSid"] == phone.call_sid
    assert request.form["CallStatus"] == "in-progress"


def test_a_star_ends_the_leg_that_was_dialled(
    alice: Caller, bob: Phone, customer: Customer
) -> None:
    """``hangupOnStar``: the caller's star ends the callee's call, and the caller's goes on."""
    action = customer.endpoint(WAIT)
    alice.call(dial(BOB, hangupOnStar="true", action=action.url))
    bob.accept()
    bob.wait_until("open")
    alice.phone.wait_for_audio()
    alice.phone.evaluate("() => window.phone.call.sendDigits('*')")
    bob.wait_until_over()
    [request] = action.wait(1)
    assert request.form["DialCallStatus"] == "completed"
    assert request.form["DialBridged"] == "true"
    assert int(request.form["DialCallDuration"]) >= 0
    assert request.form["DialCallSid"] == bob.last_call_sid
    assert alice.phone.evaluate("() => window.phone.call.status()") == "open"


# --- who one is -----------------------------------------------------------------------------------


@pytest.mark.long
def test_a_token_without_an_identity_may_call(
    people: People, bob: Phone, midcall: Midcall, client: Client, customer: Customer
) -> None:
    """The webhook and the callee see ``client:Anonymous``, which cannot register."""
    voice = customer.endpoint(dial(BOB))
    app = client.applications.create(voice_url=voice.url)
    nobody = people.own_phone(make_token(midcall.credentials, None, app.sid), registers=False)
    nobody.until("window.phone.errors.length > 0")
    nobody.connect({"params": {"To": BOB}})
    bob.accept()
    nobody.wait_until("open")
    bob.wait_until("open")
    assert bob.evaluate("() => window.phone.call.parameters.From") == "client:Anonymous"
    assert voice.requests[0].form["From"] == "client:Anonymous"
    nobody.wait_for_audio()
    nobody.wait_until_acknowledged(nobody.send({"from": "nobody"}))
    nobody.close()


@pytest.mark.long
def test_a_device_registers_leaves_and_returns(alice: Caller, bob: Phone, client: Client) -> None:
    """Unregistered it has no calls, and may call; registered again it rings."""
    calls = bob.evaluate("() => window.phone.calls.length")
    bob.evaluate("() => window.phone.device.unregister()")
    bob.until("window.phone.device.state === 'unregistered'")
    alice.call(dial(BOB))
    alice.phone.wait_until_over()
    [child] = children_of(client, alice.phone.last_call_sid)
    assert status_of(client, child) == "no-answer"
    assert bob.evaluate("() => window.phone.calls.length") == calls
    bob.evaluate("(whom) => window.phone.dial(whom, {})", alice.phone.identity)
    alice.phone.accept()
    bob.wait_until("open")
    bob.hang_up()
    alice.phone.wait_until_over()
    bob.evaluate("() => window.phone.device.register()")
    bob.until("window.phone.device.state === 'registered'")
    connect(alice, bob)


def test_a_token_can_be_renewed_in_mid_call(
    people: People, alice: Caller, midcall: Midcall
) -> None:
    """``updateToken`` on the same socket: the lifetime is told anew, and the call goes on."""
    token = make_token(midcall.credentials, "bob-renews", ttl=60)
    bob = people.own_phone(token, "bob-renews")
    connect(alice, bob)
    sockets = bob.evaluate("() => window.sockets.length")
    lifetimes = [payload["token"]["ttl"] for payload in bob.frames("connected")]
    assert 0 < lifetimes[-1] <= 60
    fresh = make_token(midcall.credentials, "bob-renews", ttl=300)
    bob.evaluate("(token) => window.phone.device.updateToken(token)", fresh)
    bob.until(
        """window.sockets.at(-1).heard.filter((text) => text.includes('"connected"'))
            .map((text) => JSON.parse(text).payload.token.ttl).some((ttl) => ttl > 200)"""
    )
    assert bob.evaluate("() => window.sockets.length") == sockets
    bob.wait_until_acknowledged(bob.send({"still": "here"}))
    bob.wait_for_audio()
    assert bob.evaluate("() => window.phone.call.status()") == "open"
    assert bob.evaluate("() => window.phone.device.state") == "registered"
    bob.hang_up()
    bob.close()


# --- several calls at once ------------------------------------------------------------------------


@pytest.mark.long
def test_a_busy_device_does_not_ring_and_its_caller_gets_no_answer(
    alice: Caller, bob: Phone, carol: Caller, customer: Customer
) -> None:
    """The SDK ignores a call while it has one: the second caller's ``<Dial>`` times out."""
    action = customer.endpoint(WAIT)
    connect(alice, bob)
    calls = bob.evaluate("() => window.phone.calls.length")
    carol.call(dial(BOB, timeout="2", action=action.url))
    [request] = action.wait(1)
    assert request.form["DialCallStatus"] == "no-answer"
    assert request.form["DialBridged"] == "false"
    assert bob.evaluate("() => window.phone.calls.length") == calls
    bob.wait_for_audio()
    assert bob.evaluate("() => window.phone.call.status()") == "open"


@pytest.mark.long
def test_two_callers_ring_one_device(
    alice: Caller, bob: Phone, carol: Caller, client: Client
) -> None:
    """Two calls ring at once; the device takes one, and the other is its caller's to take back."""
    alice.call(dial(BOB))
    bob.wait_until("pending")
    bob.evaluate("() => window.phone.device.updateOptions({allowIncomingWhileBusy: true})")
    carol.call(dial(BOB))
    bob.until("window.phone.calls.filter(({call}) => call.status() === 'pending').length === 2")
    senders = bob.evaluate(
        "() => window.phone.calls.slice(-2).map(({call}) => call.parameters.From)"
    )
    assert senders == [f"client:{one.phone.identity}" for one in (alice, carol)]
    bob.click("Accept")
    bob.wait_until("open")
    bob.wait_for_audio()
    alice.phone.wait_for_audio()
    [left] = children_of(client, carol.phone.call_sid)
    assert status_of(client, left) == "ringing"
    carol.phone.hang_up()
    wait_for_status(client, left, "canceled")
    assert bob.evaluate("() => window.phone.call.status()") == "open"
    bob.evaluate("() => window.phone.device.updateOptions({allowIncomingWhileBusy: false})")


# --- what a callee is told ------------------------------------------------------------------------


def test_an_incoming_call_has_the_documented_parameters(
    alice: Caller, bob: Phone, midcall: Midcall
) -> None:
    """``call.parameters`` deep-equals what Twilio documents, and nothing more."""
    alice.call(dial(BOB, parameters=(("a", "1"),)))
    bob.wait_until("pending")
    assert bob.evaluate("() => window.phone.call.parameters") == {
        "AccountSid": midcall.credentials.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": bob.call_sid,
        "From": "client:alice-devices",
        "To": f"client:{BOB}",
        "Params": "a=1",
    }
    assert bob.evaluate("() => window.phone.call.callerInfo") is None
    assert bob.custom_parameters() == {"a": "1"}
