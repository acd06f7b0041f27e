"""Live families, each in a room of its own: decide, commit, release.

A room works off its mailbox alone, so all that concerns one family happens in one order. What waits
in the mailbox is taken together: every work decides upon what the one before it decided, their
changes are committed in one piece, and only then are answers given and effects released, in the
same order. If the commit fails, nothing of it happened: the room falls back to what is durable,
whoever waits for an answer is refused, and events, which nobody would send again, are tried again.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import msgspec
import structlog

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import machine
from midcall.core.calls.turn import Decision
from midcall.core.messages.rate import Bucket
from midcall.core.ports import AddEntry, Change, Clock, Entropy, Journal, PutFamily
from midcall.model.errors import Fault, Unavailable
from midcall.model.families import Family, Leg
from midcall.model.messages import AcceptedRequest, Direction, Subscription
from midcall.model.sids import CallSid, MessageSid

log = structlog.get_logger()

RETRY_COMMIT_SECONDS = 1.0
"""How long an event waits after a commit failed: the disk may have room again."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What one work decided: its answer, what it writes, what it wants done after that."""

    answer: Any = None
    changes: tuple[Change, ...] = ()
    effects: tuple[do.Effect, ...] = ()


class Memory(msgspec.Struct):
    """What a room knows of its legs' messages beside the family, read from the store when needed.

    The store stands behind all of it, so it can be forgotten at any time between two commits.
    ``requests`` and ``uplinks`` hold what works of the batch at hand accepted: the store does not
    know of it yet.
    """

    positions: dict[tuple[CallSid, Direction], int] = {}
    subscriptions: dict[CallSid, tuple[Subscription, ...]] = {}
    requests: dict[tuple[str, ...], AcceptedRequest] = {}
    uplinks: set[tuple[CallSid, MessageSid]] = set()


class Room:
    """One live family. ``family`` is as decided, ``durable`` as committed."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.durable = family
        self.memory = Memory()
        self.buckets: dict[CallSid, Bucket] = {}
        self.mailbox: Mailbox
        self.releases: Mailbox

    def leg(self, sid: CallSid) -> Leg:
        """Return a leg of this family."""
        return self.family.legs[sid]

    def take(self, decision: Decision) -> Draft:
        """Make a step of the machine this room's state."""
        self.family = decision.family
        return Draft(changes=decision.changes, effects=decision.effects)


Work = Callable[[Room], Awaitable[Draft]]
"""Decides upon a room; must change the room last, after everything that can be refused."""


class Letter(Protocol):
    """A work in a mailbox. ``kept`` says that nobody waits for its answer."""

    work: Any
    kept: bool

    def answer(self, value: Any, /) -> None:
        """Give the answer to whoever waits for it."""
        ...

    def refuse(self, reason: Exception, /) -> None:
        """Raise where the answer is waited for."""
        ...


class Mailbox(Protocol):
    """A serial queue: its letters are taken together, in order, one batch at a time."""

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        ...

    def post(self, work: Any, /) -> None:
        """Add a work whose answer nobody waits for."""
        ...

    async def ask(self, work: Any, /) -> Any:
        """Add a work and wait for its answer."""
        ...

    def close(self) -> None:
        """Finish what waits, take nothing more."""
        ...


Take = Callable[[Sequence[Letter]], Awaitable[None]]


class Runtime(Protocol):
    """What the rooms need of the event loop."""

    def open_mailbox(self, name: str, take: Take) -> Mailbox:
        """Open a mailbox that hands its letters to ``take``."""
        ...

    def set_timers(
        self, owner: str, due_at: dict[str, datetime], fire: Callable[[str], None]
    ) -> None:
        """Replace all timers of an owner. A timer that is due fires at once."""
        ...

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after so many seconds."""
        ...

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a side task to its end; what it raises is logged."""
        ...


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

    async def open(self, decision: Decision) -> Room:
        """Begin a family: commit how it starts, then let it happen."""
        await self._commit([PutFamily(decision.family), *decision.changes])
        room = self.restore(decision.family)
        self._release(room, decision.effects)
        return room

    def restore(self, family: Family) -> Room:
        """Give a durable family a room."""
        room = Room(family)

        async def take(letters: Sequence[Letter]) -> None:
            await self._take(room, letters)

        async def release(letters: Sequence[Letter]) -> None:
            for letter in letters:
                await self.perform(room, letter.work)

        room.mailbox = self._runtime.open_mailbox(f"family {family.sid}", take)
        room.releases = self._runtime.open_mailbox(f"releases of {family.sid}", release)
        self._settle(room)
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
            return room.take(machine.step(room.family, event, self.clock(), self._entropy))

        return work

    async def _take(self, room: Room, letters: Sequence[Letter]) -> None:
        drafts = [(letter, draft) for letter in letters if (draft := await _decide(room, letter))]
        changes = [change for _, draft in drafts for change in draft.changes]
        if room.family is not room.durable:
            changes.append(PutFamily(room.family))
        try:
            await self._commit(changes)
        except Exception:
            log.exception("A commit failed", call_sid=room.family.sid)
            self._fall_back(room, [letter for letter, _ in drafts])
            return
        room.durable = room.family
        room.memory.requests.clear()
        room.memory.uplinks.clear()
        for letter, draft in drafts:
            letter.answer(draft.answer)
            self._release(room, draft.effects)
        self._settle(room)

    async def _commit(self, changes: Sequence[Change]) -> None:
        if changes:
            await self._journal.commit(changes)
        if any(isinstance(change, AddEntry) for change in changes):
            self._wake_delivery()

    def _fall_back(self, room: Room, letters: Sequence[Letter]) -> None:
        room.family = room.durable
        room.memory = Memory()
        for letter in letters:
            if letter.kept:
                self._runtime.later(RETRY_COMMIT_SECONDS, partial(room.mailbox.post, letter.work))
            else:
                letter.refuse(Unavailable())

    def _release(self, room: Room, effects: Sequence[do.Effect]) -> None:
        for effect in effects:
            room.releases.post(effect)

    def _settle(self, room: Room) -> None:
        """Bring the index and the timers up to what was committed; leave a family that is over."""
        family = room.family
        self._runtime.set_timers(
            family.sid,
            family.timers,
            lambda name: self.post(family.sid, ev.TimerFired(name=name)),
        )
        if family.over and room.mailbox.empty:
            for sid in family.legs:
                self._by_leg.pop(sid, None)
            room.mailbox.close()
            room.releases.close()
        else:
            for sid in family.legs:
                self._by_leg[sid] = room


async def _decide(room: Room, letter: Letter) -> Draft | None:
    """Let one letter decide; a refusal concerns that letter alone."""
    try:
        draft: Draft = await letter.work(room)
    except Fault as fault:
        letter.refuse(fault)
    except Exception as error:
        log.exception("A decision failed", call_sid=room.family.sid)
        letter.refuse(error)
    else:
        return draft
    return None
