"""Messages for a device that cannot take them yet: they are held, and anyone can see that."""

import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from midcall.model.messages import MessageState
from tests.integration.gateway.inside import Inside, running_inside
from tests.support.softphone import Softphone

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Inside]:
    """Give a server on which an app that is rung never listens before it answers."""
    async with running_inside(incoming_hold_seconds=60) as site:
        yield site


class Ringing:
    """Alice calls bob, who has been told of it."""

    def __init__(self, site: Inside) -> None:
        self.name = f"bob-{secrets.token_hex(4)}"
        self.alice = site.phone("alice", site.application_sid)
        self.bob = site.phone(self.name)
        self.parent = self.child = self.reconnect = ""

    async def begin(self) -> "Ringing":
        """Let bob be rung."""
        await self.alice.sign_in()
        await self.bob.sign_in()
        await self.alice.invite(f"To={self.name}")
        self.parent = (await self.alice.expect("ringing"))["callsid"]
        await self.alice.expect("answer")
        invite = await self.bob.expect("invite")
        self.child, self.reconnect = invite["callsid"], invite["reconnect"]
        return self


@pytest_asyncio.fixture(loop_scope="module")
async def ringing(site: Inside) -> AsyncIterator[Ringing]:
    """Give a call that rings; both leave at the end."""
    call = Ringing(site)
    yield await call.begin()
    await call.alice.hang_up(call.parent)
    for phone in (call.alice, call.bob):
        await phone.leave()


async def test_an_app_that_is_rung_gets_its_messages_when_it_answers(
    site: Inside, ringing: Ringing
) -> None:
    """What came while the ringtone played is held, then comes in order, and nothing is lost."""
    sids = [await site.send(ringing.child, str(number)) for number in range(3)]
    for sid in sids:
        await site.reaches_state(ringing.child, sid, MessageState.HELD)
    await ringing.bob.nothing()
    assert (await site.message(ringing.child, sids[0])).held_at is not None
    await ringing.bob.accept(ringing.child)
    for number, sid in enumerate(sids):
        await ringing.bob.expect("message", voiceeventsid=sid, content=number)
        await site.reaches_state(ringing.child, sid, MessageState.DELIVERED)


@pytest.mark.parametrize("polite", [True, False])
async def test_what_comes_while_a_device_is_away_is_held(
    site: Inside, ringing: Ringing, polite: bool
) -> None:
    """A message behind a lost socket is held until the device is back, and then delivered.

    One that was sent without a receipt is sent: the device may have it.
    """
    await ringing.bob.accept(ringing.child)
    await site.reaches(ringing.child, "in-progress")
    ringing.bob.echoes = False
    sent = await site.send(ringing.child, '"sent"')
    await ringing.bob.expect("message", voiceeventsid=sent)
    behind = await site.send(ringing.child, '"behind"')
    await lose(ringing.bob, polite)
    await site.reaches_state(ringing.child, behind, MessageState.HELD)
    away = await site.send(ringing.child, '"away"')
    await site.reaches_state(ringing.child, away, MessageState.HELD)
    assert (await site.message(ringing.child, sent)).state is MessageState.SENT
    await ringing.bob.connect()
    await ringing.bob.listen()
    await ringing.bob.reattach(ringing.child, ringing.reconnect)
    await ringing.bob.expect("answer")
    for sid in (sent, behind, away):
        await ringing.bob.expect("message", voiceeventsid=sid)
        await site.reaches_state(ringing.child, sid, MessageState.DELIVERED)
    assert (await site.message(ringing.child, sent)).sends == 2
    assert (await site.message(ringing.child, away)).sends == 1


async def lose(phone: Softphone, polite: bool) -> None:
    """Take a device's socket away, with a word or without."""
    if not polite:
        phone.cut()
    await phone.leave()
    phone.echoes = True


async def test_what_is_held_when_the_call_ends_expires(site: Inside, ringing: Ringing) -> None:
    """A message that never had a device ends with its call, visibly."""
    sid = await site.send(ringing.child, '"too late"')
    await ringing.alice.hang_up(ringing.parent)
    await ringing.bob.expect("cancel", callsid=ringing.child)
    await site.reaches_state(ringing.child, sid, MessageState.EXPIRED)


async def test_what_comes_for_a_caller_is_sent_at_once(site: Inside, ringing: Ringing) -> None:
    """An app that made its call has its listener: nothing is held for it."""
    sid = await site.send(ringing.parent, '"hello"')
    await ringing.alice.expect("message", voiceeventsid=sid)
    await site.reaches_state(ringing.parent, sid, MessageState.DELIVERED)
    assert (await site.message(ringing.parent, sid)).held_at is None
