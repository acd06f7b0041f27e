import asyncio
import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import structlog.testing
from msgspec.structs import replace
from twilio.request_validator import RequestValidator

from midcall.core.ports import AddEntry, AddExchange, AddMessage, PutAccount, SettleEntry
from midcall.delivery.egress import Egress
from midcall.delivery.worker import DeliverySettings
from midcall.model.endpoints import Endpoint, Method
from midcall.model.exchanges import Exchange
from midcall.model.messages import MessageState
from midcall.model.outbox import OutcomeKind
from midcall.model.sids import AccountSid
from midcall.store.sqlite import open_store
from midcall.wire.callbacks import CallbackFormat, OutgoingRequest
from tests.integration.delivery.account import ACCOUNT, CALL, START
from tests.integration.delivery.bench import Bench, owed, owed_status, uplink
from tests.integration.delivery.customer import Customer, Request, StartCustomer, response


async def test_a_message_arrives_and_is_delivered(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """The customer gets the seven fields, signed; the attempt and the delivery are kept."""
    customer = await start_customer()
    url = customer.url("/cb?a=b")
    await bench.owe(AddMessage(uplink()), AddEntry(owed(url)))
    async with bench.worker():
        await bench.until_settled(1)
    (request,) = customer.requests
    fields = json.loads(request.body)
    assert sorted(fields) == [
        *("AccountSid", "CallSid", "Content", "ContentType", "SequenceNumber", "Sid", "Timestamp")
    ]
    assert fields["Timestamp"] == "Thu, 01 Jan 2026 00:00:00 +0000"
    assert request.headers["I-Twilio-Idempotency-Token"] == "token ZY1 0"
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator(ACCOUNT.auth_token).validate(url, fields, signature)
    (attempt,) = await bench.attempts()
    assert (attempt.status, attempt.outcome) == (200, OutcomeKind.DELIVERED)
    assert await bench.state() is MessageState.DELIVERED
    assert await bench.store.next_due_at(busy=frozenset()) is None


async def test_messages_can_be_forms(bench: Bench, start_customer: StartCustomer) -> None:
    """The setting reaches the wire."""
    customer = await start_customer()
    await bench.owe(AddMessage(uplink()), AddEntry(owed(customer.url())))
    async with bench.worker(DeliverySettings(callback_format=CallbackFormat.FORM)):
        await bench.until_settled(1)
    assert dict(parse_qsl(customer.requests[0].body.decode()))["SequenceNumber"] == "0"


async def test_a_lane_arrives_in_order_through_failures(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """What failed comes again, with its token, before what is behind it."""
    customer = await start_customer(response(500), response(200), response(503), response(200))
    for number in range(2):
        entry = owed(customer.url(), number)
        await bench.owe(AddMessage(uplink(number)), AddEntry(entry))
    async with bench.worker() as worker:
        for settled in range(1, 5):
            await bench.until_settled(settled)
            bench.clock.now += timedelta(seconds=30)
            worker.wake()
    bodies = [json.loads(request.body) for request in customer.requests]
    assert [body["SequenceNumber"] for body in bodies] == ["0", "0", "1", "1"]
    tokens = [request.headers["I-Twilio-Idempotency-Token"] for request in customer.requests]
    assert tokens == ["token ZY1 0"] * 2 + ["token ZY1 1"] * 2
    assert bodies[0]["Timestamp"] != bodies[1]["Timestamp"]
    outcomes = [attempt.outcome for attempt in await bench.attempts()]
    assert outcomes == [OutcomeKind.RETRY, OutcomeKind.DELIVERED]
    assert [await bench.state(0), await bench.state(1)] == [MessageState.DELIVERED] * 2


async def test_a_message_is_delivered_when_its_last_callback_is(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """Callbacks that end at the same moment settle their message nevertheless."""
    count = 8
    together = asyncio.Barrier(count)

    async def wait_for_all(_: Request, writer: asyncio.StreamWriter) -> None:
        await together.wait()
        writer.write(response(200))

    customer = await start_customer(wait_for_all)
    entries = [owed(customer.url(), lane=f"ZY{lane}") for lane in range(count)]
    await bench.owe(AddMessage(uplink()), *map(AddEntry, entries))
    async with bench.worker():
        await bench.until_settled(count)
    assert await bench.state() is MessageState.DELIVERED


async def test_a_message_waits_for_a_callback_that_is_tried_again(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """One subscription's success is not the other's."""
    good, bad = await start_customer(), await start_customer(response(500))
    await bench.owe(
        AddMessage(uplink()),
        AddEntry(owed(good.url(), lane="good")),
        AddEntry(owed(bad.url(), lane="bad")),
    )
    async with bench.worker():
        await bench.until_settled(2)
    assert await bench.state() is MessageState.ACCEPTED


async def test_a_callback_that_is_given_up_fails_its_message(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """The debugger says so under 32711, and the lane goes on."""
    customer = await start_customer(response(404), response(200))
    for number in range(2):
        await bench.owe(AddMessage(uplink(number)), AddEntry(owed(customer.url(), number)))
    async with bench.worker():
        await bench.until_settled(2)
    assert await bench.state(0) is MessageState.FAILED
    assert await bench.state(1) is MessageState.DELIVERED
    assert await bench.notified() == [32711]


async def test_a_refused_address_is_given_up_at_once(
    tmp_path: Path, guarded: Egress, start_customer: StartCustomer
) -> None:
    """The guard's word is final; the row says why."""
    customer = await start_customer()
    store = await open_store(f"sqlite:///{tmp_path}/store.db")
    bench = Bench(store, guarded)
    await bench.owe(PutAccount(ACCOUNT), AddMessage(uplink()), AddEntry(owed(customer.url())))
    async with bench.worker():
        await bench.until_settled(1)
    (attempt,) = await bench.attempts()
    assert (attempt.status, attempt.outcome) == (None, OutcomeKind.GAVE_UP)
    assert attempt.fault.startswith("11100: ")
    assert customer.connections == 0
    await bench.journal.close()
    await store.close()


async def test_a_status_callback_is_a_form(bench: Bench, start_customer: StartCustomer) -> None:
    """It tells when it came to be owed, and settles no message."""
    customer = await start_customer(response(204))
    await bench.owe(AddEntry(owed_status(customer.url())))
    bench.clock.now += timedelta(hours=1)
    async with bench.worker():
        await bench.until_settled(1)
    assert dict(parse_qsl(customer.requests[0].body.decode())) == {
        "CallSid": CALL,
        "CallStatus": "ringing",
        "Timestamp": "Thu, 01 Jan 2026 00:00:00 +0000",
    }


async def test_a_status_callback_given_up_is_a_warning(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """Under 15003."""
    customer = await start_customer(response(403))
    await bench.owe(AddEntry(owed_status(customer.url())))
    async with bench.worker():
        await bench.until_settled(1)
    assert await bench.notified() == [15003]


async def test_a_redirect_that_keeps_the_message_is_followed(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """A missing slash, as frameworks mend it with 307 or 308, loses nothing."""
    customer = await start_customer(response(308, Location="/cb/"), response(200))
    await bench.owe(AddMessage(uplink()), AddEntry(owed(customer.url("/cb"))))
    async with bench.worker():
        await bench.until_settled(1)
    first, second = customer.requests
    assert (second.method, second.target) == ("POST", "/cb/")
    assert second.body == first.body
    fields = json.loads(second.body)
    signature = second.headers["X-Twilio-Signature"]
    url = customer.url("/cb/")
    assert RequestValidator(ACCOUNT.auth_token).validate(url, fields, signature)
    assert await bench.state() is MessageState.DELIVERED


@pytest.mark.parametrize(
    ("status", "method"),
    [(301, Method.POST), (302, Method.POST), (303, Method.POST), (308, Method.GET)],
)
async def test_a_redirect_that_loses_the_message_is_not_followed(
    bench: Bench, start_customer: StartCustomer, status: int, method: Method
) -> None:
    """A page that answers 200 to an empty GET has not taken the message."""
    customer = await start_customer(response(status, Location="/login"), response(200))
    entry = replace(owed(""), endpoint=Endpoint(customer.url("/cb"), method))
    await bench.owe(AddMessage(uplink()), AddEntry(entry))
    async with bench.worker():
        await bench.until_settled(1)
    assert len(customer.requests) == 1
    (attempt,) = await bench.attempts()
    assert (attempt.status, attempt.outcome) == (status, OutcomeKind.GAVE_UP)
    assert await bench.state() is MessageState.FAILED


async def test_an_attempt_that_could_not_be_committed_is_made_again(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """Without a commit nothing happened: the same request goes out with the same token."""
    customer = await start_customer()
    await bench.owe(AddMessage(uplink()), AddEntry(owed(customer.url())))
    bench.commit_errors = [OSError("disk full")]
    async with bench.worker() as worker:
        await customer.until(1)
        async with asyncio.timeout(30):
            await bench.refused.wait()
        assert await bench.state() is MessageState.ACCEPTED
        bench.clock.now += timedelta(seconds=10)
        worker.wake()
        await bench.until_settled(1)
    first, second = customer.requests
    assert (
        first.headers["I-Twilio-Idempotency-Token"] == second.headers["I-Twilio-Idempotency-Token"]
    )
    (attempt,) = await bench.attempts()
    assert attempt.outcome is OutcomeKind.DELIVERED
    assert await bench.state() is MessageState.DELIVERED


async def test_an_entry_of_an_account_that_is_gone_is_dead(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """There is no token to sign with, and nobody to ask for one."""
    customer = await start_customer()
    entry = replace(owed(customer.url()), account_sid=AccountSid("AC" + "9" * 32))
    await bench.owe(AddMessage(uplink()), AddEntry(entry))
    async with bench.worker():
        await bench.until_settled(1)
    (attempt,) = await bench.attempts()
    assert attempt.outcome is OutcomeKind.GAVE_UP
    assert customer.requests == []


async def test_an_entry_without_a_usable_url_does_not_hold_its_lane(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """It is given up, and what is behind it leaves."""
    customer = await start_customer()
    await bench.owe(
        *(AddMessage(uplink(number)) for number in range(2)),
        AddEntry(owed("http://a_b.example/")),
        AddEntry(owed(customer.url(), 1)),
    )
    async with bench.worker():
        await bench.until_settled(2)
    (attempt,) = await bench.attempts()
    assert attempt.fault.startswith("11100: ")
    assert len(customer.requests) == 1


async def test_an_error_of_ours_is_tried_again_and_shows_no_content(
    bench: Bench, start_customer: StartCustomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lane is not held for ever, and the log has the place of the error, not its text."""

    def fail(*_: object, **__: object) -> OutgoingRequest:
        raise RuntimeError("secret")

    monkeypatch.setattr("midcall.delivery.worker.callback_request", fail)
    customer = await start_customer()
    await bench.owe(AddMessage(uplink()), AddEntry(owed(customer.url())))
    with structlog.testing.capture_logs() as logs:
        async with bench.worker():
            await bench.until_settled(1)
    (attempt,) = await bench.attempts()
    assert attempt.outcome is OutcomeKind.RETRY
    assert attempt.fault.startswith("12400: ")
    (log,) = logs
    assert log["call_sid"] == CALL
    assert str(log["error"]).startswith("RuntimeError at test_worker.py:")
    assert "secret" not in str(logs)


async def test_a_worker_that_stops_finishes_its_attempts(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """What is under way is settled before the end."""
    answered = asyncio.Event()

    async def answer_later(_: Request, writer: asyncio.StreamWriter) -> None:
        await answered.wait()
        writer.write(response(200))

    customer: Customer = await start_customer(answer_later)
    await bench.owe(AddMessage(uplink()), AddEntry(owed(customer.url())))
    async with bench.worker() as worker:
        await customer.until(1)
        worker.stop()
        answered.set()
    assert await bench.state() is MessageState.DELIVERED


async def test_many_lanes_leave_side_by_side(bench: Bench, start_customer: StartCustomer) -> None:
    """A slow customer's server delays nobody but itself."""
    gate = asyncio.Event()

    async def wait(_: Request, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.write(response(200))

    slow, quick = await start_customer(wait), await start_customer()
    await bench.owe(AddEntry(owed(slow.url(), lane="slow")))
    for lane in range(20):
        await bench.owe(*(AddEntry(owed(quick.url(), n, lane=f"{lane}")) for n in range(3)))
    async with bench.worker():
        await bench.until_settled(60)
        gate.set()
        await bench.until_settled(61)


def _kept(bench: Bench) -> list[Exchange]:
    """Return the exchanges that were committed together with a settled entry."""
    return [
        change.exchange
        for changes in bench.commits
        if any(isinstance(change, SettleEntry) for change in changes)
        for change in changes
        if isinstance(change, AddExchange)
    ]


async def test_an_attempt_leaves_its_exchange(bench: Bench, start_customer: StartCustomer) -> None:
    """In the commit that settles the entry: what was sent, and what came back."""
    customer = await start_customer(response(200, b"<Response/>", Content_Type="text/xml"))
    url = customer.url("/status").replace("http://", "http://user:secret@")
    await bench.owe(AddEntry(owed_status(f"{url}#rc=2")))
    async with bench.worker():
        await bench.until_settled(1)
    (exchange,) = _kept(bench)
    assert exchange == Exchange(
        account_sid=ACCOUNT.sid,
        call_sid=CALL,
        requested_at=START,
        method="POST",
        url=customer.url("/status"),
        parameters={
            "CallSid": CALL,
            "CallStatus": "ringing",
            "Timestamp": "Thu, 01 Jan 2026 00:00:00 +0000",
        },
        duration_ms=exchange.duration_ms,
        response_code=200,
        content_type="text/xml",
        response_body="<Response/>",
    )
    assert await bench.store.list_exchanges(CALL, offset=0, limit=9) == [exchange]


async def test_a_callback_is_repeated_at_once_as_its_url_says(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """That is one attempt with one token; each request is an exchange."""
    customer = await start_customer(response(503), response(200))
    url = customer.url("/cb#rc=1&rp=5xx")
    await bench.owe(AddMessage(uplink()), AddEntry(owed(url)))
    async with bench.worker():
        await bench.until_settled(1)
    assert [exchange.response_code for exchange in _kept(bench)] == [503, 200]
    (attempt,) = await bench.attempts()
    assert (attempt.status, attempt.outcome) == (200, OutcomeKind.DELIVERED)
    first, second = customer.requests
    assert first.body == second.body
    header = "I-Twilio-Idempotency-Token"
    assert first.headers[header] == second.headers[header] == "token ZY1 0"


async def test_a_failure_leaves_an_exchange_without_a_response(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """The server said nothing in the time that the URL gave it."""
    silent = asyncio.Event()

    async def hang(_: Request, writer: asyncio.StreamWriter) -> None:
        await silent.wait()

    customer = await start_customer(hang)
    await bench.owe(AddEntry(owed_status(customer.url("/#rt=150"))))
    async with bench.worker():
        await bench.until_settled(1)
    (exchange,) = _kept(bench)
    assert (exchange.response_code, exchange.response_body) == (None, "")
    (attempt,) = await bench.attempts()
    assert attempt.fault.startswith("11200: ")


async def test_a_bad_override_is_told_once_for_an_entry(
    bench: Bench, start_customer: StartCustomer
) -> None:
    """The callback arrives all the same; repeats do not fill the debugger."""
    customer = await start_customer(response(500), response(200))
    await bench.owe(AddEntry(owed_status(customer.url("/#rp=6xx"))))
    async with bench.worker() as worker:
        await bench.until_settled(1)
        bench.clock.now += timedelta(seconds=30)
        worker.wake()
        await bench.until_settled(2)
    assert await bench.notified() == [11243]
