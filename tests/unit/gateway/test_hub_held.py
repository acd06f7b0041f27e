"""What the hub has held: messages that no device of their leg can take."""

import pytest

from midcall.gateway.limits import LIMITS, Limits
from tests.unit.gateway.node import (
    CALL,
    FIRST,
    OTHER_CALL,
    SECOND,
    Site,
    device,
    invitation,
)


@pytest.fixture
async def site() -> Site:
    """Give a hub to which nobody is connected."""
    return Site()


# --- an app that does not listen yet


async def test_an_app_that_is_rung_has_time_until_it_listens(site: Site) -> None:
    """While the SDK plays its ringtone nothing is read; what comes meanwhile is held."""
    site.join(FIRST)
    site.hub.invite(invitation(device(FIRST)))
    site.hub.relay(CALL)
    await site.reads(0)
    assert site.held == [CALL]
    ((seconds, _),) = site.rests
    assert seconds == LIMITS.incoming_hold_seconds
    site.let_time_pass()
    await site.reads(1)
    site.hub.relay(CALL)
    await site.reads(2)
    assert site.held == [CALL]


async def test_an_app_that_answers_listens(site: Site) -> None:
    """The answer ends the wait, and the time that was waited for changes nothing any more."""
    site.join(FIRST)
    site.hub.invite(invitation(device(FIRST)))
    site.hub.listens(FIRST, CALL)
    await site.reads(1)
    site.let_time_pass()
    await site.reads(1)


async def test_who_answers_another_call_does_not_listen_to_this_one(site: Site) -> None:
    """An answer counts for its own leg; one that nobody was told of is nothing."""
    site.join(FIRST)
    site.hub.invite(invitation(device(FIRST)))
    site.hub.listens(FIRST, OTHER_CALL)
    site.hub.listens(SECOND, CALL)
    await site.reads(0)


async def test_an_app_that_comes_back_listens(site: Site) -> None:
    """A device that re-attaches has the call; what is left of its first wait touches nothing."""
    site.join(FIRST)
    site.hub.invite(invitation(device(FIRST)))
    site.hub.leave(FIRST)
    site.join(SECOND)
    site.hub.answer(CALL, device(SECOND), "")
    await site.reads(1)
    site.let_time_pass()
    await site.reads(1)


async def test_an_app_that_is_told_that_it_holds_its_leg_listens(site: Site) -> None:
    """After a renewed token the SDK re-attaches on the same socket: its app has the call."""
    site.join(FIRST)
    site.hub.invite(invitation(device(FIRST)))
    site.hub.answer(CALL, device(FIRST), "")
    await site.reads(1)


async def test_a_wait_ends_with_its_leg(site: Site) -> None:
    """When the time is over for a device that was forgotten, or is away, nothing is read."""
    for number, session in enumerate((FIRST, SECOND)):
        site.join(session)
        site.hub.invite(invitation(device(session, number)))
    site.hub.forget(CALL, device(FIRST, 0))
    site.hub.leave(SECOND)
    site.let_time_pass()
    await site.reads(0)


async def test_an_app_that_made_the_call_listens_at_once() -> None:
    """Only an incoming call is rung first, and not even that where the setting is 0."""
    site = Site(Limits(incoming_hold_seconds=0))
    site.join(FIRST)
    site.hub.invite(invitation(device(FIRST)))
    await site.reads(1)
    site.hub.ringing(OTHER_CALL, device(FIRST, 2))
    await site.reads(2)


# --- held


async def test_what_comes_before_any_device_knows_of_its_call_is_held(site: Site) -> None:
    """A leg of which nobody was told has nobody who could take a message."""
    site.hub.relay(CALL)
    assert site.held == [CALL]


async def test_what_comes_while_every_socket_is_down_is_held(site: Site) -> None:
    """Each message that comes then is noted; as long as one device is there, none is."""
    for number, session in enumerate((FIRST, SECOND)):
        site.join(session)
        site.hub.ringing(CALL, device(session, number))
    await site.reads(2)
    site.hub.leave(FIRST)
    site.hub.relay(CALL)
    await site.reads(3)
    site.hub.leave(SECOND)
    assert not site.held
    site.hub.relay(CALL)
    site.hub.relay(CALL)
    await site.reads(3)
    assert site.held == [CALL, CALL]


async def test_what_waits_behind_a_lost_socket_is_held(site: Site) -> None:
    """A message that was accepted and not read yet has nobody left to take it."""
    site.join(FIRST)
    site.hub.ringing(CALL, device(FIRST))
    await site.reads(1)
    site.hub.relay(CALL)
    site.hub.leave(FIRST)
    assert site.held == [CALL]


async def test_what_waits_behind_a_device_that_was_forgotten_is_held(site: Site) -> None:
    """The leg may still ring elsewhere, where the app does not listen yet."""
    for number, session in enumerate((FIRST, SECOND)):
        site.join(session)
        site.hub.invite(invitation(device(session, number)))
    site.hub.listens(FIRST, CALL)
    await site.reads(1)
    site.hub.relay(CALL)
    site.hub.forget(CALL, device(FIRST, 0))
    assert site.held == [CALL]


async def test_a_lost_socket_with_nothing_behind_it_holds_nothing(site: Site) -> None:
    """Nothing is written for the many devices that leave with everything received."""
    site.join(FIRST)
    site.hub.ringing(CALL, device(FIRST))
    await site.reads(1)
    site.hub.leave(FIRST)
    assert not site.held


async def test_another_device_that_can_take_it_keeps_a_message_from_being_held(
    site: Site,
) -> None:
    """Only when the last one is gone is there nobody."""
    for number, session in enumerate((FIRST, SECOND)):
        site.join(session)
        site.hub.ringing(CALL, device(session, number))
    await site.reads(2)
    site.hub.relay(CALL)
    site.hub.leave(FIRST)
    assert not site.held
