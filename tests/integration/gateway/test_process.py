"""The server as a process: how it ends, how it is killed, and how it goes on after that."""

import asyncio
import json
import signal

from midcall.gateway import closing
from tests.integration.gateway.conftest import Connect, NewPhone, Pair
from tests.support.customer import Customer
from tests.support.site import Site
from tests.support.softphone import Closed, Frame


async def start(site: Site) -> None:
    """Start a server while everything here goes on."""
    await asyncio.to_thread(site.start)


async def stop(site: Site, how: signal.Signals) -> int:
    """End a server while everything here goes on; return its exit code."""
    return await asyncio.to_thread(site.stop, how)


async def come_back(pair: Pair) -> None:
    """Bring both devices back to their call, as the SDK does it."""
    for phone, call, reconnect in (
        (pair.alice, pair.parent, pair.alice_reconnect),
        (pair.bob, pair.child, pair.bob_reconnect),
    ):
        await phone.sign_in()
        await phone.reattach(call, reconnect)
        answer = await phone.expect("answer", callsid=call)
        assert answer["reconnect"] == reconnect


async def test_a_server_that_is_asked_to_stop_sends_its_devices_away(
    own_site: Site, phone: NewPhone, connect: Connect, customer: Customer
) -> None:
    """On SIGTERM what was taken is answered, and every device is told when to come back.

    The call goes on in the next server, which also delivers what the first one acknowledged.
    """
    await start(own_site)
    pair = await connect(own_site)
    stranger = await phone(None, at=own_site).connect()
    held = customer.hold("/messages")
    await own_site.subscribe(pair.parent, customer.url("/messages"))
    sids = [await pair.alice.message(pair.parent, number) for number in range(50)]
    acks = [(await pair.alice.expect("ack"))["voiceeventsid"]]
    stopping = asyncio.create_task(stop(own_site, signal.SIGTERM))
    for device in (pair.alice, pair.bob):
        while isinstance(came := await device.next(), Frame):
            match came:
                case Frame("ack", payload):
                    acks.append(payload["voiceeventsid"])
                case Frame("error", {"error": advice}):
                    assert advice["code"] == 20503
                    assert advice["retryAfter"] > 0
                case _:
                    raise AssertionError(came)
        assert came == Closed(*closing.DRAINING)
    assert (await stranger.ended()).code == closing.DRAINING.code
    held.set()
    assert await stopping == 0
    assert acks == sids[: len(acks)]

    await start(own_site)
    await come_back(pair)
    assert await own_site.status(pair.parent) == "in-progress"
    await pair.alice.message(pair.parent, "here again")
    await pair.alice.expect("ack")
    delivered = dict.fromkeys(
        one.fields["Sid"] for one in await customer.arrived("/messages", len(acks) + 1)
    )
    assert list(delivered)[: len(acks)] == acks


async def test_a_killed_server_has_lost_nothing(
    own_site: Site, connect: Connect, customer: Customer, phone: NewPhone
) -> None:
    """After ``kill -9`` the call, what was held and what was acknowledged are all there.

    The device comes back with its token. The downlink without a receipt and the one that was only
    accepted arrive, the one with a receipt does not. The acknowledged uplink is delivered under
    the same token as the attempt that the kill cut off. A call that rang rings no more.
    """
    await start(own_site)
    pair = await connect(own_site)
    received = await own_site.send(pair.parent, '"received"')
    await pair.alice.expect("message", voiceeventsid=received)
    await settled(pair)
    pair.alice.echoes = False
    unreceipted = await own_site.send(pair.parent, '"no receipt"')
    await pair.alice.expect("message", voiceeventsid=unreceipted)
    accepted = await own_site.send(pair.parent, '"accepted"')
    held = customer.hold("/messages")
    await own_site.subscribe(pair.parent, customer.url("/messages"))
    uplinks = [await pair.alice.message(pair.parent, number) for number in range(3)]
    for sid in uplinks:
        await pair.alice.expect("ack", voiceeventsid=sid)
    (cut_off,) = await customer.arrived("/messages")
    application = await own_site.application(customer.dials("dora", 'answerOnBridge="true"'))
    dora = await phone("dora", at=own_site).sign_in()
    carol = await phone("carol", application, at=own_site).sign_in()
    await carol.invite()
    rang = (await dora.expect("invite"))["callsid"]

    assert await stop(own_site, signal.SIGKILL) == -signal.SIGKILL
    held.set()
    pair.alice.echoes = True
    await start(own_site)

    delivered = await customer.arrived("/messages", 4)
    assert [one.fields["Sid"] for one in delivered] == [uplinks[0], *uplinks]
    token = "I-Twilio-Idempotency-Token"
    assert delivered[1].headers[token] == cut_off.headers[token]
    assert len({one.headers[token] for one in delivered[1:]}) == 3

    await come_back(pair)
    await pair.alice.expect("message", voiceeventsid=unreceipted, content="no receipt")
    await pair.alice.expect("message", voiceeventsid=accepted, content="accepted")
    await pair.alice.nothing()
    assert await own_site.status(pair.child) == "in-progress"
    await pair.alice.hang_up(pair.parent)
    await pair.bob.expect("hangup", callsid=pair.child)

    # Which of the two it is depends on which leg is ended first.
    ended = await customer.status("canceled", "no-answer")
    assert ended["CallSid"] == rang
    assert await own_site.status(ended["ParentCallSid"]) in {"no-answer", "canceled"}


async def settled(pair: Pair) -> None:
    """Make sure that the receipts of alice's messages have been kept.

    What is decided later is committed later: a receipt has been committed when a message that was
    sent behind its echo has its ack.
    """
    await pair.alice.nothing()
    await pair.alice.message(pair.parent, "have it")
    await pair.alice.expect("ack")


async def test_no_secret_and_no_content_is_logged(
    own_site: Site, connect: Connect, customer: Customer, phone: NewPhone
) -> None:
    """Not even at the lowest level: no token, no key, no message, no session description."""
    own_site.environment["MIDCALL_LOG_LEVEL"] = "debug"
    own_site.environment["MIDCALL_LOG_FORMAT"] = "text"
    await start(own_site)
    before = len(own_site.output)
    pair = await connect(own_site)
    await own_site.subscribe(pair.parent, customer.url("/messages"))
    await own_site.send(pair.parent, '"confidential downlink"')
    await pair.alice.expect("message")
    await pair.alice.message(pair.parent, "confidential uplink")
    await pair.alice.expect("ack")
    await customer.arrived("/messages")
    await pair.alice.message(pair.parent, "confidential" * 1000)
    await pair.alice.expect("error")
    await pair.alice.say('{"type":"message","payload":{"content":"confidential malformed"}}')
    await pair.alice.expect("error")
    forged = await phone("alice", at=own_site).connect()
    forged.token = own_site.credentials.token("alice", secret="0" * 32)
    await forged.send("listen", token=forged.token)
    await forged.ended()
    await pair.alice.hang_up(pair.parent)
    await pair.bob.expect("hangup")
    assert await stop(own_site, signal.SIGINT) == 0
    logged = own_site.output[before:]
    ours = own_site.credentials
    for secret in (
        "confidential",
        forged.token,
        pair.alice.token,
        pair.alice.token.rpartition(".")[2],
        ours.auth_token,
        ours.key_secret,
        pair.alice_reconnect,
        pair.bob_reconnect,
        "v=0",
    ):
        assert secret not in logged
    assert "A token was refused" in logged


async def test_logs_can_be_read_by_programs(site: Site, phone: NewPhone) -> None:
    """With ``LOG_FORMAT=json`` every line after the welcome is a JSON object with a sentence."""
    device = await phone("alice").sign_in()
    await device.say("garbage")
    await device.expect("error")
    logged = site.output.partition("Ctrl+C stops the server.\n")[2]
    lines = [json.loads(line) for line in logged.splitlines()]
    assert lines
    assert all(isinstance(line["event"], str) and line["level"] for line in lines)
