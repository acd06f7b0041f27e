"""Subscriptions to the messages of one leg, and standing ones to those of an account."""

from collections.abc import Callable

from midcall.core.calls.rooms import Draft, Room
from midcall.core.limits import STANDING_SUBSCRIPTIONS, SUBSCRIPTIONS_PER_CALL
from midcall.core.messages.creating import Create, Decided, accepted
from midcall.core.messages.idempotency import check_key, check_repeat, fingerprint
from midcall.core.messages.means import Means
from midcall.core.ports import (
    AddAcceptedRequest,
    AddEntry,
    AddStandingSubscription,
    AddSubscription,
    Change,
    Narrowing,
    RemoveStandingSubscription,
    RemoveSubscription,
    Subscribing,
    TakeUplinks,
)
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import Fault, InvalidMethod, InvalidParameter, InvalidUrl, NotFound
from midcall.model.messages import AcceptedRequest, Created, StandingSubscription, Subscription
from midcall.model.sids import (
    SUBSCRIPTION,
    AccountSid,
    CallSid,
    SubscriptionSid,
    from_entropy,
)

SUBSCRIPTIONS = "UserDefinedMessageSubscriptions"

CheckUrl = Callable[[str], object]
"""Raises ``InvalidUrl`` for a URL that cannot be a callback."""


class Subscriptions:
    """Accepts and ends subscriptions."""

    def __init__(self, means: Means, check_url: CheckUrl) -> None:
        self._means = means
        self._check_url = check_url

    # --- of a leg

    async def subscribe(
        self, account: AccountSid, call: CallSid, subscribing: Subscribing, *, replay: bool
    ) -> Created:
        """Accept a subscription to the messages of a leg's device."""
        create = Create(
            account=account,
            call=call,
            resource=SUBSCRIPTIONS,
            key=check_key(subscribing.idempotency_key),
            # Without a replay it is the digest that servers before this parameter kept.
            fingerprint=fingerprint(
                subscribing.callback or "", subscribing.method or "", *(["replay"] * replay)
            ),
        )
        endpoint = self._check_endpoint(subscribing)

        async def decide(room: Room) -> Decided:
            others = await self._means.recall.subscriptions(room, call)
            if len(others) >= SUBSCRIPTIONS_PER_CALL:
                reason = f"a call has at most {SUBSCRIPTIONS_PER_CALL} subscriptions"
                raise InvalidParameter("Callback", reason)
            subscription = Subscription(
                sid=SubscriptionSid(from_entropy(SUBSCRIPTION, self._means.entropy(16))),
                account_sid=account,
                call_sid=call,
                callback=endpoint,
                created_at=self._means.rooms.clock(),
                replay=replay,
            )
            owed = await self._replayed(room, subscription) if replay else ()
            room.memory.subscriptions[call] = (*others, subscription)
            return Decided(
                created=Created(
                    account_sid=account,
                    call_sid=call,
                    sid=subscription.sid,
                    created_at=subscription.created_at,
                ),
                changes=(AddSubscription(subscription), *owed),
            )

        return await self._means.creates.create(create, decide)

    async def _replayed(self, room: Room, subscription: Subscription) -> tuple[Change, ...]:
        """Owe a new subscription what came before it, from the leg's first message on."""
        call, now = subscription.call_sid, subscription.created_at
        uplinks = await self._means.recall.uplinks(room, call)
        owed = (AddEntry(self._means.entries.owed(one, subscription, now)) for one in uplinks)
        return (TakeUplinks(call), *owed)

    async def unsubscribe(
        self, account: AccountSid, call: CallSid, subscription: SubscriptionSid
    ) -> None:
        """End a subscription. What it is owed already is still delivered."""
        found = await self._means.store.find_subscription(subscription)
        if found is None or (found.account_sid, found.call_sid) != (account, call):
            raise NotFound(_path(account, f"Calls/{call}/", subscription))
        removal = RemoveSubscription(subscription)

        async def work(room: Room) -> Draft:
            kept = await self._means.recall.subscriptions(room, call)
            room.memory.subscriptions[call] = tuple(
                other for other in kept if other.sid != subscription
            )
            return Draft(changes=(removal,))

        room = self._means.rooms.find(call)
        if room is None:
            await self._means.journal.commit([removal])
        else:
            await self._means.rooms.ask(room, work)

    # --- of an account

    async def stand(
        self, account: AccountSid, subscribing: Subscribing, narrowing: Narrowing
    ) -> StandingSubscription:
        """Accept a subscription to an account's messages; it is in force at once."""
        endpoint = self._check_endpoint(subscribing)
        create = Create(
            account=account,
            call=CallSid(""),
            resource=SUBSCRIPTIONS,
            key=check_key(subscribing.idempotency_key),
            fingerprint=fingerprint(
                endpoint.url,
                endpoint.method,
                narrowing.application_sid or "",
                narrowing.identity or "",
                narrowing.direction or "",
            ),
        )
        subscription = StandingSubscription(
            sid=SubscriptionSid(from_entropy(SUBSCRIPTION, self._means.entropy(16))),
            account_sid=account,
            callback=endpoint,
            created_at=self._means.rooms.clock(),
            application_sid=narrowing.application_sid,
            identity=narrowing.identity,
            direction=narrowing.direction,
        )
        first = await self._means.creates.first(create)
        if first is not None:
            return _repeated(first, create, subscription)
        if len(await self._means.standing.of(account)) >= STANDING_SUBSCRIPTIONS:
            reason = f"an account has at most {STANDING_SUBSCRIPTIONS} standing subscriptions"
            raise InvalidParameter("Callback", reason)
        return await self._add(create, subscription)

    async def _add(
        self, create: Create, subscription: StandingSubscription
    ) -> StandingSubscription:
        changes: list[Change] = [AddStandingSubscription(subscription)]
        if create.key is not None:
            created = Created(
                account_sid=create.account,
                call_sid=create.call,
                sid=subscription.sid,
                created_at=subscription.created_at,
            )
            changes.append(AddAcceptedRequest(accepted(create, create.key, created)))
        try:
            await self._means.journal.commit(changes)
        except Fault:
            # Perhaps an equal request was quicker.
            first = await self._means.creates.first(create)
            if first is None:
                raise
            return _repeated(first, create, subscription)
        self._means.standing.added(subscription)
        return subscription

    async def withdraw(self, account: AccountSid, subscription: SubscriptionSid) -> None:
        """End a standing subscription. What it is owed already is still delivered."""
        if subscription not in {one.sid for one in await self._means.standing.of(account)}:
            raise NotFound(_path(account, "", subscription))
        await self._means.journal.commit([RemoveStandingSubscription(subscription)])
        self._means.standing.removed(account, subscription)

    def _check_endpoint(self, subscribing: Subscribing) -> Endpoint:
        callback, method = subscribing.callback, subscribing.method
        if not callback:
            raise InvalidUrl("Callback", "", "it is required")
        self._check_url(callback)
        try:
            return Endpoint(callback, Method(method or Method.POST))
        except ValueError:
            raise InvalidMethod("Method", method or "") from None


def _repeated(
    first: AcceptedRequest, create: Create, asked: StandingSubscription
) -> StandingSubscription:
    """Return what was answered first: what is asked for now, under its own SID."""
    check_repeat(first, create.fingerprint)
    return StandingSubscription(
        sid=SubscriptionSid(first.sid),
        account_sid=asked.account_sid,
        callback=asked.callback,
        created_at=first.created_at,
        application_sid=asked.application_sid,
        identity=asked.identity,
        direction=asked.direction,
    )


def _path(account: AccountSid, between: str, sid: SubscriptionSid) -> str:
    return f"/2010-04-01/Accounts/{account}/{between}{SUBSCRIPTIONS}/{sid}.json"
