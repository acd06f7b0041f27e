"""What was given up is sent again by hand: from the dead entry to the customer's server."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace

from midcall.core.outbox import redrive
from midcall.core.outbox.redrive import Redriver, Turn
from midcall.core.outbox.retry import MESSAGES
from midcall.core.ports import AddEntry, AddMessage, EntryFilter
from midcall.delivery.worker import DeliveryWorker
from midcall.model.errors import NotDead, NotFound
from midcall.model.messages import MessageState
from midcall.model.outbox import EntryState, OutcomeKind
from midcall.model.sids import AccountSid, CallSid, MessageSid
from tests.integration.delivery.account import ACCOUNT, START
from tests.integration.delivery.bench import Bench, owed, owed_status, uplink
from tests.integration.delivery.customer import Customer, StartCustomer, response

LATER = timedelta(days=2)
TOKEN = "token ZY1 0"


def _redriver(bench: Bench, worker: DeliveryWorker, turn: Turn | None = None) -> Redriver:
    return Redriver(
        store=bench.store,
        journal=bench.journal,
        clock=bench.clock,
        wake=worker.wake,
        turn=turn or worker.turn,
    )


@asynccontextmanager
async def _running(bench: Bench, dead: int = 1) -> AsyncIterator[Redriver]:
    """Run a worker, wait until so many entries are dead, and let two days pass."""
    async with bench.worker() as worker:
        await bench.until_settled(dead)
        assert {change.entry.state for change in bench.settled} == {EntryState.DEAD}
        bench.passes(LATER.total_seconds())
        yield _redriver(bench, worker)


async def _owe(bench: Bench, customer: Customer, count: int = 1, lane: str = "ZY1") -> None:
    for number in range(count):
        entry = owed(customer.url(), number, lane)
        await bench.owe(AddMessage(uplink(number)), AddEntry(entry))


def _arrived(customer: Customer) -> list[str]:
    return [json.loads(request.body)["SequenceNumber"] for request in customer.requests]


async def test_a_dead_callback_that_is_sent_again_delivers_its_message(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """It arrives with the same token, however old it is; every attempt stays to be seen."""
    customer = await start_customer(response(400), response(503), response(200))
    await _owe(bench, customer)
    async with _running(bench) as redriver:
        assert await bench.state() is MessageState.FAILED
        entry = await redriver.redrive(ACCOUNT.sid, TOKEN)
        at = START + LATER
        dead = bench.settled[0].entry
        assert entry == replace(
            dead, state=EntryState.PENDING, attempts=0, due_at=at, redriven_at=at
        )
        await bench.until_settled(2)
        # Its message is on its way again, and it is old only as of now.
        assert await bench.state() is MessageState.ACCEPTED
        assert bench.settled[1].entry.due_at <= at + timedelta(seconds=MESSAGES.delays[0])
        bench.passes(1)
        await bench.until_settled(3)
    assert await bench.state() is MessageState.DELIVERED
    header = "I-Twilio-Idempotency-Token"
    assert [request.headers[header] for request in customer.requests] == [TOKEN] * 3
    outcomes = [attempt.outcome for attempt in await bench.attempts()]
    assert outcomes == [OutcomeKind.GAVE_UP, OutcomeKind.RETRY, OutcomeKind.DELIVERED]
    assert await bench.notified() == [32711]


async def test_what_is_refused_again_is_dead_again(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """Its message has failed as before, and it can be sent again once more."""
    customer = await start_customer(response(400), response(400), response(200))
    await _owe(bench, customer)
    async with _running(bench) as redriver:
        await redriver.redrive(ACCOUNT.sid, TOKEN)
        await bench.until_settled(2)
        assert await bench.state() is MessageState.FAILED
        await redriver.redrive(ACCOUNT.sid, TOKEN)
        await bench.until_settled(3)
    assert await bench.state() is MessageState.DELIVERED


async def test_what_is_unknown_or_anothers_cannot_be_sent_again(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """Both look the same."""
    await _owe(bench, await start_customer(response(400)))
    async with _running(bench) as redriver:
        for account, token in [(ACCOUNT.sid, "other"), (AccountSid("AC" + "9" * 32), TOKEN)]:
            with pytest.raises(NotFound) as caught:
                await redriver.redrive(account, token)
            assert caught.value.path == f"/2010-04-01/Accounts/{account}/Callbacks/{token}.json"


@pytest.mark.parametrize("state", [state for state in EntryState if state is not EntryState.DEAD])
async def test_only_what_was_given_up_can_be_sent_again(bench: Bench, state: EntryState) -> None:
    """The rest is on its way, or there."""
    await bench.owe(AddMessage(uplink()), AddEntry(replace(owed("http://a.example/"), state=state)))
    async with _standing(bench) as redriver:
        with pytest.raises(NotDead) as caught:
            await redriver.redrive(ACCOUNT.sid, TOKEN)
        assert (caught.value.token, caught.value.state) == (TOKEN, state.value)
        assert await redriver.redrive_all(ACCOUNT.sid, EntryFilter()) == 0


@asynccontextmanager
async def _standing(
    bench: Bench, wake: Callable[[], None] = lambda: None
) -> AsyncIterator[Redriver]:
    """Send again with nobody at work: what is pending stays so."""

    @asynccontextmanager
    async def turn(*_: object) -> AsyncIterator[None]:
        yield

    yield Redriver(
        store=bench.store, journal=bench.journal, clock=bench.clock, wake=wake, turn=turn
    )


async def test_what_is_sent_again_goes_before_what_still_waits_in_its_lane(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """It has its old place in the order."""
    customer = await start_customer(*map(response, (400, 503, 200)))
    await _owe(bench, customer, 3)
    async with bench.worker() as worker:
        await bench.until_settled(2)
        await _redriver(bench, worker).redrive(ACCOUNT.sid, TOKEN)
        await bench.until_settled(3)
        bench.passes(5)
        await bench.until_settled(5)
    assert _arrived(customer) == ["0", "1", "0", "1", "2"]


async def test_everything_that_was_given_up_is_sent_again_in_the_order_of_its_lane(
    bench: Bench, start_customer: StartCustomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page, while delivery is at work already."""
    monkeypatch.setattr(redrive, "PAGE", 2)
    customer = await start_customer(*[response(400)] * 5, response(200))
    await _owe(bench, customer, 5)
    async with _running(bench, 5) as redriver:
        assert await redriver.redrive_all(ACCOUNT.sid, EntryFilter()) == 5
        await bench.until_settled(10)
        assert await redriver.redrive_all(ACCOUNT.sid, EntryFilter()) == 0
    assert _arrived(customer) == ["0", "1", "2", "3", "4"] * 2
    assert {await bench.state(number) for number in range(5)} == {MessageState.DELIVERED}


async def test_what_dies_again_meanwhile_is_sent_again_once(
    bench: Bench, start_customer: StartCustomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that refuses everything does not keep it going."""
    monkeypatch.setattr(redrive, "PAGE", 1)
    customer = await start_customer(response(400))
    await _owe(bench, customer, 3)
    async with _running(bench, 3) as redriver:
        assert await redriver.redrive_all(ACCOUNT.sid, EntryFilter()) == 3
        await bench.until_settled(6)
    assert len(customer.requests) == 6


async def test_only_what_the_filters_leave_is_sent_again(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """Such as that of one message; a state other than dead leaves nothing."""
    customer = await start_customer(response(400), response(400), response(200))
    await _owe(bench, customer, 2)
    async with _running(bench, 2) as redriver:
        pending = EntryFilter(state=EntryState.PENDING)
        assert await redriver.redrive_all(ACCOUNT.sid, pending) == 0
        assert await redriver.redrive_all(AccountSid("AC" + "9" * 32), EntryFilter()) == 0
        second = EntryFilter(message_sid=uplink(1).sid, state=EntryState.DEAD)
        assert await redriver.redrive_all(ACCOUNT.sid, second) == 1
        await bench.until_settled(3)
    assert [await bench.state(0), await bench.state(1)] == [
        MessageState.FAILED,
        MessageState.DELIVERED,
    ]


async def test_a_message_is_delivered_only_once_both_its_dead_callbacks_were(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """One that is still dead fails it, whatever became of the other."""
    first = await start_customer(response(400), response(200))
    second = await start_customer(response(410), response(200))
    await bench.owe(
        AddMessage(uplink()),
        AddEntry(owed(first.url(), lane="a")),
        AddEntry(owed(second.url(), lane="b")),
    )
    async with _running(bench, 2) as redriver:
        await redriver.redrive(ACCOUNT.sid, "token a 0")
        await bench.until_settled(3)
        assert await bench.state() is MessageState.FAILED
        await redriver.redrive(ACCOUNT.sid, "token b 0")
        await bench.until_settled(4)
    assert await bench.state() is MessageState.DELIVERED


async def test_a_status_callback_can_be_sent_again(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """It carries no message."""
    customer = await start_customer(response(400), response(200))
    await bench.owe(AddEntry(owed_status(customer.url())))
    async with _running(bench) as redriver:
        await redriver.redrive(ACCOUNT.sid, TOKEN)
        await bench.until_settled(2)
    assert (await bench.entry(TOKEN)).state is EntryState.DELIVERED


async def test_a_message_is_settled_before_or_after_its_callback_is_sent_again(
    bench: Bench, start_customer: StartCustomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in between: a callback that ends just then would count the other as dead for good."""
    bad, good = await start_customer(response(400), response(200)), await start_customer()
    counted, asked = asyncio.Event(), asyncio.Event()
    count = bench.store.dead_entries

    async def count_and_wait(message: MessageSid, call: CallSid) -> int:
        dead = await count(message, call)
        if dead:
            counted.set()
            await asked.wait()
        return dead

    monkeypatch.setattr(bench.store, "dead_entries", count_and_wait)
    await bench.owe(AddMessage(uplink()), AddEntry(owed(bad.url(), lane="bad")))
    async with bench.worker() as worker:

        def turn(call: CallSid, message: MessageSid) -> AbstractAsyncContextManager[object]:
            asked.set()
            return worker.turn(call, message)

        await bench.until_settled(1)
        await bench.owe(AddEntry(owed(good.url(), lane="good")))
        worker.wake()
        async with asyncio.timeout(30):
            await counted.wait()
        await _redriver(bench, worker, turn).redrive(ACCOUNT.sid, "token bad 0")
        await bench.until_settled(3)
    assert await bench.state() is MessageState.DELIVERED


async def test_delivery_is_woken_after_the_commit(bench: Bench) -> None:
    """Otherwise it would look too early and wait for a long time."""
    seen: list[int] = []
    dead = replace(owed("http://a.example/"), state=EntryState.DEAD)
    await bench.owe(AddMessage(uplink()), AddEntry(dead))
    async with _standing(bench, lambda: seen.append(len(bench.commits))) as redriver:
        await redriver.redrive(ACCOUNT.sid, TOKEN)
    assert seen == [1]


async def test_nothing_is_woken_by_a_commit_that_failed(bench: Bench) -> None:
    """Whoever asked is told, and the entry is dead as before."""
    dead = replace(owed("http://a.example/"), state=EntryState.DEAD)
    await bench.owe(AddMessage(uplink()), AddEntry(dead))
    bench.commit_errors = [OSError("disk full")]
    async with _standing(bench, lambda: pytest.fail("it was woken")) as redriver:
        with pytest.raises(OSError, match="disk full"):
            await redriver.redrive(ACCOUNT.sid, TOKEN)
    assert (await bench.entry(TOKEN)).state is EntryState.DEAD
