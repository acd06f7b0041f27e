"""SDK to server before anybody has subscribed: held for the call, and replayed on demand."""

import asyncio

from midcall.core.messages.settings import MessageSettings
from midcall.core.ports import EntryFilter
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.outbox import Entry
from midcall.model.sids import CallSid, MessageSid
from midcall.store.sqlite import SqliteStore
from tests.integration.core.node import OURS, Node, ann, uplink

HOOK = "https://example.com/hook"


def _sid(number: int) -> MessageSid:
    return MessageSid(f"KX{number:032x}")


async def _say(node: Node, call: CallSid, *numbers: int) -> None:
    for number in numbers:
        await node.messages.receive(ann(), uplink(call, number, content=str(number)))


async def _lane(node: Node, lane: str) -> list[Entry]:
    entries = await node.store.list_entries(OURS, EntryFilter(), offset=0, limit=1000)
    return sorted((one for one in entries if one.lane == lane), key=lambda one: one.position)


async def _find(node: Node, call: CallSid, number: int) -> UserDefinedMessage:
    message = await node.store.find_message(call, _sid(number))
    assert message is not None
    return message


async def test_a_message_that_nobody_asked_for_is_held(node: Node) -> None:
    """It is acknowledged and kept; that nobody has it yet can be seen."""
    parent, _ = await node.talk()
    await _say(node, parent, 1)
    message = await _find(node, parent, 1)
    assert message.state is MessageState.HELD
    assert message.held_at == message.created_at


async def test_a_message_that_is_owed_is_not_held(node: Node) -> None:
    """It is on its way."""
    parent, _ = await node.talk()
    await node.subscribe(OURS, parent, HOOK, None, None)
    await _say(node, parent, 1)
    message = await _find(node, parent, 1)
    assert (message.state, message.held_at) == (MessageState.ACCEPTED, None)


async def test_a_subscription_begins_with_what_comes_after_it(node: Node) -> None:
    """As in the original, unless it is asked for more: what was held stays held."""
    parent, _ = await node.talk()
    await _say(node, parent, 1)
    created = await node.subscribe(OURS, parent, HOOK, None, None)
    await _say(node, parent, 2)
    assert [entry.parameters["Sid"] for entry in await _lane(node, created.sid)] == [_sid(2)]
    assert (await _find(node, parent, 1)).state is MessageState.HELD


async def test_a_replay_begins_with_the_first_message_of_the_leg(node: Node) -> None:
    """In order, each with its own sequence number, and then what comes after it."""
    parent, _ = await node.talk()
    await _say(node, parent, 1, 2)
    await node.subscribe(OURS, parent, "https://example.com/other", None, None)
    await _say(node, parent, 3)
    created = await node.subscribe(OURS, parent, HOOK, None, None, replay=True)
    await _say(node, parent, 4)
    lane = await _lane(node, created.sid)
    assert [entry.parameters["Sid"] for entry in lane] == [_sid(n) for n in (1, 2, 3, 4)]
    assert [entry.parameters["SequenceNumber"] for entry in lane] == ["0", "1", "2", "3"]
    assert [entry.parameters["Content"] for entry in lane] == ["1", "2", "3", "4"]
    assert len({entry.token for entry in lane}) == 4
    assert (await _find(node, parent, 1)).state is MessageState.ACCEPTED
    subscription = (await node.store.subscriptions(parent))[-1]
    assert subscription.replay


async def test_a_replay_has_what_is_decided_together_with_it(node: Node) -> None:
    """Messages and a subscription that come at once miss none of each other."""
    parent, _ = await node.talk()
    await asyncio.gather(
        *(_say(node, parent, number) for number in range(5)),
        node.subscribe(OURS, parent, HOOK, None, "k", replay=True),
        *(_say(node, parent, number) for number in range(5, 10)),
    )
    (subscription,) = await node.store.subscriptions(parent)
    lane = await _lane(node, subscription.sid)
    assert [entry.position for entry in lane] == list(range(10))


async def test_a_replay_of_one_leg_has_nothing_of_another(node: Node) -> None:
    """Each leg is a conversation of its own."""
    parent, child = await node.talk()
    await _say(node, parent, 1)
    created = await node.subscribe(OURS, child, HOOK, None, None, replay=True)
    assert await _lane(node, created.sid) == []


async def test_a_repeated_request_with_a_replay_replays_once(node: Node) -> None:
    """The second time it gets the first answer; without the replay it is another request."""
    parent, _ = await node.talk()
    await _say(node, parent, 1)
    created = await node.subscribe(OURS, parent, HOOK, None, "k", replay=True)
    assert await node.subscribe(OURS, parent, HOOK, None, "k", replay=True) == created
    assert len(await _lane(node, created.sid)) == 1


async def test_a_message_that_nobody_took_expires_with_its_call(node: Node) -> None:
    """What is on its way to a callback does not."""
    parent, _ = await node.talk()
    await _say(node, parent, 1)
    await node.subscribe(OURS, parent, HOOK, None, None)
    await _say(node, parent, 2)
    node.calls.hang_up(ann(), parent)
    await node.quiet()
    assert (await _find(node, parent, 1)).state is MessageState.EXPIRED
    assert (await _find(node, parent, 2)).state is MessageState.ACCEPTED


async def test_of_too_many_messages_that_nobody_asked_for_the_oldest_expire(
    store: SqliteStore,
) -> None:
    """The device hears nothing of it; whoever looks sees which ones are gone."""
    node = Node(store, settings=MessageSettings(kept_uplinks=2))
    parent, _ = await node.talk()
    await _say(node, parent, 1, 2, 3, 4)
    states = [(await _find(node, parent, number)).state for number in (1, 2, 3, 4)]
    assert states == [MessageState.EXPIRED] * 2 + [MessageState.HELD] * 2
    created = await node.subscribe(OURS, parent, HOOK, None, None, replay=True)
    assert [entry.position for entry in await _lane(node, created.sid)] == [2, 3]
    await node.close()


async def test_held_messages_are_there_after_a_restart(node: Node, store: SqliteStore) -> None:
    """They are in the store, like everything that was acknowledged."""
    parent, _ = await node.talk()
    await _say(node, parent, 1)
    await node.close()
    again = Node(store)
    await again.calls.restore()
    created = await again.subscribe(OURS, parent, HOOK, None, None, replay=True)
    assert [entry.position for entry in await _lane(again, created.sid)] == [0]
    kept = await store.next_position(parent, Direction.UPLINK)
    assert kept == 1
    await again.close()
