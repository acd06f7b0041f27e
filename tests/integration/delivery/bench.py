"""A worker between a real store and real customers' servers, and what it has to deliver."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from msgspec.structs import replace

from midcall.core.ports import Change, NotificationFilter, SettleEntry
from midcall.delivery.egress import Egress
from midcall.delivery.worker import DEFAULT_SETTINGS, DeliverySettings, DeliveryWorker
from midcall.model.endpoints import Endpoint
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.outbox import Attempt, Entry, EntryKind
from midcall.model.sids import MessageSid
from midcall.runtime.journal import Journal
from midcall.store.sqlite import SqliteStore
from tests.integration.delivery.account import ACCOUNT, CALL, START, Clock, Entropy


class Bench:
    """A worker between a real store and real customers' servers."""

    def __init__(self, store: SqliteStore, egress: Egress) -> None:
        self.store = store
        self.clock = Clock()
        self.settled: list[SettleEntry] = []
        self.commits: list[list[Change]] = []
        self.commit_errors: list[Exception] = []
        self.refused = asyncio.Event()
        self.journal: Journal[Change] = Journal(self._write)
        self.running: DeliveryWorker
        self._egress = egress
        self._written = asyncio.Condition()

    async def _write(self, changes: Sequence[Change]) -> None:
        try:
            if self.commit_errors:
                raise self.commit_errors.pop()
            await self.store.commit(changes)
        except Exception:
            self.refused.set()
            raise
        async with self._written:
            self.commits.append(list(changes))
            self.settled += [change for change in changes if isinstance(change, SettleEntry)]
            self._written.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30), self._written:
            await self._written.wait_for(condition)

    async def until_settled(self, count: int) -> None:
        await self.until(lambda: len(self.settled) >= count)

    def passes(self, seconds: float) -> None:
        """Let time pass, and have the worker look what is due by now."""
        self.clock.now += timedelta(seconds=seconds)
        self.running.wake()

    async def owe(self, *changes: Change) -> None:
        await self.store.commit(changes)

    async def state(self, number: int = 0) -> MessageState:
        message = await self.store.find_message(CALL, uplink(number).sid)
        assert message is not None
        return message.state

    async def attempts(self, lane: str = "ZY1", number: int = 0) -> list[Attempt]:
        return await self.store.attempts(lane, number)

    async def entry(self, token: str) -> Entry:
        entry = await self.store.find_entry(ACCOUNT.sid, token)
        assert entry is not None
        return entry

    async def notified(self) -> list[int]:
        listed = await self.store.list_notifications(
            ACCOUNT.sid, NotificationFilter(), offset=0, limit=50
        )
        return [notification.code for notification in listed]

    @asynccontextmanager
    async def worker(
        self, settings: DeliverySettings = DEFAULT_SETTINGS
    ) -> AsyncIterator[DeliveryWorker]:
        """Run a worker until the block ends, then drain it."""
        worker = DeliveryWorker(
            store=self.store,
            journal=self.journal,
            egress=self._egress,
            clock=self.clock,
            entropy=Entropy(),
            settings=settings,
        )
        self.running = worker
        task = asyncio.create_task(worker.run(), name="delivery")
        try:
            yield worker
        finally:
            worker.stop()
            async with asyncio.timeout(30):
                await task


def uplink(number: int = 0) -> UserDefinedMessage:
    """Make the message of that number."""
    return UserDefinedMessage(
        sid=MessageSid(f"KX{number:032x}"),
        account_sid=ACCOUNT.sid,
        call_sid=CALL,
        direction=Direction.UPLINK,
        position=number,
        content='{"n":1}',
        content_type="application/json",
        created_at=START,
    )


def owed(url: str, number: int = 0, lane: str = "ZY1") -> Entry:
    """Make what a subscription is owed of an uplink."""
    message = uplink(number)
    return Entry(
        lane=lane,
        position=number,
        kind=EntryKind.USER_DEFINED_MESSAGE,
        account_sid=ACCOUNT.sid,
        call_sid=CALL,
        endpoint=Endpoint(url),
        parameters={
            "ContentType": "application/json",
            "Content": message.content,
            "SequenceNumber": str(number),
            "CallSid": CALL,
            "AccountSid": ACCOUNT.sid,
            "Sid": message.sid,
        },
        token=f"token {lane} {number}",
        created_at=START,
        due_at=START,
        message_sid=message.sid,
    )


def owed_status(url: str) -> Entry:
    """Make what is owed of a stage of the call."""
    return replace(
        owed(url),
        kind=EntryKind.STATUS_CALLBACK,
        parameters={"CallSid": CALL, "CallStatus": "ringing"},
        message_sid=None,
    )
