"""What is kept no longer: messages that waited too long, calls that are long over."""

from datetime import timedelta

from midcall.core.limits import IDEMPOTENCY_SECONDS
from midcall.core.ports import EntryFilter, HoldMessages
from midcall.core.retention import GRACE, Keeping, Retention
from midcall.model.messages import MessageState
from midcall.model.sids import CallSid, MessageSid
from tests.integration.core.node import OURS, Node, ann, uplink

DAY = timedelta(days=1)


def _retention(node: Node, keeping: Keeping) -> Retention:
    return Retention(node.store, node.journal, lambda: node.runtime.now, keeping)


async def _state(node: Node, call: CallSid, sid: str) -> MessageState:
    message = await node.store.find_message(call, MessageSid(sid))
    assert message is not None
    return message.state


async def _ended(node: Node) -> tuple[CallSid, CallSid]:
    """Let a call be over that had a message each way, a subscription and a key."""
    parent, child = await node.talk()
    await node.subscribe(OURS, parent, "https://example.com/hook", None, "k")
    await node.send(OURS, parent, '"downlink"', "k")
    await node.messages.receive(ann(), uplink(parent, content='"uplink"'))
    node.calls.hang_up(ann(), parent)
    await node.quiet()
    return parent, child


async def test_a_message_waits_as_long_as_it_may(node: Node) -> None:
    """Then it expires, though the call goes on; a younger one waits on."""
    retention = _retention(node, Keeping(held=timedelta(seconds=60)))
    parent, _ = await node.talk()
    first = await node.send(OURS, parent, "{}", None)
    await node.store.commit([HoldMessages(parent, node.runtime.now)])
    await node.wait(30)
    second = await node.send(OURS, parent, "{}", None)
    await node.wait(30 + GRACE.total_seconds())
    await retention.expire_held()
    assert await _state(node, parent, first.sid) is MessageState.HELD
    await node.wait(1)
    await retention.expire_held()
    assert await _state(node, parent, first.sid) is MessageState.EXPIRED
    assert await _state(node, parent, second.sid) is MessageState.ACCEPTED


async def test_a_message_waits_for_ever_where_nobody_says_how_long(node: Node) -> None:
    """For the length of its call, that is."""
    parent, _ = await node.talk()
    sent = await node.send(OURS, parent, "{}", None)
    await node.wait(3600)
    await _retention(node, Keeping()).expire_held()
    assert await _state(node, parent, sent.sid) is MessageState.ACCEPTED


async def test_a_call_is_removed_with_all_that_it_had(node: Node) -> None:
    """So long after its end, and not before; one that goes on stays whatever its age."""
    retention = _retention(node, Keeping(calls=30 * DAY))
    living, _ = await node.talk()
    parent, child = await _ended(node)
    node.runtime.now += 30 * DAY
    await retention.remove_old()
    assert await node.store.find_call(parent) is not None
    node.runtime.now += timedelta(seconds=1)
    await retention.remove_old()
    for sid in (parent, child):
        assert await node.store.find_call(sid) is None
        assert await node.store.subscriptions(sid) == []
    assert await node.store.list_entries(OURS, EntryFilter(), offset=0, limit=10) == []
    assert await node.store.message_events(OURS, None, after=0, limit=10) == []
    assert await node.store.find_call(living) is not None


async def test_content_may_go_before_its_call(node: Node) -> None:
    """The call can still be looked at; what was said in it cannot."""
    retention = _retention(node, Keeping(calls=30 * DAY, content=DAY))
    parent, _ = await _ended(node)
    node.runtime.now += DAY + timedelta(seconds=1)
    await retention.remove_old()
    assert await node.store.find_call(parent) is not None
    assert await node.store.find_message(parent, MessageSid(f"KX{1:032x}")) is None
    assert await node.store.list_entries(OURS, EntryFilter(), offset=0, limit=10) == []
    assert await node.store.message_events(OURS, None, after=0, limit=10) == []


async def test_a_key_is_remembered_for_a_day_after_its_call(node: Node) -> None:
    """A repeat within it has the first answer; what is kept for ever keeps no keys for ever."""
    retention = _retention(node, Keeping())
    living, _ = await node.talk()
    await node.send(OURS, living, "{}", "k")
    parent, _ = await _ended(node)
    resource = "UserDefinedMessages"
    node.runtime.now += timedelta(seconds=IDEMPOTENCY_SECONDS)
    await retention.remove_old()
    assert await node.store.find_accepted_request(OURS, parent, resource, "k") is not None
    node.runtime.now += timedelta(seconds=1)
    await retention.remove_old()
    assert await node.store.find_accepted_request(OURS, parent, resource, "k") is None
    assert await node.store.find_accepted_request(OURS, living, resource, "k") is not None
    assert await node.store.find_call(parent) is not None
