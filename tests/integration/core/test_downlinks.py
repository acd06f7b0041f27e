"""Server to SDK: which messages are accepted, in which order, and what a repeat is answered."""

import asyncio

import pytest

from midcall.core.messages.downlinks import MESSAGES
from midcall.model.errors import (
    CallNotActive,
    ContentTooLong,
    Fault,
    IdempotencyConflict,
    InvalidContent,
    InvalidParameter,
    NotFound,
)
from midcall.model.messages import Created, Direction, MessageState
from midcall.model.sids import CallSid, MessageSid, is_sid
from tests.integration.core.node import DIAL_BOB, HOLD, OURS, THEIRS, Node, ann, bob, outcome

UNKNOWN = CallSid("CA" + "f" * 32)


async def test_an_accepted_message_is_kept_and_relayed(node: Node) -> None:
    """The answer names it; its content is kept to the letter; its leg's devices are woken."""
    parent, _ = await node.talk()
    node.phones.relayed.clear()
    created = await node.send(OURS, parent, ' {"a": 1} ', None)
    assert is_sid("KX", created.sid)
    assert (created.account_sid, created.call_sid) == (OURS, parent)
    assert created.created_at == node.runtime.now
    (message,) = await node.store.downlinks(parent, after=-1, limit=10)
    assert (message.sid, message.content) == (created.sid, ' {"a": 1} ')
    assert message.direction is Direction.DOWNLINK
    assert message.state is MessageState.ACCEPTED
    await node.quiet()
    assert node.phones.relayed == [parent]


async def test_messages_have_positions_of_their_leg_and_direction(node: Node) -> None:
    """Each leg counts for itself, from 0, in the order of acceptance."""
    parent, child = await node.talk()
    for leg in (parent, child, parent, parent, child):
        await node.send(OURS, leg, "{}", None)
    for leg, count in ((parent, 3), (child, 2)):
        kept = await node.store.downlinks(leg, after=-1, limit=10)
        assert [message.position for message in kept] == list(range(count))


async def test_concurrent_messages_are_all_kept_in_one_order(node: Node) -> None:
    """Two hundred at once take two hundred positions, without a gap."""
    parent, _ = await node.talk()
    created = await asyncio.gather(
        *(node.send(OURS, parent, str(number), None) for number in range(200))
    )
    kept = await node.store.downlinks(parent, after=-1, limit=1000)
    assert [message.position for message in kept] == list(range(200))
    assert [message.sid for message in kept] == [one.sid for one in created]
    assert [message.content for message in kept] == [str(number) for number in range(200)]


# --- which calls take messages ------------------------------------------------------------------


async def test_a_ringing_call_takes_messages(node: Node) -> None:
    """Ringing is active, for the caller who waits as for the callee who is called."""
    node.phones.register("bob", "bob 1")
    parent = await node.place(DIAL_BOB.replace("<Dial>", '<Dial answerOnBridge="true">'))
    for leg in (parent, node.child(parent)):
        await node.send(OURS, leg, "{}", None)
    assert (await node.call(parent)).status.value == "ringing"


async def test_a_call_whose_device_is_not_told_yet_takes_none(node: Node) -> None:
    """While it is queued nobody could receive anything: 21220."""
    node.phones.register("bob", "bob 1")
    with node.media.gate.held():
        parent = await node.place()
        child = node.child(parent)
        refused = await outcome(node.send(OURS, child, "{}", None))
    assert isinstance(refused, CallNotActive)
    assert refused.status.value == "queued"


async def test_an_ended_call_takes_none(node: Node) -> None:
    """21220 with its status: in a live family, and after everything of it is over."""
    node.phones.register("bob", "bob 1")
    parent = await node.place(DIAL_BOB.replace("</Dial>", "</Dial><Pause length='3600'/>"))
    child = node.child(parent)
    node.calls.reject(bob(), child)
    await node.quiet()
    refused = await outcome(node.send(OURS, child, "{}", None))
    assert isinstance(refused, CallNotActive)
    assert (refused.call_sid, refused.status.value) == (child, "busy")
    node.calls.hang_up(ann(), parent)
    await node.quiet()
    for leg, status in ((child, "busy"), (parent, "completed")):
        refused = await outcome(node.send(OURS, leg, "{}", None))
        assert isinstance(refused, CallNotActive)
        assert refused.status.value == status
        assert not await node.store.downlinks(leg, after=-1, limit=10)


async def test_an_unknown_call_and_another_accounts_look_the_same(node: Node) -> None:
    """20404 with the path that was asked, live or over."""
    parent, _ = await node.talk()
    for live in (True, False):
        for account, call in ((THEIRS, parent), (OURS, UNKNOWN)):
            refused = await outcome(node.send(account, call, "{}", None))
            assert isinstance(refused, NotFound)
            assert refused.path == f"/2010-04-01/Accounts/{account}/Calls/{call}/{MESSAGES}.json"
        if live:
            node.calls.hang_up(ann(), parent)
            await node.quiet()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, InvalidContent),
        ("", InvalidContent),
        ("{", InvalidContent),
        (f'"{"x" * 9_999}"', ContentTooLong),
    ],
)
async def test_bad_content_is_refused(node: Node, content: str | None, fault: type[Fault]) -> None:
    """32702 and 32703; nothing is kept, and no key is used up."""
    parent, _ = await node.talk()
    assert isinstance(await outcome(node.send(OURS, parent, content, "k")), fault)
    await node.send(OURS, parent, "{}", "k")


async def test_a_call_that_ends_expires_what_was_not_delivered(node: Node) -> None:
    """Also what was accepted in the very moment of the end, if it came first."""
    parent, _ = await node.talk()
    created = await node.send(OURS, parent, "{}", None)
    with node.disk.gate.held():
        node.calls.lost(ann().session, (parent,), 30)  # keeps the room busy
        await node.disk.gate.reached()
        last = asyncio.create_task(outcome(node.send(OURS, parent, "{}", None)))
        await asyncio.sleep(0)
        node.calls.hang_up(ann(), parent)
    assert isinstance(await last, Created)
    await node.quiet()
    for sid in (created.sid, (await last).sid):
        message = await node.store.find_message(parent, MessageSid(sid))
        assert message is not None
        assert message.state is MessageState.EXPIRED


# --- idempotency --------------------------------------------------------------------------------


async def test_a_repeat_gets_the_first_answer(node: Node) -> None:
    """Same key, same parameters: the same message, however much later."""
    parent, _ = await node.talk()
    first = await node.send(OURS, parent, "{}", "k")
    await node.wait(60)
    assert await node.send(OURS, parent, "{}", "k") == first
    assert len(await node.store.downlinks(parent, after=-1, limit=10)) == 1


async def test_the_same_key_with_other_parameters_is_a_conflict(node: Node) -> None:
    """20409, and nothing is kept."""
    parent, _ = await node.talk()
    await node.send(OURS, parent, "{}", "k")
    for content in ("{} ", "[]"):
        refused = await outcome(node.send(OURS, parent, content, "k"))
        assert isinstance(refused, IdempotencyConflict)
    assert len(await node.store.downlinks(parent, after=-1, limit=10)) == 1


async def test_many_equal_creates_at_once_are_one(node: Node) -> None:
    """One message, one relay, and the same answer to everybody."""
    parent, _ = await node.talk()
    node.phones.relayed.clear()
    answers = await asyncio.gather(*(node.send(OURS, parent, "{}", "k") for _ in range(50)))
    assert len({answer.sid for answer in answers}) == 1
    assert answers == [answers[0]] * 50
    (kept,) = await node.store.downlinks(parent, after=-1, limit=10)
    assert kept.position == 0
    await node.quiet()
    assert node.phones.relayed == [parent]
    assert not node.disk.failures, "the store had to tell"


async def test_a_conflict_in_the_same_moment_is_seen(node: Node) -> None:
    """Whoever came first counts, though neither was kept yet when the second was decided."""
    parent, _ = await node.talk()
    outcomes = await asyncio.gather(
        *(outcome(node.send(OURS, parent, content, "k")) for content in ("1", "2", "1"))
    )
    assert outcomes[0] == outcomes[2]
    assert isinstance(outcomes[1], IdempotencyConflict)


async def test_a_repeat_is_answered_after_the_end_of_the_call(node: Node) -> None:
    """What was accepted stays accepted; a new request is refused all the same."""
    parent, child = await node.talk()
    first = await node.send(OURS, child, "{}", "k")
    node.calls.hang_up(ann(), parent)
    await node.quiet()
    assert await node.send(OURS, child, "{}", "k") == first
    refused = await outcome(node.send(OURS, child, "[]", "k"))
    assert isinstance(refused, IdempotencyConflict)
    assert isinstance(await outcome(node.send(OURS, child, "{}", "another")), CallNotActive)
    assert isinstance(await outcome(node.send(THEIRS, child, "{}", "k")), NotFound)


async def test_a_key_counts_for_its_call_and_resource(node: Node) -> None:
    """The same key elsewhere is another one."""
    parent, child = await node.talk()
    sids = {
        (await node.send(OURS, parent, "{}", "k")).sid,
        (await node.send(OURS, child, "{}", "k")).sid,
        (await node.subscribe(OURS, parent, "https://example.com/", None, "k")).sid,
    }
    assert len(sids) == 3


async def test_without_a_key_everything_is_new(node: Node) -> None:
    """Two equal messages are two messages; an empty key is none."""
    parent, _ = await node.talk()
    created = [await node.send(OURS, parent, "{}", key) for key in (None, None, "", "")]
    assert len({one.sid for one in created}) == 4


async def test_a_key_that_is_too_long_is_refused(node: Node) -> None:
    """20001, before anything else is looked at."""
    parent, _ = await node.talk()
    refused = await outcome(node.send(OURS, parent, "{}", "k" * 257))
    assert isinstance(refused, InvalidParameter)


async def test_a_repeat_survives_a_restart(node: Node) -> None:
    """The answer is in the store, not in the room."""
    sid = await node.place(HOLD)
    first = await node.send(OURS, sid, "{}", "k")
    again = Node(node.store)
    again.entropy.drawn = 10_000
    await again.calls.restore()
    await again.quiet()
    assert await again.send(OURS, sid, "{}", "k") == first
    second = await again.send(OURS, sid, "{}", "another")
    kept = await again.store.downlinks(sid, after=-1, limit=10)
    assert [(message.sid, message.position) for message in kept] == [
        (first.sid, 0),
        (second.sid, 1),
    ]
    await again.close()
