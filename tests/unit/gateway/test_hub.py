"""The hub's bookkeeping: who is here, who is told what, and what is left of it."""

import asyncio

import pytest

from midcall.gateway import closing
from midcall.gateway.limits import Limits
from midcall.model.errors import CallNotFound, TooManySockets, Unavailable
from midcall.model.families import SessionId
from midcall.model.sids import CallSid
from midcall.model.twiml import Parameter
from midcall.wire import frames
from tests.unit.gateway.node import (
    CALL,
    FIRST,
    OTHER_CALL,
    OURS,
    SECOND,
    THEIRS,
    Connection,
    Site,
    device,
    invitation,
)


@pytest.fixture
async def site() -> Site:
    """Give a hub to which nobody is connected."""
    return Site()


# --- registrations


async def test_registrations_are_found_oldest_first(site: Site) -> None:
    """A device that registers again keeps its place."""
    site.join(FIRST)
    site.join(SECOND)
    for session in (FIRST, SECOND, FIRST):
        site.hub.register(session)
    assert site.hub.registered(OURS, "bob") == (FIRST, SECOND)


async def test_a_connected_device_is_not_a_registered_one(site: Site) -> None:
    """A device that only calls is rung for nobody."""
    site.join(FIRST)
    assert site.hub.registered(OURS, "bob") == ()


async def test_an_identity_belongs_to_its_account(site: Site) -> None:
    """The same name in another account is another identity."""
    site.join(FIRST, account=THEIRS)
    site.hub.register(FIRST)
    assert site.hub.registered(OURS, "bob") == ()
    assert site.hub.registered(THEIRS, "bob") == (FIRST,)


async def test_who_leaves_or_unregisters_is_not_found(site: Site) -> None:
    """A registration ends with the wish for it and with the socket."""
    for session in (FIRST, SECOND):
        site.join(session)
        site.hub.register(session)
    site.hub.unregister(FIRST)
    assert site.hub.registered(OURS, "bob") == (SECOND,)
    site.hub.leave(SECOND)
    assert site.hub.registered(OURS, "bob") == ()
    assert not site.hub._present._registered


async def test_another_token_changes_nothing_of_a_presence(site: Site) -> None:
    """A renewed token leaves the registration and the connection as they are."""
    connection = site.join(FIRST)
    site.hub.register(FIRST)
    site.hub.join(FIRST, Connection(), OURS, "bob")  # type: ignore[arg-type]
    assert site.hub.registered(OURS, "bob") == (FIRST,)
    site.hub.cancel(CALL, device(FIRST))
    assert connection.sent == [frames.Cancel(callsid=CALL)]


# --- telling


async def test_an_invite_says_who_calls(site: Site) -> None:
    """An incoming call carries what the SDK reads of it, and the token to come back with."""
    connection = site.join(FIRST)
    assert site.hub.invite(invitation(device(FIRST), Parameter("room", "4 & 5")))
    assert connection.sent == [
        frames.ServerInvite(
            callsid=CALL,
            sdp="v=0",
            parameters={
                "AccountSid": OURS,
                "ApiVersion": "2010-04-01",
                "CallSid": CALL,
                "From": "client:alice",
                "To": "client:bob",
                "Params": "room=4%20%26%205",
            },
            reconnect="secret 1",
        )
    ]


async def test_whoever_is_gone_is_told_nothing(site: Site) -> None:
    """Telling a device that has left is no error, and only an invite says that it was in vain."""
    gone = device(FIRST)
    assert not site.hub.invite(invitation(gone))
    site.hub.ringing(CALL, gone)
    site.hub.answer(CALL, gone, "v=0")
    site.hub.cancel(CALL, gone)
    site.hub.hang_up(CALL, gone, None)
    site.hub.forget(CALL, gone)
    assert not site.hub._relays


async def test_a_hangup_says_why(site: Site) -> None:
    """A fault that ended a call reaches the device with its code."""
    connection = site.join(FIRST)
    site.hub.hang_up(CALL, device(FIRST), CallNotFound(CALL))
    site.hub.hang_up(CALL, device(FIRST), None)
    with_fault, without = connection.sent
    assert isinstance(with_fault, frames.ServerHangup)
    assert with_fault.error is not None
    assert with_fault.error.code == 31404
    assert without == frames.ServerHangup(callsid=CALL)


async def test_messages_are_read_once_the_device_knows_its_call(site: Site) -> None:
    """Before its CallSid a device would drop messages, so none are read for it."""
    site.join(FIRST)
    site.hub.relay(CALL)
    await site.reads(0)
    site.hub.ringing(CALL, device(FIRST))
    await site.reads(1)
    site.hub.relay(CALL)
    await site.reads(2)


async def test_every_device_that_rings_gets_the_messages(site: Site) -> None:
    """While a leg rings on two devices its messages go to both, once their apps may listen."""
    for number, session in enumerate((FIRST, SECOND)):
        site.join(session)
        site.hub.invite(invitation(device(session, number)))
    site.let_time_pass()
    await site.reads(2)
    site.hub.relay(CALL)
    await site.reads(4)


async def test_a_second_answer_on_the_same_socket_reads_nothing_anew(site: Site) -> None:
    """After a renewed token the SDK re-attaches on the same socket; nothing is sent twice."""
    connection = site.join(FIRST)
    site.hub.ringing(CALL, device(FIRST))
    await site.reads(1)
    site.hub.answer(CALL, device(FIRST), "")
    await site.reads(1)
    assert connection.sent[-1] == frames.ServerAnswer(callsid=CALL, sdp="", reconnect="secret 1")


async def test_messages_move_to_the_socket_that_a_device_comes_back_on(site: Site) -> None:
    """The old socket's end does not take them from the new one."""
    site.join(FIRST)
    site.hub.ringing(CALL, device(FIRST))
    await site.reads(1)
    site.join(SECOND)
    site.hub.answer(CALL, device(SECOND), "")
    await site.reads(2)
    site.hub.leave(FIRST)
    site.hub.relay(CALL)
    await site.reads(3)


async def test_a_lost_socket_holds_messages_back(site: Site) -> None:
    """Until the device is back, nothing is read for its leg."""
    site.join(FIRST)
    site.hub.ringing(CALL, device(FIRST))
    await site.reads(1)
    site.hub.leave(FIRST)
    site.hub.relay(CALL)
    await site.reads(1)


# --- how many


async def test_an_identity_has_so_many_sockets_and_no_more() -> None:
    """One past the limit is refused for now; those that are here, and others, do not notice."""
    site = Site(Limits(sockets_per_identity=2))
    for session in (FIRST, SECOND):
        site.join(session)
    third = SessionId("third")
    with pytest.raises(TooManySockets):
        site.join(third)
    site.join(FIRST)  # another token on the same socket
    site.join(SessionId("alice's"), "alice")
    site.join(SessionId("their bob's"), account=THEIRS)
    assert site.hub.leave(third) == ()
    with pytest.raises(TooManySockets):
        site.join(third)
    site.hub.leave(FIRST)
    site.join(third)
    for session in (SECOND, third):
        site.hub.leave(session)
    assert not [one for one in site.hub._present._sockets if one == (OURS, "bob")]


async def test_those_who_are_nobody_are_not_counted() -> None:
    """Strangers share the empty identity."""
    site = Site(Limits(sockets_per_identity=1))
    for session in (FIRST, SECOND):
        site.join(session, "")
    assert len(site.hub) == 2


# --- names and the end


async def test_a_device_may_use_its_own_name_for_its_call(site: Site) -> None:
    """Until it is told the CallSid, the SDK speaks of its call under a name of its own."""
    site.join(FIRST)
    site.join(SECOND)
    site.hub.take_part(FIRST, CALL, "TJS1")
    assert site.hub.call_named(FIRST, "TJS1") == CALL
    assert site.hub.call_named(FIRST, OTHER_CALL) == OTHER_CALL
    assert site.hub.call_named(SECOND, "TJS1") == "TJS1"


async def test_who_leaves_takes_part_in_what_it_began_though_it_was_not_told(
    site: Site,
) -> None:
    """A call whose device was lost before ``ringing`` went out learns of the loss all the same."""
    site.join(FIRST)
    site.hub.take_part(FIRST, CALL, "TJS1")
    assert site.hub.leave(FIRST) == (CALL,)
    site.hub.ringing(CALL, device(FIRST))
    assert not site.hub._relays


async def test_each_call_of_a_device_is_named_once(site: Site) -> None:
    """A call that a device began and was told of is one call."""
    site.join(FIRST)
    site.hub.take_part(FIRST, CALL, "TJS1")
    site.hub.ringing(CALL, device(FIRST))
    site.hub.take_part(FIRST, OTHER_CALL, OTHER_CALL)
    assert site.hub.leave(FIRST) == (CALL, OTHER_CALL)


async def test_a_call_that_is_over_leaves_nothing_behind(site: Site) -> None:
    """After any number of calls on one socket the hub knows as much as before them."""
    site.join(FIRST)
    for number in range(20):
        call = CallSid(f"CA{number:032x}")
        site.hub.take_part(FIRST, call, f"TJS{number}")
        site.hub.ringing(call, device(FIRST, number))
        site.hub.answer(call, device(FIRST, number), "v=0")
        site.hub.hang_up(call, device(FIRST, number), None)
        site.hub.forget(call, device(FIRST, number))
    presence = site.hub._present.get(FIRST)
    assert not presence.relays
    assert not presence.names
    assert not site.hub._relays
    assert site.hub.leave(FIRST) == ()


async def test_one_device_of_a_leg_can_be_forgotten(site: Site) -> None:
    """Whoever lost the race for a call gets no more of its messages; the winner does."""
    for number, session in enumerate((FIRST, SECOND)):
        site.join(session)
        site.hub.invite(invitation(device(session, number)))
    site.let_time_pass()
    await site.reads(2)
    site.hub.forget(CALL, device(FIRST, 0))
    site.hub.relay(CALL)
    await site.reads(3)
    assert site.hub.leave(FIRST) == ()
    assert site.hub.leave(SECOND) == (CALL,)


async def test_who_never_presented_a_token_leaves_without_a_trace(site: Site) -> None:
    """A socket that ends before its token was in no call."""
    assert site.hub.leave(FIRST) == ()
    site.hub.unregister(FIRST)


# --- drain


async def test_draining_sends_everybody_away_with_advice(site: Site) -> None:
    """Each device is told when to come back, and draining lasts until all have left."""
    connections = [site.join(FIRST), site.join(SECOND)]
    draining = asyncio.create_task(site.hub.drain())
    await asyncio.sleep(0)
    for connection in connections:
        (advice,) = connection.sent
        assert isinstance(advice, frames.Error)
        assert advice.error.retry_after
        assert connection.closed == closing.DRAINING
    site.hub.leave(FIRST)
    await asyncio.sleep(0)
    assert not draining.done()
    site.hub.leave(SECOND)
    await draining


async def test_nobody_comes_in_while_the_server_drains(site: Site) -> None:
    """A token that arrives too late is refused for now, not for good."""
    await site.hub.drain()
    with pytest.raises(Unavailable):
        site.join(FIRST)
