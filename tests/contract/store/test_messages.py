"""User-defined messages, in every store: added, found, listed, in their order."""

import msgspec
import pytest

from midcall.core.ports import (
    AddMessage,
    ExpireMessages,
    MessageFilter,
    Store,
)
from midcall.model.errors import Fault
from midcall.model.messages import Direction, MessageState
from midcall.model.sids import CallSid
from tests.contract.store.records import (
    ACCOUNT,
    CALL,
    OTHER_ACCOUNT,
    OTHER_CALL,
    after,
    given,
    mark,
    message,
    message_sid,
)


async def test_a_message_comes_back_as_it_was_added(store: Store) -> None:
    """Content is kept to the letter, whatever letters it is made of."""
    one = message(0)
    await store.commit([AddMessage(one)])
    assert await store.find_message(CALL, one.sid) == one
    assert await store.find_message(OTHER_CALL, one.sid) is None


async def test_a_message_sid_is_unique_within_its_call(store: Store) -> None:
    """The same SID again is refused on its call and welcome on another."""
    await store.commit([AddMessage(message(0, number=7))])
    with pytest.raises(Fault):
        await store.commit([AddMessage(message(1, number=7))])
    elsewhere = message(0, number=7, of=OTHER_CALL)
    await store.commit([AddMessage(elsewhere)])
    assert await store.find_message(OTHER_CALL, message_sid(7)) == elsewhere


async def test_a_place_in_the_order_is_taken_once(store: Store) -> None:
    """Two messages of one leg and direction cannot have one position."""
    await store.commit([AddMessage(message(0, number=1))])
    with pytest.raises(Fault):
        await store.commit([AddMessage(message(0, number=2))])


async def test_positions_are_counted_for_each_leg_and_direction(store: Store) -> None:
    """The next position is one past the last of the same leg and direction, 0 at first."""
    assert await store.next_position(CALL, Direction.DOWNLINK) == 0
    await store.commit([AddMessage(message(n)) for n in range(3)])
    await store.commit([AddMessage(message(0, number=9, direction=Direction.UPLINK))])
    assert await store.next_position(CALL, Direction.DOWNLINK) == 3
    assert await store.next_position(CALL, Direction.UPLINK) == 1
    assert await store.next_position(OTHER_CALL, Direction.DOWNLINK) == 0


async def test_downlinks_come_in_the_order_of_acceptance(store: Store) -> None:
    """A leg's downlinks come by position, from one on, settled or not, without expired ones."""
    await store.commit([AddMessage(message(n)) for n in (3, 1, 0, 2, 4)])
    await store.commit([AddMessage(message(0, number=50, direction=Direction.UPLINK))])
    await store.commit([AddMessage(message(0, of=OTHER_CALL))])
    await store.commit([mark(1, MessageState.DELIVERED, at=1), mark(2, MessageState.SENT, at=1)])
    await store.commit([mark(3, MessageState.EXPIRED, at=1)])

    async def positions(after_position: int, limit: int = 50) -> list[int]:
        found = await store.downlinks(CALL, after=after_position, limit=limit)
        return [one.position for one in found]

    assert await positions(-1) == [0, 1, 2, 4]
    assert await positions(0) == [1, 2, 4]
    assert await positions(2, limit=1) == [4]
    assert await positions(4) == []


async def test_the_first_pending_downlink_is_the_first_that_is_not_settled(store: Store) -> None:
    """Sent is not settled: its receipt is still out. Uplinks and other legs do not count."""
    assert await store.first_pending_downlink(CALL) is None
    await store.commit([AddMessage(message(n)) for n in range(3)])
    await store.commit([AddMessage(message(0, number=50, direction=Direction.UPLINK))])
    await store.commit([AddMessage(message(0, of=OTHER_CALL))])
    assert await store.first_pending_downlink(CALL) == 0
    await store.commit([mark(0, MessageState.DELIVERED, at=1), mark(1, MessageState.SENT, at=1)])
    assert await store.first_pending_downlink(CALL) == 1
    await store.commit([ExpireMessages(CALL, after(2))])
    assert await store.first_pending_downlink(CALL) is None
    assert await store.first_pending_downlink(OTHER_CALL) == 0


async def test_waiting_downlinks_are_those_that_are_not_settled(store: Store) -> None:
    """Accepted, held and sent ones of the leg are counted; uplinks and other legs are not."""
    assert await store.waiting_downlinks(CALL) == 0
    await store.commit([AddMessage(message(n)) for n in range(4)])
    await store.commit([AddMessage(message(0, number=50, direction=Direction.UPLINK))])
    await store.commit([AddMessage(message(0, of=OTHER_CALL))])
    await store.commit([mark(0, MessageState.DELIVERED, at=1), mark(1, MessageState.SENT, at=1)])
    await store.commit([mark(2, MessageState.HELD, at=1)])
    assert await store.waiting_downlinks(CALL) == 3
    await store.commit([ExpireMessages(CALL, after(2))])
    assert await store.waiting_downlinks(CALL) == 0
    assert await store.waiting_downlinks(OTHER_CALL) == 1


async def test_uplinks_come_in_the_order_of_acceptance(store: Store) -> None:
    """A leg's uplinks come by position, held or not, without expired ones and downlinks."""
    made = [message(n, number=10 + n, direction=Direction.UPLINK) for n in range(4)]
    made[1] = msgspec.structs.replace(made[1], state=MessageState.HELD, held_at=after(1))
    await store.commit([AddMessage(made[n]) for n in (2, 0, 3, 1)])
    await store.commit([AddMessage(message(0)), AddMessage(message(0, of=OTHER_CALL))])
    await store.commit([mark(13, MessageState.EXPIRED, at=1)])
    assert await store.uplinks(CALL) == made[:3]
    assert await store.uplinks(OTHER_CALL) == []


async def test_a_reply_is_the_first_uplink_that_says_what_it_answers(store: Store) -> None:
    """Of several answers the first counts; another leg's, and other messages, do not."""
    asked = message_sid(1)
    answers = [
        message(n, number=20 + n, direction=Direction.UPLINK, answers=to)
        for n, to in enumerate((None, message_sid(2), asked, asked))
    ]
    elsewhere = message(0, number=30, of=OTHER_CALL, direction=Direction.UPLINK, answers=asked)
    await store.commit([AddMessage(one) for one in (elsewhere, *reversed(answers))])
    assert await store.find_reply(CALL, asked) == answers[2]
    assert await store.find_reply(OTHER_CALL, asked) == elsewhere
    assert await store.find_reply(CALL, message_sid(3)) is None


async def test_messages_are_listed_newest_first(store: Store) -> None:
    """A page is cut out of an account's messages, the last accepted first."""
    made = [message(n) for n in range(3)]
    made.append(message(0, number=10, direction=Direction.UPLINK, of=OTHER_CALL))
    foreign = message(0, number=99, of=OTHER_CALL, owner=OTHER_ACCOUNT)
    await store.commit([AddMessage(one) for one in (*made, foreign)])
    newest_first = made[::-1]
    filters = MessageFilter()
    assert await store.list_messages(ACCOUNT, filters, offset=0, limit=50) == newest_first
    assert await store.list_messages(ACCOUNT, filters, offset=1, limit=2) == newest_first[1:3]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (MessageFilter(call_sid=CALL), [10, 3, 2, 1, 0]),
        (MessageFilter(direction=Direction.UPLINK), [11, 10]),
        (MessageFilter(call_sid=CALL, direction=Direction.UPLINK), [10]),
        (MessageFilter(state=MessageState.ACCEPTED), [11, 10, 3]),
        (MessageFilter(state=MessageState.HELD), [2]),
        (MessageFilter(state=MessageState.SENT), [1]),
        (MessageFilter(state=MessageState.DELIVERED), []),
        (MessageFilter(state=MessageState.EXPIRED), [0]),
        (MessageFilter(state=MessageState.EXPIRED, call_sid=CALL), [0]),
        (MessageFilter(state=MessageState.EXPIRED, call_sid=OTHER_CALL), []),
        (MessageFilter(state=MessageState.HELD, direction=Direction.UPLINK), []),
    ],
    ids=given,
)
async def test_a_list_of_messages_can_be_narrowed(
    store: Store, filters: MessageFilter, expected: list[int]
) -> None:
    """Every filter that is given has to hold, and the account with it."""
    await store.commit([AddMessage(message(n)) for n in range(4)])
    await store.commit(
        [
            AddMessage(message(0, number=10, direction=Direction.UPLINK)),
            AddMessage(message(0, number=11, direction=Direction.UPLINK, of=OTHER_CALL)),
            AddMessage(message(5, number=12, owner=OTHER_ACCOUNT)),
            mark(0, MessageState.EXPIRED, at=1),
            mark(1, MessageState.SENT, at=1),
            mark(2, MessageState.HELD, at=1),
        ]
    )
    found = await store.list_messages(ACCOUNT, filters, offset=0, limit=50)
    assert [one.sid for one in found] == [message_sid(n) for n in expected]


async def test_legs_with_overdue_downlinks_are_found(store: Store) -> None:
    """A leg is overdue with a downlink that is accepted or held since before a time, once."""
    legs = [CallSid(f"CA{n:032x}") for n in range(6)]
    await store.commit([AddMessage(message(n, of=legs[0])) for n in range(3)])
    await store.commit([AddMessage(message(0, of=leg)) for leg in legs[1:5]])
    await store.commit([AddMessage(message(0, of=legs[5], direction=Direction.UPLINK))])
    await store.commit(
        [
            mark(0, MessageState.HELD, at=1, of=legs[1]),
            mark(0, MessageState.SENT, at=1, of=legs[2]),
            mark(0, MessageState.DELIVERED, at=1, of=legs[3]),
        ]
    )
    overdue = {legs[0], legs[1], legs[4]}
    found = await store.legs_with_overdue(after(2), limit=50)
    assert (len(found), set(found)) == (3, overdue)
    assert len(await store.legs_with_overdue(after(2), limit=2)) == 2
    assert await store.legs_with_overdue(after(0), limit=50) == []
