"""Messages of Python devices, both ways, with SIDs and in order."""

import asyncio
from collections.abc import Callable

import pytest

from midcall.client import Message, VoiceError
from midcall.model.messages import Direction, MessageState
from tests.integration.client.conftest import Connect, NewDevice, within
from tests.integration.gateway.inside import Inside
from tests.support.softphone import PATIENCE_SECONDS

Name = Callable[[str], str]


async def test_messages_from_the_server_arrive_in_order(connect: Connect, site: Inside) -> None:
    """Each arrives once, with its SID in the REST API, as the value that it stands for."""
    pair = await connect()
    contents = ['{"a": [1, null]}', '"text"', "7", "[]"]
    sids = [await site.send(pair.parent_sid, content) for content in contents]
    received = pair.parent.received()
    came = [await within(anext(received)) for _ in contents]
    assert [message.voice_event_sid for message in came] == sids
    assert [message.content for message in came] == [{"a": [1, None]}, "text", 7, []]
    assert {message.message_type for message in came} == {"user-defined-message"}
    assert {message.content_type for message in came} == {"application/json"}


async def test_a_message_is_delivered_when_its_listeners_have_returned(
    connect: Connect, site: Inside
) -> None:
    """A coroutine listener that is still at it holds back the receipt, and the next message."""
    pair = await connect()
    begun, may_end = asyncio.Event(), asyncio.Event()
    seen: list[str] = []

    async def listen(message: Message) -> None:
        seen.append(message.voice_event_sid)
        begun.set()
        await may_end.wait()

    pair.parent.on("message_received", listen)
    sids = [await site.send(pair.parent_sid, f'"{number}"') for number in range(2)]
    await within(begun.wait())
    # The ack of the device's own message comes on the same socket, far behind the heartbeat.
    await pair.parent.send_message("I am at it")
    assert seen == sids[:1]
    assert (await site.message(pair.parent_sid, sids[0])).state is MessageState.SENT
    may_end.set()
    for sid in sids:
        await site.reaches_state(pair.parent_sid, sid, MessageState.DELIVERED)
    assert seen == sids


async def test_a_listener_may_answer(connect: Connect, site: Inside) -> None:
    """Sending, and waiting for the ack, inside a listener holds up nothing."""
    pair = await connect()

    async def answer(message: Message) -> None:
        await pair.parent.send_message({"inReplyTo": message.voice_event_sid})

    pair.parent.on("message_received", answer)
    sid = await site.send(pair.parent_sid, '"question"')
    await site.reaches_state(pair.parent_sid, sid, MessageState.DELIVERED)
    (answer_kept,) = await site.keeps(pair.parent_sid, Direction.UPLINK)
    assert answer_kept.in_reply_to == sid


async def test_messages_to_the_server_arrive_in_order(connect: Connect, site: Inside) -> None:
    """What is sent and what is posted keeps its order; each ack is told with the message."""
    pair = await connect()
    sent: list[Message] = []
    pair.child.on("message_sent", sent.append)
    posted = [pair.child.post_message({"n": number}) for number in range(5)]
    last = await pair.child.send_message("last", content_type="text/plain")
    kept = await site.keeps(pair.child.call_sid or "", Direction.UPLINK)
    assert [one.sid for one in kept] == [*posted, last]
    assert (kept[0].content, kept[-1].content) == ('{"n":0}', "last")
    assert [message.voice_event_sid for message in sent] == [*posted, last]
    assert sent[0].content == {"n": 0}
    assert sent[-1].content_type == "text/plain"


async def test_a_message_may_be_sent_before_the_call_rings(
    device: NewDevice, name: Name, site: Inside
) -> None:
    """It waits for the CallSid, and is taken as the call's first."""
    alice, bob = device(name("alice")), device(name("bob"))
    await bob.register()
    call = await alice.connect({"To": name("bob")})
    assert call.status() == "connecting"
    first = call.post_message("first")
    second = await call.send_message("second")
    kept = await site.keeps(call.call_sid or "", Direction.UPLINK)
    assert [message.sid for message in kept] == [first, second]


async def test_what_came_before_anybody_listened_is_kept(connect: Connect, site: Inside) -> None:
    """Messages of a call without listeners are delivered, and wait for the first who listens."""
    pair = await connect()
    sids = [await site.send(pair.parent_sid, str(number)) for number in range(3)]
    for sid in sids:
        await site.reaches_state(pair.parent_sid, sid, MessageState.DELIVERED)
    first = await pair.parent.wait_for("message_received", PATIENCE_SECONDS)
    assert first.content == 0
    contents: list[int] = []
    heard = asyncio.Event()

    def listen(message: Message) -> None:
        contents.append(message.content)
        if len(contents) == 3:
            heard.set()

    pair.parent.on("message_received", listen)
    await site.send(pair.parent_sid, "3")
    await within(heard.wait())
    assert contents == [1, 2, 3]


async def test_iteration_ends_with_the_call(connect: Connect, site: Inside) -> None:
    """Whoever iterates gets what came before the end, and then the end."""
    pair = await connect()
    received = pair.child.received()
    await site.send(pair.child.call_sid or "", '"goodbye"')
    assert (await within(anext(received))).content == "goodbye"
    await pair.parent.disconnect()
    assert [message async for message in received] == []


@pytest.mark.parametrize(
    ("content", "kind", "code", "error"),
    [
        ("x" * 10_001, "user-defined-message", 31212, "PayloadSizeExceededError"),
        ("x" * 200_000, "user-defined-message", 31212, "PayloadSizeExceededError"),
        ("x", "no-such-type", 31210, "CallMessageEventTypeInvalidError"),
    ],
    ids=["too long", "too long for a frame", "of another type"],
)
async def test_a_refusal_is_raised_by_its_code(
    connect: Connect, content: str, kind: str, code: int, error: str
) -> None:
    """What the server does not take is raised, and told as ``error``; the call goes on."""
    pair = await connect()
    told: list[VoiceError] = []
    pair.parent.on("error", told.append)
    with pytest.raises(VoiceError) as refused:
        await pair.parent.send_message(content, message_type=kind)
    assert (refused.value.code, refused.value.name) == (code, error)
    assert refused.value in told
    await pair.parent.send_message("x" * 10_000)
    assert pair.parent.status() == "open"


async def test_who_sends_too_fast_is_told(connect: Connect) -> None:
    """Past the burst messages are refused with 31206, each for itself."""
    pair = await connect()
    results = await asyncio.gather(
        *(pair.parent.send_message(number) for number in range(150)), return_exceptions=True
    )
    refused = [one for one in results if isinstance(one, VoiceError)]
    assert {(one.code, one.name) for one in refused} == {(31206, "RateExceededError")}
    assert all(isinstance(one, str) for one in results[:100])


async def test_what_is_no_message_is_refused_at_once(connect: Connect) -> None:
    """Nothing, a type without a name, and what JSON does not have never leave the program."""
    call = (await connect()).parent
    with pytest.raises(ValueError, match="content"):
        await call.send_message(None)
    with pytest.raises(ValueError, match="message_type"):
        call.post_message(1, message_type="")
    with pytest.raises(TypeError):
        call.post_message(object())
    await call.disconnect()
    with pytest.raises(VoiceError) as refused:
        call.post_message("too late")
    assert refused.value.code == 31211
