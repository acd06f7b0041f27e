"""The ports: what the core and the services around it need of the world.

Adapters fulfil these structurally; only ``app/compose.py`` knows which adapter stands behind which
port. A *get* must find and raises ``LookupError``; a *find* may return ``None``.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from midcall.model.accounts import Account, AccountStatus, ApiKey, Application
from midcall.model.calls import Call, CallEvent, CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.errors import Fault
from midcall.model.exchanges import Exchange
from midcall.model.families import Device, Family, SessionId
from midcall.model.messages import (
    AcceptedRequest,
    Created,
    Direction,
    MessageState,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.notifications import NO_EVIDENCE, Evidence, Level, Notification
from midcall.model.numbers import PhoneNumber
from midcall.model.outbox import Attempt, Entry
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
from midcall.model.twiml import DIAL_TIME_LIMIT_SECONDS, Document, Parameter


class Clock(Protocol):
    """What time it is: aware, in UTC."""

    def __call__(self) -> datetime:
        """Return the time now."""
        ...


class Entropy(Protocol):
    """Where randomness comes from: ``os.urandom`` in the server, a counter in tests."""

    def __call__(self, size: int, /) -> bytes:
        """Return ``size`` unpredictable bytes."""
        ...


# --- changes: what a decision writes. A commit takes many, in order, all or nothing. ----------


class PutAccount(msgspec.Struct, frozen=True):
    """Add an account, or replace the one with its SID."""

    account: Account


class PutApiKey(msgspec.Struct, frozen=True):
    """Add an API key, or replace the one with its SID."""

    key: ApiKey


class RemoveApiKey(msgspec.Struct, frozen=True):
    """Remove an API key if it is there."""

    sid: KeySid


class PutApplication(msgspec.Struct, frozen=True):
    """Add an application, or replace the one with its SID."""

    application: Application


class RemoveApplication(msgspec.Struct, frozen=True):
    """Remove an application if it is there."""

    sid: ApplicationSid


class PutFamily(msgspec.Struct, frozen=True):
    """Keep a family as it now is, with the calls of all its legs for the Calls resource.

    ``family.over`` tells the store that it need not be loaded at the next start.
    """

    family: Family


class AddMessage(msgspec.Struct, frozen=True):
    """Add a user-defined message. Its SID is unique within its call."""

    message: UserDefinedMessage


class MarkMessage(msgspec.Struct, frozen=True):
    """Move a user-defined message to another state.

    A message in a terminal state stays as it is: what was settled once does not change.
    """

    call_sid: CallSid
    sid: MessageSid
    state: MessageState
    at: datetime


class ExpireMessages(msgspec.Struct, frozen=True):
    """Expire every downlink of a leg that has not come to an end by itself."""

    call_sid: CallSid
    at: datetime


class AddSubscription(msgspec.Struct, frozen=True):
    """Add a subscription."""

    subscription: Subscription


class RemoveSubscription(msgspec.Struct, frozen=True):
    """Remove a subscription if it is there. What its callback is owed already stays owed."""

    sid: SubscriptionSid


class AddAcceptedRequest(msgspec.Struct, frozen=True):
    """Remember the answer given under an idempotency key."""

    request: AcceptedRequest


class AddEntry(msgspec.Struct, frozen=True):
    """Owe a request to a customer's server."""

    entry: Entry


class SettleEntry(msgspec.Struct, frozen=True):
    """Keep an attempt, and the entry as the attempt left it (state, attempts, due_at)."""

    entry: Entry
    attempt: Attempt


class RemoveCall(msgspec.Struct, frozen=True):
    """Remove a call that is over, with its messages, subscriptions, entries and exchanges."""

    sid: CallSid


class PutPhoneNumber(msgspec.Struct, frozen=True):
    """Add a phone number, or replace the one with its SID. Two cannot have the same number."""

    number: PhoneNumber


class RemovePhoneNumber(msgspec.Struct, frozen=True):
    """Remove a phone number if it is there."""

    sid: PhoneNumberSid


class AddExchange(msgspec.Struct, frozen=True):
    """Keep a request to a customer's server and its response."""

    exchange: Exchange


class AddNotification(msgspec.Struct, frozen=True):
    """Show an error or warning in the debugger."""

    notification: Notification


Change = (
    PutAccount
    | PutApiKey
    | RemoveApiKey
    | PutApplication
    | RemoveApplication
    | PutFamily
    | AddMessage
    | MarkMessage
    | ExpireMessages
    | AddSubscription
    | RemoveSubscription
    | AddAcceptedRequest
    | AddEntry
    | SettleEntry
    | RemoveCall
    | PutPhoneNumber
    | RemovePhoneNumber
    | AddExchange
    | AddNotification
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

    async def close(self) -> None:
        """Finish what is under way and let go of everything."""
        ...


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Who is at the other end of a signalling session, as its Access Token says.

    ``since`` is when its first token was accepted, ``None`` if that does not matter.
    """

    session: SessionId
    account_sid: AccountSid
    identity: str
    since: datetime | None = None


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An incoming call as it is offered to a device."""

    call: Call
    parameters: tuple[Parameter, ...]
    device: Device
    sdp: str


class Signalling(Protocol):
    """The devices of this node.

    What is told to a device that is gone is lost, and that is fine: its leg learns of the loss as
    an event.
    """

    def registered(self, account: AccountSid, identity: str) -> tuple[SessionId, ...]:
        """Return the sessions that are registered under an identity, oldest first."""
        ...

    def invite(self, invitation: Invitation) -> bool:
        """Offer an incoming call; return whether the device's socket was there."""
        ...

    def ringing(self, call: CallSid, device: Device) -> None:
        """Tell a calling device its CallSid."""
        ...

    def answer(self, call: CallSid, device: Device, sdp: str) -> None:
        """Tell a device that its call is answered, or that it holds its leg again."""
        ...

    def cancel(self, call: CallSid, device: Device) -> None:
        """Withdraw an incoming call."""
        ...

    def hang_up(self, call: CallSid, device: Device, fault: Fault | None) -> None:
        """Tell a device that its call is over."""
        ...

    def forget(self, call: CallSid, device: Device) -> None:
        """Send nothing more of a leg to a device."""
        ...

    def progress(self, call: CallSid, sid: str, child: Call, status: str) -> None:
        """Tell a caller's devices of a stage of a child: a message with the given SID."""
        ...

    def relay(self, call: CallSid) -> None:
        """Send a leg's downlink messages to its devices, as far as they were not yet."""
        ...


class Journal(Protocol):
    """The one way to write: what many decisions change goes into one transaction."""

    async def commit(self, changes: Sequence[Change]) -> None:
        """Return when the changes are durable; raise if they are not and never will be."""
        ...


class Messaging(Protocol):
    """What the REST API asks of the calls that are under way."""

    async def send(
        self, account: AccountSid, call: CallSid, content: str | None, idempotency_key: str | None
    ) -> Created:
        """Accept a message for a device, durably; the same key gives the same message again."""
        ...

    async def subscribe(
        self,
        account: AccountSid,
        call: CallSid,
        callback: str | None,
        method: str | None,
        idempotency_key: str | None,
    ) -> Created:
        """Accept a subscription, durably; the same key gives the same subscription again."""
        ...

    async def unsubscribe(
        self, account: AccountSid, call: CallSid, subscription: SubscriptionSid
    ) -> None:
        """End a subscription; raise ``NotFound`` if the call has none of that SID."""
        ...


class CallRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A call to be made for the REST API, with every value checked.

    ``to_address`` is ``client:<identity>`` or a number in E.164. What the call does once it is
    answered is ``voice`` or ``twiml``, or what ``application_sid`` says.
    """

    to_address: str
    from_address: str
    voice: Endpoint | None = None
    fallback: Endpoint | None = None
    twiml: str = ""
    application_sid: ApplicationSid | None = None
    status_callback: Endpoint | None = None
    status_callback_events: frozenset[CallEvent] = frozenset({CallEvent.COMPLETED})
    timeout_seconds: int = 60
    time_limit_seconds: int = DIAL_TIME_LIMIT_SECONDS
    send_digits: str = ""
    parameters: tuple[Parameter, ...] = ()


class CallUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What the REST API changes of a call under way, with every value checked.

    ``status`` is ``completed`` or ``canceled``. ``voice`` or ``twiml`` replaces what it is doing.
    """

    status: CallStatus | None = None
    voice: Endpoint | None = None
    fallback: Endpoint | None = None
    twiml: str = ""
    status_callback: Endpoint | None = None
    time_limit_seconds: int | None = None


class Calling(Protocol):
    """What the REST API does with calls."""

    async def create(self, account: AccountSid, request: CallRequest) -> Call:
        """Begin a call; it is queued, durably, when this returns.

        Raises ``ApplicationNotAccessible``.
        """
        ...

    async def update(self, account: AccountSid, sid: CallSid, update: CallUpdate) -> Call:
        """Change a call under way; return it as it is now.

        Raises ``NotFound``, and ``CallNotActive`` for one that is over.
        """
        ...


class Fetched(msgspec.Struct, frozen=True):
    """A document as it came: the text, and the URL that it came from in the end.

    ``content_type`` is lower-case, without parameters. A sound (``audio/…``) has no text: it is
    to be had again, whole, from ``url``. ``evidence`` is the exchange that brought the document.
    """

    text: str
    content_type: str
    url: str
    evidence: Evidence = NO_EVIDENCE


class DocumentSource(Protocol):
    """Where the text of a call's TwiML comes from."""

    async def fetch(
        self,
        account: AccountSid,
        call: CallSid,
        endpoint: Endpoint,
        parameters: dict[str, str],
        token: str,
    ) -> Fetched:
        """Ask a customer's server for a document, on behalf of a call.

        Each request leaves an exchange. Raises ``TwimlFault`` if no document is to be had.
        """
        ...


class RecordingSource(Protocol):
    """Where the sounds that a call plays come from."""

    async def fetch_recording(self, account: AccountSid, url: str) -> bytes:
        """Get a sound; raise ``TwimlFault`` if none is to be had."""
        ...


class DocumentReader(Protocol):
    """What understands the text of a document."""

    def parse(self, text: str) -> Document:
        """Understand TwiML; raise ``TwimlFault`` if it is none."""
        ...

    def render(self, template: str, parameters: dict[str, str], own: tuple[Parameter, ...]) -> str:
        """Fill in a template that an application keeps here; raise ``TwimlFault``."""
        ...


class MediaEngine(Protocol):
    """Media endpoints, one for each device in each leg, and the audio between them.

    ``endpoint`` is the ``DeviceId``. A session description that cannot be used raises a fault.
    """

    async def answer(self, endpoint: str, offer_sdp: str) -> str:
        """Make an endpoint for a device that offers; return our answer."""
        ...

    async def offer(self, endpoint: str) -> str:
        """Make an endpoint and return our offer for its device."""
        ...

    async def accept(self, endpoint: str, answer_sdp: str) -> None:
        """Take the device's answer to our offer."""
        ...

    async def restart(self, endpoint: str, offer_sdp: str) -> str:
        """Take a new offer for an endpoint, alive or lost; return our answer."""
        ...

    async def bridge(self, first: str, second: str) -> None:
        """Join two endpoints: each hears the other."""
        ...

    async def unbridge(self, endpoint: str) -> None:
        """Part an endpoint from the one it was joined with."""
        ...

    async def link(self, first: str, second: str) -> None:
        """Make two endpoints without a device, back to back: what one hears, the other says."""
        ...

    async def ring(self, endpoint: str, country: str = "") -> None:
        """Let an endpoint hear a country's ring-back until it is joined or silenced."""
        ...

    async def say(self, endpoint: str, text: str, language: str) -> bool:
        """Speak to an endpoint; return whether it came to its end uninterrupted."""
        ...

    async def play(self, endpoint: str, recording: bytes) -> bool:
        """Play a WAV or MP3 to an endpoint; return whether it came to its end uninterrupted."""
        ...

    async def press(self, endpoint: str, digits: str) -> bool:
        """Press keys (``0-9*#A-D``, ``w`` waits half a second) for an endpoint to hear."""
        ...

    async def silence(self, endpoint: str) -> None:
        """Let an endpoint hear nothing."""
        ...

    async def release(self, endpoint: str) -> None:
        """Let an endpoint go; one that is unknown is gone already."""
        ...

    async def close(self) -> None:
        """Let every endpoint go."""
        ...
