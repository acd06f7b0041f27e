"""What the REST API asks about user-defined messages."""

from enum import StrEnum
from typing import Protocol

import msgspec

from midcall.core.ports.store import EntryFilter
from midcall.model.endpoints import Endpoint
from midcall.model.errors import Fault
from midcall.model.messages import (
    Created,
    Direction,
    StandingSubscription,
    UserDefinedMessage,
)
from midcall.model.outbox import Entry
from midcall.model.sids import (
    AccountSid,
    ApplicationSid,
    CallSid,
    SubscriptionSid,
)


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says, and what is asked for beside it.

    The same ``idempotency_key`` gives the same message again. ``status_callback`` is told how it
    came out.
    """

    content: str | None
    idempotency_key: str | None = None
    status_callback: Endpoint | None = None


class Subscribing(msgspec.Struct, frozen=True, kw_only=True):
    """Where to tell of messages. ``method`` is as it was given."""

    callback: str | None
    method: str | None = None
    idempotency_key: str | None = None


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """What a standing subscription is narrowed to."""

    application_sid: ApplicationSid | None = None
    identity: str | None = None
    direction: Direction | None = Direction.UPLINK


class Legs(StrEnum):
    """Which legs of a family a message goes to."""

    ALL = "all"
    PARENT = "parent"
    CHILDREN = "children"


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """Who a message goes to: every active leg of an identity, or legs of a parent's family."""

    identity: str | None = None
    parent: CallSid | None = None
    legs: Legs = Legs.ALL


class LegResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a message on one leg: ``created``, or the fault that it was refused with."""

    call_sid: CallSid
    created: Created | None = None
    fault: Fault | None = None


class Messaging(Protocol):
    """What the REST API asks of the calls that are under way."""

    async def send(self, account: AccountSid, call: CallSid, sending: Sending) -> Created:
        """Accept a message for a device, durably."""
        ...

    async def reply_to(self, sent: Created, seconds: float) -> UserDefinedMessage:
        """Wait for the device's answer to a message.

        Raises ``NoReply`` if none came in time.
        """
        ...

    async def broadcast(
        self, account: AccountSid, audience: Audience, sending: Sending
    ) -> tuple[LegResult, ...]:
        """Accept a message for several legs, each for itself.

        Raises ``NobodyThere`` if there is no such leg, ``InvalidParameter`` if the parent is none.
        """
        ...

    async def subscribe(
        self, account: AccountSid, call: CallSid, subscribing: Subscribing, *, replay: bool
    ) -> Created:
        """Accept a subscription, durably; with ``replay`` it begins with what came before it."""
        ...

    async def unsubscribe(
        self, account: AccountSid, call: CallSid, subscription: SubscriptionSid
    ) -> None:
        """End a subscription; raise ``NotFound`` if the call has none of that SID."""
        ...

    async def stand(
        self, account: AccountSid, subscribing: Subscribing, narrowing: Narrowing
    ) -> StandingSubscription:
        """Accept a subscription to an account's messages, durably; it is in force at once."""
        ...

    async def withdraw(self, account: AccountSid, subscription: SubscriptionSid) -> None:
        """End a standing subscription; raise ``NotFound`` if the account has none of that SID."""
        ...


class Redriving(Protocol):
    """What the REST API does with what was given up."""

    async def redrive(self, account: AccountSid, token: str) -> Entry:
        """Send a dead entry again; return it as it is now.

        Raises ``NotFound``, and ``NotDead`` for one that was not given up.
        """
        ...

    async def redrive_all(self, account: AccountSid, filters: EntryFilter) -> int:
        """Send every dead entry again that the filters leave; return how many."""
        ...


class Feed(Protocol):
    """Tells when there may be something new."""

    rang: bool
    """Whether the last wait ended because there may be."""

    async def wait(self, seconds: float) -> bool:
        """Return when something was committed since the last call, or after ``seconds``.

        Returns ``False`` when the server stops.
        """
        ...

    def close(self) -> None:
        """Listen no more."""
        ...
