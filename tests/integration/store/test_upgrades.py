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
    EntryFilter,
    ExpireMessages,
    HoldMessages,
    MessageFilter,
    NotificationFilter,
    PutAccount,
    PutFamily,
    PutPhoneNumber,
    RedriveEntry,
    RemoveCall,
)
from midcall.model.calls import Call, CallStatus
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.outbox import EntryState
from midcall.model.sids import CallSid
from midcall.store.faults import MasterKeyMissing, StoreFileUnusable
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


def restored(path: Path, revision: str) -> Path:
    """Make a store of a revision in a file."""
    with sqlite3.connect(path) as made:
        made.executescript((STORES / f"{revision}.sql").read_text("utf-8"))
    made.close()
    return path


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """Make a store as the first version left it: two calls that are over, three under way."""
    return restored(tmp_path / "store.db", "0001")


@pytest.fixture
async def second(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Open a store as the second left it: a family under way, a call that is over, one removed."""
    store = await open_store(f"sqlite:///{restored(tmp_path / 'store.db', '0002')}")
    yield store
    await store.close()


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


# --- from the second version ------------------------------------------------------------------

LEG = call_sid(1)
OWED = subscription(1).sid


async def found_message(store: SqliteStore, number: int) -> UserDefinedMessage:
    """Return a message of the family that is under way."""
    found = await store.find_message(LEG, message_sid(number))
    assert found is not None
    return found


async def test_calls_of_the_second_version_go_on(second: SqliteStore) -> None:
    """A family that was under way still is, and the calls that are over have what was said."""
    ringing = call(2, parent=LEG, status=CallStatus.RINGING)
    assert await second.live_families() == [family(call(1), ringing)]
    assert await second.calls_ended(after(99), limit=9) == [call_sid(7)]
    assert await second.calls_with_content(after(99), limit=9) == [call_sid(7)]
    assert await second.find_phone_number(phone_number(1).sid) == phone_number(1)


async def test_messages_of_the_second_version_stay_where_they_were(second: SqliteStore) -> None:
    """They have neither waited nor been answered; what was sent was sent at least once."""
    assert await found_message(second, 0) == msgspec.structs.replace(
        message(0, of=LEG, state=MessageState.DELIVERED),
        sent_at=after(4),
        settled_at=after(5),
        sends=1,
    )
    assert await found_message(second, 1) == msgspec.structs.replace(
        message(1, of=LEG, state=MessageState.SENT), sent_at=after(6), sends=1
    )
    assert await found_message(second, 2) == message(2, of=LEG)
    failed = message(0, of=LEG, number=10, direction=Direction.UPLINK, state=MessageState.FAILED)
    assert await found_message(second, 10) == msgspec.structs.replace(failed, settled_at=after(7))
    assert await second.last_message_event() == 0
    states = MessageFilter(state=MessageState.EXPIRED)
    (expired,) = await second.list_messages(ACCOUNT, states, offset=0, limit=9)
    assert (expired.call_sid, expired.settled_at) == (call_sid(7), after(60))


async def test_they_can_be_held_and_told_of(second: SqliteStore) -> None:
    """What was not settled then comes to its end as new messages do."""
    assert await second.waiting_downlinks(LEG) == 2
    await second.commit([HoldMessages(LEG, after(100))])
    assert (await found_message(second, 2)).state is MessageState.HELD
    await second.commit([ExpireMessages(LEG, after(101))])
    events = await second.message_events(ACCOUNT, LEG, after=0, limit=9)
    assert [(one.message.position, one.state) for one in events] == [
        (1, MessageState.EXPIRED),
        (2, MessageState.EXPIRED),
    ]


async def test_dead_entries_of_the_second_version_can_be_sent_again(second: SqliteStore) -> None:
    """They are found by state and subscription, and go before those that wait behind them."""
    filters = EntryFilter(state=EntryState.DEAD, subscription_sid=OWED)
    (dead,) = await second.list_entries(ACCOUNT, filters, offset=0, limit=9)
    assert (dead.attempts, dead.redriven_at, dead.message_sid) == (1, None, message_sid(10))
    await second.commit([RedriveEntry(dead.lane, dead.position, after(200))])
    (due,) = await second.due_entries(after(200), busy=frozenset(), limit=9)
    assert (due.position, due.redriven_at) == (0, after(200))
    assert (await found_message(second, 10)).state is MessageState.ACCEPTED
    assert await second.subscriptions(LEG) == [subscription(1, of=LEG)]


async def test_a_store_of_the_second_version_can_be_sealed(tmp_path: Path) -> None:
    """Upgrading and sealing happen at one opening."""
    path = restored(tmp_path / "store.db", "0002")
    store = await open_store(f"sqlite:///{path}", "a master key")
    assert await store.find_account(ACCOUNT) == account()
    await store.close()
    with pytest.raises(MasterKeyMissing):
        await open_store(f"sqlite:///{path}")
