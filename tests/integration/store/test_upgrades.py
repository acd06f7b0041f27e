"""Stores that earlier versions have written, as this version opens them.

``stores/<revision>.sql`` is what that revision's own code wrote, as ``sqlite3.iterdump`` shows it.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from midcall.core.ports import (
    AccountFilter,
    AddExchange,
    CallFilter,
    NotificationFilter,
    PutAccount,
    PutFamily,
    PutPhoneNumber,
    RemoveCall,
)
from midcall.model.calls import Call, CallStatus
from midcall.model.messages import Direction, MessageState
from midcall.model.outbox import EntryState
from midcall.model.sids import CallSid
from midcall.store.faults import StoreFileUnusable
from midcall.store.sqlite import SqliteStore, open_for_reading, open_store
from tests.contract.store.records import (
    ACCOUNT,
    CALL,
    NOW,
    accepted_request,
    account,
    after,
    api_key,
    application,
    attempt,
    call,
    call_sid,
    entry,
    exchange,
    family,
    message,
    message_sid,
    notification,
    phone_number,
    subscription,
)

STORES = Path(__file__).parent / "stores"


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """Make a store as the first version left it: two calls that are over, three under way."""
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as made:
        made.executescript((STORES / "0001.sql").read_text("utf-8"))
    made.close()
    return path


@pytest.fixture
async def upgraded(first: Path) -> AsyncIterator[SqliteStore]:
    """Open that store with this version."""
    store = await open_store(f"sqlite:///{first}")
    yield store
    await store.close()


def old(one: Call) -> Call:
    """Return a call as the first version knew it."""
    return msgspec.structs.replace(one, phone_number_sid=None, stir_status=None)


async def found_call(store: SqliteStore, sid: CallSid) -> Call:
    """Return a call that must be there."""
    found = await store.find_call(sid)
    assert found is not None
    return found


async def test_accounts_and_what_they_own_stay(upgraded: SqliteStore) -> None:
    """An account of the first version is active and nobody's sub-account."""
    assert await upgraded.find_account(ACCOUNT) == account()
    assert await upgraded.list_accounts(AccountFilter(), offset=0, limit=9) == [account()]
    assert await upgraded.find_api_key(api_key(1).sid) == api_key(1)
    phones = application(1, friendly_name="Phones")
    assert await upgraded.find_application(phones.sid) == phones


async def test_calls_that_are_over_stay(upgraded: SqliteStore) -> None:
    """They are as they were; what was not known of them then is not known now."""
    parent = old(call(7, status=CallStatus.COMPLETED, ended_at=after(60)))
    parent = msgspec.structs.replace(parent, answered_at=NOW)
    assert await upgraded.find_call(parent.sid) == parent
    children = CallFilter(parent_call_sid=parent.sid)
    assert [one.sid for one in await upgraded.list_calls(ACCOUNT, children, offset=0, limit=9)] == [
        call_sid(8)
    ]


async def test_calls_under_way_are_ended_as_failed(upgraded: SqliteStore) -> None:
    """They end where they stood; a leg that had ended before stays as it ended."""
    assert await upgraded.live_families() == []
    for number, answered_at in ((1, NOW), (2, None)):
        ended = await found_call(upgraded, call_sid(number))
        assert (ended.status, ended.ended_at, ended.answered_at) == (
            CallStatus.FAILED,
            NOW,
            answered_at,
        )
    busy = await found_call(upgraded, call_sid(3))
    assert (busy.status, busy.ended_at) == (CallStatus.BUSY, after(-5))


async def test_nobody_is_left_guessing_about_their_messages(upgraded: SqliteStore) -> None:
    """Downlinks of the ended calls expire with them; what was settled and what came up stays."""
    of = call_sid(1)
    states = {}
    for number in (0, 1, 9):
        found = await upgraded.find_message(of, message_sid(number))
        assert found is not None
        states[number] = (found.state, found.settled_at)
    assert states == {
        0: (MessageState.DELIVERED, after(5)),
        1: (MessageState.EXPIRED, NOW),
        9: (MessageState.ACCEPTED, None),
    }
    other = message(0, of=call_sid(7), state=MessageState.EXPIRED)
    assert await upgraded.find_message(call_sid(7), message_sid(0)) == other
    assert await upgraded.next_position(of, Direction.DOWNLINK) == 2


async def test_what_is_owed_stays_owed(upgraded: SqliteStore) -> None:
    """Entries, their attempts, subscriptions and idempotency keys are as they were."""
    nobody: frozenset[str] = frozenset()
    assert await upgraded.due_entries(NOW, busy=nobody, limit=9) == [entry("lane", 1)]
    delivered = msgspec.structs.replace(
        entry("lane", 0, carries=message_sid(1)), state=EntryState.DELIVERED
    )
    assert await upgraded.attempts("lane", 0) == [attempt(delivered)]
    assert await upgraded.subscriptions(CALL) == [subscription(1)]
    request = accepted_request()
    found = await upgraded.find_accepted_request(ACCOUNT, CALL, request.resource, request.key)
    assert found == request


async def test_notifications_stay(upgraded: SqliteStore) -> None:
    """A notification of the first version has nothing to show of what was sent and received."""
    kept = [
        msgspec.structs.replace(one, request_variables="", response_headers="", response_body="")
        for one in (notification(2, of=None), notification(1))
    ]
    filters = NotificationFilter()
    assert await upgraded.list_notifications(ACCOUNT, filters, offset=0, limit=9) == kept


async def test_an_upgraded_store_takes_what_is_new(upgraded: SqliteStore) -> None:
    """New records beside the old ones, and old calls are removed as new ones are."""
    number, live = phone_number(1), family(call(20))
    closed = account(friendly_name="Renamed")
    await upgraded.commit([PutAccount(closed), PutPhoneNumber(number), PutFamily(live)])
    await upgraded.commit([AddExchange(exchange(1)), RemoveCall(call_sid(1))])
    assert await upgraded.find_account(ACCOUNT) == closed
    assert await upgraded.find_number(number.number) == number
    assert await upgraded.live_families() == [live]
    assert await upgraded.find_call(call_sid(1)) is None
    assert await upgraded.find_message(call_sid(1), message_sid(0)) is None


async def test_an_upgraded_store_is_opened_again(first: Path) -> None:
    """Upgrading happens once, and what it left is there the next time."""
    for _ in range(2):
        store = await open_store(f"sqlite:///{first}")
        ended = await found_call(store, call_sid(1))
        await store.close()
        assert ended.status is CallStatus.FAILED


def test_a_reader_does_not_upgrade(first: Path) -> None:
    """A program that only reads refuses an older store and leaves it to its server."""
    before = first.read_bytes()
    with pytest.raises(StoreFileUnusable, match="older version"):
        asyncio.run(open_for_reading(f"sqlite:///{first}"))
    assert first.read_bytes() == before
