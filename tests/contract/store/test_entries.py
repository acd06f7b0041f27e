"""Entries to look at and to send again, in every store."""

import msgspec
import pytest

from midcall.core.ports import (
    AddEntry,
    AddMessage,
    EntryFilter,
    RedriveEntry,
    SettleEntry,
    Store,
)
from midcall.model.messages import Direction, MessageState
from midcall.model.outbox import Entry, EntryKind, EntryState, subscription_lane
from midcall.model.sids import SubscriptionSid
from tests.contract.store.records import (
    ACCOUNT,
    CALL,
    OTHER_ACCOUNT,
    OTHER_CALL,
    after,
    attempt,
    entry,
    given,
    mark,
    message,
    message_sid,
    subscription,
    with_receipt,
)

NOBODY: frozenset[str] = frozenset()
FIRST, SECOND = subscription(1).sid, subscription(2).sid
DEAD, PENDING = EntryState.DEAD, EntryState.PENDING


async def found(store: Store, one: Entry) -> Entry:
    """Return an entry as it now is."""
    kept = await store.find_entry(one.account_sid, one.token)
    assert kept is not None
    return kept


async def listed(store: Store, filters: EntryFilter) -> list[str]:
    """Return the tokens of the entries that a filter leaves."""
    entries = await store.list_entries(ACCOUNT, filters, offset=0, limit=50)
    return [one.token for one in entries]


async def test_an_entry_is_found_by_its_token(store: Store) -> None:
    """The token finds it in its account and in no other."""
    one = entry("a", 0, carries=message_sid(1), state=DEAD, attempts=3)
    await store.commit([AddEntry(one), AddEntry(entry("a", 1))])
    assert await store.find_entry(ACCOUNT, one.token) == one
    assert await store.find_entry(OTHER_ACCOUNT, one.token) is None
    assert await store.find_entry(ACCOUNT, "another") is None


async def test_entries_are_listed_newest_first(store: Store) -> None:
    """A page is cut out of an account's entries; of one moment, by lane and position."""
    oldest = entry("z", 0, age=9)
    made = [oldest, entry("a", 0), entry("a", 1), entry("b", 0)]
    await store.commit([AddEntry(one) for one in (made[2], *made[:2], made[3])])
    await store.commit([AddEntry(entry("c", 0, owner=OTHER_ACCOUNT))])
    filters = EntryFilter()
    newest_first = made[::-1]
    assert await store.list_entries(ACCOUNT, filters, offset=0, limit=50) == newest_first
    assert await store.list_entries(ACCOUNT, filters, offset=1, limit=2) == newest_first[1:3]


FILTERS = [
    (EntryFilter(state=DEAD), ["dead"]),
    (EntryFilter(state=PENDING), ["other-leg", "other", "first"]),
    (EntryFilter(state=EntryState.WAITING), ["receipt"]),
    (EntryFilter(state=EntryState.DELIVERED), ["delivered"]),
    (EntryFilter(kind=EntryKind.RECEIPT), ["receipt"]),
    (EntryFilter(kind=EntryKind.STATUS_CALLBACK), ["delivered"]),
    (EntryFilter(call_sid=OTHER_CALL), ["other-leg"]),
    (EntryFilter(message_sid=message_sid(1)), ["receipt", "other-leg", "first"]),
    (EntryFilter(call_sid=CALL, message_sid=message_sid(1)), ["receipt", "first"]),
    (EntryFilter(subscription_sid=FIRST), ["first"]),
    (EntryFilter(subscription_sid=SECOND), ["other-leg", "other", "dead"]),
    (EntryFilter(subscription_sid=SECOND, call_sid=CALL), ["other", "dead"]),
    (EntryFilter(subscription_sid=SECOND, state=DEAD), ["dead"]),
    (EntryFilter(subscription_sid=FIRST, state=DEAD), []),
    (EntryFilter(subscription_sid=SubscriptionSid("ZY")), []),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS, ids=given)
async def test_a_list_of_entries_can_be_narrowed(
    store: Store, filters: EntryFilter, expected: list[str]
) -> None:
    """Every filter has to hold; a standing subscription's entries are those of all its lanes."""
    first, second = message_sid(1), message_sid(2)
    _, receipt = with_receipt(message(1))
    of_leg, of_other = subscription_lane(SECOND, CALL), subscription_lane(SECOND, OTHER_CALL)
    made = {
        "first": entry(FIRST, 0, carries=first, age=9),
        "dead": entry(of_leg, 0, carries=second, state=DEAD, age=8),
        "other": entry(of_leg, 1, carries=second, age=7),
        "other-leg": entry(of_other, 0, carries=first, of=OTHER_CALL, age=6),
        "delivered": entry(CALL, 0, state=EntryState.DELIVERED, age=5),
        "receipt": receipt,
        "foreign": entry("foreign", 0, carries=first, owner=OTHER_ACCOUNT),
    }
    named = [msgspec.structs.replace(one, token=name) for name, one in made.items()]
    await store.commit([AddEntry(one) for one in named])
    assert await listed(store, filters) == expected


def redrive(one: Entry, at: float = 50) -> RedriveEntry:
    """Make the change that sends an entry again."""
    return RedriveEntry(one.lane, one.position, after(at))


async def test_a_dead_entry_is_pending_again_when_it_is_redriven(store: Store) -> None:
    """It is due at once, with its attempts counted anew and its old token; those made stay."""
    dead = entry("a", 0, carries=message_sid(1), state=DEAD, attempts=5)
    await store.commit([AddEntry(dead), SettleEntry(dead, attempt(dead)), redrive(dead)])
    again = msgspec.structs.replace(
        dead, state=PENDING, attempts=0, due_at=after(50), redriven_at=after(50)
    )
    assert await found(store, dead) == again
    assert await store.due_entries(after(50), busy=NOBODY, limit=9) == [again]
    assert await store.open_entries(message_sid(1), CALL) == 1
    assert len(await store.attempts("a", 0)) == 1


async def test_a_redriven_entry_goes_before_the_later_ones_of_its_lane(store: Store) -> None:
    """It takes its place in the order again; those behind it follow when it is settled."""
    entries = [entry("a", 0, state=DEAD), entry("a", 1, state=DEAD), entry("a", 2)]
    await store.commit([AddEntry(one) for one in entries])
    await store.commit([redrive(entries[1]), redrive(entries[0], at=60)])
    firsts = []
    for _ in entries:
        (first,) = await store.due_entries(after(99), busy=NOBODY, limit=9)
        firsts.append(first.position)
        delivered = msgspec.structs.replace(first, state=EntryState.DELIVERED)
        await store.commit([SettleEntry(delivered, attempt(first))])
    assert firsts == [0, 1, 2]


@pytest.mark.parametrize("state", [state for state in EntryState if state is not DEAD])
async def test_only_a_dead_entry_is_redriven(store: Store, state: EntryState) -> None:
    """An entry that is not dead stays as it is, and so do its lane and its message."""
    one = entry("a", 0, carries=message_sid(1), state=state, attempts=2, due_in=70)
    await store.commit([AddMessage(message(1)), mark(1, MessageState.FAILED, at=1)])
    await store.commit([AddEntry(one), redrive(one), RedriveEntry("nowhere", 0, after(50))])
    assert await found(store, one) == one
    expected = after(70) if state is PENDING else None
    assert await store.next_due_at(busy=NOBODY) == expected
    kept = await store.find_message(CALL, message_sid(1))
    assert kept is not None
    assert kept.state is MessageState.FAILED


@pytest.mark.parametrize(
    ("before", "then"),
    [
        (MessageState.FAILED, (MessageState.ACCEPTED, None)),
        (MessageState.DELIVERED, (MessageState.DELIVERED, after(1))),
        (MessageState.EXPIRED, (MessageState.EXPIRED, after(1))),
    ],
)
async def test_a_failed_message_is_accepted_again_with_its_entry(
    store: Store, before: MessageState, then: object
) -> None:
    """What is sent again may still be delivered; what came to another end stays there."""
    one = entry("a", 0, carries=message_sid(1), state=DEAD)
    await store.commit([AddMessage(message(1, direction=Direction.UPLINK)), AddEntry(one)])
    await store.commit([AddMessage(message(1, of=OTHER_CALL, direction=Direction.UPLINK))])
    await store.commit([mark(1, before, at=1), mark(1, MessageState.FAILED, at=2, of=OTHER_CALL)])
    await store.commit([redrive(one)])
    kept = await store.find_message(CALL, message_sid(1))
    other = await store.find_message(OTHER_CALL, message_sid(1))
    assert kept is not None
    assert other is not None
    assert (kept.state, kept.settled_at) == then
    assert other.state is MessageState.FAILED


async def test_a_redriven_message_is_told_of_again_when_it_is_settled(store: Store) -> None:
    """Its second end is an event of its own."""
    one = entry("a", 0, carries=message_sid(1), state=DEAD)
    await store.commit([AddMessage(message(1, direction=Direction.UPLINK)), AddEntry(one)])
    await store.commit([mark(1, MessageState.FAILED, at=1), redrive(one)])
    await store.commit([mark(1, MessageState.DELIVERED, at=60)])
    events = await store.message_events(ACCOUNT, CALL, after=0, limit=9)
    assert [one.state for one in events] == [
        MessageState.ACCEPTED,
        MessageState.FAILED,
        MessageState.DELIVERED,
    ]
