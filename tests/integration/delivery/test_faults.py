"""Customers' servers that misbehave: what becomes of the entry, of its lane, and of other lanes."""

import asyncio
import json
import socket
import struct
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from midcall.core.outbox.retry import Schedule
from midcall.core.ports import AddEntry, AddExchange, AddMessage
from midcall.delivery.attempt import Limits
from midcall.delivery.worker import DeliverySettings
from midcall.model.messages import MessageState
from midcall.model.outbox import EntryState, OutcomeKind
from midcall.wire.dates import format_rfc2822
from tests.integration.delivery.account import START
from tests.integration.delivery.bench import Bench, owed, uplink
from tests.integration.delivery.customer import Customer, Request, Respond, StartCustomer, response

# A server that is going to answer does so in milliseconds, and one that is not costs this much.
QUICK = DeliverySettings(limits=Limits(read_seconds=0.3, total_seconds=0.3))
PATIENT = DeliverySettings(drain_seconds=0.01)


async def _say_nothing(_: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _say_half_a_head(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    await asyncio.Event().wait()


async def _trickle_a_head(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _trickle_a_body(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _trickle_an_error(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST, as a server that crashes may."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _reset_at_once(_: Request, writer: asyncio.StreamWriter) -> None:
    _reset(writer)


async def _reset_in_the_head(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    await writer.drain()
    _reset(writer)


async def _close_half(_: Request, writer: asyncio.StreamWriter) -> None:
    """Say that there is nothing more to come, and go on listening."""
    writer.write_eof()
    await asyncio.Event().wait()


async def _break_off(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(response(200, b"x" * 100)[:-50])
    await writer.drain()
    writer.close()


ENDLESS = b"HTTP/1.1 %d Whatever\r\nContent-Length: 1000000000\r\n\r\n"


async def _flood(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(ENDLESS % 200)
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def _flood_with_an_error(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(ENDLESS % 503)
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def _owe(bench: Bench, customer: Customer, count: int, lane: str = "ZY1") -> None:
    for number in range(count):
        entry = owed(customer.url(), number, lane)
        await bench.owe(AddMessage(uplink(number)), AddEntry(entry))


def _sent(customer: Customer) -> list[tuple[str, str]]:
    """Return the number of each message that arrived, and the token that it came with."""
    return [
        (
            json.loads(request.body)["SequenceNumber"],
            request.headers["I-Twilio-Idempotency-Token"],
        )
        for request in customer.requests
    ]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (_say_nothing, None, "11200"),
        (_say_half_a_head, None, "11200"),
        (_trickle_a_head, None, "11200"),
        (_trickle_an_error, 500, ""),
        (_reset_at_once, None, "11206"),
        (_reset_in_the_head, None, "11206"),
        (_close_half, None, "11206"),
        (_flood_with_an_error, 503, ""),
    ],
)
async def test_what_a_bad_server_did_not_take_comes_again_before_what_is_behind_it(
    bench: Bench, start_customer: StartCustomer, fault: Respond, status: int | None, code: str
) -> None:
    """The attempt says what went wrong; the repeat has the same token, and the order is kept."""
    customer = await start_customer(fault, response(200))
    await _owe(bench, customer, 2)
    async with bench.worker(QUICK):
        await bench.until_settled(1)
        entry = await bench.entry("token ZY1 0")
        assert (entry.state, entry.attempts) == (EntryState.PENDING, 1)
        assert START < entry.due_at <= START + timedelta(seconds=1)
        assert await bench.state() is MessageState.ACCEPTED
        bench.passes(1)
        await bench.until_settled(3)
    first, second = await bench.attempts()
    assert (first.outcome, first.status, first.fault[:5]) == (OutcomeKind.RETRY, status, code)
    assert (second.outcome, second.status) == (OutcomeKind.DELIVERED, 200)
    again, behind = ("0", "token ZY1 0"), ("1", "token ZY1 1")
    assert _sent(customer) == [again, again, behind]
    assert [await bench.state(0), await bench.state(1)] == [MessageState.DELIVERED] * 2


@pytest.mark.parametrize("fault", [_trickle_a_body, _break_off, _flood])
async def test_a_server_that_said_200_has_taken_it_however_its_answer_ends(
    bench: Bench, start_customer: StartCustomer, fault: Respond
) -> None:
    """The status counts, there is no repeat, and what is kept of the body is bounded."""
    customer = await start_customer(fault, response(200))
    await _owe(bench, customer, 2)
    async with bench.worker(QUICK):
        await bench.until_settled(2)
    (attempt,) = await bench.attempts()
    assert (attempt.outcome, attempt.status, attempt.fault) == (OutcomeKind.DELIVERED, 200, "")
    assert [number for number, _ in _sent(customer)] == ["0", "1"]
    kept = [
        change.exchange
        for changes in bench.commits
        for change in changes
        if isinstance(change, AddExchange)
    ]
    assert all(len(exchange.response_body) <= 16 * 1024 for exchange in kept)


@pytest.mark.parametrize(
    "fault", [_say_nothing, _say_half_a_head, _trickle_a_head, _trickle_a_body]
)
async def test_a_server_that_hangs_delays_no_other_lane(
    bench: Bench, start_customer: StartCustomer, fault: Respond
) -> None:
    """Others get theirs, in order, while the bad server still has its request."""
    bad, good = await start_customer(fault), await start_customer()
    await _owe(bench, bad, 1, lane="bad")
    async with bench.worker(PATIENT) as worker:
        await bad.until(1)
        for number in range(3):
            await bench.owe(*(AddEntry(owed(good.url(), number, lane)) for lane in "abc"))
        worker.wake()
        await bench.until_settled(9)
        assert {change.entry.lane for change in bench.settled} == set("abc")
    for lane in "abc":
        tokens = [token for _, token in _sent(good) if token.startswith(f"token {lane} ")]
        assert tokens == [f"token {lane} {number}" for number in range(3)]
    # The worker was stopped before the bad server was done, so that nothing came of it yet.
    entry = await bench.entry("token bad 0")
    assert (entry.state, entry.attempts) == (EntryState.PENDING, 0)


async def test_a_server_that_asks_for_seconds_gets_them(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """A 429 with Retry-After is not asked earlier, and what is behind waits with it."""
    customer = await start_customer(response(429, Retry_After="40"), response(200))
    await _owe(bench, customer, 2)
    async with bench.worker():
        await bench.until_settled(1)
        entry = await bench.entry("token ZY1 0")
        assert (entry.state, entry.due_at) == (EntryState.PENDING, START + timedelta(seconds=40))
        assert await bench.store.next_due_at(busy=frozenset()) == entry.due_at
        bench.passes(39)
        other = await start_customer()
        await bench.owe(AddEntry(owed(other.url(), lane="other")))
        bench.running.wake()
        await bench.until_settled(2)
        assert len(customer.requests) == 1
        bench.passes(1)
        await bench.until_settled(4)
    assert [number for number, _ in _sent(customer)] == ["0", "0", "1"]


async def test_a_server_that_names_a_date_is_left_alone_until_then(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """The other form of Retry-After."""
    date = format_rfc2822(datetime.now(UTC) + timedelta(seconds=100))
    customer = await start_customer(response(429, Retry_After=date), response(200))
    await _owe(bench, customer, 1)
    async with bench.worker():
        await bench.until_settled(1)
        entry = await bench.entry("token ZY1 0")
        # The date is whole seconds, and is read some time after it was written.
        assert 50 < (entry.due_at - START).total_seconds() <= 100
        bench.passes(100)
        await bench.until_settled(2)
    assert await bench.state() is MessageState.DELIVERED


async def test_a_server_cannot_ask_to_be_left_alone_for_long(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """Its lane would wait as long; the schedule says how much is too much."""
    customer = await start_customer(response(429, Retry_After="86400"))
    await _owe(bench, customer, 1)
    schedule = replace(QUICK.messages, longest_retry_after=7)
    async with bench.worker(replace(QUICK, messages=schedule)):
        await bench.until_settled(1)
    assert (await bench.entry("token ZY1 0")).due_at == START + timedelta(seconds=7)


async def test_a_server_that_stays_bad_is_given_up_and_its_lane_goes_on(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """After the schedule's last wait the entry is dead, its message failed, and the next leaves."""
    customer = await start_customer(*map(response, (500, 502, 503, 200)))
    schedule = Schedule(delays=(1, 2), horizon=60, least_attempts=1, longest_retry_after=5)
    await _owe(bench, customer, 2)
    async with bench.worker(DeliverySettings(messages=schedule)):
        for settled, seconds in ((1, 1), (2, 2)):
            await bench.until_settled(settled)
            bench.passes(seconds)
        await bench.until_settled(4)
    outcomes = [(attempt.outcome, attempt.status) for attempt in await bench.attempts()]
    assert outcomes == [
        (OutcomeKind.RETRY, 500),
        (OutcomeKind.RETRY, 502),
        (OutcomeKind.GAVE_UP, 503),
    ]
    assert (await bench.entry("token ZY1 0")).state is EntryState.DEAD
    assert [await bench.state(0), await bench.state(1)] == [
        MessageState.FAILED,
        MessageState.DELIVERED,
    ]
    assert await bench.notified() == [32711]


async def test_a_kept_connection_that_went_silent_costs_one_attempt(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """Nobody has said that it is closed. The repeat goes out on a connection of its own."""
    customer = await start_customer(response(200), _say_nothing, response(200))
    await _owe(bench, customer, 2)
    async with bench.worker(QUICK):
        await bench.until_settled(2)
        bench.passes(1)
        await bench.until_settled(3)
    assert [request.connection for request in customer.requests] == [1, 1, 2]
    outcomes = [attempt.outcome for attempt in await bench.attempts(number=1)]
    assert outcomes == [OutcomeKind.RETRY, OutcomeKind.DELIVERED]


async def test_a_connection_that_nobody_serves_is_out_of_time(bench: Bench) -> None:
    """The system has taken it, and the request with it, for a server that takes neither."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        await bench.owe(AddMessage(uplink()), AddEntry(owed(url)))
        async with bench.worker(QUICK):
            await bench.until_settled(1)
    (attempt,) = await bench.attempts()
    assert (attempt.outcome, attempt.fault[:5]) == (OutcomeKind.RETRY, "11200")


async def test_a_server_that_is_down_gets_it_when_it_is_back(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """Nobody listens at its port for a while; what is owed waits in order."""
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    for number in range(2):
        entry = owed(f"http://127.0.0.1:{port.getsockname()[1]}/#rc=0", number)
        await bench.owe(AddMessage(uplink(number)), AddEntry(entry))
    async with bench.worker(QUICK):
        await bench.until_settled(1)
        customer = await start_customer(port=port)
        bench.passes(1)
        await bench.until_settled(3)
    first, second = await bench.attempts()
    assert (first.fault[:5], second.status) == ("11205", 200)
    assert [number for number, _ in _sent(customer)] == ["0", "1"]
