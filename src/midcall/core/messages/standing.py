"""The standing subscriptions of each account, in memory: every message asks for them.

What is here is what the store has, from the moment at which a change of it has been committed.
"""

from midcall.core.ports import Store
from midcall.model.messages import StandingSubscription
from midcall.model.sids import AccountSid, SubscriptionSid


class Standing:
    """The standing subscriptions of the accounts that were asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[AccountSid, tuple[StandingSubscription, ...]] = {}
        self._changes = 0

    async def of(self, account: AccountSid) -> tuple[StandingSubscription, ...]:
        """Return an account's standing subscriptions, oldest first."""
        while (known := self._known.get(account)) is None:
            changes = self._changes
            found = tuple(await self._store.standing_subscriptions(account))
            if changes == self._changes:
                # Otherwise what was read may be older than what was committed meanwhile.
                self._known[account] = found
        return known

    def added(self, subscription: StandingSubscription) -> None:
        """Note one that was committed."""
        self._changes += 1
        known = self._known.get(subscription.account_sid)
        if known is not None:
            self._known[subscription.account_sid] = (*known, subscription)

    def removed(self, account: AccountSid, sid: SubscriptionSid) -> None:
        """Note that one is gone."""
        self._changes += 1
        known = self._known.get(account)
        if known is not None:
            self._known[account] = tuple(one for one in known if one.sid != sid)
