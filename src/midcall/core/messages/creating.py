"""Creates: decided in the room of their call, answered the same on every repeat.

Invariants
- What is answered with yes is durable.
- Of equal requests under one idempotency key, however many come at once and whatever happens in
  between, one decides; the others have its answer.
"""

from collections.abc import Awaitable, Callable

import msgspec

from midcall.core import effects as do
from midcall.core.calls.rooms import Draft, Room, Rooms
from midcall.core.messages.idempotency import check_repeat
from midcall.core.ports import AddAcceptedRequest, Change, Store
from midcall.model.calls import Call
from midcall.model.errors import CallNotActive, NoDeviceOnLeg, NotFound
from midcall.model.families import Leg
from midcall.model.messages import AcceptedRequest, Created
from midcall.model.sids import AccountSid, CallSid


class Create(msgspec.Struct, frozen=True, kw_only=True):
    """A create as it was asked for. ``key`` is its idempotency key, if it has one.

    ``call`` is empty for what belongs to no call.
    """

    account: AccountSid
    call: CallSid
    resource: str
    key: str | None
    fingerprint: str

    @property
    def path(self) -> str:
        """The path that was asked."""
        call = f"/Calls/{self.call}" if self.call else ""
        return f"/2010-04-01/Accounts/{self.account}{call}/{self.resource}.json"

    @property
    def scope(self) -> tuple[str, ...]:
        """What the key is unique in, with the key."""
        return (self.account, self.call, self.resource, self.key or "")


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What a create makes: what it is answered with, what is written, what happens then."""

    created: Created
    changes: tuple[Change, ...]
    effects: tuple[do.Effect, ...] = ()


Decide = Callable[[Room], Awaitable[Decided]]


class Creates:
    """Has creates decided."""

    def __init__(self, rooms: Rooms, store: Store) -> None:
        self._rooms = rooms
        self._store = store

    async def create(self, create: Create, decide: Decide) -> Created:
        """Decide a create in the room of its call, or find what was answered to it before."""

        async def work(room: Room) -> Draft:
            _check_owner(create, room.leg(create.call).call)
            first = room.memory.requests.get(create.scope) or await self.first(create)
            if first is not None:
                check_repeat(first, create.fingerprint)
                return Draft(answer=first.answer)
            _check_leg(room, room.leg(create.call))
            decided = await decide(room)
            changes = decided.changes
            if create.key is not None:
                request = accepted(create, create.key, decided.created)
                room.memory.requests[create.scope] = request
                changes = (*changes, AddAcceptedRequest(request))
            return Draft(answer=decided.created, changes=changes, effects=decided.effects)

        room = self._rooms.find(create.call)
        if room is not None:
            answer: Created = await self._rooms.ask(room, work)
            return answer
        return await self._repeat_after_the_end(create)

    async def first(self, create: Create) -> AcceptedRequest | None:
        """Find what was answered to a create first."""
        if create.key is None:
            return None
        return await self._store.find_accepted_request(
            create.account, create.call, create.resource, create.key
        )

    async def _repeat_after_the_end(self, create: Create) -> Created:
        """Answer a create on a call that is not live: a repeat as before, anything else not."""
        call = await self._store.find_call(create.call)
        if call is None:
            raise NotFound(create.path)
        _check_owner(create, call)
        first = await self.first(create)
        if first is None:
            raise CallNotActive(call.sid, call.status)
        check_repeat(first, create.fingerprint)
        return first.answer


def accepted(create: Create, key: str, created: Created) -> AcceptedRequest:
    """Return what is to be remembered of a create that was accepted."""
    return AcceptedRequest(
        account_sid=create.account,
        call_sid=create.call,
        resource=create.resource,
        key=key,
        fingerprint=create.fingerprint,
        sid=created.sid,
        created_at=created.created_at,
    )


def _check_owner(create: Create, call: Call) -> None:
    """Another account's call looks unknown."""
    if call.account_sid != create.account:
        raise NotFound(create.path)


def _check_leg(room: Room, leg: Leg) -> None:
    if not leg.active:
        raise CallNotActive(leg.sid, leg.call.status)
    if leg.number:
        family = room.family.legs.values()
        raise NoDeviceOnLeg(leg.sid, [one.sid for one in family if one.active and not one.number])
