"""Decide, commit, release: what a slow or broken disk may do, and what it may not."""

import asyncio

import pytest

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls.rooms import LONGEST_RETRY_SECONDS, RETRY_COMMIT_SECONDS, Draft, Room
from midcall.core.ports import AddEntry, AddMessage, Change, ExpireMessages, PutFamily
from midcall.model.calls import CallStatus
from midcall.model.errors import CallNotActive, IdempotencyConflict, Unavailable
from midcall.model.sids import CallSid, MessageSid
from tests.integration.core.node import DIAL_BOB, HOLD, OURS, Node, ann, bob, offer, outcome, uplink

TOLD = DIAL_BOB.replace(
    "<Client>",
    '<Client statusCallback="https://example.com/status" '
    'statusCallbackEvent="initiated ringing answered completed">',
)


def _room(node: Node, sid: CallSid) -> Room:
    room = node.rooms.find(sid)
    assert room is not None
    return room


# --- a disk that refuses ------------------------------------------------------------------------


async def test_a_question_on_a_broken_disk_is_refused(node: Node) -> None:
    """Whoever asked hears that it can be tried again; nothing is kept, nothing is sent."""
    parent, _ = await node.talk()
    relayed = list(node.phones.relayed)
    with node.disk.broken():
        assert isinstance(await outcome(node.send(OURS, parent, "{}", "k")), Unavailable)
        refused = await outcome(node.messages.receive(ann(), uplink(parent)))
        assert isinstance(refused, Unavailable)
    assert not await node.store.downlinks(parent, after=-1, limit=10)
    assert node.phones.relayed == relayed


async def test_what_was_refused_can_be_asked_again(node: Node) -> None:
    """No position, no key and no SID is used up by what was never kept."""
    parent, _ = await node.talk()
    first = await node.send(OURS, parent, "1", None)
    with node.disk.broken():
        assert isinstance(await outcome(node.send(OURS, parent, "2", "k")), Unavailable)
        refused = await outcome(node.messages.receive(ann(), uplink(parent)))
        assert isinstance(refused, Unavailable)
        subscription = node.subscribe(OURS, parent, "https://example.com/", None, None)
        assert isinstance(await outcome(subscription), Unavailable)
    again = await node.send(OURS, parent, '"another"', "k")
    await node.messages.receive(ann(), uplink(parent))
    kept = await node.store.downlinks(parent, after=-1, limit=10)
    assert [(message.sid, message.position) for message in kept] == [(first.sid, 0), (again.sid, 1)]
    received = await node.store.find_message(parent, MessageSid(uplink(parent).voice_event_sid))
    assert received is not None
    assert received.position == 0
    assert not await node.store.open_entries(received.sid, parent), "a subscription was kept"


async def test_an_event_on_a_broken_disk_happens_later(node: Node) -> None:
    """Nobody would send it again, so it is tried until it can be kept."""
    parent, child = await node.talk()
    told = list(node.phones.told)
    with node.disk.broken():
        node.calls.hang_up(bob(), child)
        await node.quiet()
        for _ in range(3):
            await node.wait(RETRY_COMMIT_SECONDS)
        assert node.phones.told == told
        assert _room(node, parent).leg(child).call.status is CallStatus.IN_PROGRESS
    await node.wait(LONGEST_RETRY_SECONDS)
    assert (await node.call(child)).status is CallStatus.COMPLETED
    assert (await node.call(parent)).status is CallStatus.COMPLETED
    assert node.phones.of("ann 1")[-2:] == ["hangup", "forgotten"]


async def test_a_timer_on_a_broken_disk_is_not_lost(node: Node) -> None:
    """A pause ends although its end could not be kept at first."""
    sid = await node.place("<Response><Pause length='5'/></Response>")
    with node.disk.broken():
        await node.wait(5)
        assert _room(node, sid).family.parent.call.status is CallStatus.IN_PROGRESS
    await node.wait(RETRY_COMMIT_SECONDS)
    assert (await node.call(sid)).status is CallStatus.COMPLETED


async def test_a_step_is_kept_whole_or_not_at_all(node: Node) -> None:
    """Family, calls, callbacks and messages of one step stand or fall together."""
    node.phones.register("bob", "bob 1")
    parent = await node.place(TOLD)
    child = node.child(parent)
    message = await node.send(OURS, child, "{}", None)
    before = await node.store.live_families()
    with node.disk.broken(lambda change: isinstance(change, ExpireMessages)):
        node.calls.reject(bob(), child)
        await node.quiet()
        assert await node.store.live_families() == before
        assert (await node.call(child)).status is CallStatus.RINGING
        (kept,) = await node.store.downlinks(child, after=-1, limit=10)
        assert (kept.sid, kept.state.terminal) == (message.sid, False)
        entries = await node.store.due_entries(node.runtime.now, busy=frozenset(), limit=10)
        assert [entry.parameters["CallStatus"] for entry in entries] == ["initiated"]
    await node.wait(RETRY_COMMIT_SECONDS)
    assert (await node.call(child)).status is CallStatus.BUSY
    assert not await node.store.downlinks(child, after=-1, limit=10)


async def test_what_cannot_be_kept_fails_nobody_else(node: Node) -> None:
    """Of many that wait together each is decided by itself once they fail together."""
    parent, _ = await node.talk()
    with node.disk.broken(lambda change: isinstance(change, AddMessage) and "bad" in str(change)):
        outcomes = await asyncio.gather(
            *(
                outcome(node.send(OURS, parent, f'"{text}"', None))
                for text in ("one", "bad", "two", "bad", "three")
            )
        )
    refused = [isinstance(one, Unavailable) for one in outcomes]
    assert refused == [False, True, False, True, False]
    kept = await node.store.downlinks(parent, after=-1, limit=10)
    assert [message.content for message in kept] == ['"one"', '"two"', '"three"']
    assert [message.position for message in kept] == [0, 1, 2]
    assert [message.sid for message in kept] == [
        one.sid for one in outcomes if not isinstance(one, Unavailable)
    ]


async def test_an_event_that_cannot_be_kept_is_tried_ever_less_often(node: Node) -> None:
    """After a second, two more, four more, and so on up to ten, until it is kept."""
    parent, child = await node.talk()
    attempts = 0

    def ends(change: Change) -> bool:
        nonlocal attempts
        attempts += isinstance(change, ExpireMessages) and change.call_sid == child
        return isinstance(change, ExpireMessages)

    with node.disk.broken(ends):
        node.calls.hang_up(bob(), child)
        await node.quiet()
        seen = []
        for seconds in (1, 1, 1, 4, 8, 10, 10, 10):
            await node.wait(seconds)
            seen.append(attempts)
        assert seen == [2, 2, 3, 4, 5, 6, 7, 8]
    await node.wait(LONGEST_RETRY_SECONDS)
    assert (await node.call(child)).status is CallStatus.COMPLETED
    assert (await node.call(parent)).status is CallStatus.COMPLETED


async def test_an_event_that_cannot_be_kept_does_not_hold_up_the_call(node: Node) -> None:
    """While it is tried again and again, everything else happens."""
    parent, child = await node.talk()
    with node.disk.broken(lambda change: isinstance(change, ExpireMessages)):
        node.calls.hang_up(bob(), child)
        await node.quiet()
        for number in range(3):
            await node.wait(RETRY_COMMIT_SECONDS)
            await node.send(OURS, parent, "{}", f"k{number}")
    await node.wait(RETRY_COMMIT_SECONDS)
    assert (await node.call(child)).status is CallStatus.COMPLETED


async def test_delivery_is_woken_by_what_it_has_to_deliver(node: Node) -> None:
    """Only commits that owe something wake it, and only once they are done."""
    node.phones.register("bob", "bob 1")
    with node.disk.broken(lambda change: isinstance(change, AddEntry)):
        parent = await node.place(TOLD)
        assert node.deliveries_woken == 0
    await node.wait(RETRY_COMMIT_SECONDS)
    woken = node.deliveries_woken
    assert woken > 0
    await node.send(OURS, parent, "{}", None)
    assert node.deliveries_woken == woken


# --- a disk that is slow ------------------------------------------------------------------------


async def test_nobody_is_answered_before_the_commit(node: Node) -> None:
    """Neither with an answer, nor with a frame, nor with a refusal that rests on it."""
    parent, child = await node.talk()
    told, relayed = list(node.phones.told), list(node.phones.relayed)
    with node.disk.gate.held():
        node.calls.hang_up(bob(), child)
        await node.disk.gate.reached()
        asks = [
            asyncio.create_task(outcome(node.send(OURS, parent, content, key)))
            for content, key in (("1", "k"), ("2", "k"))
        ]
        done, _ = await asyncio.wait(asks, timeout=0.05)
        assert not done
        assert node.phones.told == told
        assert node.phones.relayed == relayed
    late = [await ask for ask in asks]
    assert all(isinstance(one, CallNotActive) for one in late)


async def test_a_refusal_that_rests_on_what_was_never_kept_is_not_given(node: Node) -> None:
    """A key that was used by a message which could not be kept was not used."""
    parent, _ = await node.talk()
    with node.disk.broken(lambda change: isinstance(change, AddMessage) and "first" in str(change)):
        first, second = await asyncio.gather(
            outcome(node.send(OURS, parent, '"first"', "k")),
            outcome(node.send(OURS, parent, '"second"', "k")),
        )
    assert isinstance(first, Unavailable)
    assert not isinstance(second, IdempotencyConflict | Unavailable)
    (kept,) = await node.store.downlinks(parent, after=-1, limit=10)
    assert kept.content == '"second"'


async def test_what_waits_together_is_committed_together(node: Node) -> None:
    """Many decisions of one call share a transaction, and write the family at most once."""
    parent, _ = await node.talk()
    before = len(node.disk.commits)
    await asyncio.gather(*(node.send(OURS, parent, "{}", None) for _ in range(50)))
    commits = node.disk.commits[before:]
    assert len(commits) <= 2
    assert sum(isinstance(change, AddMessage) for changes in commits for change in changes) == 50
    assert not [change for changes in commits for change in changes if _is_family(change)]


async def test_an_event_that_changes_nothing_writes_nothing(node: Node) -> None:
    """A device that accepts twice costs no commit."""
    parent, child = await node.talk()
    before = len(node.disk.commits)
    node.calls.accept(bob(), child, offer("sdp"))
    node.calls.accept(ann(), parent, offer("sdp"))
    await node.quiet()
    assert len(node.disk.commits) == before


def _is_family(change: Change) -> bool:
    return isinstance(change, PutFamily)


# --- rooms --------------------------------------------------------------------------------------


async def test_whoever_asks_in_the_moment_of_the_end_is_answered(node: Node) -> None:
    """The room is left, but not what waits in its mailbox."""
    parent, _ = await node.talk()
    with node.disk.gate.held():
        node.calls.hang_up(ann(), parent)
        await node.disk.gate.reached()
        late = asyncio.create_task(outcome(node.send(OURS, parent, "{}", None)))
        await asyncio.sleep(0)
    assert isinstance(await late, CallNotActive)
    await node.quiet()
    assert node.rooms.find(parent) is None
    assert not node.runtime.timers_of(parent)


async def test_a_decision_that_breaks_is_refused_alone(node: Node) -> None:
    """A bug in one decision is the asker's only; the room goes on."""
    parent, _ = await node.talk()

    async def broken(room: Room) -> Draft:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await node.rooms.ask(_room(node, parent), broken)
    await node.send(OURS, parent, "{}", None)


async def test_events_for_nobody_are_ignored(node: Node) -> None:
    """A timer or a frame may come after the end of its call."""
    node.rooms.post(CallSid("CA" + "f" * 32), ev.TimerFired(name="ring"))
    await node.quiet()
    assert not node.disk.commits


async def test_a_room_remembers_nothing_that_the_store_knows(node: Node) -> None:
    """A call of many hours and messages is no larger than one that has just begun."""
    parent, _ = await node.talk()
    for number in range(20):
        await node.send(OURS, parent, "{}", f"k{number}")
        await node.messages.receive(ann(), uplink(parent, number))
    memory = _room(node, parent).memory
    assert not memory.requests
    assert not memory.uplinks
    assert len(memory.positions) == 2
    assert len(_room(node, parent).buckets) == 1


# --- effects ------------------------------------------------------------------------------------


async def test_effects_keep_their_order_though_media_is_slow(node: Node) -> None:
    """A device is not told that it is over before it was told that it began."""
    node.phones.register("bob", "bob 1")
    with node.media.gate.held():
        parent = await node.place()
        child = node.child(parent)
        node.calls.hang_up(ann(), parent)
        await node.quiet()
        assert node.phones.of("ann 1") == ["ringing"]
    await node.quiet()
    assert node.phones.of("ann 1") == ["ringing", "answer", "forgotten"]
    assert (await node.call(child)).status is CallStatus.CANCELED
    assert node.media.log[-1][0] == "release"
    assert not node.media.endpoints


async def test_messages_do_not_wait_for_slow_media(node: Node) -> None:
    """They are relayed while an endpoint is still being set up."""
    with node.media.gate.held():
        parent = await node.place(HOLD)
        await node.send(OURS, parent, "{}", None)
        await node.quiet()
        assert node.phones.relayed == [parent]
        assert node.phones.of("ann 1") == ["ringing"]


@pytest.mark.parametrize("broken", [do.HangUpDevice, do.PartMedia, do.TellRinging])
async def test_an_effect_that_breaks_keeps_no_other_from_happening(
    node: Node, broken: type[do.Effect]
) -> None:
    """What is wrong with one device must not leave another ringing for ever."""

    async def perform(room: Room, effect: do.Effect) -> None:
        if isinstance(effect, broken):
            raise ConnectionError("broken")
        await node.releaser.perform(room, effect)

    node.rooms.perform = perform
    node.phones.register("bob", "bob 1", "bob 2")
    parent = await node.place()
    node.calls.hang_up(ann(), parent)
    await node.quiet()
    assert node.phones.of("bob 1") == node.phones.of("bob 2") == ["invite", "cancel", "forgotten"]
    assert len(node.rooms) == 0


async def test_a_release_that_breaks_keeps_no_other_from_happening(node: Node) -> None:
    """Endpoints that cannot be let go do not keep their devices ringing."""
    node.phones.register("bob", "bob 1", "bob 2")
    parent = await node.place()
    node.media.fails.add("release")
    node.calls.hang_up(ann(), parent)
    await node.quiet()
    assert node.phones.of("bob 1") == node.phones.of("bob 2") == ["invite", "cancel", "forgotten"]
