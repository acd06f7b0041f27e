"""Questions about user-defined messages and what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from msgspec.structs import asdict

from midcall.core.ports import MessageFilter
from midcall.model.messages import Direction, MessageEvent, MessageState, UserDefinedMessage
from midcall.model.sids import AccountSid, CallSid, MessageSid
from midcall.store import rows, schema
from midcall.store.reading.asking import Asking
from midcall.store.reading.queries import Listing, Query, bind, first, of, picked_out
from midcall.store.rows import microseconds, moment

_messages = schema.messages.c
_OF_CALL = _messages.call_sid == bind("call")
_NOT_EXPIRED = _messages.state != MessageState.EXPIRED.value
_DOWNLINK = _messages.direction == Direction.DOWNLINK.value
_UPLINK = _messages.direction == Direction.UPLINK.value

MESSAGE: Final = of(rows.MESSAGE, _OF_CALL, _messages.sid == bind("sid"))
NEXT_POSITION: Final[Query[int]] = Query(
    sa.select(sa.func.coalesce(sa.func.max(_messages.position) + 1, 0)).where(
        _OF_CALL, _messages.direction == bind("direction")
    ),
    first,
)
DOWNLINKS: Final = Query(
    of(rows.MESSAGE, _OF_CALL, _DOWNLINK, _messages.position > bind("after"), _NOT_EXPIRED)
    .select.order_by(_messages.position)
    .limit(bind("limit")),
    rows.MESSAGE.record,
)
FIRST_PENDING_DOWNLINK: Final[Query[int]] = Query(
    sa.select(_messages.position)
    .where(_OF_CALL, _DOWNLINK)
    .where(schema.UNSETTLED)
    .order_by(_messages.position)
    .limit(1),
    first,
)
WAITING_DOWNLINKS: Final[Query[int]] = Query(
    sa.select(sa.func.count())
    .select_from(schema.messages)
    .where(_OF_CALL, _DOWNLINK)
    .where(schema.UNSETTLED),
    first,
)
UPLINKS: Final = Query(
    of(rows.MESSAGE, _OF_CALL, _UPLINK, _NOT_EXPIRED).select.order_by(_messages.position),
    rows.MESSAGE.record,
)
REPLY: Final = Query(
    of(rows.MESSAGE, _OF_CALL, _UPLINK, _messages.in_reply_to == bind("sid"))
    .select.order_by(_messages.position)
    .limit(1),
    rows.MESSAGE.record,
)
LEGS_WITH_OVERDUE: Final[Query[CallSid]] = Query(
    sa.select(picked_out(_messages.call_sid))
    .distinct()
    .where(schema.UNSENT)
    .where(_messages.created_at < bind("before"))
    .limit(bind("limit")),
    first,
)


SEARCHED: Final = 100_000
"""Messages, the newest of all accounts, in which a text is looked for: one after the other, where
none has it."""

_newest = schema.messages.alias("newest")
_SEARCHED_FROM: Final = sa.select(
    sa.func.max(_newest.c.id) - sa.literal_column(str(SEARCHED))
).scalar_subquery()


def _listing(only: sa.TextClause | None = None) -> Listing[UserDefinedMessage]:
    return Listing(
        rows.MESSAGE,
        {
            "call_sid": _messages.call_sid == bind("call_sid"),
            "direction": _messages.direction == bind("direction"),
            "state": _messages.state == bind("state"),
            "search": sa.and_(
                _messages.content.like(bind("search"), escape="\\"), _messages.id > _SEARCHED_FROM
            ),
        },
        of_account=True,
        # A message is added once and never replaced: its number is its age.
        order=(_messages.id.desc(),),
        only=only,
        narrow=frozenset({"call_sid"}),
    )


MESSAGES: Final = _listing()
UNDELIVERED_MESSAGES: Final = _listing(schema.UNDELIVERED)
_UNDELIVERED = {MessageState.HELD, MessageState.EXPIRED, MessageState.FAILED}

_events = schema.message_events.c


def _event(row: Sequence[Any]) -> MessageEvent:
    number, state, at, *message = row
    return MessageEvent(
        id=number,
        at=moment(at),
        state=MessageState(state),
        message=rows.MESSAGE.record(message),
    )


def _events_from(*conditions: sa.ColumnElement[bool]) -> Query[MessageEvent]:
    return Query(
        sa.select(_events.id, _events.state, _events.at, *rows.MESSAGE.columns)
        .join_from(
            schema.message_events,
            schema.messages,
            sa.and_(_messages.call_sid == _events.call_sid, _messages.sid == _events.message_sid),
        )
        .where(_events.id > bind("after"), *conditions)
        .order_by(_events.id)
        .limit(bind("limit")),
        _event,
    )


MESSAGE_EVENTS: Final = _events_from(_events.account_sid == bind("account"))
MESSAGE_EVENTS_OF_CALL: Final = _events_from(
    picked_out(_events.account_sid) == bind("account"), _events.call_sid == bind("call")
)
# SQLite's own count, which goes on when rows are removed. (In Postgres: a sequence's last value.)
_SEQUENCE = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
LAST_MESSAGE_EVENT: Final[Query[int]] = Query(
    sa.select(sa.func.coalesce(sa.func.max(_SEQUENCE.c.seq), 0)).where(
        _SEQUENCE.c.name == schema.message_events.name
    ),
    first,
)


def _anywhere(text: str) -> str:
    """Return the pattern for a text with anything around it; no character has a meaning."""
    for sign in "\\%_":
        text = text.replace(sign, f"\\{sign}")
    return f"%{text}%"


class MessageReading(Asking):
    """User-defined messages and their events."""

    async def find_message(self, call: CallSid, sid: MessageSid) -> UserDefinedMessage | None:
        """Find a user-defined message of a call leg."""
        return await self._find(MESSAGE, call=call, sid=sid)

    async def next_position(self, call: CallSid, direction: Direction) -> int:
        """Return the position that the next message of this leg and direction takes."""
        return await self._get(NEXT_POSITION, call=call, direction=direction.value)

    async def downlinks(self, call: CallSid, *, after: int, limit: int) -> list[UserDefinedMessage]:
        """Return the downlinks of a leg from position ``after`` + 1 on that are not expired."""
        return await self._list(DOWNLINKS, call=call, after=after, limit=limit)

    async def first_pending_downlink(self, call: CallSid) -> int | None:
        """Return the position of a leg's first downlink that is not settled."""
        return await self._find(FIRST_PENDING_DOWNLINK, call=call)

    async def waiting_downlinks(self, call: CallSid) -> int:
        """Count a leg's downlinks that are not settled."""
        return await self._get(WAITING_DOWNLINKS, call=call)

    async def uplinks(self, call: CallSid) -> list[UserDefinedMessage]:
        """Return the uplinks of a leg that are not expired, in their order."""
        return await self._list(UPLINKS, call=call)

    async def find_reply(self, call: CallSid, sid: MessageSid) -> UserDefinedMessage | None:
        """Find the first uplink of a leg that says it answers a downlink."""
        return await self._find(REPLY, call=call, sid=sid)

    async def list_messages(
        self, account: AccountSid, filters: MessageFilter, *, offset: int, limit: int
    ) -> list[UserDefinedMessage]:
        """List an account's user-defined messages, the last accepted first."""
        listing = UNDELIVERED_MESSAGES if filters.state in _UNDELIVERED else MESSAGES
        narrowing = asdict(filters)
        if filters.search is not None:
            narrowing["search"] = _anywhere(filters.search)
        return await self._page(listing, narrowing, account=account, offset=offset, limit=limit)

    async def legs_with_overdue(self, created_before: datetime, *, limit: int) -> list[CallSid]:
        """Return legs with a downlink that waits, unsent, since before a time."""
        return await self._list(LEGS_WITH_OVERDUE, before=microseconds(created_before), limit=limit)

    async def message_events(
        self, account: AccountSid, call: CallSid | None, *, after: int, limit: int
    ) -> list[MessageEvent]:
        """Return an account's message events, or a call's, from the one behind ``after`` on."""
        if call is None:
            return await self._list(MESSAGE_EVENTS, account=account, after=after, limit=limit)
        return await self._list(
            MESSAGE_EVENTS_OF_CALL, account=account, call=call, after=after, limit=limit
        )

    async def last_message_event(self) -> int:
        """Return the id of the last message event of any account; 0 if there was none."""
        return await self._get(LAST_MESSAGE_EVENT)
