"""Standing subscriptions: told of the messages of every call of an account, from the first on."""

import asyncio
from typing import Any

import pytest

from midcall.core.limits import STANDING_SUBSCRIPTIONS
from midcall.core.ports import EntryFilter, Narrowing, Subscribing
from midcall.model.errors import (
    Fault,
    IdempotencyConflict,
    InvalidMethod,
    InvalidParameter,
    InvalidUrl,
    NotFound,
)
from midcall.model.messages import Direction, MessageState, StandingSubscription
from midcall.model.outbox import Entry
from midcall.model.sids import AccountSid, ApplicationSid, MessageSid, SubscriptionSid
from midcall.store.sqlite import SqliteStore
from tests.integration.core.node import OURS, THEIRS, Node, ann, bob, outcome, uplink

HOOK = "https://example.com/standing"
KX = MessageSid(f"KX{1:032x}")


async def _stand(
    node: Node,
    *,
    account: AccountSid = OURS,
    callback: str | None = HOOK,
    method: str | None = None,
    key: str | None = None,
    **narrowing: Any,
) -> StandingSubscription:
    subscribing = Subscribing(callback=callback, method=method, idempotency_key=key)
    return await node.messages.stand(account, subscribing, Narrowing(**narrowing))


async def _owed(node: Node) -> list[Entry]:
    entries = await node.store.list_entries(OURS, EntryFilter(), offset=0, limit=1000)
    return sorted(entries, key=lambda one: (one.lane, one.position))


async def test_it_is_told_of_the_first_message_of_a_call(node: Node) -> None:
    """Though nobody knew the call before; the callback says whose it is and which way it went."""
    standing = await _stand(node)
    parent, _ = await node.talk()
    await node.messages.receive(ann(), uplink(parent, 1, content="1"))
    (entry,) = await _owed(node)
    assert entry.lane == f"{standing.sid}/{parent}"
    assert entry.message_sid == KX
    assert entry.parameters == {
        "AccountSid": OURS,
        "CallSid": parent,
        "Content": "1",
        "ContentType": "application/json",
        "Direction": "uplink",
        "SequenceNumber": "0",
        "Sid": KX,
        "SubscriptionSid": standing.sid,
    }
    message = await node.store.find_message(parent, KX)
    assert message is not None
    assert message.state is MessageState.ACCEPTED


async def test_each_leg_has_a_lane_of_its_own(node: Node) -> None:
    """A slow answer to one call's messages holds up no other call."""
    await _stand(node)
    parent, child = await node.talk()
    for number in (1, 2):
        await node.messages.receive(ann(), uplink(parent, number))
        await node.messages.receive(bob(), uplink(child, number))
    owed = await _owed(node)
    assert len({entry.lane for entry in owed}) == 2
    assert [entry.position for entry in owed] == [0, 1, 0, 1]


async def test_it_is_in_force_for_calls_that_are_under_way(node: Node) -> None:
    """From its answer on, beside the leg's own subscriptions."""
    parent, _ = await node.talk()
    own = await node.subscribe(OURS, parent, "https://example.com/own", None, None)
    await node.messages.receive(ann(), uplink(parent, 1))
    standing = await _stand(node)
    await node.messages.receive(ann(), uplink(parent, 2))
    lanes = [entry.lane for entry in await _owed(node)]
    assert sorted(lanes) == sorted([own.sid, own.sid, f"{standing.sid}/{parent}"])


async def test_it_is_told_of_nothing_once_it_is_withdrawn(node: Node) -> None:
    """What it was owed before stays owed."""
    standing = await _stand(node)
    parent, _ = await node.talk()
    await node.messages.receive(ann(), uplink(parent, 1))
    await node.messages.withdraw(OURS, standing.sid)
    await node.messages.receive(ann(), uplink(parent, 2))
    assert [entry.position for entry in await _owed(node)] == [0]
    assert await node.store.standing_subscriptions(OURS) == []
    assert isinstance(await outcome(node.messages.withdraw(OURS, standing.sid)), NotFound)


async def test_another_account_s_is_not_there(node: Node) -> None:
    """It is told of nothing of ours, and cannot be withdrawn by us."""
    theirs = await _stand(node, account=THEIRS)
    parent, _ = await node.talk()
    await node.messages.receive(ann(), uplink(parent))
    assert await _owed(node) == []
    assert isinstance(await outcome(node.messages.withdraw(OURS, theirs.sid)), NotFound)
    unknown = SubscriptionSid("ZY" + "f" * 32)
    assert isinstance(await outcome(node.messages.withdraw(OURS, unknown)), NotFound)


async def test_it_is_narrowed_to_an_identity(node: Node) -> None:
    """The legs that this user's devices hold."""
    standing = await _stand(node, identity="bob")
    parent, child = await node.talk()
    await node.messages.receive(ann(), uplink(parent))
    await node.messages.receive(bob(), uplink(child))
    assert [entry.lane for entry in await _owed(node)] == [f"{standing.sid}/{child}"]


async def test_it_is_narrowed_to_an_application(node: Node) -> None:
    """The calls that came through it, with the legs that they dialled."""
    parent, child = await node.talk()
    ours = (await node.call(parent)).application_sid
    standing = await _stand(node, application_sid=ours)
    await _stand(node, application_sid=ApplicationSid("AP" + "f" * 32))
    await node.messages.receive(ann(), uplink(parent))
    await node.messages.receive(bob(), uplink(child))
    lanes = {entry.lane for entry in await _owed(node)}
    assert lanes == {f"{standing.sid}/{parent}", f"{standing.sid}/{child}"}


@pytest.mark.parametrize("direction", [Direction.DOWNLINK, None])
async def test_it_may_be_told_of_what_the_server_sends(
    node: Node, direction: Direction | None
) -> None:
    """Copies in a lane of their own: they say nothing of whether the message arrived."""
    standing = await _stand(node, direction=direction)
    parent, _ = await node.talk()
    created = await node.send(OURS, parent, "7", None)
    (entry,) = await _owed(node)
    assert entry.lane == f"{standing.sid}/{parent}/downlinks"
    assert entry.message_sid is None
    assert entry.parameters["Sid"] == created.sid
    assert entry.parameters["Direction"] == "downlink"
    await node.messages.receive(ann(), uplink(parent))
    assert len(await _owed(node)) == (2 if direction is None else 1)


async def test_it_survives_a_restart(node: Node, store: SqliteStore) -> None:
    """A 201 is durable."""
    standing = await _stand(node, identity="ann")
    await node.close()
    again = Node(store)
    parent, _ = await again.talk()
    await again.messages.receive(ann(), uplink(parent))
    assert [entry.lane for entry in await _owed(again)] == [f"{standing.sid}/{parent}"]
    await again.close()


async def test_equal_requests_at_once_make_one(node: Node) -> None:
    """All get its answer, and so does one after it, even when it was withdrawn meanwhile."""
    made = await asyncio.gather(*(_stand(node, key="k", identity="ann") for _ in range(20)))
    assert len({one.sid for one in made}) == 1
    assert len(await node.store.standing_subscriptions(OURS)) == 1
    await node.messages.withdraw(OURS, made[0].sid)
    assert await _stand(node, key="k", identity="ann") == made[0]
    assert await node.store.standing_subscriptions(OURS) == []


async def test_one_key_for_two_requests_is_a_conflict(node: Node) -> None:
    """Whatever it is that differs."""
    await _stand(node, key="k")
    for other in (
        {"callback": f"{HOOK}/2"},
        {"method": "GET"},
        {"identity": "ann"},
        {"direction": None},
        {"application_sid": ApplicationSid("AP" + "1" * 32)},
    ):
        assert isinstance(await outcome(_stand(node, key="k", **other)), IdempotencyConflict)


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"callback": None}, InvalidUrl),
        ({"callback": "ftp://example.com"}, InvalidUrl),
        ({"method": "PUT"}, InvalidMethod),
        ({"key": "k" * 257}, InvalidParameter),
    ],
)
async def test_what_cannot_be_is_refused(
    node: Node, asked: dict[str, Any], fault: type[Fault]
) -> None:
    """In the words of a subscription to a call."""
    assert isinstance(await outcome(_stand(node, **asked)), fault)
    assert await node.store.standing_subscriptions(OURS) == []


async def test_an_account_has_so_many_and_no_more(node: Node) -> None:
    """Each owes a request for every message of the account."""
    for _ in range(STANDING_SUBSCRIPTIONS):
        await _stand(node)
    assert isinstance(await outcome(_stand(node)), InvalidParameter)
    assert isinstance(await _stand(node, account=THEIRS), StandingSubscription)
