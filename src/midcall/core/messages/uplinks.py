"""SDK to server: what a device sends is kept, and owed to whoever has subscribed.

Where nobody has, it is held: a subscription may still ask for it while the call lasts.
"""

from collections.abc import Callable

import msgspec

from midcall.core.calls.rooms import Draft, Room
from midcall.core.calls.service import spoken_for
from midcall.core.messages import rate
from midcall.core.messages.content import check_uplink
from midcall.core.messages.means import Means
from midcall.core.ports import AddEntry, AddMessage, Change, ExpireUplinks, Peer
from midcall.model.errors import CallNotFound, MalformedFrame, RateExceeded, UnexpectedCallState
from midcall.model.families import Leg
from midcall.model.messages import (
    Direction,
    MessageState,
    StandingSubscription,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.sids import MESSAGE, CallSid, MessageSid, is_sid

FindReplied = Callable[[str], MessageSid | None]
"""Finds which message a content says that it answers; the core itself knows no JSON."""


class Uplink(msgspec.Struct, frozen=True, kw_only=True):
    """What a device sends. ``content`` is JSON text, ``voice_event_sid`` the device's own SID."""

    call_sid: CallSid
    content: str
    content_type: str
    message_type: str
    voice_event_sid: str


class Uplinks:
    """Accepts messages from devices."""

    def __init__(self, means: Means, find_replied: FindReplied) -> None:
        self._means = means
        self._find_replied = find_replied

    async def receive(self, peer: Peer, uplink: Uplink) -> None:
        """Accept a message from a device; the same SID a second time changes nothing."""
        check_uplink(uplink.message_type, uplink.content)
        if not is_sid(MESSAGE, uplink.voice_event_sid):
            raise MalformedFrame(f"{uplink.voice_event_sid} is not a voice event SID")
        room = self._means.rooms.find(uplink.call_sid)
        if room is None:
            raise CallNotFound(uplink.call_sid)

        async def work(room: Room) -> Draft:
            return await self._decide(room, peer, uplink)

        message: UserDefinedMessage | None = await self._means.rooms.ask(room, work)
        if message is not None and message.in_reply_to is not None:
            self._means.replies.tell((message.call_sid, message.in_reply_to), message)

    async def _decide(self, room: Room, peer: Peer, uplink: Uplink) -> Draft:
        leg = room.leg(uplink.call_sid)
        sid = MessageSid(uplink.voice_event_sid)
        if spoken_for(leg, peer) is None:
            raise CallNotFound(leg.sid)
        if (leg.sid, sid) in room.memory.uplinks:
            return Draft()
        if await self._means.store.find_message(leg.sid, sid) is not None:
            return Draft()
        if not leg.active:
            raise UnexpectedCallState(leg.call.status)
        self._check_rate(room, peer, leg)
        subscriptions: list[Subscription | StandingSubscription] = [
            *await self._means.recall.subscriptions(room, leg.sid),
            *await self._means.recall.standing(room, leg, Direction.UPLINK),
        ]
        message = await self._accept(room, leg, uplink, held=not subscriptions)
        changes: list[Change] = [AddMessage(message)]
        changes += [
            AddEntry(self._means.entries.owed(message, one, message.created_at))
            for one in subscriptions
        ]
        if message.state is MessageState.HELD:
            changes += self._make_room(message)
        return Draft(answer=message, changes=tuple(changes))

    async def _accept(
        self, room: Room, leg: Leg, uplink: Uplink, *, held: bool
    ) -> UserDefinedMessage:
        now = self._means.rooms.clock()
        message = UserDefinedMessage(
            sid=MessageSid(uplink.voice_event_sid),
            account_sid=leg.call.account_sid,
            call_sid=leg.sid,
            direction=Direction.UPLINK,
            position=await self._means.recall.take_position(room, leg.sid, Direction.UPLINK),
            content=uplink.content,
            content_type=uplink.content_type,
            created_at=now,
            state=MessageState.HELD if held else MessageState.ACCEPTED,
            held_at=now if held else None,
            in_reply_to=self._find_replied(uplink.content),
        )
        room.memory.uplinks[leg.sid, message.sid] = message
        return message

    def _make_room(self, message: UserDefinedMessage) -> list[Change]:
        """Give up the oldest of those that wait for a subscription, past their limit."""
        last = message.position - self._means.settings.kept_uplinks
        if last < 0:
            return []
        return [ExpireUplinks(message.call_sid, last, message.created_at)]

    def _check_rate(self, room: Room, peer: Peer, leg: Leg) -> None:
        """Let a message pass, or raise ``RateExceeded``.

        On a fresh socket the SDK flushes what it queued while it had none: it may send at once what
        it could have sent meanwhile.
        """
        now = self._means.rooms.clock()
        allowed = self._means.settings.uplink_rate
        bucket, session = room.buckets.get(leg.sid) or (rate.full(allowed, now), peer.session)
        if session != peer.session:
            bucket = rate.saved(bucket, allowed, now)
        taken = rate.take(bucket, allowed, now)
        if taken is None:
            raise RateExceeded(allowed.per_second)
        room.buckets[leg.sid] = taken, peer.session
