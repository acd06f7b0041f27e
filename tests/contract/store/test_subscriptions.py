"""Subscriptions, standing or of a leg, and what was answered under a key, in every store."""

import pytest

from midcall.core.ports import (
    AddAcceptedRequest,
    AddBroadcast,
    AddMessage,
    AddStandingSubscription,
    AddSubscription,
    RemoveStandingSubscription,
    RemoveSubscription,
    Store,
)
from midcall.model.errors import Fault
from midcall.model.messages import Direction
from midcall.model.sids import ApplicationSid
from tests.contract.store.records import (
    ACCOUNT,
    CALL,
    OTHER_ACCOUNT,
    OTHER_CALL,
    accepted_request,
    broadcast,
    message,
    message_sid,
    standing_subscription,
    subscription,
)


async def test_subscriptions_are_a_legs_oldest_first(store: Store) -> None:
    """A leg's subscriptions come in the order in which they were made."""
    made = [subscription(n) for n in (3, 1, 2)]
    await store.commit([AddSubscription(one) for one in made])
    await store.commit([AddSubscription(subscription(9, of=OTHER_CALL))])
    assert await store.subscriptions(CALL) == made
    assert await store.find_subscription(made[0].sid) == made[0]


async def test_a_removed_subscription_is_gone(store: Store) -> None:
    """A subscription stands until it is removed; removing it twice is no error."""
    first, second = subscription(1), subscription(2)
    await store.commit([AddSubscription(first), AddSubscription(second)])
    await store.commit([RemoveSubscription(first.sid), RemoveSubscription(first.sid)])
    assert await store.subscriptions(CALL) == [second]
    assert await store.find_subscription(first.sid) is None


async def test_an_accepted_request_is_found_by_its_whole_key(store: Store) -> None:
    """An idempotency key counts for one account, call and resource."""
    request = accepted_request()
    await store.commit([AddAcceptedRequest(request)])
    resource = request.resource
    assert await store.find_accepted_request(ACCOUNT, CALL, resource, "key") == request
    assert await store.find_accepted_request(OTHER_ACCOUNT, CALL, resource, "key") is None
    assert await store.find_accepted_request(ACCOUNT, OTHER_CALL, resource, "key") is None
    assert await store.find_accepted_request(ACCOUNT, CALL, "Others", "key") is None
    assert await store.find_accepted_request(ACCOUNT, CALL, resource, "Key") is None


async def test_a_second_answer_under_one_key_is_refused(store: Store) -> None:
    """The first answer under an idempotency key stands; the second fails its whole commit."""
    first = accepted_request(fingerprint="one")
    await store.commit([AddAcceptedRequest(first)])
    with pytest.raises(Fault):
        await store.commit(
            [AddMessage(message(0)), AddAcceptedRequest(accepted_request(fingerprint="two"))]
        )
    assert await store.find_accepted_request(ACCOUNT, CALL, first.resource, "key") == first
    assert await store.find_message(CALL, message_sid(0)) is None


async def test_a_subscription_remembers_whether_it_began_with_what_was_before_it(
    store: Store,
) -> None:
    """Replay is an attribute of the subscription, off unless it was asked for."""
    plain, replayed = subscription(1), subscription(2, replay=True)
    await store.commit([AddSubscription(plain), AddSubscription(replayed)])
    assert await store.subscriptions(CALL) == [plain, replayed]


async def test_standing_subscriptions_are_an_accounts_oldest_first(store: Store) -> None:
    """They come in the order in which they were made, whatever they are narrowed to."""
    made = [
        standing_subscription(3),
        standing_subscription(1, application_sid=ApplicationSid("AP" + "0" * 32)),
        standing_subscription(2, identity="alïce", direction=Direction.DOWNLINK),
        standing_subscription(4, direction=None),
    ]
    foreign = standing_subscription(9, owner=OTHER_ACCOUNT)
    await store.commit([AddStandingSubscription(one) for one in (*made, foreign)])
    assert await store.standing_subscriptions(ACCOUNT) == made
    assert await store.standing_subscriptions(OTHER_ACCOUNT) == [foreign]
    # It belongs to no leg.
    assert await store.subscriptions(CALL) == []


async def test_a_removed_standing_subscription_is_gone(store: Store) -> None:
    """It stands until it is removed; removing it twice is no error."""
    first, second = standing_subscription(1), standing_subscription(2)
    await store.commit([AddStandingSubscription(first), AddStandingSubscription(second)])
    await store.commit([RemoveStandingSubscription(first.sid)] * 2)
    assert await store.standing_subscriptions(ACCOUNT) == [second]


async def test_a_broadcast_is_found_by_its_account_and_key(store: Store) -> None:
    """The legs come back in the order in which the message went to them."""
    ours, theirs = broadcast(), broadcast(owner=OTHER_ACCOUNT)
    await store.commit([AddBroadcast(ours), AddBroadcast(theirs)])
    assert await store.find_broadcast(ACCOUNT, "key") == ours
    assert await store.find_broadcast(OTHER_ACCOUNT, "key") == theirs
    assert await store.find_broadcast(ACCOUNT, "Key") is None


async def test_a_second_broadcast_under_one_key_is_refused(store: Store) -> None:
    """The first stands, and the second fails its whole commit with a conflict."""
    await store.commit([AddBroadcast(broadcast())])
    with pytest.raises(Fault) as refusal:
        await store.commit([AddMessage(message(0)), AddBroadcast(broadcast(age=-1))])
    assert (refusal.value.code, refusal.value.http_status) == (20409, 409)
    assert await store.find_broadcast(ACCOUNT, "key") == broadcast()
    assert await store.find_message(CALL, message_sid(0)) is None
