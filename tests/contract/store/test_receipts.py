"""Receipts, in every store: they wait until their message is settled, and leave once."""

import msgspec
import pytest

from midcall.core.ports import (
    AddEntry,
    AddMessage,
    Change,
    EntryFilter,
    ExpireHeld,
    ExpireMessages,
    SettleEntry,
    Store,
)
from midcall.model.messages import MessageState
from midcall.model.outbox import Entry, EntryKind, EntryState
from tests.contract.store.records import (
    ACCOUNT,
    CALL,
    OTHER_CALL,
    after,
    attempt,
    entry,
    mark,
    message,
    message_sid,
    with_receipt,
)

NOBODY: frozenset[str] = frozenset()
DELIVERED, EXPIRED = MessageState.DELIVERED, MessageState.EXPIRED


def added(*positions: int) -> list[Change]:
    """Add downlinks with a receipt."""
    both = [with_receipt(message(position)) for position in positions]
    return [change for one, receipt in both for change in (AddMessage(one), AddEntry(receipt))]


async def receipts(store: Store, state: EntryState | None = None) -> list[Entry]:
    """Return the account's receipts, the first message's first."""
    filters = EntryFilter(kind=EntryKind.RECEIPT, state=state)
    found = await store.list_entries(ACCOUNT, filters, offset=0, limit=50)
    return sorted(found, key=lambda one: one.lane)


async def due(store: Store, at: float) -> list[str]:
    """Return the lanes that are due."""
    return [one.lane for one in await store.due_entries(after(at), busy=NOBODY, limit=50)]


async def test_a_message_remembers_where_its_receipt_goes(store: Store) -> None:
    """The endpoint comes back with the message; most messages have none."""
    one, _ = with_receipt(message(0))
    await store.commit([AddMessage(one), AddMessage(message(1))])
    assert await store.find_message(CALL, one.sid) == one
    plain = await store.find_message(CALL, message_sid(1))
    assert plain is not None
    assert plain.status_callback is None


async def test_a_receipt_waits_for_its_message(store: Store) -> None:
    """It is not due, holds up nothing, and is no open callback of the message."""
    await store.commit(added(0))
    await store.commit([mark(0, MessageState.HELD, at=1), mark(0, MessageState.SENT, at=2)])
    assert await store.due_entries(after(999), busy=NOBODY, limit=9) == []
    assert await store.next_due_at(busy=NOBODY) is None
    assert await store.open_entries(message_sid(0), CALL) == 0
    (waiting,) = await receipts(store)
    assert waiting == with_receipt(message(0))[1]


@pytest.mark.parametrize("end", [DELIVERED, EXPIRED, MessageState.FAILED])
async def test_a_settled_message_sends_its_receipt(store: Store, end: MessageState) -> None:
    """It is due at the moment of settling, first in its own lane; other messages' wait on."""
    await store.commit(added(0, 1))
    await store.commit([mark(0, end, at=5)])
    lane = with_receipt(message(0))[1].lane
    assert await due(store, 4.999) == []
    assert await due(store, 5) == [lane]
    assert await store.next_due_at(busy=NOBODY) == after(5)
    (pending,) = await receipts(store, EntryState.PENDING)
    assert (pending.lane, pending.position, pending.due_at) == (lane, 0, after(5))
    assert len(await receipts(store, EntryState.WAITING)) == 1


async def test_messages_that_expire_together_send_a_receipt_each(store: Store) -> None:
    """One change settles many; what is settled already, or is not settled, is left alone."""
    await store.commit(added(0, 1, 2, 3))
    await store.commit([AddMessage(message(4)), mark(0, DELIVERED, at=1)])
    await store.commit([ExpireHeld(CALL, after(2), after(6))])
    assert [one.due_at for one in await receipts(store, EntryState.PENDING)] == [
        after(1),
        after(6),
    ]
    await store.commit([ExpireMessages(CALL, after(7))])
    assert [one.due_at for one in await receipts(store)] == [after(n) for n in (1, 6, 7, 7)]
    assert len(await due(store, 7)) == 4


ORDERS: list[tuple[list[Change], float]] = [
    ([mark(0, DELIVERED, at=2), ExpireMessages(CALL, after(3))], 2),
    ([ExpireMessages(CALL, after(3)), mark(0, DELIVERED, at=4)], 3),
    ([mark(0, DELIVERED, at=2), mark(0, DELIVERED, at=5)], 2),
    ([ExpireMessages(CALL, after(3)), ExpireMessages(CALL, after(4))], 3),
]


@pytest.mark.parametrize(("changes", "at"), ORDERS)
@pytest.mark.parametrize("between", [None, EntryState.DELIVERED, EntryState.DEAD])
async def test_a_receipt_leaves_once(
    store: Store, changes: list[Change], at: float, between: EntryState | None
) -> None:
    """Settling again neither moves its time nor brings back one that has been sent."""
    await store.commit(added(0))
    first, second = changes
    await store.commit([first])
    (pending,) = await receipts(store)
    assert (pending.state, pending.due_at) == (EntryState.PENDING, after(at))
    if between is not None:
        sent = SettleEntry(with_state(pending, between), attempt(pending))
        await store.commit([sent])
    left = await receipts(store)
    await store.commit([second])
    assert await receipts(store) == left
    assert len(await due(store, 99)) == (0 if between else 1)


def with_state(one: Entry, state: EntryState) -> Entry:
    """Return an entry in another state."""
    return msgspec.structs.replace(one, state=state)


async def test_settling_leaves_other_entries_alone(store: Store) -> None:
    """Callbacks that carry the message, and receipts of another leg's, are not its receipt."""
    elsewhere, theirs = with_receipt(message(0, of=OTHER_CALL))
    dead = entry("lane", 0, carries=message_sid(0), state=EntryState.DEAD)
    await store.commit([*added(0), AddMessage(elsewhere), AddEntry(theirs), AddEntry(dead)])
    await store.commit([mark(0, DELIVERED, at=1), ExpireMessages(CALL, after(2))])
    assert len(await due(store, 9)) == 1
    assert await receipts(store, EntryState.WAITING) == [theirs]
    assert await store.dead_entries(message_sid(0), CALL) == 1


async def test_receipts_are_not_counted_among_a_messages_callbacks(store: Store) -> None:
    """Neither a pending nor a dead receipt keeps its message open, or has it fail."""
    await store.commit([*added(0), mark(0, DELIVERED, at=1)])
    assert await store.open_entries(message_sid(0), CALL) == 0
    (pending,) = await receipts(store)
    await store.commit([SettleEntry(with_state(pending, EntryState.DEAD), attempt(pending))])
    assert await store.dead_entries(message_sid(0), CALL) == 0
    callbacks = [entry(lane, 0, carries=message_sid(0), state=EntryState.DEAD) for lane in "ab"]
    await store.commit([AddEntry(one) for one in callbacks])
    assert await store.dead_entries(message_sid(0), CALL) == 2
    assert await store.dead_entries(message_sid(0), OTHER_CALL) == 0
