"""What is removed by its age, in every store: contents of calls, calls, keys, notifications."""

import msgspec
import pytest

from midcall.core.ports import (
    AddAcceptedRequest,
    AddBroadcast,
    AddMessage,
    AddNotification,
    Change,
    ExpireMessages,
    NotificationFilter,
    Perishable,
    PutFamily,
    RemoveCall,
    RemoveContent,
    RemoveOld,
    Store,
)
from midcall.model.calls import CallStatus
from midcall.model.messages import Direction
from midcall.model.sids import CallSid
from tests.contract.store.records import (
    ACCOUNT,
    NOW,
    accepted_request,
    after,
    broadcast,
    call,
    call_sid,
    family,
    message,
    notification,
    with_receipt,
)
from tests.contract.store.test_removal import EVERYTHING, attached, remains

OVER = CallStatus.COMPLETED
CONTENT = {"messages", "downlinks", "events", "due", "attempts", "exchanges", "open", "traces"}
LEFT = {name: count for name, count in EVERYTHING.items() if name not in CONTENT}


def ended(number: int, *, age: float = 0) -> PutFamily:
    """Keep a call that was over so many seconds ago."""
    return PutFamily(family(call(number, status=OVER, ended_at=after(-age))))


async def test_the_content_of_a_call_is_removed_and_the_call_stays(store: Store) -> None:
    """What was said and what was owed is gone; the call, its subscriptions and keys are left."""
    await store.commit([ended(1), ended(2), *attached(1), *attached(2)])
    await store.commit([RemoveContent(call_sid(1))])
    assert await remains(store, 1) == LEFT
    assert await remains(store, 2) == EVERYTHING
    assert await store.find_call(call_sid(1)) == call(1, status=OVER, ended_at=NOW)
    assert await store.next_due_at(busy=frozenset({"ZY-2"})) == after(60)


@pytest.mark.parametrize("status", [status for status in CallStatus if not status.terminal])
async def test_the_content_of_a_live_call_stays(store: Store, status: CallStatus) -> None:
    """A call that is not over keeps what was said in it, and is looked at again when it is."""
    await store.commit([PutFamily(family(call(1, status=status))), *attached(1)])
    await store.commit([RemoveContent(call_sid(1))])
    assert await remains(store, 1) == EVERYTHING
    await store.commit([ended(1)])
    assert await store.calls_with_content(after(1), limit=9) == [call_sid(1)]


async def test_a_receipt_that_waits_goes_with_the_content(store: Store) -> None:
    """Nothing is left that a later change could send."""
    wanted, _ = with_receipt(message(0, of=call_sid(1)))
    await store.commit([ended(1), AddMessage(wanted), RemoveContent(call_sid(1))])
    await store.commit([ExpireMessages(call_sid(1), after(1))])
    assert await store.next_due_at(busy=frozenset()) is None


async def test_calls_with_content_are_those_that_were_not_cleared(store: Store) -> None:
    """The call that ended first comes first; a cleared one does not come back, though kept."""
    await store.commit([ended(1, age=10), ended(2, age=30), ended(3, age=20), ended(4)])
    await store.commit([PutFamily(family(call(5)))])
    waiting = [call_sid(n) for n in (2, 3, 1)]
    assert await store.calls_with_content(NOW, limit=9) == waiting
    assert await store.calls_with_content(NOW, limit=2) == waiting[:2]
    assert await store.calls_with_content(after(-20), limit=9) == waiting[:1]
    await store.commit([RemoveContent(call_sid(3)), ended(3, age=20)])
    assert await store.calls_with_content(NOW, limit=9) == [call_sid(2), call_sid(1)]


async def test_ended_calls_come_oldest_first(store: Store) -> None:
    """A call that ended before a time is among them, cleared or not; a live one is not."""
    await store.commit([ended(1, age=10), ended(2, age=30), ended(3, age=20), ended(4)])
    await store.commit([PutFamily(family(call(5))), RemoveContent(call_sid(3))])
    oldest_first = [call_sid(n) for n in (2, 3, 1)]
    assert await store.calls_ended(NOW, limit=9) == oldest_first
    assert await store.calls_ended(NOW, limit=1) == oldest_first[:1]
    await store.commit([RemoveCall(call_sid(2))])
    assert await store.calls_ended(NOW, limit=9) == oldest_first[1:]


async def keys(store: Store) -> list[str]:
    """Return the idempotency keys of the tests below that are left."""
    left = []
    for key, number in KEYS.items():
        of = call_sid(number) if number else CallSid("")
        request = accepted_request(key, of=of)
        if await store.find_accepted_request(ACCOUNT, of, request.resource, key):
            left.append(key)
    return left


KEYS = {"ended long ago": 1, "ended lately": 2, "live": 3, "removed": 4, "of no call": 0}


async def test_keys_go_by_the_end_of_their_call(store: Store) -> None:
    """However old a key is, it counts until its call has been over for as long."""
    await store.commit([ended(1, age=100), ended(2, age=10), PutFamily(family(call(3)))])
    await store.commit(
        [
            AddAcceptedRequest(
                accepted_request(key, of=call_sid(number) if number else CallSid(""), age=200)
            )
            for key, number in KEYS.items()
        ]
    )
    await store.commit([RemoveOld(Perishable.ACCEPTED_REQUEST, after(-300))])
    assert await keys(store) == list(KEYS)
    await store.commit([RemoveOld(Perishable.ACCEPTED_REQUEST, after(-50))])
    assert await keys(store) == ["ended lately", "live"]


async def test_young_keys_of_no_call_stay(store: Store) -> None:
    """A key that belongs to no call that is kept goes by its own age."""
    await store.commit(
        [
            AddAcceptedRequest(accepted_request("of no call", of=CallSid(""), age=49)),
            AddAcceptedRequest(accepted_request("removed", of=call_sid(4), age=51)),
            RemoveOld(Perishable.ACCEPTED_REQUEST, after(-50)),
        ]
    )
    assert await keys(store) == ["of no call"]


async def test_broadcasts_go_by_their_age(store: Store) -> None:
    """What is as old as the time itself stays."""
    await store.commit([AddBroadcast(broadcast(f"{age}", age=age)) for age in (9, 10, 11)])
    await store.commit([RemoveOld(Perishable.BROADCAST, after(-10))])
    left = [age for age in (9, 10, 11) if await store.find_broadcast(ACCOUNT, f"{age}")]
    assert left == [9, 10]


async def test_notifications_go_by_their_age(store: Store) -> None:
    """Of whichever call or none, what is older than the time is gone."""
    made = [notification(n, age=n, of=call_sid(n) if n % 2 else None) for n in range(4)]
    await store.commit([AddNotification(one) for one in made])
    await store.commit([RemoveOld(Perishable.NOTIFICATION, after(-1))])
    left = await store.list_notifications(ACCOUNT, NotificationFilter(), offset=0, limit=9)
    assert left == made[:2]


async def test_message_events_go_by_their_age_and_their_numbers_are_not_given_again(
    store: Store,
) -> None:
    """Their messages stay, and whoever has read as far as the last one misses nothing."""
    # A message is made as many seconds after the beginning as its position says.
    made = [message(n, direction=Direction.UPLINK) for n in range(3)]
    await store.commit([AddMessage(one) for one in made])
    last = await store.last_message_event()
    await store.commit([RemoveOld(Perishable.MESSAGE_EVENT, after(1))])
    left = await store.message_events(ACCOUNT, None, after=0, limit=9)
    assert [one.message for one in left] == made[1:]
    await store.commit([RemoveOld(Perishable.MESSAGE_EVENT, after(9))])
    assert await store.last_message_event() == last
    assert await store.find_message(made[0].call_sid, made[0].sid) == made[0]
    await store.commit([AddMessage(message(3, direction=Direction.UPLINK))])
    (event,) = await store.message_events(ACCOUNT, None, after=last, limit=9)
    assert event.id == last + 1


async def test_one_change_removes_a_thousand_at_most_the_oldest_first(store: Store) -> None:
    """What is left over goes with the next change."""
    changes: list[Change] = [
        AddNotification(msgspec.structs.replace(notification(n), created_at=after(-n)))
        for n in range(1, 1_004)
    ]
    await store.commit(changes)
    filters = NotificationFilter()

    async def left() -> int:
        found = await store.list_notifications(ACCOUNT, filters, offset=0, limit=2_000)
        assert [one.created_at for one in found] == [after(-n) for n in range(1, len(found) + 1)]
        return len(found)

    await store.commit([RemoveOld(Perishable.NOTIFICATION, NOW)])
    assert await left() == 3
    await store.commit([RemoveOld(Perishable.NOTIFICATION, NOW)])
    assert await left() == 0
