"""Bad frames get a clear answer, and whatever else goes on over the same socket goes on."""

import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from twilio.rest import Client

from tests.acceptance.conftest import NewApplication
from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer
from tests.acceptance.support.libraries import make_token
from tests.acceptance.support.phones import Callers, Phone
from tests.acceptance.support.processes import eventually
from tests.acceptance.support.servers import Credentials, Midcall
from tests.acceptance.support.signalling import Signalling

KX = "KX" + "0" * 32


@pytest.fixture
def socket(midcall: Midcall) -> Iterator[Signalling]:
    """Give a fresh socket."""
    with Signalling(midcall) as signalling:
        yield signalling


@pytest.fixture(scope="module")
def judy(
    chromium: Chromium, midcall: Midcall, client: Client, customer: Customer
) -> Iterator[Phone]:
    """Give a phone with an open call, whose own socket the tests write on."""
    voice = customer.endpoint('<Response><Pause length="600"/></Response>')
    app = client.applications.create(voice_url=voice.url)
    people = Callers(chromium, midcall)
    phone = people.phone("judy-undisturbed", application_sid=app.sid)
    phone.dial("nobody")
    phone.wait_until("open")
    yield phone
    assert phone.evaluate("() => window.phone.call.status()") == "open"
    people.leave()


def assert_undisturbed(phone: Phone, client: Client) -> None:
    """Check that the call on this socket takes messages, both ways."""
    made = client.calls(phone.call_sid).user_defined_messages.create(content='"undisturbed"')
    assert phone.received(str(made.sid))["content"] == "undisturbed"
    phone.wait_until_acknowledged(phone.send("undisturbed"))
    assert phone.evaluate("() => window.phone.call.status()") == "open"


# --- tokens ---------------------------------------------------------------------------------------


def test_a_good_token_is_welcomed(midcall: Midcall, socket: Signalling) -> None:
    """``connected`` names the identity, the token's time and a home on this site."""
    payload = socket.listen(make_token(midcall.credentials, "ken", ttl=300))
    assert payload["token"]["identity"] == "ken"
    assert 200 < payload["token"]["ttl"] <= 300
    assert payload["home"] == f"{midcall.host}/insights?"
    socket.send("register", media={"audio": True})
    socket.expect("ready")
    socket.send("register", media={"audio": False})
    socket.expect("offline")


def signed(midcall: Midcall, **claims: Any) -> str:
    """Sign claims of any kind with the server's own key."""
    credentials = midcall.credentials
    now = int(time.time())
    whole = {
        "jti": f"{credentials.key_sid}-{now}",
        "iss": credentials.key_sid,
        "sub": credentials.account_sid,
        "exp": now + 300,
        "grants": {"identity": "lea", "voice": {"incoming": {"allow": True}}},
        **claims,
    }
    kept = {name: claim for name, claim in whole.items() if claim is not None}
    return jwt.encode(
        kept, credentials.key_secret, "HS256", {"cty": "twilio-fpa;v=1", "typ": "JWT"}
    )


@pytest.mark.parametrize(
    ("wrong", "codes"),
    [
        ("expired", {31205}),
        ("forged", {31202}),
        ("unsigned", {31202, 31204}),
        ("foreign", {31203, 31202}),
        ("key of another account", {31203}),
        ("garbage", {31204}),
        ("empty", {31102}),
        ("too long", {31207}),
        ("not yet", {31204}),
        ("without end", {31204}),
    ],
)
def test_a_bad_token_is_refused_with_its_code(
    midcall: Midcall, socket: Signalling, wrong: str, codes: set[int]
) -> None:
    """Expired, forged, foreign, malformed: an ``error`` frame says which."""
    now = int(time.time())
    good = signed(midcall)
    header, claims, _ = good.split(".")
    token = {
        "expired": signed(midcall, exp=now - 60, nbf=now - 120),
        "forged": make_token(midcall.credentials, "lea", secret="0" * 32),
        "unsigned": f"{header}.{claims}.",
        "foreign": make_token(Credentials(), "lea"),
        "key of another account": signed(midcall, sub="AC" + "0" * 32),
        "garbage": "garbage",
        "empty": "",
        "too long": signed(midcall, exp=now + 7 * 86_400),
        "not yet": signed(midcall, nbf=now + 3600),
        "without end": signed(midcall, exp=None),
    }[wrong]
    socket.send("listen", token=token, reconnectTimeout=0, browserinfo={})
    assert socket.expect("error")["error"]["code"] in codes


def test_a_token_that_expires_is_said_to_have_and_can_be_renewed(
    midcall: Midcall, socket: Signalling
) -> None:
    """When the token's time is over the device is told, and a new one is taken on this socket."""
    socket.listen(make_token(midcall.credentials, "mia", ttl=2))
    assert socket.expect("error")["error"]["code"] == 31205
    assert socket.listen(make_token(midcall.credentials, "mia"))["token"]["identity"] == "mia"


def test_a_socket_does_not_change_hands(midcall: Midcall, socket: Signalling) -> None:
    """Another identity's token is not taken on a socket that somebody uses."""
    socket.listen(make_token(midcall.credentials, "nina"))
    socket.send("listen", token=make_token(midcall.credentials, "oscar"), reconnectTimeout=0)
    assert socket.expect("error")["error"]["code"] == 31201


# --- frames ---------------------------------------------------------------------------------------

MALFORMED = [
    pytest.param("garbage", id="garbage"),
    pytest.param("{", id="cut off"),
    pytest.param("[]", id="array"),
    pytest.param("null", id="null"),
    pytest.param('{"type": 7, "payload": {}, "version": "1.6"}', id="type is a number"),
    pytest.param('{"type": "nonsense", "payload": {}, "version": "1.6"}', id="unknown type"),
    pytest.param('{"type": "register", "payload": 7, "version": "1.6"}', id="payload is a number"),
    pytest.param('{"type": "message", "payload": {}, "version": "1.6"}', id="empty message"),
    pytest.param('{"type": "invite", "payload": {"callsid": 1}}', id="number as callsid"),
    pytest.param("[" * 20_000, id="deep"),
    pytest.param("{}", id="empty"),
]


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_frame_is_refused_and_the_calls_go_on(
    judy: Phone, client: Client, text: str
) -> None:
    """An ``error`` frame answers; the call on the very same socket is not disturbed."""
    before = len(judy.frames("error"))
    judy.say_on_the_socket(text)
    errors = eventually(lambda: judy.frames("error")[before:], "an error frame")
    assert errors[0]["error"]["code"] == 31100
    assert errors[0]["error"]["message"]
    assert_undisturbed(judy, client)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("register", {"media": {"audio": True}}),
        ("message", {"callsid": "CA" + "0" * 32, "content": {}, "voiceeventsid": KX}),
        ("hangup", {"callsid": "CA" + "0" * 32}),
        ("invite", {"callsid": "TJS1", "sdp": "v=0", "twilio": {}}),
    ],
)
def test_nothing_is_taken_before_a_token(
    socket: Signalling, kind: str, payload: dict[str, Any]
) -> None:
    """A frame before ``listen`` gets an error, not an effect."""
    socket.send(
        kind,
        messagetype="user-defined-message",
        contenttype="application/json",
        **payload,
    )
    assert socket.expect("error")["error"]["code"] in {31102, 31201}


def test_binary_messages_are_no_frames(midcall: Midcall, socket: Signalling) -> None:
    """Frames are text: bytes are refused, by an error or by closing."""
    socket.listen(make_token(midcall.credentials, "pat"))
    socket.say(b"\x00\x01\x02")
    assert socket.close_code() in {1003, 1007, 1008}


def test_a_frame_over_the_limit_closes_the_socket(midcall: Midcall, socket: Signalling) -> None:
    """Nobody can make the server hold a frame of any size."""
    socket.listen(make_token(midcall.credentials, "quinn"))
    socket.say(json.dumps({"type": "message", "payload": {"content": "x" * 2_000_000}}))
    assert socket.close_code() in {1008, 1009}


# --- messages -------------------------------------------------------------------------------------


def test_an_unknown_message_type_is_refused(judy: Phone, client: Client) -> None:
    """The SDK reports 31210 for the message, and the call goes on."""
    judy.evaluate("() => window.phone.call.sendMessage({content: {}, messageType: 'no-such-type'})")
    judy.wait_for_error(31210)
    assert_undisturbed(judy, client)


def test_a_message_that_is_too_large_is_refused(judy: Phone, client: Client) -> None:
    """The SDK reports 31212, the page says so, and the call goes on."""
    sid = judy.send({"text": "x" * 10_000})
    judy.wait_for_error(31212)
    judy.until(
        f"window.phone.sent.some((one) => one.voiceEventSid === '{sid}' && one.state === 'failed')"
    )
    assert "31212" in judy.text()
    assert_undisturbed(judy, client)


def test_a_message_for_somebody_elses_call_is_refused(
    midcall: Midcall, socket: Signalling, judy: Phone, client: Client, customer: Customer
) -> None:
    """Who does not hold a call cannot write on it, nor end it."""
    callback = customer.endpoint()
    client.calls(judy.call_sid).user_defined_message_subscriptions.create(callback=callback.url)
    socket.listen(make_token(midcall.credentials, "mallory"))
    socket.send(
        "message",
        callsid=judy.call_sid,
        content={"forged": True},
        contenttype="application/json",
        messagetype="user-defined-message",
        voiceeventsid=KX,
    )
    error = socket.expect("error")
    assert error["voiceeventsid"] == KX
    socket.send("hangup", callsid=judy.call_sid)
    assert socket.is_alive()
    assert_undisturbed(judy, client)
    [request] = callback.wait(1)
    assert "forged" not in request.json()["Content"]


def test_the_same_message_twice_is_one_message(
    judy: Phone, client: Client, customer: Customer
) -> None:
    """A frame that is repeated is acknowledged again, and delivered once."""
    callback = customer.endpoint()
    client.calls(judy.call_sid).user_defined_message_subscriptions.create(callback=callback.url)
    sid = "KX" + "ab" * 16
    frame = json.dumps(
        {
            "type": "message",
            "version": "1.6",
            "payload": {
                "callsid": judy.call_sid,
                "content": {"n": 1},
                "contenttype": "application/json",
                "messagetype": "user-defined-message",
                "voiceeventsid": sid,
            },
        }
    )
    judy.say_on_the_socket(frame)
    judy.say_on_the_socket(frame)
    eventually(
        lambda: [ack for ack in judy.frames("ack") if ack["voiceeventsid"] == sid][1:], "two acks"
    )
    later = judy.send({"n": 2})
    told = [request.json()["Sid"] for request in callback.wait(2)]
    assert told == [sid, later]


def test_a_call_through_an_unknown_application_ends(
    callers: Callers, midcall: Midcall, application: NewApplication
) -> None:
    """A token that names no application of this account: the call ends with 31001 or its kin."""
    phone = callers.phone("rupert", application_sid="AP" + "0" * 32)
    phone.dial("bob")
    phone.wait_until_over()
    assert phone.evaluate("() => window.phone.errors.length") > 0
