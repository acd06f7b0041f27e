"""Questions about who is told of messages, and about requests that were answered before."""

from typing import Final

from midcall.model.messages import (
    AcceptedRequest,
    Broadcast,
    StandingSubscription,
    Subscription,
)
from midcall.model.sids import AccountSid, CallSid, SubscriptionSid
from midcall.store import rows, schema
from midcall.store.reading.asking import Asking
from midcall.store.reading.queries import Query, bind, of

_subscriptions = schema.subscriptions.c
SUBSCRIPTION: Final = of(rows.SUBSCRIPTION, _subscriptions.sid == bind("sid"))
SUBSCRIPTIONS: Final = Query(
    of(rows.SUBSCRIPTION, _subscriptions.call_sid == bind("call")).select.order_by(
        _subscriptions.id
    ),
    rows.SUBSCRIPTION.record,
)
_standing = schema.standing_subscriptions.c
STANDING_SUBSCRIPTIONS: Final = Query(
    of(rows.STANDING_SUBSCRIPTION, _standing.account_sid == bind("account")).select.order_by(
        _standing.id
    ),
    rows.STANDING_SUBSCRIPTION.record,
)
_broadcasts = schema.broadcasts.c
BROADCAST: Final = of(
    rows.BROADCAST, _broadcasts.account_sid == bind("account"), _broadcasts.key == bind("key")
)
_requests = schema.accepted_requests.c
ACCEPTED_REQUEST: Final = of(
    rows.ACCEPTED_REQUEST,
    _requests.account_sid == bind("account"),
    _requests.call_sid == bind("call"),
    _requests.resource == bind("resource"),
    _requests.key == bind("key"),
)


class SubscriptionReading(Asking):
    """Subscriptions, standing or of a leg, and what was answered under a key."""

    async def subscriptions(self, call: CallSid) -> list[Subscription]:
        """Return a leg's subscriptions, oldest first."""
        return await self._list(SUBSCRIPTIONS, call=call)

    async def find_subscription(self, sid: SubscriptionSid) -> Subscription | None:
        """Find a subscription of any account."""
        return await self._find(SUBSCRIPTION, sid=sid)

    async def standing_subscriptions(self, account: AccountSid) -> list[StandingSubscription]:
        """Return an account's standing subscriptions, oldest first."""
        return await self._list(STANDING_SUBSCRIPTIONS, account=account)

    async def find_broadcast(self, account: AccountSid, key: str) -> Broadcast | None:
        """Find to which legs a message went that was sent to several under a key."""
        return await self._find(BROADCAST, account=account, key=key)

    async def find_accepted_request(
        self, account: AccountSid, call: CallSid, resource: str, key: str
    ) -> AcceptedRequest | None:
        """Find what was answered under an idempotency key."""
        return await self._find(
            ACCEPTED_REQUEST, account=account, call=call, resource=resource, key=key
        )
