"""A device that loses its socket in a call, and comes back."""

from collections.abc import Callable

import pytest

from tests.integration.gateway.conftest import Connect, NewPhone, Pair
from tests.support.customer import Customer
from tests.support.site import Site
from tests.support.softphone import new_message_sid

Name = Callable[[str], str]


async def come_back(pair: Pair) -> None:
    """Bring alice back on a new socket, as the SDK does it."""
    await pair.alice.connect()
    await pair.alice.listen()
    await pair.alice.reattach(pair.parent, pair.alice_reconnect)
    answer = await pair.alice.expect("answer", callsid=pair.parent)
    assert answer["reconnect"] == pair.alice_reconnect


@pytest.mark.parametrize("polite", [True, False])
async def test_messages_wait_for_the_device(site: Site, connect: Connect, polite: bool) -> None:
    """What is sent while the socket is down arrives behind the re-attach, in order."""
    pair = await connect()
    if polite:
        await pair.alice.leave()
    else:
        pair.alice.cut()
        await pair.alice.leave()
    sids = [await site.send(pair.parent, str(number)) for number in range(5)]
    await come_back(pair)
    for number, sid in enumerate(sids):
        await pair.alice.expect("message", voiceeventsid=sid, content=number)
    await pair.alice.nothing()
    assert await site.status(pair.parent) == "in-progress"


async def test_only_what_has_no_receipt_comes_again(site: Site, connect: Connect) -> None:
    """Messages whose echo came are not repeated; the others are, with their SIDs."""
    pair = await connect()
    received = await site.send(pair.parent, '"received"')
    await pair.alice.expect("message", voiceeventsid=received)
    await pair.alice.nothing()
    pair.alice.echoes = False
    sids = [await site.send(pair.parent, '"sent"') for _ in range(2)]
    await pair.alice.expect("message", voiceeventsid=sids[0])
    pair.alice.cut()
    pair.alice.echoes = True
    await come_back(pair)
    for sid in sids:
        await pair.alice.expect("message", voiceeventsid=sid)
    await pair.alice.nothing()


async def test_a_device_may_come_back_before_the_old_socket_is_given_up(
    site: Site, connect: Connect, phone: NewPhone
) -> None:
    """The new socket has the call at once; the old one's end takes nothing from it."""
    pair = await connect()
    again = phone(None)
    again.token = pair.alice.token
    await again.connect()
    await again.listen()
    await again.reattach(pair.parent, pair.alice_reconnect)
    await again.expect("answer", callsid=pair.parent)
    await pair.alice.leave()
    sid = await site.send(pair.parent, '"where are you?"')
    await again.expect("message", voiceeventsid=sid)
    await again.message(pair.parent, "here")
    await again.expect("ack")
    assert await site.status(pair.parent) == "in-progress"


async def test_a_device_that_is_lost_again_at_once_can_come_back(connect: Connect) -> None:
    """A re-attach whose socket is lost before its answer leaves the call waiting, not taken."""
    pair = await connect()
    for _ in range(5):
        await pair.alice.connect()
        await pair.alice.listen()
        await pair.alice.reattach(pair.parent, pair.alice_reconnect)
        pair.alice.cut()
    await come_back(pair)
    await pair.alice.message(pair.parent, "here")
    await pair.alice.expect("ack")


async def test_what_was_flushed_before_the_re_attach_is_taken(
    site: Site, connect: Connect, customer: Customer
) -> None:
    """The SDK sends what it queued behind ``listen``, before its calls come back."""
    pair = await connect()
    await site.subscribe(pair.parent, customer.url("/messages"))
    pair.alice.cut()
    await pair.alice.connect()
    await pair.alice.send("listen", token=pair.alice.token, reconnectTimeout=30)
    sids = [new_message_sid(), new_message_sid()]
    for sid in sids:
        await pair.alice.message(pair.parent, "flushed", sid)
    await pair.alice.expect("connected")
    for sid in sids:
        await pair.alice.expect("ack", voiceeventsid=sid)
    await pair.alice.reattach(pair.parent, pair.alice_reconnect)
    await pair.alice.expect("answer", callsid=pair.parent)
    came = await customer.arrived("/messages", 2)
    assert [one.fields["Sid"] for one in came] == sids


async def test_what_was_flushed_is_taken_while_the_old_socket_seems_alive(
    site: Site, connect: Connect, customer: Customer, phone: NewPhone
) -> None:
    """After a change of networks the SDK is back long before the server misses its old socket."""
    pair = await connect()
    await site.subscribe(pair.parent, customer.url("/messages"))
    again = phone(None)
    again.token = pair.alice.token
    await again.connect()
    await again.listen()
    sid = await again.message(pair.parent, "flushed")
    await again.expect("ack", voiceeventsid=sid)
    (came,) = await customer.arrived("/messages")
    assert came.fields["Sid"] == sid
    await again.hang_up(pair.parent)
    await pair.bob.expect("hangup", callsid=pair.child)


async def test_whoever_lost_the_race_for_a_call_cannot_end_it(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """A refusal or a hangup that comes too late is nobody's, also while the winner is away."""
    application = await site.application(customer.dials(name("bob")))
    alice = await phone(name("alice"), application).sign_in()
    winner, loser = [await phone(name("bob")).sign_in() for _ in range(2)]
    await alice.invite()
    invite = await winner.expect("invite")
    child = invite["callsid"]
    await loser.expect("invite")
    await winner.accept(child)
    await loser.expect("cancel")
    for away in (False, True):
        if away:
            await winner.leave()
        await loser.send("reject", callsid=child)
        await loser.hang_up(child)
        await loser.message(child, "me too")
        assert (await loser.expect("error"))["error"]["code"] == 31404
    await winner.connect()
    await winner.listen()
    await winner.reattach(child, invite["reconnect"])
    await winner.expect("answer")
    assert await site.status(child) == "in-progress"


async def test_a_hangup_that_was_flushed_ends_the_call(site: Site, connect: Connect) -> None:
    """Whoever hung up while its socket was down has left, once it says so."""
    pair = await connect()
    pair.alice.cut()
    await pair.alice.connect()
    await pair.alice.listen()
    await pair.alice.hang_up(pair.parent)
    await pair.bob.expect("hangup", callsid=pair.child)
    await site.reaches(pair.parent, "completed")


async def test_a_wrong_token_does_not_bring_a_call_back(
    site: Site, connect: Connect, phone: NewPhone
) -> None:
    """Only the reconnect token of that device opens its leg (31107), and trying costs nobody."""
    pair = await connect()
    thief = phone(None)
    thief.token = pair.alice.token
    await thief.connect()
    await thief.listen()
    for wrong in ("", "0" * 64, pair.bob_reconnect, "schlüssel"):
        await thief.reattach(pair.parent, wrong)
        over = await thief.expect("hangup", callsid=pair.parent)
        assert over["error"]["code"] == 31107
    await pair.alice.message(pair.parent, "mine")
    await pair.alice.expect("ack")


async def test_a_call_that_ended_meanwhile_is_over(site: Site, connect: Connect) -> None:
    """A device that comes back too late is told that its call is no more."""
    pair = await connect()
    pair.alice.cut()
    await pair.bob.hang_up(pair.child)
    await pair.bob.nothing()
    await pair.alice.connect()
    await pair.alice.listen()
    await pair.alice.reattach(pair.parent, pair.alice_reconnect)
    over = await pair.alice.expect("hangup", callsid=pair.parent)
    assert over["error"]["code"] in {31404, 31107}


async def test_a_lost_callee_does_not_disturb_the_caller(site: Site, connect: Connect) -> None:
    """While one side is away, the other one's messages flow."""
    pair = await connect()
    pair.bob.cut()
    sid = await site.send(pair.parent, '"patience"')
    await pair.alice.expect("message", voiceeventsid=sid)
    await pair.alice.message(pair.parent, "all right")
    await pair.alice.expect("ack")


async def test_a_lost_device_is_not_rung(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """A registration is gone with its socket."""
    application = await site.application(customer.dials(name("bob")))
    bob = await phone(name("bob")).sign_in()
    await bob.leave()
    alice = await phone(name("alice"), application).sign_in()
    await alice.invite()
    assert await customer.status("no-answer")
