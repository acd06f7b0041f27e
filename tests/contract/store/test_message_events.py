"""Message events, in every store: what applications are told of messages, in its order."""

import pytest

from midcall.core.ports import (
    AddMessage,
    Change,
    ExpireHeld,
    ExpireMessages,
    ExpireUplinks,
    HoldMessages,
    MarkMessage,
    Store,
    TakeUplinks,
)
from midcall.model.errors import Fault
from midcall.model.messages import Direction, MessageEvent, MessageState, UserDefinedMessage
from midcall.model.sids import CallSid
from tests.contract.store.conftest import Opening
from tests.contract.store.records import (
    ACCOUNT,
    CALL,
    OTHER_ACCOUNT,
    OTHER_CALL,
    after,
    mark,
    message,
)

ACCEPTED, HELD, SENT = MessageState.ACCEPTED, MessageState.HELD, MessageState.SENT
DELIVERED, EXPIRED = MessageState.DELIVERED, MessageState.EXPIRED
FAILED = MessageState.FAILED


def uplink(position: int, state: MessageState = ACCEPTED, of: CallSid = CALL) -> UserDefinedMessage:
    """Make an uplink; its number is 100 above its position."""
    return message(position, number=100 + position, direction=Direction.UPLINK, state=state, of=of)


NUMBERS = {message(0, number=n).sid: n for n in (0, 1, 100, 101, 102)}


async def events(
    store: Store, call: CallSid | None = None, *, after: int = 0
) -> list[MessageEvent]:
    """Return the message events of the account."""
    return await store.message_events(ACCOUNT, call, after=after, limit=50)


async def told(store: Store) -> list[tuple[int, MessageState]]:
    """Return of which messages, by number, and of which states the events are."""
    return [(NUMBERS[one.message.sid], one.state) for one in await events(store)]


async def test_an_uplink_is_told_of_when_it_is_added(store: Store) -> None:
    """Accepted or held, as it was added and when; of a downlink nothing is told yet."""
    accepted, held = uplink(3), uplink(4, HELD)
    await store.commit([AddMessage(accepted), AddMessage(message(0)), AddMessage(held)])
    first, second = await events(store)
    assert (first.state, first.at, first.message) == (ACCEPTED, after(3), accepted)
    assert (second.state, second.at, second.message) == (HELD, after(4), held)


@pytest.mark.parametrize("end", [DELIVERED, EXPIRED, FAILED])
async def test_a_message_is_told_of_when_it_is_settled(store: Store, end: MessageState) -> None:
    """The event has the state and its time; what comes before the end is not told."""
    await store.commit([AddMessage(message(0)), mark(0, HELD, at=1), mark(0, SENT, at=2)])
    await store.commit([mark(0, ACCEPTED, at=3), mark(0, SENT, at=4)])
    assert await events(store) == []
    await store.commit([mark(0, end, at=5)])
    (event,) = await events(store)
    assert (event.state, event.at, event.message.sends) == (end, after(5), 2)
    assert event.message == await store.find_message(CALL, message(0).sid)


async def test_an_event_shows_its_message_as_it_now_is(store: Store) -> None:
    """State and time are of the event, the message's own state is its present one."""
    await store.commit([AddMessage(uplink(0, HELD)), TakeUplinks(CALL), mark(100, FAILED, at=9)])
    first, second = await events(store)
    assert (first.state, first.message.state) == (HELD, FAILED)
    assert (second.state, second.at, second.message) == (FAILED, after(9), first.message)


ORDERS: list[tuple[list[Change], list[tuple[int, MessageState]]]] = [
    ([mark(0, DELIVERED, at=2), ExpireMessages(CALL, after(3))], [(0, DELIVERED), (1, EXPIRED)]),
    ([ExpireMessages(CALL, after(3)), mark(0, DELIVERED, at=2)], [(0, EXPIRED), (1, EXPIRED)]),
    ([mark(0, DELIVERED, at=2)] * 2, [(0, DELIVERED)]),
    ([ExpireMessages(CALL, after(3))] * 2, [(0, EXPIRED), (1, EXPIRED)]),
    ([ExpireHeld(CALL, after(1), after(2)), mark(0, FAILED, at=3)], [(0, EXPIRED)]),
    ([mark(0, EXPIRED, at=2), mark(0, DELIVERED, at=3)], [(0, EXPIRED)]),
]


@pytest.mark.parametrize(("changes", "expected"), ORDERS)
@pytest.mark.parametrize("together", [True, False])
async def test_a_message_is_settled_and_told_of_once(
    store: Store,
    changes: list[Change],
    expected: list[tuple[int, MessageState]],
    together: bool,
) -> None:
    """What comes first stands; what comes later tells of what it settles itself, and no more."""
    await store.commit([AddMessage(message(0)), AddMessage(message(1))])
    if together:
        await store.commit(changes)
    else:
        for change in changes:
            await store.commit([change])
    assert await told(store) == expected


async def test_everything_that_expires_is_told_of_in_its_order(store: Store) -> None:
    """Each way to expire tells of what it settled: downlinks, then uplinks, by position."""
    await store.commit([AddMessage(uplink(n, HELD)) for n in (2, 1, 0)])
    await store.commit([AddMessage(message(n)) for n in (3, 2, 1, 0)])
    before = await store.last_message_event()
    await store.commit([ExpireUplinks(CALL, 0, after(5)), ExpireHeld(CALL, after(2), after(6))])
    await store.commit([ExpireMessages(CALL, after(7))])
    found = await events(store, after=before)
    assert [(one.message.direction, one.message.position, one.at) for one in found] == [
        (Direction.UPLINK, 0, after(5)),
        (Direction.DOWNLINK, 0, after(6)),
        (Direction.DOWNLINK, 1, after(6)),
        (Direction.DOWNLINK, 2, after(7)),
        (Direction.DOWNLINK, 3, after(7)),
        (Direction.UPLINK, 1, after(7)),
        (Direction.UPLINK, 2, after(7)),
    ]
    assert {one.state for one in found} == {EXPIRED}


async def test_holding_and_taking_is_not_told_of(store: Store) -> None:
    """Nothing has come to its end by it."""
    await store.commit([AddMessage(message(0)), AddMessage(uplink(0, HELD))])
    before = await store.last_message_event()
    await store.commit([HoldMessages(CALL, after(1)), TakeUplinks(CALL), mark(0, ACCEPTED, at=2)])
    assert await store.last_message_event() == before


async def test_a_commit_that_is_refused_tells_of_nothing(store: Store) -> None:
    """An event is in the transaction of what it tells of."""
    await store.commit([AddMessage(message(0))])
    with pytest.raises(Fault):
        await store.commit([mark(0, DELIVERED, at=1), AddMessage(message(0))])
    assert await events(store) == []
    found = await store.find_message(CALL, message(0).sid)
    assert found == message(0)


async def test_events_are_read_on_from_a_number(store: Store) -> None:
    """They come in the order in which it happened, from behind a number on, so many at once."""
    assert await store.last_message_event() == 0
    await store.commit([AddMessage(uplink(n)) for n in range(4)])
    numbers = [one.id for one in await events(store)]
    assert numbers == sorted(set(numbers))
    assert await store.last_message_event() == numbers[-1]
    read = await store.message_events(ACCOUNT, None, after=numbers[0], limit=2)
    assert [one.id for one in read] == numbers[1:3]
    assert await events(store, after=numbers[-1]) == []


async def test_events_are_an_accounts_or_a_calls(store: Store) -> None:
    """Another account's are not among them, and a call's are those of that call alone."""
    theirs = message(0, number=9, of=OTHER_CALL, owner=OTHER_ACCOUNT)
    await store.commit([AddMessage(uplink(0)), AddMessage(uplink(1, of=OTHER_CALL))])
    await store.commit([AddMessage(theirs), MarkMessage(OTHER_CALL, theirs.sid, EXPIRED, after(1))])
    assert await told(store) == [(100, ACCEPTED), (101, ACCEPTED)]
    of_call = await events(store, OTHER_CALL)
    assert [one.message.sid for one in of_call] == [uplink(1).sid]
    foreign = await store.message_events(OTHER_ACCOUNT, OTHER_CALL, after=0, limit=50)
    assert [one.message for one in foreign] == [await store.find_message(OTHER_CALL, theirs.sid)]
    assert await store.last_message_event() == foreign[0].id


async def test_events_survive_the_end_of_the_server(opening: Opening) -> None:
    """A client that comes back with the last number it read goes on behind it."""
    store = await opening()
    await store.commit([AddMessage(uplink(0)), AddMessage(uplink(1))])
    kept = await events(store)
    last = await store.last_message_event()
    await store.close()
    again = await opening()
    if await again.last_message_event():  # a store in memory has forgotten everything
        assert await again.last_message_event() == last
        assert await events(again) == kept
        await again.commit([AddMessage(uplink(2))])
        assert [one.message.position for one in await events(again, after=last)] == [2]
    await again.close()
