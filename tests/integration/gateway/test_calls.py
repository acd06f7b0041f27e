"""Calls on a running server, frame by frame, as devices and the customer's server see them."""

from collections.abc import Callable

import pytest

from tests.integration.gateway.conftest import Connect, NewPhone
from tests.support.customer import Customer
from tests.support.site import Site
from tests.support.softphone import OFFER

Name = Callable[[str], str]


async def test_a_call_from_beginning_to_end(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """Every frame of a call comes in its order with what the SDK reads of it."""
    alice_name, bob_name = name("alice"), name("bob")
    application = await site.application(customer.dials(bob_name))
    alice, bob = phone(alice_name, application), phone(bob_name)

    await alice.connect()
    connected = await alice.listen()
    assert connected["token"]["identity"] == alice_name
    assert 590 <= connected["token"]["ttl"] <= 600
    assert connected["home"] == f"localhost:{site.port}/insights?"
    assert connected["edge"] == "ashburn"
    await alice.register()
    await bob.sign_in()

    own_name = await alice.invite("room=4%205")
    ringing = await alice.expect("ringing")
    assert ringing["callsid"].startswith("CA") != own_name
    parent = ringing["callsid"]
    answer = await alice.expect("answer", callsid=parent)
    assert answer["sdp"].startswith("v=0\r\n")
    assert answer["reconnect"]

    asked = (await customer.arrived(f"/voice/{bob_name}"))[0].fields
    assert asked["CallSid"] == parent
    assert asked["From"] == f"client:{alice_name}"
    assert asked["CallStatus"] == "ringing"
    assert asked["room"] == "4 5"

    invite = await bob.expect("invite")
    child = invite["callsid"]
    assert child != parent
    assert invite["sdp"].startswith("v=0\r\n")
    assert invite["reconnect"]
    assert invite["parameters"] == {
        "AccountSid": site.credentials.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": child,
        "From": f"client:{alice_name}",
        "To": f"client:{bob_name}",
    }
    assert (await customer.status("ringing"))["CallSid"] == child
    assert await site.status(child) == "ringing"

    await bob.accept(child)
    assert (await customer.status("in-progress"))["ParentCallSid"] == parent
    assert await site.status(child) == "in-progress"

    await bob.hang_up(child)
    assert (await customer.status("completed"))["CallSid"] == child
    await alice.expect("hangup", callsid=parent)
    await bob.nothing()
    await site.reaches(parent, "completed")


async def test_the_first_device_to_accept_wins(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """Every registration of an identity rings; when one accepts, the others are told."""
    application = await site.application(customer.dials(name("bob")))
    alice = await phone(name("alice"), application).sign_in()
    devices = [await phone(name("bob")).sign_in() for _ in range(3)]
    await alice.invite()
    (child,) = {(await device.expect("invite"))["callsid"] for device in devices}
    first, winner, third = devices
    await winner.accept(child)
    await first.expect("cancel", callsid=child)
    await third.expect("cancel", callsid=child)
    await first.accept(child)
    refused = await first.expect("hangup", callsid=child)
    assert refused["error"]["code"] == 31404
    await customer.status("in-progress")
    await winner.nothing()


async def test_a_caller_may_leave_before_it_knows_its_call(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """A hangup under the SDK's own name for its call ends it, and stops the ringing."""
    application = await site.application(customer.dials(name("bob"), 'answerOnBridge="true"'))
    alice = await phone(name("alice"), application).sign_in()
    bob = await phone(name("bob")).sign_in()
    own_name = await alice.invite()
    child = (await bob.expect("invite"))["callsid"]
    await alice.hang_up(own_name)
    await bob.expect("cancel", callsid=child)
    assert (await customer.status("canceled"))["CallSid"] == child


async def test_a_caller_whose_socket_is_lost_before_the_answer_leaves(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """It has no token to come back with yet, so nobody goes on ringing for it."""
    application = await site.application(customer.dials(name("bob"), 'answerOnBridge="true"'))
    alice = await phone(name("alice"), application).sign_in()
    bob = await phone(name("bob")).sign_in()
    await alice.invite()
    child = (await bob.expect("invite"))["callsid"]
    alice.cut()
    await bob.expect("cancel", callsid=child)


async def test_a_caller_that_leaves_at_once_leaves_no_call_behind(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """However early the socket is lost, the call that was begun on it comes to an end."""
    held = customer.hold(f"/voice/{name('bob')}")
    application = await site.application(customer.dials(name("bob")))
    alice = await phone(name("alice"), application).sign_in()
    await alice.invite()
    alice.cut()
    parent = (await customer.arrived(f"/voice/{name('bob')}"))[0].fields["CallSid"]
    held.set()
    await site.reaches(parent, "canceled")


async def test_a_callee_may_refuse(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """A rejected call is busy, and the caller's document goes on to its end."""
    application = await site.application(customer.dials(name("bob")))
    alice = await phone(name("alice"), application).sign_in()
    bob = await phone(name("bob")).sign_in()
    await alice.invite()
    child = (await bob.expect("invite"))["callsid"]
    await bob.send("reject", callsid=child)
    assert (await customer.status("busy"))["CallSid"] == child
    await alice.find("hangup")


async def test_nobody_is_rung_who_is_not_registered(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """A device that listens only, or took its registration back, gets no calls."""
    application = await site.application(customer.dials(name("bob")))
    alice = await phone(name("alice"), application).sign_in()
    bob = await phone(name("bob")).sign_in()
    await bob.send("register", media={"audio": False})
    await bob.expect("offline")
    await alice.invite()
    assert await customer.status("no-answer")
    await bob.nothing()


@pytest.mark.parametrize("type", ["answer", "reinvite", "invite"])
async def test_a_call_that_nobody_knows_is_over(
    site: Site, phone: NewPhone, name: Name, type: str
) -> None:
    """A device that asks for a call that is not there is told that it is over (31404)."""
    device = await phone(name("alice")).sign_in()
    unknown = "CA" + "0" * 32
    await device.send(type, callsid=unknown, sdp=OFFER, reconnect="token")
    over = await device.expect("hangup", callsid=unknown)
    assert over["error"]["code"] == 31404


@pytest.mark.parametrize("type", ["hangup", "reject"])
async def test_leaving_a_call_that_is_over_is_no_error(
    site: Site, phone: NewPhone, name: Name, type: str
) -> None:
    """Both ends may end a call at once; the slower one is told nothing."""
    device = await phone(name("alice")).sign_in()
    await device.send(type, callsid="CA" + "0" * 32)
    await device.nothing()


async def test_nobody_speaks_for_another(connect: Connect, phone: NewPhone, name: Name) -> None:
    """Another device of the account, knowing a CallSid, can neither end nor take the call."""
    pair = await connect()
    mallory = await phone(name("mallory")).sign_in()
    await mallory.hang_up(pair.parent)
    await mallory.reattach(pair.parent, pair.alice_reconnect)
    assert (await mallory.expect("hangup"))["error"]["code"] == 31404
    await mallory.message(pair.parent, "hello")
    assert (await mallory.expect("error"))["error"]["code"] == 31404
    await pair.alice.nothing()
    await pair.bob.nothing()


async def test_a_call_needs_an_application(site: Site, phone: NewPhone, name: Name) -> None:
    """Without one in its token, or with one that is not there, a device is told so (31001)."""
    for application in (None, "AP" + "0" * 32):
        device = await phone(name("alice"), application).sign_in()
        own_name = await device.invite()
        over = await device.expect("hangup", callsid=own_name)
        assert over["error"]["code"] == 31001


async def test_parameters_have_a_limit(site: Site, phone: NewPhone, name: Name) -> None:
    """More than 800 bytes of connect() parameters are refused (31103)."""
    device = await phone(name("alice"), "AP" + "0" * 32).sign_in()
    own_name = await device.invite("a=" + "x" * 799)
    over = await device.expect("hangup", callsid=own_name)
    assert over["error"]["code"] == 31103


async def test_a_token_may_fix_parameters(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """What the token grants reaches the application, whatever the device says."""
    application = await site.application(customer.dials(name("bob")))
    alice = phone(name("alice"))
    alice.token = site.credentials.token(name("alice"), application, params={"role": "guest"})
    await alice.sign_in()
    await alice.invite("role=admin&room=1")
    asked = (await customer.arrived(f"/voice/{name('bob')}"))[0].fields
    assert (asked["role"], asked["room"]) == ("guest", "1")


async def test_a_device_without_a_name_may_call(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """A token without an identity calls as Anonymous, and cannot be called."""
    application = await site.application(customer.dials(name("bob")))
    nobody = await phone(None, application).connect()
    assert (await nobody.listen())["token"]["identity"] == ""
    await nobody.send("register", media={"audio": True})
    assert (await nobody.expect("error"))["error"]["code"] == 31201
    await nobody.invite()
    asked = (await customer.arrived(f"/voice/{name('bob')}"))[0].fields
    assert asked["From"] == "client:Anonymous"


async def test_a_changed_path_gets_an_answer(connect: Connect) -> None:
    """An offer in the middle of a call is answered on the same call."""
    pair = await connect()
    await pair.alice.send("reinvite", callsid=pair.parent, sdp=OFFER)
    answer = await pair.alice.expect("answer", callsid=pair.parent)
    assert answer["sdp"].startswith("v=0\r\n")


async def test_digits_disturb_nothing(connect: Connect) -> None:
    """Digits by signalling are taken without an error, though nobody listens for them."""
    pair = await connect()
    await pair.alice.send("dtmf", callsid=pair.parent, dtmf="12#")
    await pair.alice.nothing()
