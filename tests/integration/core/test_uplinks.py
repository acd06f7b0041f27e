"""SDK to server: what a device may send, what each subscription is owed, and when."""

import asyncio
from datetime import timedelta

import pytest

from midcall.core.calls import events as ev
from midcall.core.limits import SUBSCRIPTIONS_PER_CALL
from midcall.core.messages.rate import Rate
from midcall.core.messages.settings import MessageSettings
from midcall.core.ports import Peer
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import (
    CallNotActive,
    CallNotFound,
    Fault,
    IdempotencyConflict,
    InvalidMessageType,
    InvalidMethod,
    InvalidParameter,
    InvalidUrl,
    MalformedFrame,
    NotFound,
    PayloadTooLarge,
    RateExceeded,
    UnexpectedCallState,
)
from midcall.model.families import SessionId
from midcall.model.messages import Direction
from midcall.model.outbox import Entry, EntryKind
from midcall.model.sids import CallSid, MessageSid, SubscriptionSid, is_sid
from midcall.store.sqlite import SqliteStore
from tests.integration.core.node import (
    DIAL_BOB,
    HOLD,
    OURS,
    START,
    THEIRS,
    Node,
    ann,
    bob,
    outcome,
    uplink,
)

HOOK = "https://example.com/hook?a=1#rc=2"
UNKNOWN = CallSid("CA" + "f" * 32)


async def _owed(node: Node) -> list[Entry]:
    """Return the first entry of every lane."""
    return await node.store.due_entries(node.runtime.now, busy=frozenset(), limit=1000)


async def _subscribe(node: Node, call: CallSid, callback: str = HOOK) -> SubscriptionSid:
    created = await node.subscribe(OURS, call, callback, None, None)
    return SubscriptionSid(created.sid)


# --- what a device sends ------------------------------------------------------------------------


async def test_a_message_is_kept_and_owed_to_every_subscription(node: Node) -> None:
    """One entry a subscription, in its lane, with the fields that the page lists."""
    parent, _ = await node.talk()
    hooks = [await _subscribe(node, parent, f"https://example.com/{n}") for n in range(3)]
    await node.messages.receive(ann(), uplink(parent, content='{"a":1}'))
    entries = await _owed(node)
    assert {entry.lane for entry in entries} == set(hooks)
    assert {entry.endpoint.url for entry in entries} == {
        f"https://example.com/{n}" for n in range(3)
    }
    for entry in entries:
        assert entry.kind is EntryKind.USER_DEFINED_MESSAGE
        assert entry.message_sid == uplink(parent).voice_event_sid
        assert entry.parameters == {
            "AccountSid": OURS,
            "CallSid": parent,
            "Content": '{"a":1}',
            "ContentType": "application/json",
            "SequenceNumber": "0",
            "Sid": uplink(parent).voice_event_sid,
        }
    assert len({entry.token for entry in entries}) == 3
    assert node.deliveries_woken == 1


async def test_a_message_without_a_subscription_is_kept_all_the_same(node: Node) -> None:
    """It is acknowledged; nobody is owed anything."""
    parent, _ = await node.talk()
    await node.messages.receive(ann(), uplink(parent))
    message = await node.store.find_message(parent, MessageSid(uplink(parent).voice_event_sid))
    assert message is not None
    assert message.direction is Direction.UPLINK
    assert not await _owed(node)


async def test_a_subscription_is_owed_what_comes_after_it(node: Node) -> None:
    """Its first callback carries the position that the leg has reached."""
    parent, _ = await node.talk()
    await node.messages.receive(ann(), uplink(parent, 1))
    await _subscribe(node, parent)
    await node.messages.receive(ann(), uplink(parent, 2))
    (entry,) = await _owed(node)
    assert entry.parameters["SequenceNumber"] == "1"


async def test_the_sequence_begins_where_the_setting_says(store: SqliteStore) -> None:
    """``SEQUENCE_START`` shifts what is shown, not how positions count."""
    node = Node(store, settings=MessageSettings(first_sequence_number=1))
    parent, _ = await node.talk()
    await _subscribe(node, parent)
    await node.messages.receive(ann(), uplink(parent))
    (entry,) = await _owed(node)
    assert entry.parameters["SequenceNumber"] == "1"
    assert entry.position == 0
    await node.close()


async def test_each_leg_counts_for_itself(node: Node) -> None:
    """Subscriptions and sequence belong to one leg."""
    parent, child = await node.talk()
    await _subscribe(node, parent)
    hook = await _subscribe(node, child)
    await node.messages.receive(ann(), uplink(parent, 1))
    await node.messages.receive(bob(), uplink(child, 2))
    owed = {entry.lane: entry for entry in await _owed(node)}
    assert owed[hook].parameters["CallSid"] == child
    assert {entry.parameters["SequenceNumber"] for entry in owed.values()} == {"0"}


async def test_the_same_message_twice_is_one(node: Node) -> None:
    """Acknowledged again, kept and owed once: in the same moment, later, and after a restart."""
    parent, _ = await node.talk()
    await _subscribe(node, parent)
    same = [node.messages.receive(ann(), uplink(parent)) for _ in range(20)]
    await asyncio.gather(*same)
    await node.messages.receive(ann(), uplink(parent, content="[]"))
    assert await node.store.next_position(parent, Direction.UPLINK) == 1
    message = MessageSid(uplink(parent).voice_event_sid)
    assert await node.store.open_entries(message, parent) == 1
    assert not node.disk.failures, "the store had to tell"


async def test_the_same_sid_on_another_leg_is_another_message(node: Node) -> None:
    """A SID is its device's own; what another device calls so does not matter."""
    parent, child = await node.talk()
    await asyncio.gather(
        node.messages.receive(ann(), uplink(parent)), node.messages.receive(bob(), uplink(child))
    )
    for leg in (parent, child):
        assert await node.store.next_position(leg, Direction.UPLINK) == 1


async def test_concurrent_messages_keep_their_order(node: Node) -> None:
    """Fifty at once take fifty positions, in the order in which they came."""
    parent, _ = await node.talk()
    messages = [uplink(parent, number) for number in range(50)]
    await asyncio.gather(*(node.messages.receive(ann(), message) for message in messages))
    for position, message in enumerate(messages):
        kept = await node.store.find_message(parent, MessageSid(message.voice_event_sid))
        assert kept is not None
        assert kept.position == position


async def test_a_device_that_rings_may_send(node: Node) -> None:
    """Ringing is active."""
    node.phones.register("bob", "bob 1", "bob 2")
    parent = await node.place()
    child = node.child(parent)
    await node.messages.receive(bob("bob 1"), uplink(child, 1))
    await node.messages.receive(bob("bob 2"), uplink(child, 2))
    assert await node.store.next_position(child, Direction.UPLINK) == 2


async def test_a_device_that_is_away_may_send_before_it_is_back(node: Node) -> None:
    """The SDK flushes its messages before it re-attaches."""
    parent, _ = await node.talk()
    node.calls.lost(SessionId("ann 1"), (parent,), 30)
    await node.wait(1)
    await node.messages.receive(ann("ann 2", since=node.runtime.now), uplink(parent))
    assert await node.store.next_position(parent, Direction.UPLINK) == 1


async def test_an_older_socket_of_the_same_identity_does_not_speak_for_a_device(
    node: Node,
) -> None:
    """It may have rung for this call and lost it; what it says comes too late."""
    await node.wait(1)
    older = START
    parent, child = await node.talk()
    for peer, call in ((ann("ann 2", since=older), parent), (bob("bob 2", since=older), child)):
        refused = await outcome(node.messages.receive(peer, uplink(call)))
        assert isinstance(refused, CallNotFound)


@pytest.mark.parametrize(
    ("kind", "content", "fault"),
    [
        ("user-defined", "{}", InvalidMessageType),
        ("", "{}", InvalidMessageType),
        ("user-defined-message", "x" * 10_001, PayloadTooLarge),
    ],
)
async def test_a_bad_message_is_refused(
    node: Node, kind: str, content: str, fault: type[Fault]
) -> None:
    """31210 and 31212; nothing is kept, and the next message takes its place."""
    parent, _ = await node.talk()
    refused = await outcome(node.messages.receive(ann(), uplink(parent, 1, content, kind)))
    assert isinstance(refused, fault)
    assert await node.store.next_position(parent, Direction.UPLINK) == 0


async def test_a_message_needs_a_sid_of_its_own(node: Node) -> None:
    """A device that names it otherwise does not speak the protocol."""
    parent, _ = await node.talk()
    message = uplink(parent)
    for sid in ("", "KX1", "ZY" + "0" * 32):
        bad = type(message)(
            call_sid=parent,
            content="{}",
            content_type="",
            message_type=message.message_type,
            voice_event_sid=sid,
        )
        assert isinstance(await outcome(node.messages.receive(ann(), bad)), MalformedFrame)


async def test_a_device_sends_on_its_own_leg_only(node: Node) -> None:
    """Unknown calls, other legs and other accounts look the same."""
    parent, child = await node.talk()
    foreign = Peer(session=SessionId("ann 1"), account_sid=THEIRS, identity="ann")
    for peer, call in ((ann(), UNKNOWN), (ann(), child), (bob(), parent), (foreign, parent)):
        refused = await outcome(node.messages.receive(peer, uplink(call)))
        assert isinstance(refused, CallNotFound)


async def test_a_device_that_left_sends_nothing(node: Node) -> None:
    """Its call is over, in a live family and after it."""
    parent, child = await node.talk()
    node.calls.hang_up(bob(), child)
    node.calls.hang_up(ann(), parent)
    await node.quiet()
    for peer, call in ((ann(), parent), (bob(), child)):
        refused = await outcome(node.messages.receive(peer, uplink(call)))
        assert isinstance(refused, CallNotFound)


async def test_a_device_whose_invite_is_on_its_way_sends_nothing_yet(node: Node) -> None:
    """31211 while its call is queued: it cannot know of it."""
    node.phones.register("bob", "bob 1")
    parent = await node.place(DIAL_BOB.replace("<Dial>", "<Pause length='1'/><Dial>"))
    with node.media.gate.held():
        await node.wait(1)
        child = node.child(parent)
        node.rooms.post(child, ev.DevicesFound(call_sid=child, sessions=(SessionId("bob 1"),)))
        await node.quiet()
        refused = await outcome(node.messages.receive(bob(), uplink(child)))
        assert isinstance(refused, UnexpectedCallState)
    await node.quiet()
    await node.messages.receive(bob(), uplink(child))


async def test_too_many_messages_are_refused(store: SqliteStore) -> None:
    """31206 past the burst; a second later as many pass as the rate allows; each leg for itself."""
    node = Node(store, settings=MessageSettings(uplink_rate=Rate(2, 3)))
    parent, child = await node.talk()

    async def send(peer: Peer, call: CallSid, first: int) -> list[bool]:
        sent = [
            await outcome(node.messages.receive(peer, uplink(call, first + number)))
            for number in range(5)
        ]
        return [isinstance(one, RateExceeded) for one in sent]

    assert await send(ann(), parent, 0) == [False] * 3 + [True] * 2
    assert await send(bob(), child, 0) == [False] * 3 + [True] * 2
    await node.wait(1)
    assert await send(ann(), parent, 10) == [False] * 2 + [True] * 3
    assert await node.store.next_position(parent, Direction.UPLINK) == 5
    await node.close()


async def test_a_repeat_costs_nothing_of_the_rate(store: SqliteStore) -> None:
    """A device that sends again what it does not know to be kept is not held up for it."""
    node = Node(store, settings=MessageSettings(uplink_rate=Rate(1, 1)))
    parent, _ = await node.talk()
    for _ in range(5):
        await node.messages.receive(ann(), uplink(parent))
    await node.close()


# --- subscriptions ------------------------------------------------------------------------------


async def test_a_subscription_is_kept(node: Node) -> None:
    """With its callback as it was written, POST unless told otherwise."""
    parent, _ = await node.talk()
    created = await node.subscribe(OURS, parent, HOOK, None, None)
    assert is_sid("ZY", created.sid)
    await node.subscribe(OURS, parent, HOOK, "GET", None)
    kept = await node.store.subscriptions(parent)
    assert [subscription.callback for subscription in kept] == [
        Endpoint(HOOK),
        Endpoint(HOOK, Method.GET),
    ]


@pytest.mark.parametrize(
    ("callback", "method", "fault"),
    [
        (None, None, InvalidUrl),
        ("", None, InvalidUrl),
        ("nonsense", None, InvalidUrl),
        ("ftp://example.com/", None, InvalidUrl),
        ("https://under_score.example/", None, InvalidUrl),
        (HOOK, "PUT", InvalidMethod),
        (HOOK, "get", InvalidMethod),
    ],
)
async def test_a_bad_subscription_is_refused(
    node: Node, callback: str | None, method: str | None, fault: type[Fault]
) -> None:
    """21205 and 21403; nothing is kept."""
    parent, _ = await node.talk()
    refused = await outcome(node.subscribe(OURS, parent, callback, method, None))
    assert isinstance(refused, fault)
    assert not await node.store.subscriptions(parent)


async def test_a_call_that_is_over_takes_no_subscription(node: Node) -> None:
    """21220; unknown calls and another account's are 20404."""
    sid = await node.place("<Response/>")
    refused = await outcome(node.subscribe(OURS, sid, HOOK, None, None))
    assert isinstance(refused, CallNotActive)
    for account, call in ((THEIRS, sid), (OURS, UNKNOWN)):
        refused = await outcome(node.subscribe(account, call, HOOK, None, None))
        assert isinstance(refused, NotFound)


async def test_a_call_has_so_many_subscriptions_at_most(node: Node) -> None:
    """Also when they come at once; who goes makes room, and each leg counts for itself."""
    parent, child = await node.talk()
    outcomes = await asyncio.gather(
        *(
            outcome(node.subscribe(OURS, parent, HOOK, None, None))
            for _ in range(SUBSCRIPTIONS_PER_CALL + 3)
        )
    )
    refused = [one for one in outcomes if isinstance(one, Fault)]
    assert [type(one) for one in refused] == [InvalidParameter] * 3
    assert len(await node.store.subscriptions(parent)) == SUBSCRIPTIONS_PER_CALL
    await _subscribe(node, child)
    await node.messages.unsubscribe(OURS, parent, SubscriptionSid(outcomes[0].sid))
    await _subscribe(node, parent)


async def test_a_repeated_subscription_is_the_first_one(node: Node) -> None:
    """Same key and parameters: the same answer; other parameters: 20409."""
    parent, _ = await node.talk()
    answers = await asyncio.gather(
        *(node.subscribe(OURS, parent, HOOK, None, "k") for _ in range(10))
    )
    assert answers == [answers[0]] * 10
    assert len(await node.store.subscriptions(parent)) == 1
    for callback, method in ((HOOK, "GET"), ("https://example.com/", None)):
        refused = await outcome(node.subscribe(OURS, parent, callback, method, "k"))
        assert isinstance(refused, IdempotencyConflict)


async def test_a_repeat_does_not_bring_a_subscription_back(node: Node) -> None:
    """It was answered, and then ended: the answer is still the first one."""
    parent, _ = await node.talk()
    created = await node.subscribe(OURS, parent, HOOK, None, "k")
    await node.messages.unsubscribe(OURS, parent, SubscriptionSid(created.sid))
    assert await node.subscribe(OURS, parent, HOOK, None, "k") == created
    assert not await node.store.subscriptions(parent)


async def test_an_ended_subscription_is_owed_nothing_new(node: Node) -> None:
    """What it is owed already stays owed."""
    parent, _ = await node.talk()
    hook = await _subscribe(node, parent)
    await node.messages.receive(ann(), uplink(parent, 1))
    await node.messages.unsubscribe(OURS, parent, hook)
    await node.messages.receive(ann(), uplink(parent, 2))
    assert await node.store.open_entries(MessageSid(uplink(parent, 1).voice_event_sid), parent) == 1
    assert await node.store.open_entries(MessageSid(uplink(parent, 2).voice_event_sid), parent) == 0


async def test_a_subscription_ends_once(node: Node) -> None:
    """The second time it is not found; nor is another call's, or another account's."""
    parent, child = await node.talk()
    hook = await _subscribe(node, parent)
    for account, call in ((THEIRS, parent), (OURS, child), (OURS, UNKNOWN)):
        refused = await outcome(node.messages.unsubscribe(account, call, hook))
        assert isinstance(refused, NotFound)
    await node.messages.unsubscribe(OURS, parent, hook)
    assert isinstance(await outcome(node.messages.unsubscribe(OURS, parent, hook)), NotFound)


async def test_a_subscription_can_end_after_its_call(node: Node) -> None:
    """What is left in the store can be removed from it."""
    sid = await node.place(HOLD)
    hook = await _subscribe(node, sid)
    node.calls.hang_up(ann(), sid)
    await node.quiet()
    await node.messages.unsubscribe(OURS, sid, hook)
    assert await node.store.find_subscription(hook) is None


async def test_subscriptions_survive_a_restart(node: Node) -> None:
    """The next start owes them what comes, at the position that was reached."""
    sid = await node.place(HOLD)
    hook = await _subscribe(node, sid)
    await node.messages.receive(ann(), uplink(sid, 1))
    again = Node(node.store)
    again.entropy.drawn = 10_000
    await again.calls.restore()
    await again.quiet()
    again.runtime.now += timedelta(seconds=1)
    peer = ann("ann 2", since=again.runtime.now)
    await again.messages.receive(peer, uplink(sid, 1))
    await again.messages.receive(peer, uplink(sid, 2))
    assert await again.store.next_position(sid, Direction.UPLINK) == 2
    (entry,) = await _owed(again)
    assert (entry.lane, entry.position) == (hook, 0)
    await again.close()
