"""Receipts: how a downlink came out, told to the ``StatusCallback`` that was given with it."""

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from msgspec.structs import replace
from twilio.request_validator import RequestValidator

from midcall.core.outbox.retry import Schedule
from midcall.core.ports import AddEntry, AddMessage, ExpireMessages, MarkMessage
from midcall.delivery.worker import DeliverySettings
from midcall.model.endpoints import Endpoint
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.outbox import Entry, EntryKind, EntryState, receipt_lane
from tests.integration.delivery.account import ACCOUNT, CALL, START
from tests.integration.delivery.bench import Bench, owed, uplink
from tests.integration.delivery.customer import StartCustomer, response

ONCE = DeliverySettings(
    status_callbacks=Schedule(delays=(), horizon=60, least_attempts=1, longest_retry_after=5)
)


def _downlink() -> UserDefinedMessage:
    return replace(uplink(), direction=Direction.DOWNLINK, content='"secret"')


def _receipt(url: str) -> Entry:
    return replace(
        owed(url, lane=receipt_lane(CALL, _downlink().sid)),
        kind=EntryKind.RECEIPT,
        endpoint=Endpoint(url),
        parameters={},
        token="receipt",
        state=EntryState.WAITING,
    )


@pytest.mark.parametrize(
    ("settle", "status"),
    [
        (MarkMessage(CALL, _downlink().sid, MessageState.DELIVERED, START), "delivered"),
        (ExpireMessages(CALL, START), "expired"),
        (MarkMessage(CALL, _downlink().sid, MessageState.FAILED, START), "failed"),
    ],
)
async def test_a_receipt_leaves_when_its_message_is_settled(
    bench: Bench,
    start_customer: StartCustomer,
    settle: MarkMessage | ExpireMessages,
    status: str,
) -> None:
    """Not before; it is a signed form, says when that was, and leaves the message as it is."""
    customer = await start_customer(response(500), response(204))
    url = customer.url("/receipts?a=b")
    await bench.owe(AddMessage(_downlink()), AddEntry(_receipt(url)))
    assert await bench.store.next_due_at(busy=frozenset()) is None
    settled_at = START + timedelta(minutes=1)
    async with bench.worker():
        await bench.owe(replace(settle, at=settled_at))
        bench.passes(3600)
        await bench.until_settled(1)
        bench.passes(1)
        await bench.until_settled(2)
    first, second = customer.requests
    assert first.body == second.body
    fields = dict(parse_qsl(second.body.decode()))
    assert fields == {
        "AccountSid": ACCOUNT.sid,
        "CallSid": CALL,
        "Sid": _downlink().sid,
        "MessageStatus": status,
        "Timestamp": "Thu, 01 Jan 2026 00:01:00 +0000",
    }
    assert second.headers["I-Twilio-Idempotency-Token"] == "receipt"
    signature = second.headers["X-Twilio-Signature"]
    assert RequestValidator(ACCOUNT.auth_token).validate(url, fields, signature)
    assert await bench.state() is MessageState(status)


async def test_a_receipt_that_is_given_up_is_a_warning_and_fails_no_message(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """The message was delivered, whoever could be told of it."""
    customer = await start_customer(response(500))
    message = replace(_downlink(), state=MessageState.DELIVERED, settled_at=START)
    entry = replace(_receipt(customer.url()), state=EntryState.PENDING)
    await bench.owe(AddMessage(message), AddEntry(entry))
    async with bench.worker(ONCE):
        await bench.until_settled(1)
    assert (await bench.entry("receipt")).state is EntryState.DEAD
    assert await bench.notified() == [15003]
    assert await bench.state() is MessageState.DELIVERED


@pytest.mark.parametrize("there", [True, False])
async def test_a_receipt_without_an_outcome_is_an_error_of_ours(
    bench: Bench, start_customer: StartCustomer, there: bool
) -> None:
    """Its message is on its way, or gone: nothing is asked, and the entry comes to its end."""
    customer = await start_customer()
    entry = replace(_receipt(customer.url()), state=EntryState.PENDING)
    await bench.owe(*([AddMessage(_downlink())] if there else []), AddEntry(entry))
    async with bench.worker(ONCE):
        await bench.until_settled(1)
    (attempt,) = await bench.attempts(entry.lane)
    assert attempt.fault.startswith("12400: ")
    assert (await bench.entry("receipt")).state is EntryState.DEAD
    assert customer.requests == []
