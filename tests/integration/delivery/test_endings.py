"""Every entry comes to its end, whoever it belongs to."""

import asyncio

import pytest
import structlog.testing
from msgspec.structs import replace

from midcall.core.outbox.retry import MESSAGES, Schedule
from midcall.core.ports import AddEntry, AddMessage, PutAccount, PutFamily, RemoveCall
from midcall.delivery.worker import DeliverySettings
from midcall.model.accounts import AccountStatus
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.families import Family, Leg
from midcall.model.messages import MessageState
from midcall.model.outbox import EntryState, OutcomeKind
from midcall.model.sids import AccountSid
from tests.integration.delivery.account import ACCOUNT, CALL, START
from tests.integration.delivery.bench import Bench, owed, owed_status, uplink
from tests.integration.delivery.customer import Request, StartCustomer, response

NOBODY = AccountSid("AC" + "9" * 32)


@pytest.mark.parametrize("status", [AccountStatus.SUSPENDED, AccountStatus.CLOSED])
async def test_what_an_account_is_owed_leaves_after_it_was_shut(
    bench: Bench, start_customer: StartCustomer, status: AccountStatus
) -> None:
    """It was promised while the account was open."""
    customer = await start_customer(response(500), response(200))
    await bench.owe(
        AddMessage(uplink()),
        AddEntry(owed(customer.url())),
        PutAccount(replace(ACCOUNT, status=status)),
    )
    async with bench.worker():
        await bench.until_settled(1)
        bench.passes(1)
        await bench.until_settled(2)
    assert await bench.state() is MessageState.DELIVERED


async def test_a_closed_account_with_a_dead_server_is_not_asked_for_ever(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """The schedule ends what it is owed, as it does for everybody."""
    customer = await start_customer(response(500))
    await bench.owe(
        AddMessage(uplink()),
        AddEntry(owed(customer.url())),
        PutAccount(replace(ACCOUNT, status=AccountStatus.CLOSED)),
    )
    async with bench.worker():
        for settled in range(1, len(MESSAGES.delays) + 2):
            await bench.until_settled(settled)
            if bench.settled[-1].entry.state is EntryState.DEAD:
                break
            bench.passes(MESSAGES.longest_wait)
    assert (await bench.entry("token ZY1 0")).state is EntryState.DEAD
    assert await bench.state() is MessageState.FAILED
    assert await bench.store.next_due_at(busy=frozenset()) is None


async def test_an_account_that_is_gone_costs_its_lane_one_attempt_an_entry(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """There is no token to sign with and no debugger to tell; nothing is asked or tried again."""
    customer = await start_customer()
    for number in range(2):
        entry = replace(owed(customer.url(), number), account_sid=NOBODY)
        await bench.owe(AddMessage(uplink(number)), AddEntry(entry))
    async with bench.worker():
        await bench.until_settled(2)
    for number in range(2):
        (attempt,) = await bench.attempts(number=number)
        assert (attempt.outcome, attempt.fault[:5]) == (OutcomeKind.GAVE_UP, "10001")
        assert await bench.state(number) is MessageState.FAILED
    assert customer.requests == []
    assert await bench.notified() == []
    assert await bench.store.next_due_at(busy=frozenset()) is None


async def test_what_was_removed_on_its_way_is_not_tried_again(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """The attempt cannot be kept, since there is nothing to keep it with, and that is the end."""

    async def remove(_: Request, writer: asyncio.StreamWriter) -> None:
        await bench.store.commit([RemoveCall(CALL)])
        writer.write(response(200))

    customer = await start_customer(remove, response(200))
    await bench.owe(PutFamily(_over()), AddEntry(owed_status(customer.url())))
    with structlog.testing.capture_logs() as logs:
        async with bench.worker():
            async with asyncio.timeout(30):
                await bench.refused.wait()
            await bench.owe(AddEntry(replace(owed_status(customer.url()), lane="other")))
            bench.running.wake()
            await bench.until_settled(1)
    assert len(customer.requests) == 2
    assert [log["event"] for log in logs] == ["Processing an outbox entry failed"]
    assert await bench.store.next_due_at(busy=frozenset()) is None


def _over() -> Family:
    """Make the call's family, with the call at its end."""
    call = Call(
        sid=CALL,
        account_sid=ACCOUNT.sid,
        from_address="client:alice",
        to_address="",
        direction=CallDirection.INBOUND,
        status=CallStatus.COMPLETED,
        created_at=START,
        updated_at=START,
        ended_at=START,
    )
    return Family(sid=CALL, account_sid=ACCOUNT.sid, legs={CALL: Leg(call=call)})


async def test_status_callbacks_and_messages_follow_their_own_schedules(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """Both are settings."""
    customer = await start_customer(response(500))
    never = Schedule(delays=(), horizon=60, least_attempts=1, longest_retry_after=5)
    await bench.owe(
        AddMessage(uplink()),
        AddEntry(owed(customer.url(), lane="message")),
        AddEntry(replace(owed_status(customer.url()), lane="status")),
    )
    async with bench.worker(DeliverySettings(status_callbacks=never)):
        await bench.until_settled(2)
    states = {change.entry.lane: change.entry.state for change in bench.settled}
    assert states == {"message": EntryState.PENDING, "status": EntryState.DEAD}
    assert await bench.notified() == [15003]
