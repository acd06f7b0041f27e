"""The outbox's way out: claim an entry, ask its URL, decide, commit.

- An attempt counts only once it is committed. If the commit fails, the entry is as it was, and the
  same request goes out again with the same token.
- Every request that an attempt took is kept with it, in the same commit.
- The last callback of a message to be settled delivers it. Two that finish together would each see
  the other still open, so counting and committing is one at a time for each message (``turn``).
- Every entry comes to its end: the schedules have one. What an account was owed when it was
  suspended or closed still leaves; what belongs to no account is given up at once.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, assert_never
from weakref import WeakValueDictionary

import msgspec
import structlog
from msgspec.structs import replace

from midcall.core.outbox.replies import Failure, FailureKind, Reply
from midcall.core.outbox.retry import MESSAGES, STATUS_CALLBACKS, Schedule, TryAgain, decide
from midcall.core.outbox.settle import NO_OTHERS, Others, settle, settled_message
from midcall.core.ports import Change, Clock, Entropy, Journal, Store
from midcall.delivery import records
from midcall.delivery.attempt import DEFAULT_LIMITS, Limits
from midcall.delivery.egress import Egress
from midcall.delivery.following import Asker, Hop, Journey
from midcall.model.accounts import Account
from midcall.model.messages import UserDefinedMessage
from midcall.model.outbox import Entry, EntryKind
from midcall.model.sids import NOTIFICATION, CallSid, MessageSid, NotificationSid, from_entropy
from midcall.runtime.poller import Pace, Poller
from midcall.runtime.whereabouts import whereabouts
from midcall.wire.callbacks import (
    CallbackFormat,
    OutgoingRequest,
    callback_request,
    receipt_request,
)

_log = structlog.get_logger(__name__)


class DeliverySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How callbacks leave.

    ``concurrency`` bounds the requests under way. Each is mostly waiting for a customer's server,
    so there may be many; slow servers should not use them up for the quick ones. ``messages`` and
    ``status_callbacks`` say when what failed is tried again; receipts follow the latter.
    ``drain_seconds`` is how long a stop waits for them: less than the ten seconds after which
    containers are commonly killed. What is broken off is made again after the next start.
    """

    callback_format: CallbackFormat = CallbackFormat.JSON
    limits: Limits = DEFAULT_LIMITS
    messages: Schedule = MESSAGES
    status_callbacks: Schedule = STATUS_CALLBACKS
    concurrency: int = 256
    drain_seconds: float = 5.0

    def schedule_for(self, kind: EntryKind) -> Schedule:
        """Return the schedule that entries of a kind follow."""
        match kind:
            case EntryKind.USER_DEFINED_MESSAGE:
                return self.messages
            case EntryKind.STATUS_CALLBACK | EntryKind.RECEIPT:
                return self.status_callbacks
            case _:
                assert_never(kind)

    @property
    def longest_wait_seconds(self) -> float:
        """The longest time that lies between two attempts."""
        return max(self.messages.longest_wait, self.status_callbacks.longest_wait)


DEFAULT_SETTINGS: Final = DeliverySettings()


class DeliveryWorker:
    """Delivers the outbox until it is stopped."""

    def __init__(
        self,
        *,
        store: Store,
        journal: Journal,
        egress: Egress,
        clock: Clock,
        entropy: Entropy,
        settings: DeliverySettings = DEFAULT_SETTINGS,
    ) -> None:
        self._store = store
        self._journal = journal
        self._asker = Asker(egress, clock, settings.limits)
        self._clock = clock
        self._entropy = entropy
        self._settings = settings
        self._settling: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._poller: Poller[Entry] = Poller(
            claim=lambda now, busy, limit: store.due_entries(now, busy=busy, limit=limit),
            process=self._deliver,
            next_due=lambda busy: store.next_due_at(busy=busy),
            clock=clock,
            pace=Pace(
                concurrency=settings.concurrency,
                drain_seconds=settings.drain_seconds,
                latest_due_seconds=settings.longest_wait_seconds,
            ),
        )

    async def run(self) -> None:
        """Deliver until ``stop``, then finish what is under way."""
        await self._poller.run()

    def wake(self) -> None:
        """Say that entries were committed."""
        self._poller.wake()

    def stop(self) -> None:
        """Begin no more attempts."""
        self._poller.stop()

    def turn(
        self, call_sid: CallSid, message_sid: MessageSid
    ) -> AbstractAsyncContextManager[object]:
        """Give the time in which nobody else settles a message."""
        return self._settling.setdefault(f"{call_sid} {message_sid}", asyncio.Lock())

    async def _deliver(self, entry: Entry) -> None:
        attempted_at = self._clock()
        reply, beside = await self._ask(entry)
        now = self._clock()
        outcome = decide(entry, reply, now, self._chance(), self._settings.schedule_for(entry.kind))
        notification_sid = NotificationSid(from_entropy(NOTIFICATION, self._entropy(16)))

        async def commit(others: Others = NO_OTHERS) -> None:
            changes = settle(
                entry,
                reply,
                outcome,
                attempted_at=attempted_at,
                now=now,
                others=others,
                notification_sid=notification_sid,
            )
            await self._journal.commit((*beside, *changes))

        message_sid = settled_message(entry)
        if message_sid is None or isinstance(outcome, TryAgain):
            await commit()
            return
        async with self.turn(entry.call_sid, message_sid):
            await commit(await self._others(entry.call_sid, message_sid))

    async def _others(self, call_sid: CallSid, message_sid: MessageSid) -> Others:
        """Count the other entries of a message of which one, still pending, is being settled."""
        pending = await self._store.open_entries(message_sid, call_sid) - 1
        if pending > 0:
            return Others(pending=pending)
        return Others(dead=await self._store.dead_entries(message_sid, call_sid))

    async def _ask(self, entry: Entry) -> tuple[Reply, tuple[Change, ...]]:
        """Ask an entry's URL; return the reply, and what is to be kept of how it came about."""
        account = await self._store.find_account(entry.account_sid)
        if account is None:
            return Failure(kind=FailureKind.NO_ACCOUNT), ()
        told_of = await self._told_of(entry)
        try:
            # A redirect that drops the parameters would lose the message with a 200.
            journey = await self._asker.ask(
                entry.endpoint, self._builder(entry, account, told_of), parameters_matter=True
            )
            return journey.reply, self._kept(entry, journey)
        except Exception as error:
            # An entry that cannot be made into a request must not hold its lane for ever. Neither
            # the error's text nor its values go to the log: they may be content.
            _log.error(
                "A callback could not be made",
                account_sid=entry.account_sid,
                call_sid=entry.call_sid,
                message_sid=entry.message_sid,
                error=whereabouts(error),
            )
            return Failure(kind=FailureKind.INTERNAL), ()

    def _kept(self, entry: Entry, journey: Journey) -> tuple[Change, ...]:
        kept = records.exchanges(journey, entry.account_sid, entry.call_sid)
        if entry.attempts:
            return kept  # The first attempt said what is wrong with the URL's overrides.
        warned = records.warnings(
            journey, entry.account_sid, entry.call_sid, self._clock(), self._entropy
        )
        return (*kept, *warned)

    async def _told_of(self, entry: Entry) -> UserDefinedMessage | None:
        """Find the message that a receipt tells of, as it came out."""
        if entry.kind is not EntryKind.RECEIPT or entry.message_sid is None:
            return None
        return await self._store.find_message(entry.call_sid, entry.message_sid)

    def _builder(
        self, entry: Entry, account: Account, told_of: UserDefinedMessage | None
    ) -> Callable[[Hop], OutgoingRequest]:
        def build(hop: Hop) -> OutgoingRequest:
            owed = replace(entry, endpoint=hop.endpoint)
            if entry.kind is EntryKind.RECEIPT:
                if told_of is None:
                    raise LookupError("there is no such message")
                return receipt_request(owed, told_of, auth_token=account.auth_token)
            return callback_request(
                owed,
                auth_token=account.auth_token,
                now=self._clock(),
                callback_format=self._settings.callback_format,
            )

        return build

    def _chance(self) -> float:
        return int.from_bytes(self._entropy(4)) / 0x1_0000_0000
