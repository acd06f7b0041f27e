"""Live families, each in a room of its own: decide, commit, release.

A room works off its mailbox alone, so all that concerns one family happens in one order. What waits
in the mailbox is taken together: every work decides upon what the one before it decided, their
changes are committed in one piece, and only then are answers given and effects released, in the
same order. If the commit fails, nothing of it happened: the room falls back to what is durable and
decides upon each work by itself, so that one that cannot be written fails no other. Whoever waits
for an answer to that one is refused; an event, which nobody would send again, is tried again.

A refusal is an answer as well and waits for the commit: it may rest on what is being committed.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import structlog

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import machine
from midcall.core.calls.runtime import Letter, Mailbox, Runtime
from midcall.core.calls.turn import Decision
from midcall.core.messages.rate import Bucket
from midcall.core.ports import AddEntry, Change, Clock, Entropy, Journal, PutFamily
from midcall.model.errors import Fault, Unavailable
from midcall.model.families import Family, Leg, SessionId
from midcall.model.messages import (
    AcceptedRequest,
    Direction,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.sids import AccountSid, CallSid, MessageSid

log = structlog.get_logger()

RETRY_COMMIT_SECONDS = 1.0
"""How long an event waits after a commit failed: the disk may have room again."""

LONGEST_RETRY_SECONDS = 10.0
"""How long it waits at most, once commits of its family have failed again and again."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What one work decided: its answer, what it writes, what it wants done after that."""

    answer: Any = None
    changes: tuple[Change, ...] = ()
    effects: tuple[do.Effect, ...] = ()


class Memory(msgspec.Struct):
    """What a room knows of its legs' messages beside the family, read from the store when needed.

    The store stands behind all of it, so it can be forgotten at any time between two commits.
    ``places`` counts the downlinks that may still wait for a leg's device; there may be more.
    ``requests``, ``uplinks`` and ``placed`` (downlinks, counted) are what works of the batch at
    hand accepted: the store does not know of it yet.
    """

    positions: dict[tuple[CallSid, Direction], int] = {}
    subscriptions: dict[CallSid, tuple[Subscription, ...]] = {}
    places: dict[CallSid, int] = {}
    requests: dict[tuple[str, ...], AcceptedRequest] = {}
    uplinks: dict[tuple[CallSid, MessageSid], UserDefinedMessage] = {}
    placed: dict[CallSid, int] = {}

    def written(self) -> None:
        """Forget what the store knows of by now."""
        self.requests.clear()
        self.uplinks.clear()
        self.placed.clear()


class Room:
    """One live family.

    ``family`` is as decided, ``durable`` as committed: ``None`` until the family has begun. A room
    is ``abandoned`` if its family could not begin. ``failures`` counts the commits that failed
    since the last one that did not.
    ``releases`` takes effects in their order. ``relays`` takes those that only wake the messages of
    a leg: they need no order, and must not wait until some media endpoint has been set up.
    """

    def __init__(self, family: Family, durable: Family | None) -> None:
        self.family = family
        self.durable = durable
        self.abandoned = False
        self.memory = Memory()
        self.failures = 0
        self.buckets: dict[CallSid, tuple[Bucket, SessionId]] = {}
        self.mailbox: Mailbox
        self.releases: Mailbox
        self.relays: Mailbox

    def leg(self, sid: CallSid) -> Leg:
        """Return a leg of this family."""
        return self.family.legs[sid]

    def step(self, event: ev.Event, now: datetime, entropy: Entropy) -> Draft:
        """Let an event have happened to the family."""
        return self.take(machine.step(self.family, event, now, entropy))

    def take(self, decision: Decision) -> Draft:
        """Make a step of the machine this room's state."""
        self.family = decision.family
        return Draft(changes=decision.changes, effects=decision.effects)


Work = Callable[[Room], Awaitable[Draft]]
"""Decides upon a room; must change the room last, after everything that can be refused."""


Perform = Callable[[Room, do.Effect], Awaitable[None]]
"""Carries one effect out, after the commit."""


class Rooms:
    """The live families of this node, by every leg's CallSid."""

    def __init__(
        self,
        *,
        journal: Journal,
        clock: Clock,
        entropy: Entropy,
        runtime: Runtime,
        wake_delivery: Callable[[], None],
    ) -> None:
        self.clock = clock
        self._entropy = entropy
        self._journal = journal
        self._runtime = runtime
        self._wake_delivery = wake_delivery
        self._by_leg: dict[CallSid, Room] = {}
        self.perform: Perform

    def __len__(self) -> int:
        """Count the live families."""
        return len(set(map(id, self._by_leg.values())))

    def find(self, leg: CallSid) -> Room | None:
        """Find the live family that a leg belongs to."""
        return self._by_leg.get(leg)

    def legs_of(self, account: AccountSid, identity: str) -> list[Leg]:
        """Return every live leg of an identity."""
        rooms = {id(room): room for room in self._by_leg.values()}
        return [
            leg
            for room in rooms.values()
            if room.family.account_sid == account
            for leg in room.family.legs.values()
            if leg.identity == identity
        ]

    async def open(self, decision: Decision) -> Room:
        """Begin a family: commit how it starts, then let it happen.

        The room is there at once: whatever happens meanwhile (the caller's socket may be lost, and
        with it whoever waits here) finds it, and is decided upon after the beginning.
        """
        room = self._furnish(Room(decision.family, durable=None))
        self._by_leg[room.family.sid] = room

        async def begin(room: Room) -> Draft:
            return room.take(decision)

        await room.mailbox.ask(begin)
        return room

    def restore(self, family: Family) -> Room:
        """Give a durable family a room."""
        room = self._furnish(Room(family, durable=family))
        self._settle(room)
        return room

    def _furnish(self, room: Room) -> Room:
        async def take(letters: Sequence[Letter]) -> None:
            await self._take(room, letters)

        async def release(letters: Sequence[Letter]) -> None:
            for letter in letters:
                await self._perform(room, letter.work)

        sid = room.family.sid
        room.mailbox = self._runtime.open_mailbox(f"family {sid}", take)
        room.releases = self._runtime.open_mailbox(f"releases of {sid}", release)
        room.relays = self._runtime.open_mailbox(f"relays of {sid}", release)
        return room

    def post(self, leg: CallSid, event: ev.Event) -> None:
        """Let something have happened to the family of a leg; too late, it is ignored."""
        room = self._by_leg.get(leg)
        if room is not None:
            room.mailbox.post(self._stepping(event))

    async def ask(self, room: Room, work: Work) -> Any:
        """Have a work decided and committed; return its answer or raise its fault."""
        return await room.mailbox.ask(work)

    def _stepping(self, event: ev.Event) -> Work:
        async def work(room: Room) -> Draft:
            return room.step(event, self.clock(), self._entropy)

        return work

    async def _take(self, room: Room, letters: Sequence[Letter]) -> None:
        if room.abandoned:
            for letter in letters:
                letter.refuse(Unavailable())
            return
        decided = [(letter, await _decide(room, letter)) for letter in letters]
        drafts = [draft for _, draft in decided if isinstance(draft, Draft)]
        changes = [change for draft in drafts for change in draft.changes]
        if room.family is not room.durable:
            # First, because what is kept of a call may ask for the call.
            changes.insert(0, PutFamily(room.family))
        try:
            await self._commit(changes)
        except Exception as error:
            log.error("A commit failed", call_sid=room.family.sid, error=_described(error))
            await self._fall_back(room, letters)
            return
        room.durable = room.family
        room.failures = 0
        room.memory.written()
        for letter, draft in decided:
            if isinstance(draft, Draft):
                letter.answer(draft.answer)
                self._release(room, draft.effects)
            else:
                letter.refuse(draft)
        self._settle(room)

    async def _commit(self, changes: Sequence[Change]) -> None:
        if changes:
            await self._journal.commit(changes)
        if any(isinstance(change, AddEntry) for change in changes):
            self._wake_delivery()

    async def _fall_back(self, room: Room, letters: Sequence[Letter]) -> None:
        """Go back to what is durable, and try again what may be written yet.

        An event that the store refuses again and again is tried ever less often, and never dropped:
        a call that did not hear of its end would have none.
        """
        room.memory = Memory()
        if room.durable is not None:
            room.family = room.durable
        if len(letters) > 1:
            for letter in letters:
                await self._take(room, [letter])
            return
        (letter,) = letters
        if room.durable is None:
            self._abandon(room)
        elif letter.kept:
            seconds = min(RETRY_COMMIT_SECONDS * 2**room.failures, LONGEST_RETRY_SECONDS)
            room.failures += 1
            self._runtime.later(seconds, partial(room.mailbox.post, letter.work))
        letter.refuse(Unavailable())

    def _release(self, room: Room, effects: Sequence[do.Effect]) -> None:
        for effect in effects:
            relays = isinstance(effect, do.RelayDownlinks)
            (room.relays if relays else room.releases).post(effect)

    async def _perform(self, room: Room, effect: do.Effect) -> None:
        """Carry one effect out; what goes wrong with it must not keep the others from happening."""
        try:
            await self.perform(room, effect)
        except Exception:
            log.exception(
                "An effect failed", call_sid=room.family.sid, effect=type(effect).__name__
            )

    def _settle(self, room: Room) -> None:
        """Bring the index and the timers up to what was committed; leave a family that is over.

        What still waits in the mailbox of such a family is answered there.
        """
        family = room.family
        self._runtime.set_timers(
            family.sid,
            family.timers,
            lambda name: self.post(family.sid, ev.TimerFired(name=name)),
        )
        if family.over:
            self._close(room)
        else:
            for sid in family.legs:
                self._by_leg[sid] = room

    def _abandon(self, room: Room) -> None:
        """Give up a family whose beginning could not be written: it never was."""
        room.abandoned = True
        self._close(room)

    def _close(self, room: Room) -> None:
        for sid in room.family.legs:
            self._by_leg.pop(sid, None)
        for mailbox in (room.mailbox, room.releases, room.relays):
            mailbox.close()


def _described(error: Exception) -> str:
    """Describe an error of the disk; another one's text may be about what was to be written."""
    return repr(error) if isinstance(error, Fault) else type(error).__name__


async def _decide(room: Room, letter: Letter) -> Draft | Exception:
    """Let one letter decide; a refusal concerns that letter alone."""
    try:
        draft: Draft = await letter.work(room)
    except Fault as fault:
        return fault
    except Exception as error:
        log.exception("A decision failed", call_sid=room.family.sid)
        return error
    else:
        return draft
