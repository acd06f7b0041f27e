"""The whole server on a disk that is full: it says so, promises nothing, and goes on with room."""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.customer import Customer
from tests.support.site import Site
from tests.support.softphone import Softphone, new_message_sid

TOKEN = "I-Twilio-Idempotency-Token"


class Leg(NamedTuple):
    """A device and the leg that it holds."""

    phone: Softphone
    sid: str


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    """Give a customer's web server."""
    async with Customer() as customer:
        yield customer


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Give a server of its own to each test."""
    site = await asyncio.to_thread(Site(tmp_path).start)
    yield site
    assert await asyncio.to_thread(site.stop) == 0


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Give what ends with the test."""
    async with AsyncExitStack() as stack:
        yield stack


async def connect(
    site: Site, customer: Customer, stack: AsyncExitStack, caller: str, callee: str
) -> tuple[Leg, Leg]:
    """Put two devices in a call; return the caller's leg and the callee's."""
    application = await site.application(customer.dials(callee))
    alice, bob = site.phone(caller, application), site.phone(callee)
    for phone in (alice, bob):
        stack.push_async_callback(phone.leave)
        await phone.sign_in()
    await alice.invite()
    parent = (await alice.find("ringing"))["callsid"]
    await alice.find("answer")
    child = (await bob.find("invite"))["callsid"]
    await bob.accept(child)
    await site.reaches(child, "in-progress")
    return Leg(alice, parent), Leg(bob, child)


@contextmanager
def full(site: Site, limit: int) -> Iterator[None]:
    """Let no file of the server grow past ``limit`` bytes.

    The kernel answers with EFBIG where a full disk says ENOSPC: Python ignores the signal that goes
    with it. What is behind the limit already can be read, not written.
    """
    _, most = resource.prlimit(site.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(site.pid, resource.RLIMIT_FSIZE, (limit, most))
    try:
        yield
    finally:
        resource.prlimit(site.pid, resource.RLIMIT_FSIZE, (most, most))


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "logs", [pytest.param("elsewhere", marks=pytest.mark.long), "on the same disk"]
)
async def test_a_full_disk_costs_nothing_that_was_promised(
    site: Site, customer: Customer, stack: AsyncExitStack, logs: str
) -> None:
    """Creates are answered with 503, uplinks are refused; with room again the server goes on.

    The process is the same one. What was accepted before arrives, what was refused does not, and
    what happened meanwhile, a hangup, is carried out. So it is if the logs cannot be written
    either.
    """
    alice, _ = await connect(site, customer, stack, "alice", "bob")
    carol, dave = await connect(site, customer, stack, "carol", "dave")
    await site.subscribe(alice.sid, customer.url("/messages"))
    held = customer.hold("/messages")
    before = await alice.phone.message(alice.sid, "before")
    await alice.phone.expect("ack", voiceeventsid=before)
    await customer.arrived("/messages")
    process = site.pid

    log = site.directory / "midcall.db-wal"
    with full(site, log.stat().st_size if logs == "elsewhere" else 0):
        # This answer cannot be kept, so the callback comes again.
        held.set()
        await refuses_creates(site, alice.sid)
        refused = await refuses_uplinks(alice)
        await refuses_calls(site, stack)
        assert await site.status(dave.sid) == "in-progress"
        await dave.phone.hang_up(dave.sid)
        await dave.phone.nothing()
        # What concerns one call is decided in order: the hangup could not be kept before this.
        await refuses_creates(site, dave.sid)

    assert await site.send(alice.sid, '"after"') == await received(alice, "after")
    created = await site.rest(
        "POST",
        f"Calls/{alice.sid}/UserDefinedMessages",
        Content='"under a key"',
        IdempotencyKey="once",
    )
    assert created["sid"] == await received(alice, "under a key")
    await alice.phone.message(alice.sid, "refused at first", refused)
    await alice.phone.expect("ack", voiceeventsid=refused)
    await carol.phone.find("hangup")
    ended = await customer.status("completed")
    assert (ended["CallSid"], ended["ParentCallSid"]) == (dave.sid, carol.sid)
    await site.reaches(carol.sid, "completed")

    await callbacks(customer, [before, refused])
    await alice.phone.nothing()
    assert site.pid == process
    assert site.running


async def refuses_creates(site: Site, leg: str) -> None:
    """Ask for messages and a subscription: each is answered with 503 as Twilio words it."""
    messages = f"Calls/{leg}/UserDefinedMessages"
    for path, form in (
        (messages, {"Content": '"no room"'}),
        (messages, {"Content": '"under a key"', "IdempotencyKey": "once"}),
        (f"Calls/{leg}/UserDefinedMessageSubscriptions", {"Callback": "https://example.com/"}),
        ("Applications", {"FriendlyName": "no room"}),
    ):
        status, body = await site.try_rest("POST", path, **form)
        assert (status, body["code"], body["status"]) == (503, 20503, 503), path
        assert body.keys() == {"code", "message", "more_info", "status"}


async def refuses_uplinks(leg: Leg) -> str:
    """Send an uplink: it is refused and not acked; return its SID."""
    sid = await leg.phone.message(leg.sid, "refused at first", new_message_sid())
    refusal = await leg.phone.expect("error", voiceeventsid=sid)
    assert refusal["error"]["code"] == 20503
    return sid


async def refuses_calls(site: Site, stack: AsyncExitStack) -> None:
    """Place a call: the device is told that it cannot be."""
    listed = await site.rest("GET", "Applications")
    erin = site.phone("erin", listed["applications"][0]["sid"])
    stack.push_async_callback(erin.leave)
    await erin.connect()
    await erin.listen()
    name = await erin.invite()
    refusal = await erin.expect("hangup", callsid=name)
    assert refusal["error"]["code"] == 20503


async def received(leg: Leg, content: str) -> str:
    """Take the next message of a device, which must be this one; return its SID."""
    return str((await leg.phone.expect("message", content=content))["voiceeventsid"])


async def callbacks(customer: Customer, sids: list[str]) -> None:
    """Wait for the callbacks of messages, in their order; a repeat is the same one again."""
    came = list(await customer.arrived("/messages"))
    while came[-1].fields["Sid"] != sids[-1]:
        came = list(await customer.arrived("/messages", len(came) + 1))
    told = [(one.fields["Sid"], one.fields["SequenceNumber"], one.headers[TOKEN]) for one in came]
    kept = sorted(set(told), key=told.index)
    assert told == sorted(told, key=kept.index)
    assert [sid for sid, _, _ in kept] == sids
    assert [number for _, number, _ in kept] == [str(number) for number in range(len(sids))]
    assert len({token for _, _, token in kept}) == len(sids)
