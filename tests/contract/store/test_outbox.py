"""The outbox, in every store: lanes, what is due, attempts."""

import itertools
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from midcall.core.ports import AddEntry, RedriveEntry, SettleEntry, Store
from midcall.model.errors import Fault
from midcall.model.outbox import Entry, EntryState
from tests.contract.store.records import (
    CALL,
    NOW,
    OTHER_CALL,
    after,
    attempt,
    entry,
    message_sid,
)

NOBODY: frozenset[str] = frozenset()
Places = list[tuple[str, int]]


async def due(
    store: Store, *, at: float = 0, busy: frozenset[str] = NOBODY, limit: int = 50
) -> Places:
    """Return the places of what is due."""
    found = await store.due_entries(after(at), busy=busy, limit=limit)
    return [(one.lane, one.position) for one in found]


def settled(one: Entry, state: EntryState, *, due_in: float = 0) -> SettleEntry:
    """Make the change that leaves an entry in a state after an attempt."""
    changed = msgspec.structs.replace(
        one, state=state, attempts=one.attempts + 1, due_at=after(due_in)
    )
    return SettleEntry(changed, attempt(one))


async def test_an_entry_comes_back_as_it_was_added(store: Store) -> None:
    """Parameters, endpoint and token survive."""
    one = entry("a", 0, carries=message_sid(1))
    await store.commit([AddEntry(one)])
    assert await store.due_entries(NOW, busy=NOBODY, limit=1) == [one]


async def test_a_place_in_a_lane_is_taken_once(store: Store) -> None:
    """Lane and position name one entry."""
    await store.commit([AddEntry(entry("a", 0))])
    with pytest.raises(Fault):
        await store.commit([AddEntry(entry("a", 0))])


async def test_only_the_first_pending_entry_of_a_lane_is_due(store: Store) -> None:
    """What stands behind an entry waits for it, however long it has been due."""
    entries = [entry("a", 0, due_in=10), entry("a", 1, due_in=-99), entry("b", 5, due_in=-1)]
    await store.commit([AddEntry(one) for one in entries])
    assert await due(store) == [("b", 5)]
    assert await due(store, at=10) == [("b", 5), ("a", 0)]


async def test_what_has_been_due_longest_comes_first(store: Store) -> None:
    """Lanes are served by age, and no more of them than were asked for."""
    await store.commit([AddEntry(entry(f"lane-{n}", 0, due_in=-n)) for n in (1, 3, 2)])
    assert await due(store) == [("lane-3", 0), ("lane-2", 0), ("lane-1", 0)]
    assert await due(store, limit=2) == [("lane-3", 0), ("lane-2", 0)]


async def test_an_entry_is_due_from_its_very_moment_on(store: Store) -> None:
    """Due means due at that microsecond, not after it."""
    await store.commit([AddEntry(entry("a", 0, due_in=1))])
    assert await due(store, at=0.999999) == []
    assert await due(store, at=1) == [("a", 0)]


async def test_busy_lanes_are_left_out(store: Store) -> None:
    """A lane with an entry in flight neither shows up nor takes another lane's place."""
    await store.commit([AddEntry(entry(lane, 0, due_in=-n)) for n, lane in enumerate("cba")])
    assert await due(store, busy=frozenset("a"), limit=1) == [("b", 0)]
    assert await due(store, busy=frozenset("abc")) == []
    many = frozenset(f"lane-{n}" for n in range(5_000)) | {"b"}
    assert await due(store, busy=many) == [("a", 0), ("c", 0)]


async def test_the_position_decides_who_is_first_not_the_time_of_adding(store: Store) -> None:
    """An entry that is added late but belongs in front goes in front."""
    await store.commit([AddEntry(entry("a", 5))])
    await store.commit([AddEntry(entry("a", 2, due_in=60))])
    assert await due(store) == []
    assert await store.next_due_at(busy=NOBODY) == after(60)


@pytest.mark.parametrize("end", [EntryState.DELIVERED, EntryState.DEAD])
async def test_the_next_entry_follows_when_the_first_is_settled(
    store: Store, end: EntryState
) -> None:
    """A delivered or dead entry makes way for the next pending one."""
    first, second, third = (entry("a", n) for n in range(3))
    await store.commit([AddEntry(one) for one in (first, second, third)])
    await store.commit([settled(second, EntryState.DEAD)])
    assert await due(store) == [("a", 0)]
    await store.commit([settled(first, end)])
    assert await due(store) == [("a", 2)]
    await store.commit([settled(third, end)])
    assert await due(store) == []
    assert await store.next_due_at(busy=NOBODY) is None


async def test_an_entry_to_be_retried_holds_its_lane(store: Store) -> None:
    """After a failed attempt the entry is due later, and its followers with it."""
    first = entry("a", 0)
    await store.commit([AddEntry(first), AddEntry(entry("a", 1))])
    await store.commit([settled(first, EntryState.PENDING, due_in=30)])
    assert await due(store, at=29) == []
    (found,) = await store.due_entries(after(30), busy=NOBODY, limit=9)
    assert found == msgspec.structs.replace(first, attempts=1, due_at=after(30))


async def test_a_dead_entry_can_be_made_pending_again(store: Store) -> None:
    """An entry that is sent again by hand takes its old place in front of the later ones."""
    first = entry("a", 0)
    await store.commit([AddEntry(first), AddEntry(entry("a", 1))])
    await store.commit([settled(first, EntryState.DEAD)])
    await store.commit([settled(first, EntryState.PENDING)])
    assert await due(store) == [("a", 0)]
    await store.commit([settled(first, EntryState.DELIVERED)])
    assert await due(store) == [("a", 1)]


async def test_the_next_due_time_is_that_of_a_first_entry(store: Store) -> None:
    """Only firsts of lanes that are not busy tell when to look again."""
    assert await store.next_due_at(busy=NOBODY) is None
    entries = [entry("a", 0, due_in=20), entry("a", 1, due_in=5), entry("b", 0, due_in=10)]
    await store.commit([AddEntry(one) for one in entries])
    assert await store.next_due_at(busy=NOBODY) == after(10)
    assert await store.next_due_at(busy=frozenset("b")) == after(20)
    assert await store.next_due_at(busy=frozenset("ab")) is None


async def test_attempts_are_kept_oldest_first(store: Store) -> None:
    """Every attempt on an entry leaves a row, with what came back or why nothing did."""
    one = entry("a", 0)
    first = attempt(one, status=None, fault="connection refused")
    second = attempt(one, status=503)
    third = attempt(one)
    await store.commit([AddEntry(one), AddEntry(entry("a", 1))])
    await store.commit([SettleEntry(one, first)])
    await store.commit([SettleEntry(one, second), SettleEntry(one, third)])
    assert await store.attempts("a", 0) == [first, second, third]
    assert await store.attempts("a", 1) == []


async def test_an_attempt_on_nothing_is_refused(store: Store) -> None:
    """An attempt belongs to an entry; one that was never owed fails the commit."""
    with pytest.raises(Fault):
        await store.commit([settled(entry("a", 0), EntryState.DELIVERED)])
    assert await store.attempts("a", 0) == []


async def test_open_entries_are_the_pending_ones_of_a_message(store: Store) -> None:
    """A message is open with as many callbacks as are still pending."""
    sid = message_sid(1)
    entries = [entry(lane, 0, carries=sid) for lane in "abc"]
    await store.commit([AddEntry(one) for one in (*entries, entry("d", 0), entry("e", 0))])
    assert await store.open_entries(sid, CALL) == 3
    assert await store.open_entries(sid, OTHER_CALL) == 0
    await store.commit([settled(entries[0], EntryState.DELIVERED)])
    await store.commit([settled(entries[1], EntryState.DEAD)])
    await store.commit([settled(entries[2], EntryState.PENDING)])
    assert await store.open_entries(sid, CALL) == 1


def redriven(one: Entry, at: float) -> Entry:
    """Return a dead entry as it is when it has been sent again."""
    return msgspec.structs.replace(
        one, state=EntryState.PENDING, attempts=0, due_at=after(at), redriven_at=after(at)
    )


EXAMPLES = itertools.count()
LANES = "xyz"
PLACES = st.tuples(st.sampled_from(LANES), st.integers(0, 4))
STEPS = st.lists(
    # Where there is no state, the entry is sent again by hand.
    st.tuples(PLACES, st.none() | st.sampled_from(EntryState), st.integers(-3, 3)),
    min_size=1,
    max_size=25,
)


def expected(entries: Mapping[tuple[str, int], Entry], *, busy: frozenset[str]) -> list[Entry]:
    """Say which entries come first in their lanes, the oldest due first: the rule, in full."""
    pending = [one for one in entries.values() if one.state is EntryState.PENDING]
    firsts = [
        min((one for one in pending if one.lane == lane), key=lambda one: one.position)
        for lane in {one.lane for one in pending} - busy
    ]
    return sorted(firsts, key=lambda one: (one.due_at, one.lane))


@given(steps=STEPS, busy=st.frozensets(st.sampled_from(LANES)), at=st.integers(-3, 3))
@settings(
    max_examples=60,
    deadline=None,
    # Each example leaves the store empty of pending entries, in lanes of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_lanes_keep_their_order_whatever_is_done_to_them(
    store: Store,
    steps: list[tuple[tuple[str, int], EntryState | None, int]],
    busy: frozenset[str],
    at: int,
) -> None:
    """After any adding, retrying, settling and redriving, what is due is what the rule says."""
    kept: dict[tuple[str, int], Entry] = {}
    example = next(EXAMPLES)
    busy = frozenset(f"{example}{lane}" for lane in busy)
    for (lane, position), state, due_in in steps:
        place = (f"{example}{lane}", position)
        if state is None:
            await store.commit([RedriveEntry(*place, after(due_in))])
            if place in kept and kept[place].state is EntryState.DEAD:
                kept[place] = redriven(kept[place], due_in)
        elif place in kept:
            change = settled(kept[place], state, due_in=due_in)
            kept[place] = change.entry
            await store.commit([change])
        else:
            kept[place] = entry(*place, due_in=due_in, state=state)
            await store.commit([AddEntry(kept[place])])

    firsts = expected(kept, busy=busy)
    are_due = [one for one in firsts if one.due_at <= after(at)]
    try:
        assert await store.due_entries(after(at), busy=busy, limit=9) == are_due
        assert await store.next_due_at(busy=busy) == (firsts[0].due_at if firsts else None)
    finally:
        await store.commit([settled(one, EntryState.DEAD) for one in kept.values()])
