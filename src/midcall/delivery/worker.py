"""The outbox's way out: claim an entry, ask its URL, decide, commit.

- An attempt counts only once it is committed. If the commit fails, the entry is as it was, and the
  same request goes out again with the same token.
- Every request that an attempt took is kept with it, in the same commit.
- The last callback of a message to be settled delivers it. Two that finish together would each see
  the other still open, so counting and committing is one at a time for each message.
"""

import asyncio
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

import msgspec
import structlog
from msgspec.structs import replace

from midcall.core.outbox.replies import Failure, FailureKind, Reply
from midcall.core.outbox.retry import TryAgain, decide
from midcall.core.outbox.settle import settle
from midcall.core.ports import Change, Clock, Entropy, Journal, Store
from midcall.delivery import records
from midcall.delivery.attempt import DEFAULT_LIMITS, Limits
from midcall.delivery.egress import Egress
from midcall.delivery.following import Asker, Hop, Journey
from midcall.model.accounts import Account
from midcall.model.outbox import Entry
from midcall.model.sids import NOTIFICATION, NotificationSid, from_entropy
from midcall.runtime.poller import Poller
from midcall.runtime.whereabouts import whereabouts
from midcall.wire.callbacks import CallbackFormat, OutgoingRequest, callback_request

_log = structlog.get_logger(__name__)


class DeliverySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How callbacks leave.

    ``concurrency`` bounds the requests under way. Each is mostly waiting for a customer's server,
    so there may be many; slow servers should not use them up for the quick ones.
    ``drain_seconds`` is how long a stop waits for them: less than the ten seconds after which
    containers are commonly killed. What is broken off is made again after the next start.
    """

    callback_format: CallbackFormat = CallbackFormat.JSON
    limits: Limits = DEFAULT_LIMITS
    concurrency: int = 256
    drain_seconds: float = 5.0


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
            concurrency=settings.concurrency,
            drain_seconds=settings.drain_seconds,
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

    async def _deliver(self, entry: Entry) -> None:
        attempted_at = self._clock()
        reply, beside = await self._ask(entry)
        now = self._clock()
        outcome = decide(entry, reply, now, self._chance())
        notification_sid = NotificationSid(from_entropy(NOTIFICATION, self._entropy(16)))

        async def commit(others_open: int) -> None:
            changes = settle(
                entry,
                reply,
                outcome,
                attempted_at=attempted_at,
                now=now,
                others_open=others_open,
                notification_sid=notification_sid,
            )
            await self._journal.commit((*beside, *changes))

        if entry.message_sid is None or isinstance(outcome, TryAgain):
            await commit(0)
            return
        name = f"{entry.call_sid} {entry.message_sid}"
        async with self._settling.setdefault(name, asyncio.Lock()):
            # This entry is pending until the commit, so it is one of those counted.
            open_entries = await self._store.open_entries(entry.message_sid, entry.call_sid)
            await commit(max(0, open_entries - 1))

    async def _ask(self, entry: Entry) -> tuple[Reply, tuple[Change, ...]]:
        """Ask an entry's URL; return the reply, and what is to be kept of how it came about."""
        account = await self._store.find_account(entry.account_sid)
        if account is None:
            return Failure(kind=FailureKind.NO_ACCOUNT), ()
        try:
            # A redirect that drops the parameters would lose the message with a 200.
            journey = await self._asker.ask(
                entry.endpoint, self._builder(entry, account), parameters_matter=True
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

    def _builder(self, entry: Entry, account: Account) -> Callable[[Hop], OutgoingRequest]:
        def build(hop: Hop) -> OutgoingRequest:
            return callback_request(
                replace(entry, endpoint=hop.endpoint),
                auth_token=account.auth_token,
                now=self._clock(),
                callback_format=self._settings.callback_format,
            )

        return build

    def _chance(self) -> float:
        return int.from_bytes(self._entropy(4)) / 0x1_0000_0000
