"""Tokens on a socket: who is let in, who is sent away for good, and how a token is renewed."""

from collections.abc import Callable

import jwt
import pytest
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from midcall.gateway import closing
from tests.integration.gateway.conftest import Connect, NewPhone
from tests.support.customer import Customer
from tests.support.site import Credentials, Site
from tests.support.softphone import Closed, Softphone

Name = Callable[[str], str]


async def present(phone: Softphone, token: str) -> None:
    """Present a token, whatever may come of it."""
    await phone.send("listen", token=token, reconnectTimeout=30, browserinfo={})


def unsigned(credentials: Credentials) -> str:
    """Make a token that asks to be believed without a signature."""
    claims = jwt.decode(credentials.token("alice"), options={"verify_signature": False})
    return jwt.encode(claims, "", algorithm="none", headers={"cty": "twilio-fpa;v=1"})


WRONG: dict[str, tuple[int, Callable[[Credentials], str]]] = {
    "missing": (31102, lambda _: ""),
    "garbage": (31204, lambda _: "garbage"),
    "unsigned": (31204, unsigned),
    "forged": (31202, lambda ours: ours.token("alice", secret="0" * 32)),
    "of a stranger": (31203, lambda _: Credentials().token("alice")),
    "of a stranger's account": (
        31203,
        lambda ours: Credentials(key_sid=ours.key_sid, key_secret=ours.key_secret).token("alice"),
    ),
    "for too long": (31207, lambda ours: ours.token("alice", seconds=86_500)),
    "with an impossible identity": (31105, lambda ours: ours.token("al ice")),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_a_wrong_token_is_refused_for_good(site: Site, phone: NewPhone, kind: str) -> None:
    """The device is told the code, then that it must not come back with this, then cut off."""
    code, make = WRONG[kind]
    device = await phone("alice").connect()
    await present(device, make(site.credentials))
    refused = await device.expect("error")
    assert refused["error"]["code"] == code
    await device.expect("close")
    assert await device.next() == Closed(*closing.TOKEN_REFUSED)


async def test_an_expired_token_can_be_renewed_on_the_same_socket(
    site: Site, phone: NewPhone, name: Name
) -> None:
    """A device with an old token is told so (31205), stays, and comes in with a new one."""
    device = await phone(name("alice")).connect()
    await present(device, site.credentials.token(name("alice"), seconds=-1))
    refused = await device.expect("error")
    assert refused["error"]["code"] == 31205
    await device.send("register", media={"audio": True})
    assert (await device.expect("error"))["error"]["code"] == 31102
    await device.listen()
    await device.register()


async def test_frames_before_a_token_are_refused(phone: NewPhone, name: Name) -> None:
    """Whoever has not presented a token is told to (31102), and may still do so."""
    device = await phone(name("alice")).connect()
    await device.send("register", media={"audio": True})
    assert (await device.expect("error"))["error"]["code"] == 31102
    await device.message("CA" + "0" * 32, "hello")
    assert (await device.expect("error"))["error"]["code"] == 31102
    await device.listen()


async def test_a_renewed_token_disturbs_nothing(connect: Connect, name: Name) -> None:
    """On ``connected`` the SDK re-attaches its calls on the same socket, and they go on."""
    pair = await connect()
    await pair.alice.listen()
    await pair.alice.reattach(pair.parent, pair.alice_reconnect)
    answer = await pair.alice.expect("answer", callsid=pair.parent)
    assert answer["reconnect"] == pair.alice_reconnect
    await pair.alice.nothing()
    await pair.bob.nothing()


@pytest.mark.parametrize("kind", WRONG)
async def test_a_wrong_token_does_not_disturb_who_is_here(
    site: Site, connect: Connect, kind: str
) -> None:
    """A device that renews its token with a wrong one keeps the old one, and its calls."""
    code, make = WRONG[kind]
    pair = await connect()
    await present(pair.alice, make(site.credentials))
    assert (await pair.alice.expect("error"))["error"]["code"] == code
    sid = await site.send(pair.parent, '"still here"')
    await pair.alice.expect("message", voiceeventsid=sid)


async def test_a_socket_stays_with_its_identity(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """A good token of somebody else is refused on a socket that has an identity already."""
    application = await site.application(customer.dials(name("alice")))
    alice = await phone(name("alice")).sign_in()
    await present(alice, site.credentials.token(name("bob")))
    assert (await alice.expect("error"))["error"]["code"] == 31201
    caller = await phone(name("carol"), application).sign_in()
    await caller.invite()
    await alice.expect("invite")


async def test_an_expired_device_is_rung_again_once_it_has_a_new_token(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """At its end a token takes the registration along, and the next token brings it back.

    The SDK does not register anew after ``updateToken``: it believes that it still is.
    """
    application = await site.application(customer.dials(name("bob")))
    bob = phone(name("bob"))
    bob.token = site.credentials.token(name("bob"), seconds=3)
    await bob.sign_in()
    assert (await bob.expect("error"))["error"]["code"] == 31205
    caller = await phone(name("carol"), application).sign_in()
    await caller.invite()
    assert await customer.status("no-answer")

    bob.token = site.credentials.token(name("bob"))
    await bob.listen()
    await caller.invite()
    await bob.expect("invite")


async def test_a_token_without_incoming_calls_cannot_register(
    site: Site, phone: NewPhone, name: Name
) -> None:
    """What the token does not grant is refused (31201); the socket stays."""
    device = phone(name("alice"))
    device.token = site.credentials.token(name("alice"), incoming=False)
    await device.connect()
    await device.listen()
    await device.send("register", media={"audio": True})
    assert (await device.expect("error"))["error"]["code"] == 31201
    await device.nothing()


async def test_a_time_to_stay_away_is_taken_within_reason(site: Site, connect: Connect) -> None:
    """However long a device asks its legs to be kept, its calls survive the loss of its socket."""
    pair = await connect()
    await pair.alice.send("listen", token=pair.alice.token, reconnectTimeout=1e300)
    await pair.alice.expect("connected")
    pair.alice.cut()
    await pair.alice.connect()
    await pair.alice.listen()
    await pair.alice.reattach(pair.parent, pair.alice_reconnect)
    await pair.alice.expect("answer", callsid=pair.parent)


async def test_the_official_library_makes_good_tokens(
    site: Site, phone: NewPhone, name: Name
) -> None:
    """A token from the official Python library lets a device in."""
    ours = site.credentials
    token = AccessToken(
        ours.account_sid, ours.key_sid, ours.key_secret, identity=name("alice"), region="us1"
    )
    token.add_grant(VoiceGrant(incoming_allow=True))
    device = phone(name("alice"))
    device.token = token.to_jwt()
    await device.sign_in()
