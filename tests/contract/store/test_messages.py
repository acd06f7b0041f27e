"""User-defined messages, subscriptions and idempotency keys, in every store."""

import msgspec
import pytest

from midcall.core.ports import (
    AddAcceptedRequest,
    AddMessage,
    AddSubscription,
    ExpireMessages,
    MarkMessage,
    RemoveSubscription,
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
    accepted_request,
    after,
    message,
    message_sid,
    subscription,
)

TERMINAL = [state for state in MessageState if state.terminal]


def mark(position: int, state: MessageState, *, at: float, of: CallSid = CALL) -> MarkMessage:
    """Make the mark of the message that ``message(position)`` made."""
    return MarkMessage(of, message_sid(position), state, after(at))


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


async def test_a_downlink_passes_through_its_states(store: Store) -> None:
    """Each mark moves the state; sending and settling leave their times."""
    one = message(0)
    await store.commit([AddMessage(one), mark(0, MessageState.SENT, at=5)])
    sent = msgspec.structs.replace(one, state=MessageState.SENT, sent_at=after(5))
    assert await store.find_message(CALL, one.sid) == sent

    await store.commit([mark(0, MessageState.ACCEPTED, at=6)])
    held = msgspec.structs.replace(sent, state=MessageState.ACCEPTED)
    assert await store.find_message(CALL, one.sid) == held

    await store.commit([mark(0, MessageState.SENT, at=7), mark(0, MessageState.DELIVERED, at=8)])
    delivered = msgspec.structs.replace(
        one, state=MessageState.DELIVERED, sent_at=after(7), settled_at=after(8)
    )
    assert await store.find_message(CALL, one.sid) == delivered


@pytest.mark.parametrize("settled", TERMINAL)
@pytest.mark.parametrize("later", list(MessageState))
async def test_what_was_settled_once_does_not_change(
    store: Store, settled: MessageState, later: MessageState
) -> None:
    """A message in a terminal state ignores every further mark, and its call's expiry."""
    await store.commit([AddMessage(message(0)), mark(0, settled, at=1)])
    before = await store.find_message(CALL, message_sid(0))
    await store.commit([mark(0, later, at=2), ExpireMessages(CALL, after(3))])
    assert await store.find_message(CALL, message_sid(0)) == before


async def test_marking_a_message_that_is_not_there_changes_nothing(store: Store) -> None:
    """A mark is for one message of one call; no other is moved by it."""
    await store.commit([AddMessage(message(0))])
    await store.commit([mark(0, MessageState.SENT, at=1, of=OTHER_CALL)])
    await store.commit([mark(5, MessageState.SENT, at=1)])
    assert await store.find_message(CALL, message_sid(0)) == message(0)


async def test_expiry_ends_the_downlinks_of_one_leg(store: Store) -> None:
    """Accepted and sent downlinks expire; uplinks, settled ones and other legs stay."""
    uplink = message(0, number=10, direction=Direction.UPLINK)
    elsewhere = message(0, of=OTHER_CALL)
    await store.commit([AddMessage(m) for m in (message(0), message(1), message(2))])
    await store.commit([AddMessage(uplink), AddMessage(elsewhere)])
    await store.commit([mark(0, MessageState.DELIVERED, at=1), mark(1, MessageState.SENT, at=2)])
    await store.commit([ExpireMessages(CALL, after(9))])

    states = {}
    for position in range(3):
        found = await store.find_message(CALL, message_sid(position))
        assert found is not None
        states[position] = (found.state, found.sent_at, found.settled_at)
    assert states == {
        0: (MessageState.DELIVERED, None, after(1)),
        1: (MessageState.EXPIRED, after(2), after(9)),
        2: (MessageState.EXPIRED, None, after(9)),
    }
    assert await store.find_message(CALL, uplink.sid) == uplink
    assert await store.find_message(OTHER_CALL, elsewhere.sid) == elsewhere


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


async def test_subscriptions_are_a_legs_oldest_first(store: Store) -> None:
    """A leg's subscriptions come in the order in which they were made."""
    made = [subscription(n) for n in (3, 1, 2)]
    await store.commit([AddSubscription(one) for one in made])
    await store.commit([AddSubscription(subscription(9, of=OTHER_CALL))])
    assert await store.subscriptions(CALL) == made
    assert await store.find_subscription(made[0].sid) == made[0]


async def test_a_removed_subscription_is_gone(store: Store) -> None:
    """A subscription stands until it is removed; removing it twice is no error."""
    first, second = subscription(1), subscription(2)
    await store.commit([AddSubscription(first), AddSubscription(second)])
    await store.commit([RemoveSubscription(first.sid), RemoveSubscription(first.sid)])
    assert await store.subscriptions(CALL) == [second]
    assert await store.find_subscription(first.sid) is None


async def test_an_accepted_request_is_found_by_its_whole_key(store: Store) -> None:
    """An idempotency key counts for one account, call and resource."""
    request = accepted_request()
    await store.commit([AddAcceptedRequest(request)])
    resource = request.resource
    assert await store.find_accepted_request(ACCOUNT, CALL, resource, "key") == request
    assert await store.find_accepted_request(OTHER_ACCOUNT, CALL, resource, "key") is None
    assert await store.find_accepted_request(ACCOUNT, OTHER_CALL, resource, "key") is None
    assert await store.find_accepted_request(ACCOUNT, CALL, "Others", "key") is None
    assert await store.find_accepted_request(ACCOUNT, CALL, resource, "Key") is None


async def test_a_second_answer_under_one_key_is_refused(store: Store) -> None:
    """The first answer under an idempotency key stands; the second fails its whole commit."""
    first = accepted_request(fingerprint="one")
    await store.commit([AddAcceptedRequest(first)])
    with pytest.raises(Fault):
        await store.commit(
            [AddMessage(message(0)), AddAcceptedRequest(accepted_request(fingerprint="two"))]
        )
    assert await store.find_accepted_request(ACCOUNT, CALL, first.resource, "key") == first
    assert await store.find_message(CALL, message_sid(0)) is None
