"""The history of a leg, in every store: put together of everything, in one order."""

import pytest
from msgspec.structs import replace

from midcall.core.ports import (
    AddEntry,
    AddExchange,
    AddMessage,
    AddNotification,
    AddTrace,
    AttemptMade,
    Change,
    Happening,
    PutFamily,
    RemoveCall,
    RemoveContent,
    SettleEntry,
    Store,
    happened_at,
)
from midcall.model.calls import CallStatus
from midcall.model.messages import Direction
from tests.contract.store.records import (
    CALL,
    NOW,
    OTHER_ACCOUNT,
    OTHER_CALL,
    attempt,
    call,
    call_sid,
    entry,
    exchange,
    family,
    message,
    notification,
    trace,
)

LEG = call_sid(1)
EVERYTHING: list[Happening] = [
    trace(1, of=LEG, age=9),
    exchange(7, of=LEG, age=5),
    trace(2, of=LEG, age=5),
    trace(3, of=LEG, age=5),
    notification(1, of=LEG, age=3),
    message(0, of=LEG),
    AttemptMade(
        entry=entry(LEG, 0, of=LEG), attempt=attempt(entry(LEG, 0, of=LEG), status=None, fault="no")
    ),
    message(1, of=LEG, direction=Direction.UPLINK),
]
"""What happened in a leg, in its order."""


def kept(happening: Happening) -> list[Change]:
    """Return what keeps something, as it is decided."""
    match happening:
        case AttemptMade(entry=owed, attempt=made):
            return [AddEntry(owed), SettleEntry(owed, made)]
        case _:
            add = {
                "Trace": AddTrace,
                "Exchange": AddExchange,
                "UserDefinedMessage": AddMessage,
                "Notification": AddNotification,
            }[type(happening).__name__]
            change: Change = add(happening)
            return [change]


async def eventful(store: Store, *, status: CallStatus = CallStatus.IN_PROGRESS) -> None:
    """Keep a leg to which everything happened, the last first, and one to which little did."""
    await store.commit([PutFamily(family(call(1, status=status))), PutFamily(family(call(2)))])
    # What happened at one moment keeps the order in which it came.
    moments = sorted({happened_at(one) for one in EVERYTHING}, reverse=True)
    changes = [
        change
        for moment in moments
        for one in EVERYTHING
        if happened_at(one) == moment
        for change in kept(one)
    ]
    await store.commit([*changes, AddTrace(trace(9, of=call_sid(2), age=4))])


async def test_a_history_has_everything_in_its_order(store: Store) -> None:
    """Whatever its kind and whenever it was written; of one moment the request comes first."""
    await eventful(store)
    assert await store.timeline(LEG, offset=0, limit=50) == EVERYTHING
    assert await store.timeline(call_sid(2), offset=0, limit=50) == [
        trace(9, of=call_sid(2), age=4)
    ]
    assert await store.timeline(OTHER_CALL, offset=0, limit=50) == []


@pytest.mark.parametrize("size", [1, 3, 8])
async def test_a_history_comes_in_pages(store: Store, size: int) -> None:
    """Pages of any size make up the whole."""
    await eventful(store)
    found: list[Happening] = []
    for offset in range(0, len(EVERYTHING), size):
        page = await store.timeline(LEG, offset=offset, limit=size)
        assert len(page) <= size
        found += page
    assert found == EVERYTHING


async def test_a_trace_can_come_with_its_calls_first_record(store: Store) -> None:
    """The call is kept before it in the same commit."""
    await store.commit([PutFamily(family(call(1))), AddTrace(trace(1, of=LEG))])
    assert await store.timeline(LEG, offset=0, limit=50) == [trace(1, of=LEG)]


async def test_nothing_is_kept_of_a_call_that_is_not_there(store: Store) -> None:
    """A trace of no call, or of another account's, leaves nothing behind."""
    await store.commit([PutFamily(family(call(1)))])
    await store.commit([AddTrace(trace(1)), AddTrace(trace(2, of=LEG, owner=OTHER_ACCOUNT))])
    assert await store.timeline(CALL, offset=0, limit=50) == []
    assert await store.timeline(LEG, offset=0, limit=50) == []


@pytest.mark.parametrize("removal", [RemoveCall, RemoveContent])
async def test_a_trace_that_comes_late_is_not_kept(
    store: Store, removal: type[RemoveCall | RemoveContent]
) -> None:
    """Removed is removed: what a device still reports of a call does not bring it back."""
    await eventful(store, status=CallStatus.COMPLETED)
    await store.commit([removal(LEG)])
    await store.commit([AddTrace(trace(4, of=LEG))])
    left = await store.timeline(LEG, offset=0, limit=50)
    # The debugger keeps its notifications as long as the call, though not what they quote.
    bare = replace(
        notification(1, of=LEG, age=3), request_variables="", response_headers="", response_body=""
    )
    assert left == ([bare] if removal is RemoveContent else [])


async def test_a_time_is_exact(store: Store) -> None:
    """Microseconds are kept: they are the order of what happened."""
    await eventful(store)
    (first,) = await store.timeline(LEG, offset=6, limit=1)
    assert happened_at(first) == NOW
