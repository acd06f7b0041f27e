"""What a room knows of its legs' messages, read from the store where it does not know it yet."""

from midcall.core.calls.rooms import Room
from midcall.core.messages.standing import Standing
from midcall.core.ports import Store
from midcall.model.errors import TooManyWaiting
from midcall.model.families import Leg
from midcall.model.messages import (
    Direction,
    StandingSubscription,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.sids import CallSid


class Recall:
    """Answers from a room's memory, and from the store behind it."""

    def __init__(self, store: Store, standing: Standing, waiting_downlinks: int) -> None:
        self._store = store
        self._standing = standing
        self._waiting_downlinks = waiting_downlinks

    async def take_position(self, room: Room, call: CallSid, direction: Direction) -> int:
        """Take the next position of a leg and direction."""
        position = room.memory.positions.get((call, direction))
        if position is None:
            position = await self._store.next_position(call, direction)
        room.memory.positions[call, direction] = position + 1
        return position

    async def take_place(self, room: Room, call: CallSid) -> None:
        """Take one of the places for messages that wait for a leg's device.

        Raises ``TooManyWaiting``. The store is asked only when as many were taken as were free the
        last time: what was delivered meanwhile is free again.
        """
        free = room.memory.places.get(call, 0)
        if free <= 0:
            free = self._waiting_downlinks - await self._store.waiting_downlinks(call)
            free -= room.memory.placed.get(call, 0)
        if free <= 0:
            raise TooManyWaiting(call, self._waiting_downlinks)
        room.memory.places[call] = free - 1
        room.memory.placed[call] = room.memory.placed.get(call, 0) + 1

    async def subscriptions(self, room: Room, call: CallSid) -> tuple[Subscription, ...]:
        """Return a leg's own subscriptions."""
        known = room.memory.subscriptions.get(call)
        if known is None:
            known = tuple(await self._store.subscriptions(call))
            room.memory.subscriptions[call] = known
        return known

    async def standing(
        self, room: Room, leg: Leg, direction: Direction
    ) -> tuple[StandingSubscription, ...]:
        """Return the standing subscriptions that are told of a leg's messages in a direction."""
        every = await self._standing.of(leg.call.account_sid)
        # A child runs no application of its own: it belongs to that of the call that dialled it.
        application = room.family.parent.call.application_sid
        return tuple(one for one in every if one.covers(application, leg.identity, direction))

    async def uplinks(self, room: Room, call: CallSid) -> list[UserDefinedMessage]:
        """Return a leg's uplinks that are not expired, those of the batch at hand included."""
        kept = await self._store.uplinks(call)
        known = {message.sid for message in kept}
        fresh = [
            message
            for message in room.memory.uplinks.values()
            if message.call_sid == call and message.sid not in known
        ]
        return [*kept, *sorted(fresh, key=lambda message: message.position)]
