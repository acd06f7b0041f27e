"""Everything that is kept, and the one way to write it.

A *get* must find and raises ``LookupError``; a *find* may return ``None``. Lists are newest first,
unless they say otherwise; ``offset`` and ``limit`` cut a page.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from midcall.core.ports.changes import (
    Change,
)
from midcall.core.ports.seeing import Happening, RecentRequests
from midcall.model.accounts import Account, AccountStatus, ApiKey, Application
from midcall.model.calls import Call, CallStatus
from midcall.model.exchanges import Exchange
from midcall.model.families import Family
from midcall.model.messages import (
    AcceptedRequest,
    Broadcast,
    Direction,
    MessageEvent,
    MessageState,
    StandingSubscription,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.notifications import Level, Notification
from midcall.model.numbers import PhoneNumber
from midcall.model.outbox import Attempt, Entry, EntryKind, EntryState
from midcall.model.sids import (
    AccountSid,
    ApplicationSid,
    CallSid,
    KeySid,
    MessageSid,
    NotificationSid,
    PhoneNumberSid,
    SubscriptionSid,
)


class CallFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of calls is narrowed to; ``None`` narrows nothing.

    A call starts when it is made. ``…_from`` is included, ``…_before`` is not.
    """

    to_address: str | None = None
    from_address: str | None = None
    parent_call_sid: CallSid | None = None
    status: CallStatus | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None
    ended_from: datetime | None = None
    ended_before: datetime | None = None


class AccountFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of accounts is narrowed to: ``within`` is an account and those it owns."""

    within: AccountSid | None = None
    friendly_name: str | None = None
    status: AccountStatus | None = None


class NumberFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of phone numbers is narrowed to."""

    number: str | None = None
    friendly_name: str | None = None


class NotificationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of notifications is narrowed to."""

    call_sid: CallSid | None = None
    level: Level | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of user-defined messages is narrowed to.

    ``search`` is a text that the content has in it somewhere, in capitals or not as far as ASCII
    goes. It is looked for in the newest messages only, however many there are.
    """

    call_sid: CallSid | None = None
    direction: Direction | None = None
    state: MessageState | None = None
    search: str | None = None


class EntryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of outbox entries is narrowed to.

    ``subscription_sid`` is the subscription that an entry is owed to, standing or not.
    """

    state: EntryState | None = None
    kind: EntryKind | None = None
    call_sid: CallSid | None = None
    message_sid: MessageSid | None = None
    subscription_sid: SubscriptionSid | None = None


class Store(Protocol):
    """Everything that is kept. Lists are newest first; ``offset`` and ``limit`` cut a page."""

    async def commit(self, changes: Sequence[Change]) -> None:
        """Write the changes in one transaction; they are durable when this returns."""
        ...

    async def find_account(self, sid: AccountSid) -> Account | None:
        """Find an account."""
        ...

    async def list_accounts(
        self, filters: AccountFilter, *, offset: int, limit: int
    ) -> list[Account]:
        """List the accounts."""
        ...

    async def find_api_key(self, sid: KeySid) -> ApiKey | None:
        """Find an API key of any account."""
        ...

    async def list_api_keys(self, account: AccountSid, *, offset: int, limit: int) -> list[ApiKey]:
        """List an account's API keys."""
        ...

    async def find_application(self, sid: ApplicationSid) -> Application | None:
        """Find an application of any account."""
        ...

    async def list_applications(
        self, account: AccountSid, *, friendly_name: str | None, offset: int, limit: int
    ) -> list[Application]:
        """List an account's applications, of one name if ``friendly_name`` is given."""
        ...

    async def find_call(self, sid: CallSid) -> Call | None:
        """Find a call of any account, over or not."""
        ...

    async def list_calls(
        self, account: AccountSid, filters: CallFilter, *, offset: int, limit: int
    ) -> list[Call]:
        """List an account's calls."""
        ...

    async def live_families(self) -> list[Family]:
        """Return every family that is not over."""
        ...

    async def find_message(self, call: CallSid, sid: MessageSid) -> UserDefinedMessage | None:
        """Find a user-defined message of a call leg."""
        ...

    async def next_position(self, call: CallSid, direction: Direction) -> int:
        """Return the position that the next message of this leg and direction takes."""
        ...

    async def downlinks(self, call: CallSid, *, after: int, limit: int) -> list[UserDefinedMessage]:
        """Return the downlinks of a leg from position ``after`` + 1 on that are not expired."""
        ...

    async def first_pending_downlink(self, call: CallSid) -> int | None:
        """Return the position of a leg's first downlink that is not settled."""
        ...

    async def waiting_downlinks(self, call: CallSid) -> int:
        """Count a leg's downlinks that are not settled."""
        ...

    async def uplinks(self, call: CallSid) -> list[UserDefinedMessage]:
        """Return the uplinks of a leg that are not expired, in their order."""
        ...

    async def find_reply(self, call: CallSid, sid: MessageSid) -> UserDefinedMessage | None:
        """Find the first uplink of a leg that says it answers a downlink."""
        ...

    async def list_messages(
        self, account: AccountSid, filters: MessageFilter, *, offset: int, limit: int
    ) -> list[UserDefinedMessage]:
        """List an account's user-defined messages."""
        ...

    async def legs_with_overdue(self, created_before: datetime, *, limit: int) -> list[CallSid]:
        """Return legs with a downlink that waits, unsent, since before a time."""
        ...

    async def message_events(
        self, account: AccountSid, call: CallSid | None, *, after: int, limit: int
    ) -> list[MessageEvent]:
        """Return an account's message events, or a call's, from the one behind ``after`` on."""
        ...

    async def last_message_event(self) -> int:
        """Return the id of the last message event of any account; 0 if there was none."""
        ...

    async def standing_subscriptions(self, account: AccountSid) -> list[StandingSubscription]:
        """Return an account's standing subscriptions, oldest first."""
        ...

    async def find_broadcast(self, account: AccountSid, key: str) -> Broadcast | None:
        """Find to which legs a message went that was sent to several under a key."""
        ...

    async def subscriptions(self, call: CallSid) -> list[Subscription]:
        """Return a leg's subscriptions, oldest first."""
        ...

    async def find_subscription(self, sid: SubscriptionSid) -> Subscription | None:
        """Find a subscription of any account."""
        ...

    async def find_accepted_request(
        self, account: AccountSid, call: CallSid, resource: str, key: str
    ) -> AcceptedRequest | None:
        """Find what was answered under an idempotency key."""
        ...

    async def due_entries(self, now: datetime, *, busy: frozenset[str], limit: int) -> list[Entry]:
        """Return the first pending entry of each lane outside ``busy``, where it is due."""
        ...

    async def next_due_at(self, *, busy: frozenset[str]) -> datetime | None:
        """Return when the next first-of-its-lane entry outside ``busy`` is due, if there is one."""
        ...

    async def open_entries(self, message: MessageSid, call: CallSid) -> int:
        """Count the pending entries that carry a message."""
        ...

    async def dead_entries(self, message: MessageSid, call: CallSid) -> int:
        """Count the dead entries that carry a message, not counting receipts."""
        ...

    async def find_entry(self, account: AccountSid, token: str) -> Entry | None:
        """Find an entry of an account by its token."""
        ...

    async def list_entries(
        self, account: AccountSid, filters: EntryFilter, *, offset: int, limit: int
    ) -> list[Entry]:
        """List an account's entries."""
        ...

    async def calls_ended(self, before: datetime, *, limit: int) -> list[CallSid]:
        """Return calls that were over before a time, the oldest first."""
        ...

    async def calls_with_content(self, ended_before: datetime, *, limit: int) -> list[CallSid]:
        """Return calls that were over before a time and still have what was said in them."""
        ...

    async def attempts(self, lane: str, position: int) -> list[Attempt]:
        """Return the attempts on an entry, oldest first."""
        ...

    async def find_notification(self, sid: NotificationSid) -> Notification | None:
        """Find a notification of any account."""
        ...

    async def list_notifications(
        self, account: AccountSid, filters: NotificationFilter, *, offset: int, limit: int
    ) -> list[Notification]:
        """List an account's notifications."""
        ...

    async def find_phone_number(self, sid: PhoneNumberSid) -> PhoneNumber | None:
        """Find a phone number of any account."""
        ...

    async def find_number(self, number: str) -> PhoneNumber | None:
        """Find who owns a number in E.164."""
        ...

    async def list_phone_numbers(
        self, account: AccountSid, filters: NumberFilter, *, offset: int, limit: int
    ) -> list[PhoneNumber]:
        """List an account's phone numbers."""
        ...

    async def list_exchanges(self, call: CallSid, *, offset: int, limit: int) -> list[Exchange]:
        """List the exchanges of a call, oldest first."""
        ...

    async def timeline(self, call: CallSid, *, offset: int, limit: int) -> list[Happening]:
        """List everything that happened to a call, oldest first."""
        ...

    async def recent_requests(self, account: AccountSid, since: datetime) -> RecentRequests:
        """Return what there was since a time with the servers that an account's calls ask."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of everything."""
        ...


class Journal(Protocol):
    """The one way to write: what many decisions change goes into one transaction."""

    async def commit(self, changes: Sequence[Change]) -> None:
        """Return when the changes are durable; raise if they are not and never will be."""
        ...
