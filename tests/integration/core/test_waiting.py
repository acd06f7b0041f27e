"""Server to SDK: what is asked for beside a message, and how many may wait."""

import asyncio

from midcall.core.messages.settings import MessageSettings
from midcall.core.ports import EntryFilter, MarkMessage, Sending
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import (
    IdempotencyConflict,
    NoDeviceOnLeg,
    NoReply,
    TooManyWaiting,
)
from midcall.model.messages import MessageState
from midcall.model.outbox import EntryKind, EntryState
from midcall.model.sids import CallSid, MessageSid
from midcall.store.sqlite import SqliteStore
from tests.integration.core.node import OURS, Node, ann, outcome, uplink

RECEIPTS = Endpoint("https://example.com/receipts", Method.GET)


async def _deliver(node: Node, call: CallSid, sid: str) -> None:
    mark = MarkMessage(call, MessageSid(sid), MessageState.DELIVERED, node.runtime.now)
    await node.store.commit([mark])


# --- how many may wait ------------------------------------------------------------------------


async def test_so_many_messages_may_wait_for_a_device(store: SqliteStore) -> None:
    """Then the sender hears of it; what was delivered makes room."""
    node = Node(store, settings=MessageSettings(waiting_downlinks=3))
    parent, child = await node.talk()
    first, *_ = [await node.send(OURS, parent, "{}", None) for _ in range(3)]
    refused = await outcome(node.send(OURS, parent, "{}", None))
    assert isinstance(refused, TooManyWaiting)
    assert (refused.http_status, refused.code, refused.temporary) == (429, 20429, True)
    await node.send(OURS, child, "{}", None)
    await _deliver(node, parent, first.sid)
    await node.send(OURS, parent, "{}", None)
    assert isinstance(await outcome(node.send(OURS, parent, "{}", None)), TooManyWaiting)
    await node.close()


async def test_messages_at_once_are_counted_as_well(store: SqliteStore) -> None:
    """Those that are decided together see each other."""
    node = Node(store, settings=MessageSettings(waiting_downlinks=3))
    parent, _ = await node.talk()
    every = await asyncio.gather(*(outcome(node.send(OURS, parent, "{}", None)) for _ in range(10)))
    assert sum(isinstance(one, TooManyWaiting) for one in every) == 7
    assert await store.waiting_downlinks(parent) == 3
    await node.close()


async def test_those_that_wait_are_counted_after_a_restart(store: SqliteStore) -> None:
    """They are in the store."""
    settings = MessageSettings(waiting_downlinks=2)
    node = Node(store, settings=settings)
    parent, _ = await node.talk()
    for _ in range(2):
        await node.send(OURS, parent, "{}", None)
    await node.close()
    again = Node(store, settings=settings)
    await again.calls.restore()
    assert isinstance(await outcome(again.send(OURS, parent, "{}", None)), TooManyWaiting)
    await again.close()


async def test_a_phone_number_takes_no_messages(node: Node) -> None:
    """The refusal names the leg that a device holds."""
    parent = await node.place(
        "<Response><Dial callerId='+15005550006'><Number>+15005550100</Number></Dial></Response>"
    )
    number = node.child(parent)
    refused = await outcome(node.send(OURS, number, "{}", None))
    assert isinstance(refused, NoDeviceOnLeg)
    assert (refused.http_status, refused.code) == (400, 21220)
    assert parent in str(refused)
    subscribing = await outcome(node.subscribe(OURS, number, "https://example.com", None, None))
    assert isinstance(subscribing, NoDeviceOnLeg)


# --- receipts ---------------------------------------------------------------------------------


async def test_a_receipt_is_owed_once_the_message_is_settled(node: Node) -> None:
    """Not before; its place is kept from the beginning."""
    parent, _ = await node.talk()
    sending = Sending(content="{}", status_callback=RECEIPTS)
    created = await node.messages.send(OURS, parent, sending)
    (entry,) = await node.store.list_entries(OURS, EntryFilter(), offset=0, limit=10)
    assert (entry.kind, entry.state) == (EntryKind.RECEIPT, EntryState.WAITING)
    assert entry.endpoint == RECEIPTS
    assert entry.message_sid == created.sid
    assert await node.store.due_entries(node.runtime.now, busy=frozenset(), limit=10) == []
    await _deliver(node, parent, created.sid)
    (due,) = await node.store.due_entries(node.runtime.now, busy=frozenset(), limit=10)
    assert due.token == entry.token


async def test_a_message_that_expires_with_its_call_has_a_receipt(node: Node) -> None:
    """Nobody is left guessing."""
    parent, child = await node.talk()
    sending = Sending(content="{}", status_callback=RECEIPTS)
    created = await node.messages.send(OURS, child, sending)
    node.calls.hang_up(ann(), parent)
    await node.quiet()
    message = await node.store.find_message(child, MessageSid(created.sid))
    assert message is not None
    assert message.state is MessageState.EXPIRED
    (due,) = await node.store.due_entries(node.runtime.now, busy=frozenset(), limit=10)
    assert due.kind is EntryKind.RECEIPT


async def test_a_repeat_with_another_receipt_is_a_conflict(node: Node) -> None:
    """It is another request."""
    parent, _ = await node.talk()
    sending = Sending(content="{}", idempotency_key="k", status_callback=RECEIPTS)
    created = await node.messages.send(OURS, parent, sending)
    assert await node.messages.send(OURS, parent, sending) == created
    assert isinstance(await outcome(node.send(OURS, parent, "{}", "k")), IdempotencyConflict)
    (_,) = await node.store.list_entries(OURS, EntryFilter(), offset=0, limit=10)


# --- answers ----------------------------------------------------------------------------------


async def test_a_device_answers_a_message(node: Node) -> None:
    """Whoever waits for it has the answer; so has whoever asks later, and the store."""
    parent, _ = await node.talk()
    sent = await node.send(OURS, parent, '{"question": 1}', None)
    waiting = asyncio.create_task(node.messages.reply_to(sent, 30))
    await asyncio.sleep(0)
    content = f'{{"inReplyTo": "{sent.sid}", "answer": 2}}'
    await node.messages.receive(ann(), uplink(parent, content=content))
    reply = await waiting
    assert (reply.content, reply.in_reply_to) == (content, sent.sid)
    assert await node.messages.reply_to(sent, 0) == reply


async def test_an_answer_on_another_leg_is_none(node: Node) -> None:
    """A question is asked of one device."""
    parent, child = await node.talk()
    sent = await node.send(OURS, child, "{}", None)
    content = f'{{"inReplyTo": "{sent.sid}"}}'
    await node.messages.receive(ann(), uplink(parent, content=content))
    assert isinstance(await outcome(node.messages.reply_to(sent, 0)), NoReply)


async def test_no_answer_in_time_says_how_far_the_message_came(node: Node) -> None:
    """A 504 with its state: it was accepted, whatever became of the answer."""
    parent, _ = await node.talk()
    sent = await node.send(OURS, parent, "{}", None)
    await _deliver(node, parent, sent.sid)
    refused = await outcome(node.messages.reply_to(sent, 0))
    assert isinstance(refused, NoReply)
    assert (refused.http_status, refused.code) == (504, 20504)
    assert refused.details == {"sid": sent.sid, "state": "delivered"}
    assert len(node.replies) == 0


async def test_a_repeated_answer_is_one_answer(node: Node) -> None:
    """The same SID changes nothing, another SID is another message; the first one counts."""
    parent, _ = await node.talk()
    sent = await node.send(OURS, parent, "{}", None)
    for number in (1, 1, 2):
        content = f'{{"inReplyTo": "{sent.sid}", "number": {number}}}'
        await node.messages.receive(ann(), uplink(parent, number, content=content))
    assert (await node.messages.reply_to(sent, 0)).sid == uplink(parent, 1).voice_event_sid
