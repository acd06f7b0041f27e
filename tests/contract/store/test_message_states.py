"""How messages move from state to state, in every store."""

import msgspec
import pytest

from midcall.core.ports import (
    AddMessage,
    ExpireHeld,
    ExpireMessages,
    ExpireUplinks,
    HoldMessages,
    Store,
    TakeUplinks,
)
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.sids import CallSid
from tests.contract.store.records import CALL, OTHER_CALL, after, mark, message, message_sid

TERMINAL = [state for state in MessageState if state.terminal]
ACCEPTED, HELD, SENT = MessageState.ACCEPTED, MessageState.HELD, MessageState.SENT
DELIVERED, EXPIRED = MessageState.DELIVERED, MessageState.EXPIRED


async def found(store: Store, number: int, call: CallSid = CALL) -> UserDefinedMessage:
    """Return a message that must be there."""
    one = await store.find_message(call, message_sid(number))
    assert one is not None
    return one


async def states(store: Store, *numbers: int) -> list[MessageState]:
    """Return the states of messages of the leg."""
    return [(await found(store, number)).state for number in numbers]


def uplink(position: int, state: MessageState = HELD, of: CallSid = CALL) -> UserDefinedMessage:
    """Make an uplink, held unless told otherwise; its number is 100 above its position."""
    return message(position, number=100 + position, direction=Direction.UPLINK, state=state, of=of)


async def test_a_downlink_passes_through_its_states(store: Store) -> None:
    """Each mark moves the state and leaves its time; every sending is counted."""
    one = message(0)
    await store.commit([AddMessage(one), mark(0, HELD, at=4)])
    held = msgspec.structs.replace(one, state=HELD, held_at=after(4))
    assert await found(store, 0) == held

    await store.commit([mark(0, SENT, at=5)])
    sent = msgspec.structs.replace(held, state=SENT, sent_at=after(5), sends=1)
    assert await found(store, 0) == sent

    await store.commit([mark(0, ACCEPTED, at=6)])
    assert await found(store, 0) == msgspec.structs.replace(sent, state=ACCEPTED)

    await store.commit([mark(0, SENT, at=7), mark(0, DELIVERED, at=8)])
    delivered = msgspec.structs.replace(
        held, state=DELIVERED, sent_at=after(7), settled_at=after(8), sends=2
    )
    assert await found(store, 0) == delivered


async def test_only_an_accepted_message_is_held(store: Store) -> None:
    """What was sent is not waiting for somebody to take it, and what is held keeps its time."""
    await store.commit([AddMessage(message(0)), AddMessage(message(1))])
    await store.commit([mark(0, SENT, at=1), mark(0, HELD, at=2)])
    await store.commit([mark(1, HELD, at=2), mark(1, HELD, at=3)])
    sent, held = await found(store, 0), await found(store, 1)
    assert (sent.state, sent.held_at) == (SENT, None)
    assert (held.state, held.held_at) == (HELD, after(2))


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


async def test_what_was_settled_once_is_not_moved_with_its_leg(store: Store) -> None:
    """Holding, expiring and taking what a leg has leaves what is settled as it is."""
    settled = [message(0), uplink(0)]
    await store.commit([AddMessage(one) for one in settled])
    await store.commit([mark(0, DELIVERED, at=1), mark(100, EXPIRED, at=1)])
    before = [await found(store, 0), await found(store, 100)]
    await store.commit(
        [
            HoldMessages(CALL, after(2)),
            ExpireHeld(CALL, after(9), after(2)),
            ExpireUplinks(CALL, 9, after(2)),
            TakeUplinks(CALL),
        ]
    )
    assert [await found(store, 0), await found(store, 100)] == before


async def test_marking_a_message_that_is_not_there_changes_nothing(store: Store) -> None:
    """A mark is for one message of one call; no other is moved by it."""
    await store.commit([AddMessage(message(0))])
    await store.commit([mark(0, SENT, at=1, of=OTHER_CALL)])
    await store.commit([mark(5, SENT, at=1), mark(5, DELIVERED, at=1)])
    assert await found(store, 0) == message(0)


async def test_expiry_ends_the_downlinks_of_one_leg(store: Store) -> None:
    """Unsettled downlinks expire; uplinks under way, settled ones and other legs stay."""
    under_way = message(0, number=10, direction=Direction.UPLINK)
    elsewhere = message(0, of=OTHER_CALL)
    await store.commit([AddMessage(m) for m in (message(0), message(1), message(2))])
    await store.commit([AddMessage(under_way), AddMessage(elsewhere)])
    await store.commit([mark(0, DELIVERED, at=1), mark(1, SENT, at=2)])
    await store.commit([ExpireMessages(CALL, after(9))])

    seen = {}
    for position in range(3):
        one = await found(store, position)
        seen[position] = (one.state, one.sent_at, one.settled_at)
    assert seen == {
        0: (DELIVERED, None, after(1)),
        1: (EXPIRED, after(2), after(9)),
        2: (EXPIRED, None, after(9)),
    }
    assert await store.find_message(CALL, under_way.sid) == under_way
    assert await store.find_message(OTHER_CALL, elsewhere.sid) == elsewhere


async def test_expiry_ends_the_uplinks_that_nobody_has_taken(store: Store) -> None:
    """Held uplinks and held downlinks expire with the leg; of another leg they stay."""
    await store.commit([AddMessage(uplink(0)), AddMessage(uplink(1, ACCEPTED))])
    await store.commit([AddMessage(uplink(0, of=OTHER_CALL)), AddMessage(message(0))])
    await store.commit([mark(0, HELD, at=1), ExpireMessages(CALL, after(9))])
    assert await states(store, 100, 101, 0) == [EXPIRED, ACCEPTED, EXPIRED]
    assert (await found(store, 100)).settled_at == after(9)
    assert (await found(store, 100, OTHER_CALL)).state is HELD


async def test_holding_a_leg_holds_its_accepted_downlinks(store: Store) -> None:
    """What is accepted is held from now on; sent and held ones, uplinks and other legs stay."""
    await store.commit([AddMessage(message(n)) for n in range(3)])
    await store.commit([AddMessage(uplink(0, ACCEPTED)), AddMessage(message(0, of=OTHER_CALL))])
    await store.commit([mark(1, SENT, at=1), mark(2, HELD, at=1), HoldMessages(CALL, after(2))])
    assert await states(store, 0, 1, 2, 100) == [HELD, SENT, HELD, ACCEPTED]
    assert (await found(store, 0)).held_at == after(2)
    assert (await found(store, 2)).held_at == after(1)
    assert (await found(store, 0, OTHER_CALL)).state is ACCEPTED


async def test_what_waits_for_too_long_expires(store: Store) -> None:
    """Downlinks that were never sent expire by their age; sent and younger ones stay."""
    # A message is made as many seconds after the beginning as its position says.
    await store.commit([AddMessage(message(n)) for n in range(5)])
    await store.commit([AddMessage(uplink(0)), AddMessage(message(0, of=OTHER_CALL))])
    await store.commit([mark(1, HELD, at=1), mark(2, SENT, at=1)])
    await store.commit([ExpireHeld(CALL, after(4), after(9))])
    assert await states(store, 0, 1, 2, 3, 4) == [EXPIRED, EXPIRED, SENT, EXPIRED, ACCEPTED]
    assert (await found(store, 1)).settled_at == after(9)
    assert (await found(store, 100)).state is HELD
    assert (await found(store, 0, OTHER_CALL)).state is ACCEPTED


async def test_the_oldest_held_uplinks_expire_up_to_a_position(store: Store) -> None:
    """The position is the last that expires; accepted uplinks, downlinks, other legs stay."""
    await store.commit([AddMessage(uplink(n)) for n in (0, 2, 3)])
    await store.commit([AddMessage(uplink(1, ACCEPTED)), AddMessage(message(0))])
    await store.commit([AddMessage(uplink(0, of=OTHER_CALL)), mark(0, HELD, at=1)])
    await store.commit([ExpireUplinks(CALL, 2, after(9))])
    assert await states(store, 100, 101, 102, 103) == [EXPIRED, ACCEPTED, EXPIRED, HELD]
    assert (await found(store, 102)).settled_at == after(9)
    assert (await found(store, 0)).state is HELD
    assert (await found(store, 100, OTHER_CALL)).state is HELD


async def test_a_subscription_takes_the_held_uplinks(store: Store) -> None:
    """Held uplinks of the leg are accepted; downlinks and other legs stay held."""
    await store.commit([AddMessage(uplink(0)), AddMessage(uplink(1)), AddMessage(message(0))])
    await store.commit([AddMessage(uplink(0, of=OTHER_CALL)), mark(0, HELD, at=1)])
    await store.commit([TakeUplinks(CALL)])
    assert await states(store, 100, 101, 0) == [ACCEPTED, ACCEPTED, HELD]
    assert (await found(store, 100, OTHER_CALL)).state is HELD
