"""Server to SDK: one message for several legs, with a result for each."""

import asyncio

import pytest

from midcall.core.messages.settings import MessageSettings
from midcall.core.ports import Audience, LegResult, Legs, Sending
from midcall.model.errors import (
    CallNotActive,
    Fault,
    IdempotencyConflict,
    InvalidContent,
    InvalidParameter,
    NobodyThere,
    NotFound,
    TooManyWaiting,
)
from midcall.model.messages import Direction
from midcall.model.sids import AccountSid, CallSid
from midcall.store.sqlite import SqliteStore
from tests.integration.core.node import OURS, THEIRS, Node, ann, outcome

ALICE = "<Response><Dial><Client>bob</Client></Dial></Response>"


async def _tell(
    node: Node,
    audience: Audience,
    content: str = "{}",
    key: str | None = None,
    account: AccountSid = OURS,
) -> tuple[LegResult, ...]:
    sending = Sending(content=content, idempotency_key=key)
    return await node.messages.broadcast(account, audience, sending)


async def _count(node: Node, call: CallSid) -> int:
    return await node.store.next_position(call, Direction.DOWNLINK)


@pytest.mark.parametrize("legs", Legs)
async def test_a_parent_names_the_legs_of_its_call(node: Node, legs: Legs) -> None:
    """All of them, itself, or those that it dialled; each result names the leg's own message."""
    parent, child = await node.talk()
    results = await _tell(node, Audience(parent=parent, legs=legs))
    wanted = {Legs.ALL: [parent, child], Legs.PARENT: [parent], Legs.CHILDREN: [child]}[legs]
    assert [result.call_sid for result in results] == wanted
    for result in results:
        assert result.created is not None
        (message,) = await node.store.downlinks(result.call_sid, after=-1, limit=10)
        assert message.sid == result.created.sid
    assert len({result.created.sid for result in results if result.created}) == len(wanted)


async def test_an_identity_is_told_on_every_leg_that_it_holds(node: Node) -> None:
    """Whichever call that is in, and on no other leg."""
    parent, child = await node.talk()
    second, _ = await node.talk()
    results = await _tell(node, Audience(identity="ann"))
    assert {result.call_sid for result in results} == {parent, second}
    assert await _count(node, child) == 0


async def test_legs_that_have_ended_are_not_told(node: Node) -> None:
    """Only the active ones are there."""
    parent, child = await node.talk()
    node.calls.hang_up(ann(), parent)
    await node.quiet()
    assert isinstance(await outcome(_tell(node, Audience(identity="ann"))), NobodyThere)
    assert isinstance(await outcome(_tell(node, Audience(parent=parent))), CallNotActive)
    assert await _count(node, child) == 0


async def test_nobody_is_there(node: Node) -> None:
    """An identity without a call, a call without children, another account's."""
    sid = await node.place("<Response><Pause length='60'/></Response>")
    for audience in (Audience(identity="carol"), Audience(parent=sid, legs=Legs.CHILDREN)):
        assert isinstance(await outcome(_tell(node, audience)), NobodyThere)
    ann_s = Audience(identity="ann")
    assert isinstance(await outcome(_tell(node, ann_s, account=THEIRS)), NobodyThere)
    for account, call in ((THEIRS, sid), (OURS, CallSid("CA" + "f" * 32))):
        refused = await outcome(_tell(node, Audience(parent=call), account=account))
        assert isinstance(refused, NotFound)


async def test_a_child_is_no_parent(node: Node) -> None:
    """The refusal names the parent."""
    parent, child = await node.talk()
    refused = await outcome(_tell(node, Audience(parent=child)))
    assert isinstance(refused, InvalidParameter)
    assert parent in str(refused)


async def test_content_that_cannot_be_is_refused_once(node: Node) -> None:
    """Not on every leg."""
    parent, _ = await node.talk()
    refused = await outcome(_tell(node, Audience(parent=parent), content="{"))
    assert isinstance(refused, InvalidContent)


async def test_a_leg_that_cannot_take_it_keeps_it_from_no_other(store: SqliteStore) -> None:
    """Its result is its own fault."""
    node = Node(store, settings=MessageSettings(waiting_downlinks=1))
    parent, child = await node.talk()
    await node.send(OURS, parent, "1", None)
    first, second = await _tell(node, Audience(parent=parent))
    assert (first.call_sid, second.call_sid) == (parent, child)
    assert isinstance(first.fault, TooManyWaiting)
    assert second.created is not None
    await node.close()


async def test_a_repeat_goes_to_the_same_legs_and_gives_the_same_answers(node: Node) -> None:
    """Even when there are other legs by then."""
    parent, _ = await node.talk()
    first = await _tell(node, Audience(identity="ann"), key="k")
    second, _ = await node.talk()
    assert await _tell(node, Audience(identity="ann"), key="k") == first
    assert (await _count(node, parent), await _count(node, second)) == (1, 0)


async def test_equal_requests_at_once_are_one(node: Node) -> None:
    """However many there are."""
    parent, child = await node.talk()
    every = await asyncio.gather(
        *(_tell(node, Audience(parent=parent), key="k") for _ in range(20))
    )
    assert len(set(map(repr, every))) == 1
    assert (await _count(node, parent), await _count(node, child)) == (1, 1)


async def test_one_key_for_two_requests_is_a_conflict(node: Node) -> None:
    """Another content, another audience."""
    parent, _ = await node.talk()
    await _tell(node, Audience(parent=parent), key="k")
    for audience, content in (
        (Audience(parent=parent), "1"),
        (Audience(parent=parent, legs=Legs.PARENT), "{}"),
        (Audience(identity="ann"), "{}"),
    ):
        refused: Fault | object = await outcome(_tell(node, audience, content, key="k"))
        assert isinstance(refused, IdempotencyConflict)


async def test_what_was_broken_off_is_done_by_the_repeat(node: Node, store: SqliteStore) -> None:
    """A server that ended between two legs: the first is told once, the second as well."""
    parent, child = await node.talk()
    journal = node.journal
    told = 0
    commit = journal.commit

    async def break_off(changes: object) -> None:
        nonlocal told
        told += 1
        if told > 2:  # the legs that were agreed on, and the first of them
            raise OSError
        await commit(changes)  # type: ignore[arg-type]  # whatever it is, it is passed on

    journal.commit = break_off  # type: ignore[method-assign]  # a disk that fails from here on
    await _tell(node, Audience(parent=parent), key="k")
    journal.commit = commit  # type: ignore[method-assign]  # and is there again
    assert (await _count(node, parent), await _count(node, child)) == (1, 0)
    results = await _tell(node, Audience(parent=parent), key="k")
    assert all(result.created for result in results)
    assert (await _count(node, parent), await _count(node, child)) == (1, 1)


async def test_a_key_of_a_leg_is_none_of_a_broadcast(node: Node) -> None:
    """The two are different requests."""
    parent, _ = await node.talk()
    await node.send(OURS, parent, "{}", "k")
    await _tell(node, Audience(parent=parent), key="k")
    assert await _count(node, parent) == 2
