"""User-defined messages: what the REST API and the devices ask, decided in the call's room.

Both directions keep the same promise: whoever asks hears yes only after the commit, and what was
accepted has a position in its leg's order.
"""

from midcall.core.messages.content import IsJson
from midcall.core.messages.downlinks import Downlinks
from midcall.core.messages.means import Means
from midcall.core.messages.subscriptions import CheckUrl, Subscriptions
from midcall.core.messages.uplinks import FindReplied, Uplink, Uplinks
from midcall.core.ports import (
    Audience,
    LegResult,
    Narrowing,
    Peer,
    Sending,
    Subscribing,
)
from midcall.model.messages import Created, StandingSubscription, UserDefinedMessage
from midcall.model.sids import AccountSid, CallSid, SubscriptionSid

__all__ = ["MessageService", "Uplink"]


class MessageService:
    """Accepts messages and subscriptions; fulfils the ``Messaging`` port."""

    def __init__(
        self, means: Means, *, is_json: IsJson, find_replied: FindReplied, check_url: CheckUrl
    ) -> None:
        self._downlinks = Downlinks(means, is_json)
        self._uplinks = Uplinks(means, find_replied)
        self._subscriptions = Subscriptions(means, check_url)

    async def send(self, account: AccountSid, call: CallSid, sending: Sending) -> Created:
        """Accept a message for the device of a leg, durably."""
        return await self._downlinks.send(account, call, sending)

    async def reply_to(self, sent: Created, seconds: float) -> UserDefinedMessage:
        """Wait for the device's answer to a message; raise ``NoReply`` if none came in time."""
        return await self._downlinks.reply_to(sent, seconds)

    async def broadcast(
        self, account: AccountSid, audience: Audience, sending: Sending
    ) -> tuple[LegResult, ...]:
        """Accept a message for several legs, each for itself."""
        return await self._downlinks.broadcast(account, audience, sending)

    async def receive(self, peer: Peer, uplink: Uplink) -> None:
        """Accept a message from a device, durably; the same SID again changes nothing."""
        await self._uplinks.receive(peer, uplink)

    async def subscribe(
        self, account: AccountSid, call: CallSid, subscribing: Subscribing, *, replay: bool
    ) -> Created:
        """Accept a subscription, durably; with ``replay`` it begins with what came before it."""
        return await self._subscriptions.subscribe(account, call, subscribing, replay=replay)

    async def unsubscribe(
        self, account: AccountSid, call: CallSid, subscription: SubscriptionSid
    ) -> None:
        """End a subscription. What it is owed already is still delivered."""
        await self._subscriptions.unsubscribe(account, call, subscription)

    async def stand(
        self, account: AccountSid, subscribing: Subscribing, narrowing: Narrowing
    ) -> StandingSubscription:
        """Accept a subscription to an account's messages, durably; it is in force at once."""
        return await self._subscriptions.stand(account, subscribing, narrowing)

    async def withdraw(self, account: AccountSid, subscription: SubscriptionSid) -> None:
        """End a standing subscription. What it is owed already is still delivered."""
        await self._subscriptions.withdraw(account, subscription)
