"""How a relay sends: in order, one batch at a time, and again what has no receipt."""

import asyncio

import pytest

from midcall.core.ports import MarkMessage
from midcall.gateway.relay import BATCH_MESSAGES, READ_AGAIN_SECONDS
from midcall.model.messages import MessageState
from tests.unit.gateway.bench import AT, CALL, Bench


@pytest.fixture
async def bench() -> Bench:
    """Give a relay of a call that has just begun."""
    return Bench()


async def test_messages_are_sent_in_order_with_a_barrier_behind(bench: Bench) -> None:
    """What waits goes out in its order, then one heartbeat."""
    bench.messages.add(3)
    socket = bench.attach()
    await bench.settle()
    assert socket.log == ["0", "1", "2", "barrier"]
    assert bench.messages.states() == [MessageState.SENT] * 3


async def test_the_echo_is_the_receipt(bench: Bench) -> None:
    """Messages are delivered when the barrier behind them comes back, and not before."""
    bench.messages.add(2)
    socket = bench.attach()
    await bench.settle()
    bench.messages.add()
    socket.echo()
    await bench.settle()
    assert bench.messages.states() == [
        MessageState.DELIVERED,
        MessageState.DELIVERED,
        MessageState.SENT,
    ]


async def test_at_most_one_batch_is_on_its_way(bench: Bench) -> None:
    """The device sets the pace: the next batch goes out when the one before has a receipt."""
    bench.messages.add(2 * BATCH_MESSAGES + 1)
    socket = bench.attach()
    await bench.settle()
    for sent in (BATCH_MESSAGES, 2 * BATCH_MESSAGES, 2 * BATCH_MESSAGES + 1):
        assert socket.numbers == list(range(sent))
        bench.relay.wake()
        await bench.settle()
        assert len(socket.numbers) == sent
        socket.echo()
        await bench.settle()
    assert socket.numbers == list(range(2 * BATCH_MESSAGES + 1))


async def test_nothing_is_read_without_a_socket(bench: Bench) -> None:
    """While the device is away messages wait in the store, and only there."""
    bench.messages.add(3)
    bench.relay.wake()
    await bench.settle()
    assert bench.messages.reads == 0


async def test_a_wake_while_a_read_is_under_way_is_not_lost(bench: Bench) -> None:
    """A message that is accepted just behind a read that finds nothing goes out all the same."""
    bench.messages.gate.clear()
    socket = bench.attach()
    await bench.settle()
    bench.messages.add()
    bench.relay.wake()
    bench.messages.gate.set()
    await bench.settle()
    assert socket.numbers == [0]


async def test_a_relay_that_has_sent_everything_comes_to_rest(bench: Bench) -> None:
    """Nothing is read in circles while there is nothing to send."""
    socket = bench.attach()
    await bench.settle()
    assert bench.messages.reads == 1
    assert not bench.tasks
    bench.messages.add()
    bench.relay.wake()
    await bench.settle()
    assert socket.numbers == [0]


async def test_what_has_no_receipt_is_sent_again_on_the_next_socket(bench: Bench) -> None:
    """After a lost socket the relay goes on behind the last receipt, with the same SIDs."""
    bench.messages.add(2)
    first = bench.attach()
    await bench.settle()
    first.echo()
    bench.messages.add(3)
    await bench.settle()
    bench.relay.wake()
    await bench.settle()
    assert first.numbers == [0, 1, 2, 3, 4]
    bench.relay.detach()
    bench.messages.add()
    second = bench.attach()
    await bench.settle()
    assert second.numbers == [2, 3, 4, 5]


async def test_what_has_a_receipt_is_never_sent_again(bench: Bench) -> None:
    """A device that comes back with everything received is sent only what is new."""
    bench.messages.add(2)
    first = bench.attach()
    await bench.settle()
    first.echo()
    await bench.settle()
    bench.relay.detach()
    second = bench.attach()
    await bench.settle()
    assert second.numbers == []
    bench.messages.add()
    bench.relay.wake()
    await bench.settle()
    assert second.numbers == [2]


async def test_a_receipt_that_comes_late_counts(bench: Bench) -> None:
    """An echo on the old socket, after the new one came, is a receipt like any other."""
    bench.messages.add(2)
    first = bench.attach()
    await bench.settle()
    bench.messages.gate.clear()
    second = bench.attach()
    await bench.settle()
    first.echo()
    bench.messages.add()
    bench.messages.gate.set()
    await bench.settle()
    assert second.numbers == [2]
    assert bench.messages.states()[:2] == [MessageState.DELIVERED] * 2


async def test_a_receipt_that_comes_late_takes_nothing_back(bench: Bench) -> None:
    """A late echo for less than what the new socket has receipts for changes nothing."""
    bench.messages.add(2)
    first = bench.attach()
    await bench.settle()
    second = bench.attach()
    await bench.settle()
    second.echo()
    bench.messages.add(2)
    await bench.settle()
    bench.relay.wake()
    await bench.settle()
    second.echo()
    await bench.settle()
    first.echo()
    await bench.settle()
    third = bench.attach()
    await bench.settle()
    assert second.numbers == [0, 1, 2, 3]
    assert third.numbers == []


async def test_a_socket_that_is_lost_during_a_read_gets_nothing(bench: Bench) -> None:
    """What was read for a socket that is gone is not sent; the next socket gets it."""
    bench.messages.add(2)
    bench.messages.gate.clear()
    first = bench.attach()
    await bench.settle()
    bench.relay.detach()
    bench.messages.gate.set()
    await bench.settle()
    assert first.log == []
    assert bench.messages.states() == [MessageState.ACCEPTED] * 2
    second = bench.attach()
    await bench.settle()
    assert second.numbers == [0, 1]


async def test_a_socket_that_is_replaced_during_a_read_gets_nothing(bench: Bench) -> None:
    """Of two reads under way only the one for the present socket sends anything, and once."""
    bench.messages.add(2)
    bench.messages.gate.clear()
    first = bench.attach()
    await bench.settle()
    second = bench.attach()
    await bench.settle()
    bench.messages.gate.set()
    await bench.settle()
    assert first.log == []
    assert second.numbers == [0, 1]


async def test_a_store_that_cannot_be_read_is_read_again(bench: Bench) -> None:
    """A failing read does not end the relay: it rests, then goes on where it stood."""
    bench.messages.add(2)
    bench.messages.failures = 1
    socket = bench.attach()
    await bench.settle()
    assert socket.numbers == []
    ((seconds, go_on),) = bench.rests
    assert seconds == READ_AGAIN_SECONDS
    go_on()
    await bench.settle()
    assert socket.numbers == [0, 1]


async def test_a_rest_ends_with_its_socket(bench: Bench) -> None:
    """What is to be read again for a socket that is gone meanwhile is not read twice."""
    bench.messages.add()
    bench.messages.failures = 1
    bench.attach()
    await bench.settle()
    socket = bench.attach()
    await bench.settle()
    ((_, go_on),) = bench.rests
    go_on()
    await bench.settle()
    assert socket.numbers == [0]


async def test_expired_messages_are_stepped_over(bench: Bench) -> None:
    """A message that expired while it was held is not sent, those around it are."""
    bench.messages.add(3)
    expired = MarkMessage(
        call_sid=CALL, sid=bench.messages.kept[1].sid, state=MessageState.EXPIRED, at=AT
    )
    bench.messages.mark([expired])
    socket = bench.attach()
    await bench.settle()
    assert socket.numbers == [0, 2]


async def test_after_a_restart_the_relay_goes_on_behind_what_is_settled() -> None:
    """A relay that knows nothing finds in the store where its device stands."""
    bench = Bench(resumed=True)
    bench.messages.add(4)
    bench.messages.mark(
        [
            MarkMessage(call_sid=CALL, sid=message.sid, state=MessageState.DELIVERED, at=AT)
            for message in bench.messages.kept[:2]
        ]
    )
    socket = bench.attach()
    await bench.settle()
    assert socket.numbers == [2, 3]


async def test_after_a_restart_a_device_with_everything_gets_only_what_is_new() -> None:
    """Where every message is settled, the relay begins at the next one."""
    bench = Bench(resumed=True)
    bench.messages.add(2)
    for message in list(bench.messages.kept):
        delivered = MarkMessage(call_sid=CALL, sid=message.sid, state=MessageState.DELIVERED, at=AT)
        bench.messages.mark([delivered])
    socket = bench.attach()
    await bench.settle()
    bench.messages.add()
    bench.relay.wake()
    await bench.settle()
    assert socket.numbers == [2]


async def test_after_a_restart_two_sockets_in_a_row_get_everything_once() -> None:
    """A device that comes back twice while the store is slow misses nothing, and gets it once."""
    bench = Bench(resumed=True)
    bench.messages.add(2)
    bench.messages.gate.clear()
    first = bench.attach()
    await bench.settle()
    second = bench.attach()
    await bench.settle()
    bench.messages.gate.set()
    await bench.settle()
    assert first.log == []
    assert second.numbers == [0, 1]


async def test_a_slow_read_for_an_old_socket_takes_nothing_back() -> None:
    """What the store answers too late, for a socket that is gone, does not turn the relay back."""
    bench = Bench(resumed=True)
    bench.messages.add(2)
    slow = asyncio.Event()
    bench.messages.gate = slow
    bench.attach()
    await bench.settle()
    bench.messages.gate = asyncio.Event()
    bench.messages.gate.set()
    second = bench.attach()
    await bench.settle()
    second.echo()
    await bench.settle()
    slow.set()
    await bench.settle()
    bench.relay.wake()
    await bench.settle()
    assert second.numbers == [0, 1]
