"""Transactions, in every store."""

import asyncio
import contextlib
from datetime import datetime

import msgspec
import pytest

from midcall.core.ports import AddMessage, Change, MarkMessage, PutAccount, Store
from midcall.model.errors import Fault, Unavailable
from midcall.model.messages import Direction, MessageState
from tests.contract.store.conftest import Opening
from tests.contract.store.records import ACCOUNT, CALL, account, after, message, message_sid


async def test_changes_are_written_in_order(store: Store) -> None:
    """A later change in a commit sees what an earlier one wrote."""
    changes: list[Change] = [
        AddMessage(message(0)),
        MarkMessage(CALL, message_sid(0), MessageState.SENT, after(1)),
        MarkMessage(CALL, message_sid(0), MessageState.DELIVERED, after(2)),
    ]
    await store.commit(changes)
    found = await store.find_message(CALL, message_sid(0))
    assert found is not None
    assert (found.state, found.sent_at, found.settled_at) == (
        MessageState.DELIVERED,
        after(1),
        after(2),
    )


async def test_a_commit_of_nothing_is_fine(store: Store) -> None:
    """Nothing to write is written at once."""
    await store.commit([])


async def test_a_change_that_fails_takes_its_whole_commit_back(store: Store) -> None:
    """Nothing is half-written, before or after the change that failed; the store stays usable."""
    await store.commit([AddMessage(message(0))])
    with pytest.raises(Fault):
        await store.commit([PutAccount(account()), AddMessage(message(1)), AddMessage(message(0))])
    assert await store.find_account(ACCOUNT) is None
    assert await store.next_position(CALL, Direction.DOWNLINK) == 1
    await store.commit([PutAccount(account()), AddMessage(message(1))])
    assert await store.find_account(ACCOUNT) == account()
    assert await store.next_position(CALL, Direction.DOWNLINK) == 2


async def test_a_record_that_cannot_be_kept_takes_its_whole_commit_back(store: Store) -> None:
    """A time without a zone could be any time: the commit fails, the store stays usable."""
    nowhere = msgspec.structs.replace(message(1), created_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point
    with pytest.raises(ValueError, match="zone"):
        await store.commit([AddMessage(message(0)), AddMessage(nowhere)])
    assert await store.next_position(CALL, Direction.DOWNLINK) == 0
    await store.commit([AddMessage(message(0))])


async def test_a_read_sees_what_was_committed_before_it(store: Store) -> None:
    """Reading after a commit has returned finds what it wrote, at every turn."""
    for position in range(30):
        await store.commit([AddMessage(message(position))])
        found = await asyncio.gather(
            *(store.next_position(CALL, Direction.DOWNLINK) for _ in range(5))
        )
        assert found == [position + 1] * 5


async def test_commits_are_written_in_the_order_in_which_they_were_asked_for(store: Store) -> None:
    """Of commits that wait at the same time, the first asked for is the first written."""
    names = [f"Name {n}" for n in range(40)]
    await asyncio.gather(
        *(store.commit([PutAccount(account(friendly_name=name))]) for name in names)
    )
    found = await store.find_account(ACCOUNT)
    assert found is not None
    assert found.friendly_name == names[-1]


async def test_whoever_stops_waiting_disturbs_nobody(store: Store) -> None:
    """Of many commits half are abandoned while they wait; the others are written."""
    commits = [
        asyncio.create_task(store.commit([AddMessage(message(n))]), name=f"commit {n}")
        for n in range(40)
    ]
    await asyncio.sleep(0)
    for abandoned in commits[::2]:
        abandoned.cancel()
    for kept in commits[1::2]:
        await kept
    for abandoned in commits[::2]:
        with contextlib.suppress(asyncio.CancelledError):
            await abandoned
    for position in range(1, 40, 2):
        assert await store.find_message(CALL, message_sid(position)) is not None


async def test_closing_finishes_what_was_asked_for(opening: Opening) -> None:
    """A commit that was asked for before the end is written before the end."""
    store = await opening()
    commits = [
        asyncio.create_task(store.commit([AddMessage(message(n))]), name=f"commit {n}")
        for n in range(20)
    ]
    await asyncio.sleep(0)
    await store.close()
    for commit in commits:
        await commit


async def test_a_closed_store_says_so(opening: Opening) -> None:
    """After the end, commits and reads fail at once; closing again is no error."""
    store = await opening()
    await store.close()
    with pytest.raises(Unavailable):
        await store.commit([PutAccount(account())])
    with pytest.raises(Unavailable):
        await store.find_account(ACCOUNT)
    await store.close()
