"""Questions about calls, and about what was asked and went wrong in them."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from msgspec.structs import asdict

from midcall.core.ports import CallFilter, NotificationFilter
from midcall.model.calls import Call
from midcall.model.exchanges import Exchange
from midcall.model.families import Family
from midcall.model.notifications import Notification
from midcall.model.sids import AccountSid, CallSid, NotificationSid
from midcall.store import rows, schema
from midcall.store.reading.asking import Asking
from midcall.store.reading.queries import Listing, Query, bind, first, of, paged
from midcall.store.rows import microseconds

_calls = schema.calls.c
CALL: Final = of(rows.CALL, _calls.sid == bind("sid"))
LIVE_FAMILIES: Final = Query(
    sa.select(schema.families.c.document).where(schema.LIVE).order_by(schema.families.c.id),
    lambda row: rows.family(row[0]),
)
CALLS: Final = Listing(
    rows.CALL,
    {
        "to_address": _calls.to_address == bind("to_address"),
        "from_address": _calls.from_address == bind("from_address"),
        "parent_call_sid": _calls.parent_call_sid == bind("parent_call_sid"),
        "status": _calls.status == bind("status"),
        "started_from": _calls.created_at >= bind("started_from"),
        "started_before": _calls.created_at < bind("started_before"),
        "ended_from": _calls.ended_at >= bind("ended_from"),
        "ended_before": _calls.ended_at < bind("ended_before"),
    },
    of_account=True,
)
_ENDED = (
    sa.select(_calls.sid)
    .where(_calls.ended_at < bind("before"))
    .order_by(_calls.ended_at)
    .limit(bind("limit"))
)
CALLS_ENDED: Final[Query[CallSid]] = Query(_ENDED, first)
CALLS_WITH_CONTENT: Final[Query[CallSid]] = Query(_ENDED.where(schema.UNCLEARED), first)

_notifications = schema.notifications.c
NOTIFICATION: Final = of(rows.NOTIFICATION, _notifications.sid == bind("sid"))
NOTIFICATIONS: Final = Listing(
    rows.NOTIFICATION,
    {
        "call_sid": _notifications.call_sid == bind("call_sid"),
        "level": _notifications.level == bind("level"),
        "created_from": _notifications.created_at >= bind("created_from"),
        "created_before": _notifications.created_at < bind("created_before"),
    },
    of_account=True,
    narrow=frozenset({"call_sid"}),
)
_exchanges = schema.exchanges.c
EXCHANGES: Final = paged(
    of(rows.EXCHANGE, _exchanges.call_sid == bind("call")),
    (_exchanges.requested_at, _exchanges.id),
)


class CallReading(Asking):
    """Calls, live and over, with their exchanges and notifications."""

    async def find_call(self, sid: CallSid) -> Call | None:
        """Find a call of any account, over or not."""
        return await self._find(CALL, sid=sid)

    async def list_calls(
        self, account: AccountSid, filters: CallFilter, *, offset: int, limit: int
    ) -> list[Call]:
        """List an account's calls."""
        return await self._page(CALLS, asdict(filters), account=account, offset=offset, limit=limit)

    async def live_families(self) -> list[Family]:
        """Return every family that is not over."""
        return await self._list(LIVE_FAMILIES)

    async def calls_ended(self, before: datetime, *, limit: int) -> list[CallSid]:
        """Return calls that were over before a time, the oldest first."""
        return await self._list(CALLS_ENDED, before=microseconds(before), limit=limit)

    async def calls_with_content(self, ended_before: datetime, *, limit: int) -> list[CallSid]:
        """Return calls that were over before a time and still have what was said in them.

        That is every call of which ``RemoveContent`` has not removed it, the oldest first, whether
        something was said or not.
        """
        return await self._list(CALLS_WITH_CONTENT, before=microseconds(ended_before), limit=limit)

    async def list_exchanges(self, call: CallSid, *, offset: int, limit: int) -> list[Exchange]:
        """List the exchanges of a call, oldest first."""
        return await self._list(EXCHANGES, call=call, offset=offset, limit=limit)

    async def find_notification(self, sid: NotificationSid) -> Notification | None:
        """Find a notification of any account."""
        return await self._find(NOTIFICATION, sid=sid)

    async def list_notifications(
        self, account: AccountSid, filters: NotificationFilter, *, offset: int, limit: int
    ) -> list[Notification]:
        """List an account's notifications."""
        return await self._page(
            NOTIFICATIONS, asdict(filters), account=account, offset=offset, limit=limit
        )
