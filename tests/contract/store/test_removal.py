"""Removing calls with all that hangs on them, in every store."""

import msgspec
import pytest

from midcall.core.ports import (
    AddAcceptedRequest,
    AddEntry,
    AddExchange,
    AddMessage,
    AddNotification,
    AddSubscription,
    AddTrace,
    CallFilter,
    Change,
    NotificationFilter,
    PutFamily,
    RemoveCall,
    SettleEntry,
    Store,
)
from midcall.model.calls import Call, CallStatus
from midcall.model.messages import Direction
from midcall.model.outbox import EntryState
from midcall.model.sids import CallSid
from midcall.model.traces import Trace
from tests.contract.store.records import (
    ACCOUNT,
    NOW,
    accepted_request,
    after,
    attempt,
    call,
    call_sid,
    entry,
    exchange,
    family,
    message,
    message_sid,
    notification,
    subscription,
    trace,
)

OVER = CallStatus.COMPLETED
NOBODY: frozenset[str] = frozenset()


def attached(number: int) -> list[Change]:
    """Make one of each thing that hangs on a call: some settled, some still to come."""
    of = call_sid(number)
    delivered = entry(f"ZY-{number}", 0, of=of)
    return [
        AddMessage(message(0, of=of, number=1)),
        AddMessage(message(0, of=of, number=2, direction=Direction.UPLINK)),
        AddSubscription(subscription(number, of=of)),
        AddAcceptedRequest(accepted_request(of=of)),
        AddEntry(delivered),
        AddEntry(entry(f"ZY-{number}", 1, of=of, carries=message_sid(2))),
        AddEntry(entry(of, 0, of=of, due_in=60)),
        SettleEntry(
            msgspec.structs.replace(delivered, state=EntryState.DELIVERED), attempt(delivered)
        ),
        AddExchange(exchange(1, of=of)),
        AddTrace(trace(1, of=of)),
        AddNotification(notification(number, of=of)),
    ]


async def remains(store: Store, number: int) -> dict[str, int]:
    """Count what is left of what hangs on a call; what nothing is left of is not counted."""
    of = call_sid(number)
    resource = accepted_request().resource
    due = await store.due_entries(after(60), busy=NOBODY, limit=50)
    messages = [await store.find_message(of, message_sid(n)) for n in (1, 2)]
    counts = {
        "messages": len([one for one in messages if one is not None]),
        "downlinks": len(await store.downlinks(of, after=-1, limit=50)),
        "subscriptions": len(await store.subscriptions(of)),
        "requests": int(
            await store.find_accepted_request(ACCOUNT, of, resource, "key") is not None
        ),
        "due": len([one for one in due if one.call_sid == of]),
        "open": await store.open_entries(message_sid(2), of),
        "attempts": len(await store.attempts(f"ZY-{number}", 0)),
        "exchanges": len(await store.list_exchanges(of, offset=0, limit=50)),
        "traces": len(
            [one for one in await store.timeline(of, offset=0, limit=50) if isinstance(one, Trace)]
        ),
        "events": len(await store.message_events(ACCOUNT, of, after=0, limit=50)),
        "notifications": len(
            await store.list_notifications(
                ACCOUNT, NotificationFilter(call_sid=of), offset=0, limit=50
            )
        ),
    }
    return {name: count for name, count in counts.items() if count}


EVERYTHING = {
    "messages": 2,
    "downlinks": 1,
    "subscriptions": 1,
    "requests": 1,
    "due": 2,
    "attempts": 1,
    "exchanges": 1,
    "traces": 1,
    "open": 1,
    "events": 1,
    "notifications": 1,
}


async def listed(store: Store) -> set[CallSid]:
    """Return the calls of the account."""
    found = await store.list_calls(ACCOUNT, CallFilter(), offset=0, limit=50)
    return {one.sid for one in found}


async def test_a_removed_call_takes_everything_with_it(store: Store) -> None:
    """Nothing of a removed call is found or owed any more; another's things stay."""
    await store.commit([PutFamily(family(call(n, status=OVER))) for n in (1, 2)])
    await store.commit([*attached(1), *attached(2)])
    assert await remains(store, 1) == EVERYTHING
    await store.commit([RemoveCall(call_sid(1))])
    assert await store.find_call(call_sid(1)) is None
    assert await listed(store) == {call_sid(2)}
    assert await remains(store, 1) == {}
    assert await remains(store, 2) == EVERYTHING
    assert await store.next_due_at(busy=frozenset({"ZY-2"})) == after(60)


async def test_its_lanes_can_be_used_again(store: Store) -> None:
    """Nothing that is left of a lane gets in the way: the store is as if the call had not been."""
    calls = [PutFamily(family(call(1, status=OVER)))]
    await store.commit([*calls, *attached(1), RemoveCall(call_sid(1))])
    assert await store.next_due_at(busy=NOBODY) is None
    await store.commit([AddEntry(entry("ZY-1", 0, of=call_sid(2)))])
    (due,) = await store.due_entries(NOW, busy=NOBODY, limit=50)
    assert (due.lane, due.position, due.call_sid) == ("ZY-1", 0, call_sid(2))


async def test_the_debugger_forgets_a_removed_call(store: Store) -> None:
    """What went wrong in it goes with it: a notification shows what was sent and answered."""
    gone, other, of_none = (
        notification(1, of=call_sid(1)),
        notification(2, of=call_sid(2)),
        notification(3, of=None),
    )
    await store.commit([PutFamily(family(call(1, status=OVER)))])
    await store.commit([AddNotification(one) for one in (gone, other, of_none)])
    await store.commit([RemoveCall(call_sid(1))])
    assert await store.find_notification(gone.sid) is None
    filters = NotificationFilter()
    left = await store.list_notifications(ACCOUNT, filters, offset=0, limit=50)
    assert left == [of_none, other]


LIVE = [status for status in CallStatus if not status.terminal]


@pytest.mark.parametrize("status", LIVE)
async def test_a_live_call_is_not_removed(store: Store, status: CallStatus) -> None:
    """A call that is not over, and all that hangs on it, stays as it is."""
    whole = family(call(1, status=status))
    await store.commit([PutFamily(whole), *attached(1), RemoveCall(call_sid(1))])
    assert await store.find_call(call_sid(1)) == whole.parent.call
    assert await store.live_families() == [whole]
    assert await remains(store, 1) == EVERYTHING
    # Later it is over, and nothing of the attempt stands in the way.
    await store.commit([PutFamily(family(call(1, status=OVER)))])
    assert await store.find_call(call_sid(1)) == call(1, status=OVER)
    await store.commit([RemoveCall(call_sid(1))])
    assert await store.find_call(call_sid(1)) is None


@pytest.mark.parametrize("status", [status for status in CallStatus if status.terminal])
async def test_a_call_that_is_over_is_removed_however_it_ended(
    store: Store, status: CallStatus
) -> None:
    """Every end is an end."""
    await store.commit([PutFamily(family(call(1, status=status))), RemoveCall(call_sid(1))])
    assert await store.find_call(call_sid(1)) is None


async def test_removing_what_is_not_there_is_no_error(store: Store) -> None:
    """A call is removed once; again, or never having been, it changes nothing."""
    await store.commit([PutFamily(family(call(1, status=OVER))), *attached(2)])
    await store.commit([RemoveCall(call_sid(1)), RemoveCall(call_sid(1)), RemoveCall(call_sid(2))])
    assert await listed(store) == set()
    # Without a call to go by, nothing is taken to be over; nor is it traced.
    assert await remains(store, 2) | {"traces": 1} == EVERYTHING


def parent_and_children(parent: CallStatus, *children: CallStatus) -> list[Call]:
    """Make the calls of a family, from 1 on."""
    return [
        call(1, status=parent),
        *(call(n, parent=call_sid(1), status=status) for n, status in enumerate(children, 2)),
    ]


async def test_a_call_stays_removed_while_its_family_goes_on(store: Store) -> None:
    """A child that is over is removed, and the next step of its family does not bring it back."""
    started = parent_and_children(CallStatus.IN_PROGRESS, CallStatus.BUSY, CallStatus.RINGING)
    await store.commit([PutFamily(family(*started)), *attached(2), RemoveCall(call_sid(2))])
    assert await listed(store) == {call_sid(1), call_sid(3)}
    assert await store.live_families() == [family(*started)]

    answered = parent_and_children(CallStatus.IN_PROGRESS, CallStatus.BUSY, CallStatus.IN_PROGRESS)
    await store.commit([PutFamily(family(*answered))])
    assert await listed(store) == {call_sid(1), call_sid(3)}
    assert await store.find_call(call_sid(3)) == answered[2]

    ended = parent_and_children(OVER, CallStatus.BUSY, OVER)
    await store.commit([PutFamily(family(*ended)), PutFamily(family(*ended))])
    assert await listed(store) == {call_sid(1), call_sid(3)}
    assert await remains(store, 2) == {}


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 1, 3)], ids=str)
async def test_a_family_can_be_removed_call_by_call(store: Store, order: tuple[int, ...]) -> None:
    """Parents and children go one by one, in any order; those that are left stay whole."""
    ended = parent_and_children(OVER, CallStatus.CANCELED, OVER)
    other = call(9, status=OVER)
    left = {one.sid for one in (*ended, other)}
    await store.commit([PutFamily(family(*ended)), PutFamily(family(other))])
    for number in order:
        await store.commit([RemoveCall(call_sid(number))])
        left.remove(call_sid(number))
        assert await listed(store) == left
