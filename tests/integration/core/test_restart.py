"""The next start: every family is where it was decided to be, and its timers run."""

import asyncio
from datetime import timedelta

from midcall.core import effects as do
from midcall.core.calls.rooms import Room, Rooms
from midcall.core.calls.service import Offer
from midcall.core.limits import RESTORED_AWAY_SECONDS
from midcall.model.calls import CallStatus
from midcall.model.sids import CallSid
from midcall.runtime.loop import LoopRuntime
from tests.integration.core.node import DIAL_BOB, HOLD, START, Node, ann, bob, offer

GO_ON = DIAL_BOB.replace("</Dial>", "</Dial><Pause length='3600'/>")


async def _start_again(node: Node) -> Node:
    """Leave everything of a node behind but its store."""
    again = Node(node.store)
    again.entropy.drawn = 10_000
    again.runtime.now = node.runtime.now
    again.customer.pages = node.customer.pages
    assert await again.calls.restore() == len(await node.store.live_families())
    await again.quiet()
    return again


def _token(node: Node, sid: CallSid) -> str:
    room = node.rooms.find(sid)
    assert room is not None
    return room.leg(sid).devices[0].reconnect_token


async def test_a_talk_goes_on_when_both_come_back(node: Node) -> None:
    """Each device takes its leg up again with the token that it was given before."""
    parent, child = await node.talk()
    tokens = _token(node, parent), _token(node, child)
    again = await _start_again(node)
    await again.calls.attach(ann("ann 2"), parent, tokens[0], offer("sdp"))
    await again.calls.attach(bob("bob 2"), child, tokens[1], offer("sdp"))
    await again.wait(RESTORED_AWAY_SECONDS)
    assert (await again.call(parent)).status is CallStatus.IN_PROGRESS
    assert (await again.call(child)).status is CallStatus.IN_PROGRESS
    assert again.phones.of("ann 2") == again.phones.of("bob 2") == ["answer"]
    again.calls.hang_up(bob("bob 2"), child)
    await again.quiet()
    assert again.phones.of("ann 2") == ["answer", "hangup", "forgotten"]
    await again.close()


async def test_what_waits_for_devices_is_looked_at_anew(node: Node) -> None:
    """Whoever looks sees that nobody can take it now."""
    parent, child = await node.talk()
    again = await _start_again(node)
    assert again.phones.relayed == [parent, child]
    await again.close()


async def test_a_device_that_offers_when_it_comes_back_is_answered(node: Node) -> None:
    """What it offered while nobody was there is not waited for twice; nothing else is answered."""
    parent, child = await node.talk()
    tokens = _token(node, parent), _token(node, child)
    again = await _start_again(node)
    open_offer = Offer("a new path", offer("").fingerprint, open=True)
    await again.calls.attach(ann("ann 2"), parent, tokens[0], open_offer)
    await again.calls.attach(bob("bob 2"), child, tokens[1], offer("sdp"))
    await again.quiet()
    answers = [told[1:] for told in again.phones.told if told[0] == "answer"]
    assert answers == [("ann 2", parent, "answer to a new path"), ("bob 2", child, "")]
    await again.close()


async def test_an_offer_that_cannot_be_answered_costs_no_call(node: Node) -> None:
    """The device holds its leg all the same, and offers anew when it hears nothing."""
    parent, _ = await node.talk()
    token = _token(node, parent)
    again = await _start_again(node)
    again.media.fails.add("restart")
    open_offer = Offer("nonsense", offer("").fingerprint, open=True)
    await again.calls.attach(ann("ann 2"), parent, token, open_offer)
    await again.quiet()
    assert again.phones.told[-1] == ("answer", "ann 2", parent, "")
    assert (await again.call(parent)).status is CallStatus.IN_PROGRESS
    await again.close()


async def test_a_talk_ends_when_one_does_not_come_back(node: Node) -> None:
    """The away timer runs from the restart; the other one is told."""
    parent, child = await node.talk()
    token = _token(node, parent)
    again = await _start_again(node)
    await again.calls.attach(ann("ann 2"), parent, token, offer("sdp"))
    await again.wait(RESTORED_AWAY_SECONDS)
    assert (await again.call(child)).status is CallStatus.COMPLETED
    assert again.phones.of("ann 2") == ["answer", "hangup", "forgotten"]
    assert not await again.store.live_families()
    await again.close()


async def test_a_document_is_asked_for_again_with_the_same_token(node: Node) -> None:
    """The customer's server can tell the repeat."""
    node.phones.register("bob", "bob 1")
    parent = await node.place(GO_ON.replace("<Dial>", "<Dial action='/done'>"))
    node.customer.pages["https://example.com/done"] = HOLD
    with node.customer.gate.held():
        node.calls.reject(bob(), node.child(parent))
        await node.quiet()
        again = await _start_again(node)
        assert again.customer.asked == node.customer.asked[-1:]
        assert (await again.call(parent)).status is CallStatus.IN_PROGRESS
        await again.close()


async def test_what_rang_is_told_as_not_answered(node: Node) -> None:
    """The dial goes on without those who cannot know of it any more."""
    node.phones.register("bob", "bob 1")
    parent = await node.place(GO_ON)
    child = node.child(parent)
    again = await _start_again(node)
    assert (await again.call(child)).status is CallStatus.NO_ANSWER
    assert (await again.call(parent)).status is CallStatus.IN_PROGRESS
    assert f"pause:{parent}" in again.runtime.timers_of(parent)
    await again.close()


async def test_a_caller_who_waited_for_its_document_is_gone(node: Node) -> None:
    """Nothing is asked for a call that is cancelled."""
    with node.customer.gate.held():
        sid = await node.place()
        again = await _start_again(node)
    assert (await again.call(sid)).status is CallStatus.CANCELED
    assert not again.customer.asked
    await again.close()


async def test_a_family_that_is_over_is_not_taken_up(node: Node) -> None:
    """There is nothing to restore of it."""
    await node.place("<Response/>")
    again = await _start_again(node)
    assert len(again.rooms) == 0
    await again.close()


async def test_timers_are_set_again(node: Node) -> None:
    """Each is due when it was; the time that the server was away counts."""
    sid = await node.place("<Response><Pause length='100'/><Pause length='50'/></Response>")
    node.runtime.now = START.replace(hour=START.hour + 1)
    again = await _start_again(node)
    assert again.runtime.timers_of(sid) >= {f"pause:{sid}"}
    await again.wait(0)
    room = again.rooms.find(sid)
    assert room is not None
    assert (room.family.timers[f"pause:{sid}"] - again.runtime.now).total_seconds() == 50
    await again.close()


async def test_an_overdue_timer_goes_off_by_itself(node: Node) -> None:
    """With the real timers: what came due while the server was away happens at its start."""
    sid = await node.place("<Response><Pause length='5'/></Response>")
    later = START + timedelta(hours=1)
    runtime = LoopRuntime(lambda: later)
    ended = asyncio.Event()

    async def perform(room: Room, effect: do.Effect) -> None:
        if isinstance(effect, do.HangUpDevice):
            ended.set()

    rooms = Rooms(
        journal=node.journal,
        clock=lambda: later,
        entropy=node.entropy,
        runtime=runtime,
        wake_delivery=lambda: None,
    )
    rooms.perform = perform
    (family,) = await node.store.live_families()
    rooms.restore(family)
    async with asyncio.timeout(30):
        await ended.wait()
    assert (await node.call(sid)).status is CallStatus.COMPLETED
    await runtime.close(30)
