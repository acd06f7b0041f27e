"""Everything that is kept, in one SQLite file: the ``Store`` port for a server of its own.

Invariants
- Commits happen one after another, in the order in which they were asked for. A commit is one
  transaction; when it returns, the write-ahead log has been synced to the disk.
- A read that begins after a commit has returned sees it.
- No statement runs on the event loop's thread.
- A failed commit leaves nothing behind, and the next one finds the store as usable as before.
- A store in memory (``sqlite:///:memory:``, for tests) has one connection for everything.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec.structs import asdict

from midcall.core.ports import (
    AccountFilter,
    CallFilter,
    Change,
    NotificationFilter,
    NumberFilter,
)
from midcall.model.accounts import Account, ApiKey, Application
from midcall.model.calls import Call
from midcall.model.exchanges import Exchange
from midcall.model.families import Family
from midcall.model.messages import AcceptedRequest, Direction, Subscription, UserDefinedMessage
from midcall.model.notifications import Notification
from midcall.model.numbers import PhoneNumber
from midcall.model.outbox import Attempt, Entry
from midcall.model.sids import (
    AccountSid,
    ApplicationSid,
    CallSid,
    KeySid,
    MessageSid,
    NotificationSid,
    PhoneNumberSid,
    SubscriptionSid,
)
from midcall.store import executing, opening, reading
from midcall.store.faults import StoreFileUnusable
from midcall.store.migrating import check_revision, migrate
from midcall.store.reading import Listing, Query
from midcall.store.rows import RecordT, Value, microseconds
from midcall.store.threads import Threads

T = TypeVar("T")

READERS: Final = 3
"""Threads that read. SQLite reads in microseconds; this is enough for one slow list to hold up
nobody."""


async def open_store(url: str, *, max_pages: int | None = None) -> "SqliteStore":
    """Open a store, make or migrate its tables.

    ``url`` is ``sqlite:///path`` (three slashes and a relative path, four and an absolute one) or
    ``sqlite:///:memory:``. ``max_pages`` limits how far the file may grow, in pages of 4,096 bytes.

    Raises a ``StoreUnusable``: the URL is not one of these, the file cannot be opened or is open in
    another server, or a newer version has written it.
    """
    return await asyncio.to_thread(_open, url, max_pages)


def _open(url: str, max_pages: int | None) -> "SqliteStore":
    path = opening.location(url)
    # What has been opened is closed again if a later step fails.
    with ExitStack() as opened:
        lock = None
        if path is not None:
            lock = opening.FileLock(path)
            opened.callback(lock.release)
            opening.make_file(path)
        writer = opening.connect(path, max_pages=max_pages)
        opened.callback(writer.close)
        migrate(writer, path or Path(opening.MEMORY))
        readers = []
        if path is not None:
            for _ in range(READERS):
                readers.append(opening.connect_for_reading(path))
                opened.callback(readers[-1].close)
        opened.pop_all()
    return SqliteStore(Threads(writer, readers), lock)


async def open_for_reading(url: str) -> "SqliteStore":
    """Open a store beside the server that writes it; every commit is refused.

    Raises a ``StoreUnusable`` if there is no such file, or another version has written it.
    """
    return await asyncio.to_thread(_open_for_reading, url)


def _open_for_reading(url: str) -> "SqliteStore":
    path = opening.location(url)
    if path is None or not path.is_file():
        raise StoreFileUnusable(path or Path(opening.MEMORY), "there is no such file")
    with ExitStack() as opened:
        reader = opening.connect_for_reading(path)
        opened.callback(reader.close)
        check_revision(reader, path)
        opened.pop_all()
    return SqliteStore(Threads(reader, ()), None)


class SqliteStore:
    """The ``Store`` port on SQLite. ``open_store`` makes one."""

    def __init__(self, threads: Threads, lock: opening.FileLock | None) -> None:
        self._threads = threads
        self._lock = lock

    async def commit(self, changes: Sequence[Change]) -> None:
        """Write the changes in one transaction; they are durable when this returns.

        Raises ``AlreadyKept`` (``NumberTaken`` for a phone number), ``ChangeRefused`` or
        ``WriteFailed``; nothing was written then.
        """
        if changes:
            await self._threads.write(partial(executing.write, changes=tuple(changes)))

    async def close(self) -> None:
        """Finish what is under way, fold the log into the file, let go of the file."""
        await self._threads.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    # --- accounts, keys, applications ---------------------------------------------------------

    async def find_account(self, sid: AccountSid) -> Account | None:
        """Find an account."""
        return await self._find(reading.ACCOUNT, sid=sid)

    async def list_accounts(
        self, filters: AccountFilter, *, offset: int, limit: int
    ) -> list[Account]:
        """List the accounts."""
        return await self._page(reading.ACCOUNTS, asdict(filters), offset=offset, limit=limit)

    async def find_api_key(self, sid: KeySid) -> ApiKey | None:
        """Find an API key of any account."""
        return await self._find(reading.API_KEY, sid=sid)

    async def list_api_keys(self, account: AccountSid, *, offset: int, limit: int) -> list[ApiKey]:
        """List an account's API keys."""
        return await self._list(reading.API_KEYS, account=account, offset=offset, limit=limit)

    async def find_application(self, sid: ApplicationSid) -> Application | None:
        """Find an application of any account."""
        return await self._find(reading.APPLICATION, sid=sid)

    async def list_applications(
        self, account: AccountSid, *, friendly_name: str | None, offset: int, limit: int
    ) -> list[Application]:
        """List an account's applications, of one name if ``friendly_name`` is given."""
        filters = {"friendly_name": friendly_name}
        return await self._page(
            reading.APPLICATIONS, filters, account=account, offset=offset, limit=limit
        )

    # --- phone numbers ------------------------------------------------------------------------

    async def find_phone_number(self, sid: PhoneNumberSid) -> PhoneNumber | None:
        """Find a phone number of any account."""
        return await self._find(reading.PHONE_NUMBER, sid=sid)

    async def find_number(self, number: str) -> PhoneNumber | None:
        """Find who owns a number in E.164."""
        return await self._find(reading.NUMBER, number=number)

    async def list_phone_numbers(
        self, account: AccountSid, filters: NumberFilter, *, offset: int, limit: int
    ) -> list[PhoneNumber]:
        """List an account's phone numbers."""
        return await self._page(
            reading.PHONE_NUMBERS, asdict(filters), account=account, offset=offset, limit=limit
        )

    # --- calls --------------------------------------------------------------------------------

    async def find_call(self, sid: CallSid) -> Call | None:
        """Find a call of any account, over or not."""
        return await self._find(reading.CALL, sid=sid)

    async def list_calls(
        self, account: AccountSid, filters: CallFilter, *, offset: int, limit: int
    ) -> list[Call]:
        """List an account's calls."""
        return await self._page(
            reading.CALLS, asdict(filters), account=account, offset=offset, limit=limit
        )

    async def live_families(self) -> list[Family]:
        """Return every family that is not over."""
        return await self._list(reading.LIVE_FAMILIES)

    # --- messages and subscriptions -----------------------------------------------------------

    async def find_message(self, call: CallSid, sid: MessageSid) -> UserDefinedMessage | None:
        """Find a user-defined message of a call leg."""
        return await self._find(reading.MESSAGE, call=call, sid=sid)

    async def next_position(self, call: CallSid, direction: Direction) -> int:
        """Return the position that the next message of this leg and direction takes."""
        return await self._get(reading.NEXT_POSITION, call=call, direction=direction.value)

    async def downlinks(self, call: CallSid, *, after: int, limit: int) -> list[UserDefinedMessage]:
        """Return the downlinks of a leg from position ``after`` + 1 on that are not expired."""
        return await self._list(reading.DOWNLINKS, call=call, after=after, limit=limit)

    async def first_pending_downlink(self, call: CallSid) -> int | None:
        """Return the position of a leg's first downlink that is not settled."""
        return await self._find(reading.FIRST_PENDING_DOWNLINK, call=call)

    async def subscriptions(self, call: CallSid) -> list[Subscription]:
        """Return a leg's subscriptions, oldest first."""
        return await self._list(reading.SUBSCRIPTIONS, call=call)

    async def find_subscription(self, sid: SubscriptionSid) -> Subscription | None:
        """Find a subscription of any account."""
        return await self._find(reading.SUBSCRIPTION, sid=sid)

    async def find_accepted_request(
        self, account: AccountSid, call: CallSid, resource: str, key: str
    ) -> AcceptedRequest | None:
        """Find what was answered under an idempotency key."""
        return await self._find(
            reading.ACCEPTED_REQUEST, account=account, call=call, resource=resource, key=key
        )

    # --- the outbox ---------------------------------------------------------------------------

    async def due_entries(self, now: datetime, *, busy: frozenset[str], limit: int) -> list[Entry]:
        """Return the first pending entry of each lane outside ``busy``, where it is due.

        The one that has been due longest comes first.
        """
        return await self._list(
            reading.DUE_ENTRIES, now=microseconds(now), busy=reading.busy_lanes(busy), limit=limit
        )

    async def next_due_at(self, *, busy: frozenset[str]) -> datetime | None:
        """Return when the next first-of-its-lane entry outside ``busy`` is due, if there is one."""
        return await self._find(reading.NEXT_DUE_AT, busy=reading.busy_lanes(busy))

    async def open_entries(self, message: MessageSid, call: CallSid) -> int:
        """Count the pending entries that carry a message."""
        return await self._get(reading.OPEN_ENTRIES, message=message, call=call)

    async def attempts(self, lane: str, position: int) -> list[Attempt]:
        """Return the attempts on an entry, oldest first."""
        return await self._list(reading.ATTEMPTS, lane=lane, position=position)

    # --- the debugger -------------------------------------------------------------------------

    async def find_notification(self, sid: NotificationSid) -> Notification | None:
        """Find a notification of any account."""
        return await self._find(reading.NOTIFICATION, sid=sid)

    async def list_notifications(
        self, account: AccountSid, filters: NotificationFilter, *, offset: int, limit: int
    ) -> list[Notification]:
        """List an account's notifications."""
        return await self._page(
            reading.NOTIFICATIONS, asdict(filters), account=account, offset=offset, limit=limit
        )

    async def list_exchanges(self, call: CallSid, *, offset: int, limit: int) -> list[Exchange]:
        """List the exchanges of a call, oldest first."""
        return await self._list(reading.EXCHANGES, call=call, offset=offset, limit=limit)

    async def _page(
        self, listing: Listing[RecordT], filters: dict[str, Any], **values: Value
    ) -> list[RecordT]:
        query, narrowing = listing.narrowed(filters)
        return await self._list(query, **values, **narrowing)

    async def _list(self, query: Query[T], **values: Value) -> list[T]:
        return await self._threads.read(partial(executing.read, query=query, row=values))

    async def _find(self, query: Query[T], **values: Value) -> T | None:
        found = await self._list(query, **values)
        return found[0] if found else None

    async def _get(self, query: Query[T], **values: Value) -> T:
        (found,) = await self._list(query, **values)
        return found
