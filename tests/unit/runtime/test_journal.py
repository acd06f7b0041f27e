"""Group commit, against a disk that takes its time and sometimes refuses."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.runtime.journal import Journal, JournalClosed, JournalFull


class Refused(Exception):
    """The disk's answer to a change that it does not take."""

    def __init__(self, change: str) -> None:
        super().__init__(change)
        self.change = change


class SlowDisk:
    """Writes one transaction at a time, each when the test lets it; refuses what it is told to."""

    def __init__(self, *refused: str) -> None:
        self.refused = set(refused)
        self.transactions: list[list[str]] = []
        self.started: list[list[str]] = []
        self._turns = asyncio.Semaphore(0)
        self._writing = False

    async def write(self, changes: Sequence[str]) -> None:
        """Write changes in one transaction, once the test has let it happen."""
        assert not self._writing, "two transactions at once"
        self._writing = True
        try:
            self.started.append(list(changes))
            await self._turns.acquire()
            for change in changes:
                if change in self.refused:
                    raise Refused(change)
            self.transactions.append(list(changes))
        finally:
            self._writing = False

    def let(self, turns: int = 10_000) -> None:
        """Let so many transactions happen."""
        for _ in range(turns):
            self._turns.release()

    @property
    def written(self) -> list[str]:
        """Everything that was written, in the order of writing."""
        return [change for transaction in self.transactions for change in transaction]


def submit(journal: Journal[str], *changes: str) -> asyncio.Task[None]:
    """Begin to commit changes, as a caller of its own."""
    return asyncio.create_task(journal.commit(changes), name=f"commit {changes}")


async def settle() -> None:
    """Let everything happen that can happen without the disk."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_commit_returns_only_when_it_is_durable() -> None:
    """The caller waits for the disk, and no longer."""
    disk = SlowDisk()
    journal = Journal(disk.write)
    caller = submit(journal, "a")
    await settle()
    assert disk.started == [["a"]]
    assert not caller.done()
    disk.let()
    await caller
    assert disk.transactions == [["a"]]


async def test_what_comes_during_a_transaction_makes_up_the_next() -> None:
    """Decisions gather while the disk is busy and go together, in the order in which they came."""
    disk = SlowDisk()
    journal = Journal(disk.write)
    first = submit(journal, "a")
    await settle()
    others = [submit(journal, "b", "c"), submit(journal, "d"), submit(journal, "e")]
    await settle()
    assert disk.started == [["a"]]
    disk.let()
    await asyncio.gather(first, *others)
    assert disk.transactions == [["a"], ["b", "c", "d", "e"]]


async def test_what_comes_at_one_time_goes_together() -> None:
    """Callers that submit in one turn of the loop share a transaction from the start."""
    disk = SlowDisk()
    journal = Journal(disk.write)
    disk.let()
    await asyncio.gather(*(journal.commit([change]) for change in "abc"))
    assert disk.transactions == [["a", "b", "c"]]


async def test_a_batch_is_bounded_and_decisions_stay_whole() -> None:
    """A batch takes as many decisions as fit; one that is larger than a batch goes alone."""
    disk = SlowDisk()
    journal = Journal(disk.write, batch_changes=3)
    disk.let()
    await asyncio.gather(
        *(journal.commit(list(changes)) for changes in ("ab", "cd", "e", "fghij", "k"))
    )
    assert disk.transactions == [["a", "b"], ["c", "d", "e"], list("fghij"), ["k"]]


async def test_a_bad_decision_does_not_fail_its_neighbours() -> None:
    """After a failed batch each decision is tried alone, in order; each caller sees its own end."""
    disk = SlowDisk("x", "y")
    journal = Journal(disk.write)
    disk.let()
    outcomes = await asyncio.gather(
        *(journal.commit(list(changes)) for changes in ("ab", "cx", "d", "y", "e")),
        return_exceptions=True,
    )
    assert disk.transactions == [["a", "b"], ["d"], ["e"]]
    facts = [error.change if isinstance(error, Refused) else error for error in outcomes]
    assert facts == [None, "x", None, "y", None]


async def test_a_decision_that_fails_alone_is_tried_once() -> None:
    """With nobody to blame but itself, a decision is not written twice."""
    disk = SlowDisk("x")
    journal = Journal(disk.write)
    disk.let()
    with pytest.raises(Refused):
        await journal.commit(["x"])
    assert disk.started == [["x"]]


async def test_after_a_failure_the_journal_goes_on() -> None:
    """A refused decision leaves the journal as usable as before."""
    disk = SlowDisk("x")
    journal = Journal(disk.write)
    disk.let()
    with pytest.raises(Refused):
        await journal.commit(["x"])
    await journal.commit(["a"])
    assert disk.written == ["a"]


@pytest.mark.parametrize("abandoned", [0, 1, 2, 3])
async def test_a_caller_that_stops_waiting_disturbs_nobody(abandoned: int) -> None:
    """Whoever is cancelled, before or during its write: all is written, the others get answers."""
    disk = SlowDisk()
    journal = Journal(disk.write)
    callers = [submit(journal, "a")]
    await settle()
    callers += [submit(journal, change) for change in "bcd"]
    await settle()
    callers[abandoned].cancel()
    await settle()
    disk.let()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert disk.written == ["a", "b", "c", "d"]
    assert isinstance(outcomes.pop(abandoned), asyncio.CancelledError)
    assert outcomes == [None] * 3


async def test_a_cancelled_caller_whose_change_is_refused_disturbs_nobody() -> None:
    """Nobody hears of the failure of a decision whose caller has gone."""
    disk = SlowDisk("x")
    journal = Journal(disk.write)
    gone, stays = submit(journal, "x"), submit(journal, "a")
    await settle()
    gone.cancel()
    disk.let()
    await stays
    assert disk.written == ["a"]


async def test_closing_writes_what_was_submitted() -> None:
    """``close`` returns after the last submitted decision is durable; later ones are refused."""
    disk = SlowDisk()
    journal = Journal(disk.write, batch_changes=1)
    callers = [submit(journal, change) for change in "abc"]
    await settle()
    closing = asyncio.create_task(journal.close(), name="closing")
    await settle()
    assert not closing.done()
    with pytest.raises(JournalClosed):
        await journal.commit(["late"])
    disk.let()
    await closing
    await asyncio.gather(*callers)
    assert disk.written == ["a", "b", "c"]


async def test_closing_an_idle_journal_returns_at_once() -> None:
    """With nothing to write there is nothing to wait for, however often it is closed."""
    journal = Journal(SlowDisk().write)
    await journal.close()
    await journal.close()


async def test_closing_does_not_wait_for_ever() -> None:
    """A disk that hangs ends the wait, not the write."""
    disk = SlowDisk()
    journal = Journal(disk.write)
    caller = submit(journal, "a")
    await settle()
    with pytest.raises(TimeoutError):
        await journal.close(within_seconds=0.01)
    disk.let()
    await caller
    assert disk.written == ["a"]


async def test_past_the_mark_callers_are_refused_at_once() -> None:
    """What waits is bounded: more is refused, and taken again when there is room."""
    disk = SlowDisk()
    journal = Journal(disk.write, waiting_changes=3)
    first = submit(journal, "a")
    await settle()
    waiting = [submit(journal, "b", "c"), submit(journal, "d")]
    await settle()
    with pytest.raises(JournalFull) as full:
        await journal.commit(["e"])
    assert full.value.waiting == 3
    disk.let()
    await asyncio.gather(first, *waiting)
    await journal.commit(["e"])
    assert disk.written == ["a", "b", "c", "d", "e"]


async def test_a_decision_larger_than_the_mark_is_taken_when_nothing_waits() -> None:
    """The mark is against a queue that grows, not against one large decision."""
    disk = SlowDisk()
    journal = Journal(disk.write, waiting_changes=2)
    disk.let()
    await journal.commit(["a", "b", "c"])
    assert disk.transactions == [["a", "b", "c"]]


async def test_a_decision_without_changes_waits_for_nobody() -> None:
    """Nothing to write is durable at once."""
    disk = SlowDisk()
    journal = Journal(disk.write)
    await journal.commit([])
    assert disk.started == []


async def test_an_idle_journal_has_no_task() -> None:
    """The journal's task lives only while there is something to write, and has a name."""
    disk = SlowDisk()
    journal = Journal(disk.write)
    before = asyncio.all_tasks()
    caller = submit(journal, "a")
    await settle()
    (task,) = asyncio.all_tasks() - before - {caller}
    assert task.get_name() == "journal"
    disk.let()
    await caller
    await settle()
    assert asyncio.all_tasks() == before


async def test_the_end_of_the_loop_leaves_nobody_waiting() -> None:
    """When the journal's own task is cancelled, every caller is."""
    disk = SlowDisk()
    journal = Journal(disk.write)
    before = asyncio.all_tasks()
    first = submit(journal, "a")
    await settle()
    (task,) = asyncio.all_tasks() - before - {first}
    second = submit(journal, "b")
    await settle()
    task.cancel()
    outcomes = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2


DECISIONS = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["good", "good", "bad", "cancelled"])),
    min_size=1,
    max_size=20,
)


@given(decisions=DECISIONS, batch=st.integers(1, 9), pauses=st.sets(st.integers(0, 19)))
async def test_every_decision_is_written_whole_once_and_in_order(
    decisions: list[tuple[int, str]], batch: int, pauses: set[int]
) -> None:
    """Whatever fails or is cancelled: good decisions are written in order, bad ones not at all."""
    names = [[f"{n}-{part}" for part in range(size)] for n, (size, _) in enumerate(decisions)]
    bad = {names[n][-1] for n, (_, end) in enumerate(decisions) if end == "bad"}
    disk = SlowDisk(*bad)
    journal = Journal(disk.write, batch_changes=batch)
    callers = []
    for n, (_, end) in enumerate(decisions):
        callers.append(submit(journal, *names[n]))
        if n in pauses:
            disk.let(1)
            await settle()
        else:
            await asyncio.sleep(0)
        if end == "cancelled":
            callers[n].cancel()
    disk.let()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    await journal.close()

    good = [name for n, (_, end) in enumerate(decisions) if end != "bad" for name in names[n]]
    assert disk.written == good
    for outcome, (_, end) in zip(outcomes, decisions, strict=True):
        expected: dict[str, tuple[type, ...]] = {
            "good": (type(None),),
            "bad": (Refused,),
            # The write may have been done before the cancellation came.
            "cancelled": (asyncio.CancelledError, type(None)),
        }
        assert isinstance(outcome, expected[end])


async def test_the_journal_takes_any_kind_of_change() -> None:
    """The journal knows nothing of what it writes."""
    seen: list[Sequence[int]] = []

    async def write(changes: Sequence[int]) -> None:
        seen.append(changes)

    writing: Callable[[Sequence[int]], Awaitable[None]] = write
    journal = Journal(writing)
    await journal.commit((1, 2))
    assert seen == [[1, 2]]
