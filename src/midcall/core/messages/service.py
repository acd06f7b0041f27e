"""User-defined messages: what the REST API and the devices ask, decided in the call's room.

Both directions keep the same promise: whoever asks hears yes only after the commit, and what was
accepted has a position in its leg's order.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec

from midcall.core import effects as do
from midcall.core.calls.rooms import Draft, Room, Rooms
from midcall.core.calls.service import spoken_for
from midcall.core.limits import SUBSCRIPTIONS_PER_CALL
from midcall.core.messages import rate
from midcall.core.messages.content import IsJson, check_downlink, check_uplink
from midcall.core.messages.idempotency import check_key, check_repeat, fingerprint
from midcall.core.ports import (
    AddAcceptedRequest,
    AddEntry,
    AddMessage,
    AddSubscription,
    Change,
    Entropy,
    Journal,
    Peer,
    RemoveSubscription,
    Store,
)
from midcall.model.calls import Call
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import (
    CallNotActive,
    CallNotFound,
    InvalidMethod,
    InvalidParameter,
    InvalidUrl,
    MalformedFrame,
    NotFound,
    RateExceeded,
    UnexpectedCallState,
)
from midcall.model.messages import (
    JSON_CONTENT_TYPE,
    AcceptedRequest,
    Created,
    Direction,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.outbox import Entry, EntryKind
from midcall.model.sids import (
    MESSAGE,
    SUBSCRIPTION,
    AccountSid,
    CallSid,
    MessageSid,
    SubscriptionSid,
    from_entropy,
    is_sid,
)

MESSAGES = "UserDefinedMessages"
SUBSCRIPTIONS = "UserDefinedMessageSubscriptions"

CheckUrl = Callable[[str], object]
"""Raises ``InvalidUrl`` for a URL that cannot be a callback."""


class Uplink(msgspec.Struct, frozen=True, kw_only=True):
    """What a device sends. ``content`` is JSON text, ``voice_event_sid`` the device's own SID."""

    call_sid: CallSid
    content: str
    content_type: str
    message_type: str
    voice_event_sid: str


class Create(msgspec.Struct, frozen=True, kw_only=True):
    """A create as it was asked for. ``key`` is its idempotency key, if it has one."""

    account: AccountSid
    call: CallSid
    resource: str
    key: str | None
    fingerprint: str

    @property
    def path(self) -> str:
        """The path that was asked."""
        return f"/2010-04-01/Accounts/{self.account}/Calls/{self.call}/{self.resource}.json"

    @property
    def scope(self) -> tuple[str, ...]:
        """What the key is unique in, with the key."""
        return (self.account, self.call, self.resource, self.key or "")


Decide = Callable[[Room], Awaitable[tuple[Created, tuple[Change, ...], tuple[do.Effect, ...]]]]


class MessageService:
    """Accepts messages and subscriptions."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        store: Store,
        journal: Journal,
        entropy: Entropy,
        is_json: IsJson,
        check_url: CheckUrl,
        uplink_rate: rate.Rate,
        first_sequence_number: int,
    ) -> None:
        self._rooms = rooms
        self._store = store
        self._journal = journal
        self._entropy = entropy
        self._is_json = is_json
        self._check_url = check_url
        self._uplink_rate = uplink_rate
        self._first_sequence_number = first_sequence_number

    # --- server to SDK

    async def send(
        self, account: AccountSid, call: CallSid, content: str | None, idempotency_key: str | None
    ) -> Created:
        """Accept a message for the device of a leg."""
        create = Create(
            account=account,
            call=call,
            resource=MESSAGES,
            key=check_key(idempotency_key),
            fingerprint=fingerprint(content or ""),
        )
        text = check_downlink(content, self._is_json)

        async def decide(
            room: Room,
        ) -> tuple[Created, tuple[Change, ...], tuple[do.Effect, ...]]:
            message = UserDefinedMessage(
                sid=MessageSid(from_entropy(MESSAGE, self._entropy(16))),
                account_sid=account,
                call_sid=call,
                direction=Direction.DOWNLINK,
                position=await self._take_position(room, call, Direction.DOWNLINK),
                content=text,
                content_type=JSON_CONTENT_TYPE,
                created_at=self._rooms.clock(),
            )
            return _created(message), (AddMessage(message),), (do.RelayDownlinks(call),)

        return await self._create(create, decide)

    # --- subscriptions

    async def subscribe(
        self,
        account: AccountSid,
        call: CallSid,
        callback: str | None,
        method: str | None,
        idempotency_key: str | None,
    ) -> Created:
        """Accept a subscription to the messages of a leg's device."""
        create = Create(
            account=account,
            call=call,
            resource=SUBSCRIPTIONS,
            key=check_key(idempotency_key),
            fingerprint=fingerprint(callback or "", method or ""),
        )
        endpoint = self._check_endpoint(callback, method)

        async def decide(
            room: Room,
        ) -> tuple[Created, tuple[Change, ...], tuple[do.Effect, ...]]:
            others = await self._subscriptions(room, call)
            if len(others) >= SUBSCRIPTIONS_PER_CALL:
                reason = f"a call has at most {SUBSCRIPTIONS_PER_CALL} subscriptions"
                raise InvalidParameter("Callback", reason)
            subscription = Subscription(
                sid=SubscriptionSid(from_entropy(SUBSCRIPTION, self._entropy(16))),
                account_sid=account,
                call_sid=call,
                callback=endpoint,
                created_at=self._rooms.clock(),
            )
            room.memory.subscriptions[call] = (*others, subscription)
            return _created(subscription), (AddSubscription(subscription),), ()

        return await self._create(create, decide)

    async def unsubscribe(
        self, account: AccountSid, call: CallSid, subscription: SubscriptionSid
    ) -> None:
        """End a subscription. What it is owed already is still delivered."""
        found = await self._store.find_subscription(subscription)
        if found is None or (found.account_sid, found.call_sid) != (account, call):
            path = f"/2010-04-01/Accounts/{account}/Calls/{call}/{SUBSCRIPTIONS}/{subscription}"
            raise NotFound(f"{path}.json")
        removal = RemoveSubscription(subscription)

        async def work(room: Room) -> Draft:
            kept = await self._subscriptions(room, call)
            room.memory.subscriptions[call] = tuple(
                other for other in kept if other.sid != subscription
            )
            return Draft(changes=(removal,))

        room = self._rooms.find(call)
        if room is None:
            await self._journal.commit([removal])
        else:
            await self._rooms.ask(room, work)

    # --- SDK to server

    async def receive(self, peer: Peer, uplink: Uplink) -> None:
        """Accept a message from a device; the same SID a second time changes nothing."""
        check_uplink(uplink.message_type, uplink.content)
        if not is_sid(MESSAGE, uplink.voice_event_sid):
            raise MalformedFrame(f"{uplink.voice_event_sid} is not a voice event SID")
        room = self._rooms.find(uplink.call_sid)
        if room is None:
            raise CallNotFound(uplink.call_sid)

        async def work(room: Room) -> Draft:
            return await self._decide_uplink(room, peer, uplink)

        await self._rooms.ask(room, work)

    async def _decide_uplink(self, room: Room, peer: Peer, uplink: Uplink) -> Draft:
        leg = room.leg(uplink.call_sid)
        sid = MessageSid(uplink.voice_event_sid)
        if spoken_for(leg, peer) is None:
            raise CallNotFound(leg.sid)
        if (leg.sid, sid) in room.memory.uplinks:
            return Draft()
        if await self._store.find_message(leg.sid, sid) is not None:
            return Draft()
        if not leg.active:
            raise UnexpectedCallState(leg.call.status)
        self._check_rate(room, leg.sid)
        subscriptions = await self._subscriptions(room, leg.sid)
        message = UserDefinedMessage(
            sid=sid,
            account_sid=leg.call.account_sid,
            call_sid=leg.sid,
            direction=Direction.UPLINK,
            position=await self._take_position(room, leg.sid, Direction.UPLINK),
            content=uplink.content,
            content_type=uplink.content_type,
            created_at=self._rooms.clock(),
        )
        room.memory.uplinks.add((leg.sid, sid))
        owed = (AddEntry(self._entry(message, subscription)) for subscription in subscriptions)
        return Draft(changes=(AddMessage(message), *owed))

    def _entry(self, message: UserDefinedMessage, subscription: Subscription) -> Entry:
        """Owe a message to a subscription (Call Message Events page, the callback's fields).

        ``Timestamp`` is left to the sender: it is when the message is sent.
        """
        return Entry(
            lane=subscription.sid,
            position=message.position,
            kind=EntryKind.USER_DEFINED_MESSAGE,
            account_sid=message.account_sid,
            call_sid=message.call_sid,
            message_sid=message.sid,
            endpoint=subscription.callback,
            parameters={
                "AccountSid": message.account_sid,
                "CallSid": message.call_sid,
                "Content": message.content,
                "ContentType": message.content_type,
                "SequenceNumber": str(message.position + self._first_sequence_number),
                "Sid": message.sid,
            },
            token=str(UUID(bytes=self._entropy(16), version=4)),
            created_at=message.created_at,
            due_at=message.created_at,
        )

    def _check_rate(self, room: Room, call: CallSid) -> None:
        now = self._rooms.clock()
        bucket = room.buckets.get(call) or rate.full(self._uplink_rate, now)
        taken = rate.take(bucket, self._uplink_rate, now)
        if taken is None:
            raise RateExceeded(self._uplink_rate.per_second)
        room.buckets[call] = taken

    # --- creates

    async def _create(self, create: Create, decide: Decide) -> Created:
        """Decide a create in the room of its call, or find what was answered to it before."""

        async def work(room: Room) -> Draft:
            _check_call(create, room.leg(create.call).call)
            first = room.memory.requests.get(create.scope) or await self._first(create)
            if first is not None:
                check_repeat(first, create.fingerprint)
                return Draft(answer=first.answer)
            _check_active(room.leg(create.call).call)
            created, changes, effects = await decide(room)
            if create.key is not None:
                accepted = _accepted(create, create.key, created)
                room.memory.requests[create.scope] = accepted
                changes = (*changes, AddAcceptedRequest(accepted))
            return Draft(answer=created, changes=changes, effects=effects)

        room = self._rooms.find(create.call)
        if room is not None:
            answer: Created = await self._rooms.ask(room, work)
            return answer
        return await self._repeat_after_the_end(create)

    async def _repeat_after_the_end(self, create: Create) -> Created:
        """Answer a create on a call that is not live: a repeat as before, anything else not."""
        call = await self._store.find_call(create.call)
        if call is None:
            raise NotFound(create.path)
        _check_call(create, call)
        first = await self._first(create)
        if first is None:
            raise CallNotActive(call.sid, call.status)
        check_repeat(first, create.fingerprint)
        return first.answer

    async def _first(self, create: Create) -> AcceptedRequest | None:
        if create.key is None:
            return None
        return await self._store.find_accepted_request(
            create.account, create.call, create.resource, create.key
        )

    # --- what a room remembers

    async def _take_position(self, room: Room, call: CallSid, direction: Direction) -> int:
        position = room.memory.positions.get((call, direction))
        if position is None:
            position = await self._store.next_position(call, direction)
        room.memory.positions[call, direction] = position + 1
        return position

    async def _subscriptions(self, room: Room, call: CallSid) -> tuple[Subscription, ...]:
        known = room.memory.subscriptions.get(call)
        if known is None:
            known = tuple(await self._store.subscriptions(call))
            room.memory.subscriptions[call] = known
        return known

    def _check_endpoint(self, callback: str | None, method: str | None) -> Endpoint:
        if not callback:
            raise InvalidUrl("Callback", "", "it is required")
        self._check_url(callback)
        try:
            return Endpoint(callback, Method(method or Method.POST))
        except ValueError:
            raise InvalidMethod("Method", method or "") from None


def _check_call(create: Create, call: Call) -> None:
    """Another account's call looks unknown."""
    if call.account_sid != create.account:
        raise NotFound(create.path)


def _check_active(call: Call) -> None:
    if not call.status.active:
        raise CallNotActive(call.sid, call.status)


def _created(resource: UserDefinedMessage | Subscription) -> Created:
    return Created(
        account_sid=resource.account_sid,
        call_sid=resource.call_sid,
        sid=resource.sid,
        created_at=resource.created_at,
    )


def _accepted(create: Create, key: str, created: Created) -> AcceptedRequest:
    return AcceptedRequest(
        account_sid=create.account,
        call_sid=create.call,
        resource=create.resource,
        key=key,
        fingerprint=create.fingerprint,
        sid=created.sid,
        created_at=created.created_at,
    )
