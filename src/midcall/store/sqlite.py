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
from typing import Final, TypeVar

from midcall.core.ports import CallFilter, Change
from midcall.model.accounts import Account, ApiKey, Application
from midcall.model.calls import Call
from midcall.model.families import Family
from midcall.model.messages import AcceptedRequest, Direction, Subscription, UserDefinedMessage
from midcall.model.notifications import Notification
from midcall.model.outbox import Attempt, Entry
from midcall.model.sids import (
    AccountSid,
    ApplicationSid,
    CallSid,
    KeySid,
    MessageSid,
    SubscriptionSid,
)
from midcall.store import executing, opening, reading
from midcall.store.faults import StoreFileUnusable
from midcall.store.migrating import check_revision, migrate
from midcall.store.reading import Query
from midcall.store.rows import Value, microseconds
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

        Raises ``AlreadyKept``, ``ChangeRefused`` or ``WriteFailed``; nothing was written then.
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

    async def list_accounts(self, *, offset: int, limit: int) -> list[Account]:
        """List the accounts."""
        return await self._list(reading.ACCOUNTS, offset=offset, limit=limit)

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
        query, values = reading.applications(friendly_name)
        return await self._list(query, account=account, offset=offset, limit=limit, **values)

    # --- calls --------------------------------------------------------------------------------

    async def find_call(self, sid: CallSid) -> Call | None:
        """Find a call of any account, over or not."""
        return await self._find(reading.CALL, sid=sid)

    async def list_calls(
        self, account: AccountSid, filters: CallFilter, *, offset: int, limit: int
    ) -> list[Call]:
        """List an account's calls."""
        query, values = reading.calls(filters)
        return await self._list(query, account=account, offset=offset, limit=limit, **values)

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

    async def notifications(
        self, account: AccountSid, *, call: CallSid | None, offset: int, limit: int
    ) -> list[Notification]:
        """List an account's notifications, of one call if ``call`` is given."""
        query, values = reading.notifications(call)
        return await self._list(query, account=account, offset=offset, limit=limit, **values)

    async def _list(self, query: Query[T], **values: Value) -> list[T]:
        return await self._threads.read(partial(executing.read, query=query, row=values))

    async def _find(self, query: Query[T], **values: Value) -> T | None:
        found = await self._list(query, **values)
        return found[0] if found else None

    async def _get(self, query: Query[T], **values: Value) -> T:
        (found,) = await self._list(query, **values)
        return found
