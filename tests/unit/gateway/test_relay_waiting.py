"""What a relay does not send yet, and what it does not send any more."""

from datetime import timedelta

import msgspec
import pytest

from midcall.core.ports import ExpireHeld
from midcall.gateway.relay import BATCH_MESSAGES
from midcall.model.messages import MessageState
from tests.unit.gateway.bench import AT, CALL, Bench


@pytest.fixture
async def bench() -> Bench:
    """Give a relay of a call that has just begun."""
    return Bench()


# --- an app that does not listen yet


async def test_nothing_is_sent_before_the_app_listens(bench: Bench) -> None:
    """A relay with a socket whose app has no listener reads nothing, and then everything."""
    bench.messages.add(2)
    socket = bench.attach(listens_in=2.5)
    bench.relay.wake()
    await bench.settle()
    assert not bench.able()
    assert bench.messages.reads == 0
    bench.relay.listen()
    await bench.settle()
    assert bench.able()
    assert socket.log == ["0", "1", "barrier"]


async def test_an_app_listens_in_time(bench: Bench) -> None:
    """An app that says nothing is taken to listen after so many seconds, once."""
    bench.messages.add()
    socket = bench.attach(listens_in=2.5)
    ((seconds, go_on),) = bench.rests
    assert seconds == 2.5
    go_on()
    await bench.settle()
    go_on()
    await bench.settle()
    assert socket.log == ["0", "barrier"]


async def test_the_wait_of_a_lost_socket_is_over(bench: Bench) -> None:
    """Its time passes without any effect on the next socket."""
    bench.messages.add()
    bench.attach(listens_in=2.5)
    bench.relay.detach()
    socket = bench.attach(listens_in=2.5)
    (_, first), (_, second) = bench.rests
    first()
    await bench.settle()
    assert socket.log == []
    second()
    await bench.settle()
    assert socket.log == ["0", "barrier"]


# --- what waits behind


async def test_a_relay_knows_whether_anything_may_wait(bench: Bench) -> None:
    """There is nothing behind what was read to the end, and something behind a full batch."""
    socket = bench.attach()
    assert bench.behind()
    await bench.settle()
    assert not bench.behind()
    bench.messages.add(BATCH_MESSAGES)
    bench.relay.wake()
    await bench.settle()
    assert bench.behind()
    socket.echo()
    await bench.settle()
    assert not bench.behind()
    bench.relay.wake()
    assert bench.behind()


async def test_what_came_while_a_batch_is_on_its_way_waits_behind_it(bench: Bench) -> None:
    """A wake behind a barrier is for messages that were not read."""
    bench.messages.add()
    bench.attach()
    await bench.settle()
    assert not bench.behind()
    bench.messages.add()
    bench.relay.wake()
    await bench.settle()
    bench.relay.detach()
    assert bench.behind()


async def test_what_came_during_a_read_waits_behind_what_was_read(bench: Bench) -> None:
    """A message that the read was too early for is not on its way, though others are."""
    bench.messages.add()
    bench.messages.gate.clear()
    socket = bench.attach()
    await bench.settle()
    bench.messages.add()
    bench.relay.wake()
    bench.messages.gate.set()
    await bench.settle()
    assert socket.numbers == [0]
    assert bench.behind()


# --- too old


@pytest.fixture
async def strict() -> Bench:
    """Give a relay that sends nothing that is older than ten seconds."""
    return Bench(held_seconds=10)


async def test_what_waited_for_too_long_expires_and_the_rest_goes_on(strict: Bench) -> None:
    """A message of exactly the age is sent, an older one is not, and that is kept."""
    for age in (10.5, 10, 0):
        strict.messages.add(at=AT - timedelta(seconds=age))
    socket = strict.attach()
    await strict.settle()
    assert socket.log == ["1", "2", "barrier"]
    assert strict.messages.changes[0] == ExpireHeld(
        CALL, created_before=AT - timedelta(seconds=10), at=AT
    )
    assert strict.messages.states() == [
        MessageState.EXPIRED,
        MessageState.SENT,
        MessageState.SENT,
    ]
    socket.echo()
    await strict.settle()
    assert strict.messages.states()[0] is MessageState.EXPIRED
    assert strict.messages.states()[1:] == [MessageState.DELIVERED] * 2


async def test_any_number_of_old_messages_is_gone_past(strict: Bench) -> None:
    """Whole batches may be too old; what lies behind them is sent."""
    strict.messages.add(2 * BATCH_MESSAGES, at=AT - timedelta(seconds=11))
    strict.messages.add()
    socket = strict.attach()
    await strict.settle()
    assert socket.numbers == [2 * BATCH_MESSAGES]


async def test_where_everything_is_too_old_the_relay_comes_to_rest(strict: Bench) -> None:
    """Nothing is sent, no barrier either, and the next message is."""
    strict.messages.add(3, at=AT - timedelta(seconds=11))
    socket = strict.attach()
    await strict.settle()
    assert socket.log == []
    assert not strict.tasks
    assert strict.messages.states() == [MessageState.EXPIRED] * 3
    strict.messages.add()
    strict.relay.wake()
    await strict.settle()
    assert socket.log == ["3", "barrier"]


async def test_what_was_sent_in_time_is_sent_again_however_old(strict: Bench) -> None:
    """A message that is owed its receipt does not expire, marked as sent already or not."""
    strict.messages.add(2)
    strict.attach()
    await strict.settle()
    strict.messages.kept[1] = msgspec.structs.replace(
        strict.messages.kept[1], state=MessageState.HELD
    )
    strict.relay.detach()
    strict.now = AT + timedelta(seconds=60)
    second = strict.attach()
    await strict.settle()
    assert second.numbers == [0, 1]
    assert not [one for one in strict.messages.changes if isinstance(one, ExpireHeld)]


async def test_without_a_limit_nothing_is_too_old(bench: Bench) -> None:
    """By default a message waits for as long as its call lasts."""
    bench.messages.add(at=AT - timedelta(days=365))
    socket = bench.attach()
    await bench.settle()
    assert socket.numbers == [0]
