"""Server to SDK: messages for the device of one leg, or of several, and the answers to them."""

from collections.abc import Sequence

from midcall.core import effects as do
from midcall.core.calls.rooms import Room
from midcall.core.messages.content import IsJson, check_downlink
from midcall.core.messages.creating import Create, Decided
from midcall.core.messages.idempotency import check_fingerprint, check_key, fingerprint
from midcall.core.messages.means import Means
from midcall.core.ports import (
    AddBroadcast,
    AddEntry,
    AddMessage,
    Audience,
    LegResult,
    Legs,
    Sending,
)
from midcall.model.errors import (
    CallNotActive,
    Fault,
    InvalidParameter,
    NobodyThere,
    NoReply,
    NotFound,
)
from midcall.model.families import Family, Leg
from midcall.model.messages import (
    JSON_CONTENT_TYPE,
    Broadcast,
    Created,
    Direction,
    MessageState,
    UserDefinedMessage,
)
from midcall.model.sids import MESSAGE, AccountSid, CallSid, MessageSid, from_entropy

MESSAGES = "UserDefinedMessages"
BROADCASTS = "UserDefinedMessages to several"
"""Names the scope of the keys under which the legs of a broadcast are sent to."""


class Downlinks:
    """Accepts messages for devices."""

    def __init__(self, means: Means, is_json: IsJson) -> None:
        self._means = means
        self._is_json = is_json

    async def send(
        self, account: AccountSid, call: CallSid, sending: Sending, *, resource: str = MESSAGES
    ) -> Created:
        """Accept a message for the device of a leg."""
        create = Create(
            account=account,
            call=call,
            resource=resource,
            key=check_key(sending.idempotency_key),
            fingerprint=_fingerprint(sending),
        )
        content = check_downlink(sending.content, self._is_json)

        async def decide(room: Room) -> Decided:
            await self._means.recall.take_place(room, call)
            message = UserDefinedMessage(
                sid=MessageSid(from_entropy(MESSAGE, self._means.entropy(16))),
                account_sid=account,
                call_sid=call,
                direction=Direction.DOWNLINK,
                position=await self._means.recall.take_position(room, call, Direction.DOWNLINK),
                content=content,
                content_type=JSON_CONTENT_TYPE,
                created_at=self._means.rooms.clock(),
                status_callback=sending.status_callback,
            )
            return Decided(
                created=Created(
                    account_sid=account,
                    call_sid=call,
                    sid=message.sid,
                    created_at=message.created_at,
                ),
                changes=(AddMessage(message), *await self._owed(room, message)),
                effects=(do.RelayDownlinks(call),),
            )

        return await self._means.creates.create(create, decide)

    async def reply_to(self, sent: Created, seconds: float) -> UserDefinedMessage:
        """Wait for the device's answer to a message."""
        call, sid = sent.call_sid, MessageSid(sent.sid)
        reply = await self._means.replies.expect(
            (call, sid), seconds, lambda: self._means.store.find_reply(call, sid)
        )
        if reply is not None:
            return reply
        message = await self._means.store.find_message(call, sid)
        # A call that was removed meanwhile has taken its messages with it.
        raise NoReply(sid, message.state if message else MessageState.EXPIRED, seconds)

    async def broadcast(
        self, account: AccountSid, audience: Audience, sending: Sending
    ) -> tuple[LegResult, ...]:
        """Accept a message for several legs, each for itself."""
        check_downlink(sending.content, self._is_json)
        key = check_key(sending.idempotency_key)
        if key is None:
            sids = await self._find_legs(account, audience)
        else:
            sids = (await self._agreed(account, audience, sending, key)).call_sids
        return tuple([await self._send_one(account, sid, sending) for sid in sids])

    async def _send_one(self, account: AccountSid, sid: CallSid, sending: Sending) -> LegResult:
        try:
            created = await self.send(account, sid, sending, resource=BROADCASTS)
        except Fault as fault:
            return LegResult(call_sid=sid, fault=fault)
        return LegResult(call_sid=sid, created=created)

    async def _agreed(
        self, account: AccountSid, audience: Audience, sending: Sending, key: str
    ) -> Broadcast:
        """Return to which legs a message goes under a key: those of the first request with it."""
        asked = fingerprint(
            _fingerprint(sending), audience.identity or "", audience.parent or "", audience.legs
        )
        first = await self._means.store.find_broadcast(account, key)
        if first is None:
            first = Broadcast(
                account_sid=account,
                key=key,
                fingerprint=asked,
                call_sids=await self._find_legs(account, audience),
                created_at=self._means.rooms.clock(),
            )
            try:
                await self._means.journal.commit([AddBroadcast(first)])
            except Fault:
                # Perhaps an equal request was quicker.
                kept = await self._means.store.find_broadcast(account, key)
                if kept is None:
                    raise
                first = kept
        check_fingerprint(key, first.fingerprint, asked)
        return first

    async def _find_legs(self, account: AccountSid, audience: Audience) -> tuple[CallSid, ...]:
        if audience.parent is not None:
            legs: Sequence[Leg] = _legs(await self._family(account, audience.parent), audience.legs)
            sought = str(audience.parent)
        else:
            legs = self._means.rooms.legs_of(account, audience.identity or "")
            sought = f"client:{audience.identity}"
        found = tuple(leg.sid for leg in legs if leg.active and not leg.number)
        if not found:
            raise NobodyThere(sought)
        return found

    async def _family(self, account: AccountSid, parent: CallSid) -> Family:
        room = self._means.rooms.find(parent)
        if room is not None and room.family.account_sid == account:
            if room.family.sid != parent:
                raise InvalidParameter("CallSid", f"{parent} is a child of {room.family.sid}")
            return room.family
        call = await self._means.store.find_call(parent)
        if call is None or call.account_sid != account:
            raise NotFound(f"/2010-04-01/Accounts/{account}/Calls/{parent}.json")
        raise CallNotActive(call.sid, call.status)

    async def _owed(self, room: Room, message: UserDefinedMessage) -> list[AddEntry]:
        """Return what a message owes beside its delivery: a receipt, and copies."""
        leg = room.leg(message.call_sid)
        standing = await self._means.recall.standing(room, leg, Direction.DOWNLINK)
        owed = [self._means.entries.owed(message, one, message.created_at) for one in standing]
        if message.status_callback is not None:
            owed.append(self._means.entries.receipt(message, message.status_callback))
        return [AddEntry(entry) for entry in owed]


def _fingerprint(sending: Sending) -> str:
    callback = sending.status_callback
    # Without one it is the digest that servers before this parameter kept.
    return fingerprint(
        sending.content or "", *((callback.url, callback.method) if callback else ())
    )


def _legs(family: Family, wanted: Legs) -> Sequence[Leg]:
    match wanted:
        case Legs.PARENT:
            return (family.parent,)
        case Legs.CHILDREN:
            return family.children
        case Legs.ALL:
            return tuple(family.legs.values())
