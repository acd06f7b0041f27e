"""User-defined messages between a device and a customer's server, both ways."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.gateway.conftest import Connect, NewPhone
from tests.support.customer import Customer
from tests.support.site import Site
from tests.support.softphone import new_message_sid, write, write_message

Name = Callable[[str], str]


# --- SDK to server


async def test_a_message_is_acknowledged_and_delivered(
    site: Site, connect: Connect, customer: Customer
) -> None:
    """The ack comes under the names that the device used; the callback has what it said."""
    pair = await connect()
    await site.subscribe(pair.parent, customer.url("/messages"))
    sid = await pair.alice.message(pair.parent, {"text": "Grüße", "numbers": [1, 2.5]})
    assert await pair.alice.expect("ack") == {
        "acktype": "message",
        "callsid": pair.parent,
        "voiceeventsid": sid,
    }
    (came,) = await customer.arrived("/messages")
    assert json.loads(came.fields["Content"]) == {"text": "Grüße", "numbers": [1, 2.5]}
    assert came.fields["Sid"] == sid
    assert came.fields["CallSid"] == pair.parent
    assert came.fields["ContentType"] == "application/json"


async def test_each_leg_has_messages_of_its_own(
    site: Site, connect: Connect, customer: Customer
) -> None:
    """What the callee says goes to those who subscribed to its leg, not to the caller's."""
    pair = await connect()
    await site.subscribe(pair.parent, customer.url("/alice"))
    await site.subscribe(pair.child, customer.url("/bob"))
    await pair.bob.message(pair.child, "from bob")
    await pair.alice.message(pair.parent, "from alice")
    for path, content in (("/alice", "from alice"), ("/bob", "from bob")):
        (came,) = await customer.arrived(path)
        assert came.fields["Content"] == content


async def test_a_burst_keeps_its_order(site: Site, connect: Connect, customer: Customer) -> None:
    """A hundred messages at once are acknowledged and delivered in the order of their sending."""
    pair = await connect()
    await site.subscribe(pair.parent, customer.url("/messages"))
    sids = [await pair.alice.message(pair.parent, number) for number in range(100)]
    acks = [(await pair.alice.expect("ack"))["voiceeventsid"] for _ in sids]
    assert acks == sids
    came = await customer.arrived("/messages", 100)
    assert [one.fields["Content"] for one in came] == [str(number) for number in range(100)]
    assert [one.fields["SequenceNumber"] for one in came] == [str(n) for n in range(100)]


async def test_past_the_rate_messages_are_refused_one_by_one(connect: Connect) -> None:
    """Whatever is past the burst is refused with 31206, and each message gets one answer."""
    pair = await connect()
    sids = [await pair.alice.message(pair.parent, number) for number in range(800)]
    answered: dict[str, str] = {}
    codes = set()
    for _ in sids:
        type, payload = await pair.alice.next()
        assert isinstance(payload, dict)
        answered[payload["voiceeventsid"]] = str(type)
        if type == "error":
            codes.add(payload["error"]["code"])
    assert set(answered) == set(sids)
    assert [answered[sid] for sid in sids[:100]] == ["ack"] * 100
    assert codes == {31206}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"messagetype": "call-progress-event"}, 31210),
        ({"content": "x" * 10_001}, 31212),
        ({"content": {"text": "x" * 10_000}}, 31212),
        ({"voiceeventsid": "KX1"}, 31100),
        ({"callsid": "CA" + "0" * 32}, 31404),
    ],
)
async def test_a_message_that_cannot_be_taken_is_refused(
    connect: Connect, change: dict[str, Any], code: int
) -> None:
    """The error has the documented code and the names that the device used, and no ack follows."""
    pair = await connect()
    payload = {
        "callsid": pair.parent,
        "content": 1,
        "contenttype": "application/json",
        "messagetype": "user-defined-message",
        "voiceeventsid": new_message_sid(),
    } | change
    await pair.alice.say(write("message", **payload))
    refused = await pair.alice.expect(
        "error", callsid=payload["callsid"], voiceeventsid=payload["voiceeventsid"]
    )
    assert refused["error"]["code"] == code
    await pair.alice.nothing()


async def test_any_content_type_is_taken(site: Site, connect: Connect, customer: Customer) -> None:
    """The original does not check the content type either; the callback shows it."""
    pair = await connect()
    await site.subscribe(pair.parent, customer.url("/messages"))
    await pair.alice.send(
        "message",
        callsid=pair.parent,
        content="x",
        contenttype="no type at all",
        messagetype="user-defined-message",
        voiceeventsid=new_message_sid(),
    )
    await pair.alice.expect("ack")
    (came,) = await customer.arrived("/messages")
    assert came.fields["ContentType"] == "no type at all"


async def test_the_same_message_twice_is_one_message(
    site: Site, connect: Connect, customer: Customer
) -> None:
    """A repeat under the same SID is acknowledged again and delivered once."""
    pair = await connect()
    await site.subscribe(pair.parent, customer.url("/messages"))
    sid = await pair.alice.message(pair.parent, "once")
    await pair.alice.message(pair.parent, "once", sid)
    await pair.alice.message(pair.parent, "last")
    for _ in range(3):
        await pair.alice.expect("ack")
    came = await customer.arrived("/messages", 2)
    assert [one.fields["Content"] for one in came] == ["once", "last"]


async def test_the_last_word_before_a_hangup_is_taken(
    site: Site, connect: Connect, customer: Customer
) -> None:
    """A message right in front of the hangup, in one piece of TCP with it, is not overtaken."""
    pair = await connect()
    await site.subscribe(pair.parent, customer.url("/messages"))
    sid = new_message_sid()
    pair.alice.say_at_once(
        write_message(pair.parent, "good-bye", sid), write("hangup", callsid=pair.parent)
    )
    await pair.alice.expect("ack", voiceeventsid=sid)
    (came,) = await customer.arrived("/messages")
    assert came.fields["Content"] == "good-bye"
    await pair.bob.expect("hangup")


async def test_the_last_words_before_a_lost_socket_are_taken(
    site: Site, connect: Connect, customer: Customer
) -> None:
    """What arrived before the socket's end is taken, though no ack can be written any more."""
    pair = await connect()
    await site.subscribe(pair.parent, customer.url("/messages"))
    pair.alice.say_at_once(
        *(write_message(pair.parent, number, new_message_sid()) for number in range(50)),
        leaving=True,
    )
    came = await customer.arrived("/messages", 50)
    assert [one.fields["Content"] for one in came] == [str(number) for number in range(50)]


# --- server to SDK


async def test_a_downlink_arrives_as_a_value(site: Site, connect: Connect) -> None:
    """The SDK gets the REST ``sid`` as ``voiceeventsid`` and the content as an object."""
    pair = await connect()
    sid = await site.send(pair.child, '{"text": "Grüße", "n": [1]}')
    assert await pair.bob.expect("message") == {
        "callsid": pair.child,
        "content": {"text": "Grüße", "n": [1]},
        "contenttype": "application/json",
        "messagetype": "user-defined-message",
        "voiceeventsid": sid,
    }
    await pair.alice.nothing()


async def test_a_burst_of_downlinks_keeps_its_order(site: Site, connect: Connect) -> None:
    """Hundreds of messages arrive once each, in the order in which they were accepted."""
    pair = await connect()
    pair.alice.echoes = False
    sids = []
    for number in range(20):
        sids += [await site.send(pair.parent, str(number))]
    sids += await asyncio.gather(*(site.send(pair.parent, "0") for _ in range(200)))
    assert pair.alice.unanswered
    pair.alice.echoes = True
    while pair.alice.unanswered:
        await pair.alice.echo()
    came = [await pair.alice.expect("message") for _ in sids]
    assert [one["voiceeventsid"] for one in came][:20] == sids[:20]
    assert [one["content"] for one in came][:20] == list(range(20))
    assert sorted(one["voiceeventsid"] for one in came) == sorted(sids)
    await pair.alice.nothing()


async def test_a_device_that_does_not_answer_gets_one_batch(site: Site, connect: Connect) -> None:
    """Without receipts the server holds the rest back."""
    pair = await connect()
    pair.alice.echoes = False
    await site.send(pair.parent, '"first"')
    await pair.alice.expect("message")
    for _ in range(3):
        await site.send(pair.parent, '"held"')
    await pair.alice.nothing()
    pair.alice.echoes = True
    while pair.alice.unanswered:
        await pair.alice.echo()
    for _ in range(3):
        await pair.alice.expect("message", content="held")


async def test_a_message_for_a_leg_that_rings_reaches_every_device(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """While a leg rings, each device of its identity gets its messages, behind the invite."""
    application = await site.application(customer.dials(name("bob")))
    alice = await phone(name("alice"), application).sign_in()
    devices = [await phone(name("bob")).sign_in() for _ in range(2)]
    await alice.invite()
    (child,) = {(await device.expect("invite"))["callsid"] for device in devices}
    await customer.status("ringing")
    sid = await site.send(child, '"who is it?"')
    for device in devices:
        await device.expect("message", voiceeventsid=sid, callsid=child)


async def test_a_message_never_comes_before_the_device_knows_its_call(
    site: Site, customer: Customer, phone: NewPhone, name: Name
) -> None:
    """A server that writes as soon as it hears of a call is heard: ``ringing`` goes first.

    The SDK drops messages for a CallSid that it has not been told.
    """
    held = customer.hold(f"/voice/{name('bob')}")
    application = await site.application(customer.dials(name("bob")))
    alice = await phone(name("alice"), application).sign_in()
    await alice.invite()
    parent = (await customer.arrived(f"/voice/{name('bob')}"))[0].fields["CallSid"]
    sid = await site.send(parent, '"hello, caller"')
    held.set()
    await alice.expect("ringing", callsid=parent)
    await alice.expect("message", voiceeventsid=sid)
    await alice.expect("answer", callsid=parent)


async def test_messages_to_a_call_that_is_over_are_refused(site: Site, connect: Connect) -> None:
    """After the end neither side can send: 400 with 21220 here, 31404 there."""
    pair = await connect()
    await pair.bob.hang_up(pair.child)
    await pair.alice.expect("hangup")
    status, body = await site.try_rest(
        "POST", f"Calls/{pair.parent}/UserDefinedMessages", Content="1"
    )
    assert (status, body["code"]) == (400, 21220)
    await pair.alice.message(pair.parent, 1)
    assert (await pair.alice.expect("error"))["error"]["code"] in {31404, 31211}
