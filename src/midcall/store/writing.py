"""Changes as statements: what each decision writes.

Invariants
- A change becomes the same statements wherever it stands in a commit; what it must not disturb
  (a settled message, another head of a lane) the statement itself spares.
- Statements are built once, when this module is imported; a commit only fills in values.
- Every record that is added and not replaced has a unique key: a second one fails the commit.
- A lane's row in ``lane_heads`` is its first pending entry, whatever order entries come and go in.
"""

from collections.abc import Iterator
from typing import Final, assert_never

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from midcall.core.ports import (
    AddAcceptedRequest,
    AddEntry,
    AddExchange,
    AddMessage,
    AddNotification,
    AddSubscription,
    Change,
    ExpireMessages,
    MarkMessage,
    PutAccount,
    PutApiKey,
    PutApplication,
    PutFamily,
    PutPhoneNumber,
    RemoveApiKey,
    RemoveApplication,
    RemoveCall,
    RemovePhoneNumber,
    RemoveSubscription,
    SettleEntry,
)
from midcall.model.messages import Direction, MessageState
from midcall.model.outbox import Entry, EntryState
from midcall.store import removing, rows, schema
from midcall.store.rows import Row, microseconds

Statement = sa.Insert | sa.Update | sa.Delete
Step = tuple[Statement, Row]
"""One statement and the values of its parameters."""


def _bind(name: str) -> sa.BindParameter[object]:
    return sa.bindparam(name)


def _add(table: sa.Table) -> sa.Insert:
    """Build an insert of everything but the number that the database gives."""
    names = [column.name for column in table.columns if column.name != "id"]
    return sa.insert(table).values({name: _bind(name) for name in names})


def _put(table: sa.Table, key: str = "sid") -> sa.Insert:
    """Build an insert that replaces the row of the same key; the row keeps its ``id``."""
    names = [column.name for column in table.columns if column.name != "id"]
    added = insert(table).values({name: _bind(name) for name in names})
    return added.on_conflict_do_update(
        index_elements=[key],
        set_={name: added.excluded[name] for name in names if name != key},
    )


def _remove(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(table.c.sid == _bind("sid"))


_PUT_ACCOUNT: Final = _put(schema.accounts)
_PUT_API_KEY: Final = _put(schema.api_keys)
_REMOVE_API_KEY: Final = _remove(schema.api_keys)
_PUT_APPLICATION: Final = _put(schema.applications)
_REMOVE_APPLICATION: Final = _remove(schema.applications)
_PUT_PHONE_NUMBER: Final = _put(schema.phone_numbers)
_REMOVE_PHONE_NUMBER: Final = _remove(schema.phone_numbers)
_PUT_FAMILY: Final = _put(schema.families)
_PUT_CALL: Final = _put(schema.calls)
_ADD_MESSAGE: Final = _add(schema.messages)
_ADD_SUBSCRIPTION: Final = _add(schema.subscriptions)
_REMOVE_SUBSCRIPTION: Final = _remove(schema.subscriptions)
_ADD_ACCEPTED_REQUEST: Final = _add(schema.accepted_requests)
_ADD_NOTIFICATION: Final = _add(schema.notifications)
_ADD_EXCHANGE: Final = _add(schema.exchanges)
_ADD_ENTRY: Final = _add(schema.entries)
_ADD_ATTEMPT: Final = _add(schema.attempts)

# --- messages ---------------------------------------------------------------------------------

_messages = schema.messages.c
_UNSETTLED_MESSAGE = (
    sa.update(schema.messages)
    .where(_messages.call_sid == _bind("of_call"), _messages.sid == _bind("of_sid"))
    .where(schema.UNSETTLED)
    .values(state=_bind("new_state"))
)
_HOLD_MESSAGE: Final = _UNSETTLED_MESSAGE
_SEND_MESSAGE: Final = _UNSETTLED_MESSAGE.values(sent_at=_bind("at"))
_SETTLE_MESSAGE: Final = _UNSETTLED_MESSAGE.values(settled_at=_bind("at"))
_EXPIRE_MESSAGES: Final = (
    sa.update(schema.messages)
    .where(
        _messages.call_sid == _bind("of_call"),
        _messages.direction == Direction.DOWNLINK.value,
    )
    .where(schema.UNSETTLED)
    .values(state=MessageState.EXPIRED.value, settled_at=_bind("at"))
)

# --- the outbox -------------------------------------------------------------------------------

_entries = schema.entries.c
_heads = schema.lane_heads.c

_UPDATE_ENTRY: Final = (
    sa.update(schema.entries)
    .where(_entries.lane == _bind("of_lane"), _entries.position == _bind("of_position"))
    .values(state=_bind("new_state"), attempts=_bind("new_attempts"), due_at=_bind("new_due_at"))
)


def _lead() -> sa.Insert:
    """Build what makes a pending entry its lane's head, unless an earlier one is."""
    added = insert(schema.lane_heads).values(
        lane=_bind("lane"), position=_bind("position"), due_at=_bind("due_at")
    )
    return added.on_conflict_do_update(
        index_elements=[_heads.lane],
        set_={"position": added.excluded.position, "due_at": added.excluded.due_at},
        where=added.excluded.position <= _heads.position,
    )


def _succeed() -> sa.Insert:
    """Build what makes the next pending entry the head of a lane that has none."""
    following = (
        sa.select(_entries.lane, _entries.position, _entries.due_at)
        # Nothing before the old head is pending, or that would have been the head.
        .where(_entries.lane == _bind("lane"), _entries.position > _bind("position"))
        .where(schema.PENDING)
        .order_by(_entries.position)
        .limit(sa.literal_column("1"))
    )
    columns = ["lane", "position", "due_at"]
    return (
        insert(schema.lane_heads)
        .from_select(columns, following)
        .on_conflict_do_nothing(index_elements=[_heads.lane])
    )


_LEAD: Final = _lead()
_SUCCEED: Final = _succeed()
_STEP_DOWN: Final = sa.delete(schema.lane_heads).where(
    _heads.lane == _bind("lane"), _heads.position == _bind("position")
)


_Put = PutAccount | PutApiKey | PutApplication | PutPhoneNumber
_Add = AddSubscription | AddAcceptedRequest | AddExchange | AddNotification
_Remove = RemoveApiKey | RemoveApplication | RemovePhoneNumber | RemoveSubscription


def steps(change: Change) -> Iterator[Step]:
    """Yield the statements of a change, in the order in which they run."""
    match change:  # the most frequent first
        case AddMessage() | MarkMessage() | ExpireMessages():
            yield _message_step(change)
        case AddEntry() | SettleEntry():
            yield from _outbox_steps(change)
        case PutFamily() | RemoveCall():
            yield from _call_steps(change)
        case AddSubscription() | AddAcceptedRequest() | AddExchange() | AddNotification():
            yield _add_step(change)
        case PutAccount() | PutApiKey() | PutApplication() | PutPhoneNumber():
            yield _put_step(change)
        case _:
            yield _remove_step(change)


def _call_steps(change: PutFamily | RemoveCall) -> Iterator[Step]:
    match change:
        case PutFamily(family):
            yield _PUT_FAMILY, rows.family_row(family)
            for leg in family.legs.values():
                yield _PUT_CALL, rows.CALL.row(leg.call)
            yield removing.STAY_REMOVED, {"family_sid": family.sid}
        case RemoveCall(sid):
            for statement in removing.REMOVAL:
                yield statement, {"sid": sid}
        case _:
            assert_never(change)


def _add_step(change: _Add) -> Step:
    match change:
        case AddSubscription(subscription):
            return _ADD_SUBSCRIPTION, rows.SUBSCRIPTION.row(subscription)
        case AddAcceptedRequest(request):
            return _ADD_ACCEPTED_REQUEST, rows.ACCEPTED_REQUEST.row(request)
        case AddExchange(exchange):
            return _ADD_EXCHANGE, rows.EXCHANGE.row(exchange)
        case AddNotification(notification):
            return _ADD_NOTIFICATION, rows.NOTIFICATION.row(notification)
        case _:
            assert_never(change)


def _put_step(change: _Put) -> Step:
    match change:
        case PutAccount(account):
            return _PUT_ACCOUNT, rows.ACCOUNT.row(account)
        case PutApiKey(key):
            return _PUT_API_KEY, rows.API_KEY.row(key)
        case PutApplication(application):
            return _PUT_APPLICATION, rows.APPLICATION.row(application)
        case PutPhoneNumber(number):
            return _PUT_PHONE_NUMBER, rows.PHONE_NUMBER.row(number)
        case _:
            assert_never(change)


def _remove_step(change: _Remove) -> Step:
    match change:
        case RemoveApiKey(sid):
            return _REMOVE_API_KEY, {"sid": sid}
        case RemoveApplication(sid):
            return _REMOVE_APPLICATION, {"sid": sid}
        case RemovePhoneNumber(sid):
            return _REMOVE_PHONE_NUMBER, {"sid": sid}
        case RemoveSubscription(sid):
            return _REMOVE_SUBSCRIPTION, {"sid": sid}
        case _:
            assert_never(change)


def _message_step(change: AddMessage | MarkMessage | ExpireMessages) -> Step:
    match change:
        case AddMessage(message):
            return _ADD_MESSAGE, rows.MESSAGE.row(message)
        case MarkMessage():
            return _mark_step(change)
        case ExpireMessages(call_sid, at):
            return _EXPIRE_MESSAGES, {"of_call": call_sid, "at": microseconds(at)}
        case _:
            assert_never(change)


def _mark_step(mark: MarkMessage) -> Step:
    row: Row = {"of_call": mark.call_sid, "of_sid": mark.sid, "new_state": mark.state.value}
    if mark.state is MessageState.ACCEPTED:
        return _HOLD_MESSAGE, row
    row["at"] = microseconds(mark.at)
    return (_SETTLE_MESSAGE if mark.state.terminal else _SEND_MESSAGE), row


def _outbox_steps(change: AddEntry | SettleEntry) -> Iterator[Step]:
    match change:
        case AddEntry(entry):
            yield _ADD_ENTRY, rows.ENTRY.row(entry)
            if entry.state is EntryState.PENDING:
                yield _LEAD, _head(entry)
        case SettleEntry(entry, attempt):
            yield _ADD_ATTEMPT, rows.ATTEMPT.row(attempt)
            yield _UPDATE_ENTRY, _settled(entry)
            if entry.state is EntryState.PENDING:
                yield _LEAD, _head(entry)
            else:
                place: Row = {"lane": entry.lane, "position": entry.position}
                yield _STEP_DOWN, place
                yield _SUCCEED, place
        case _:
            assert_never(change)


def _head(entry: Entry) -> Row:
    return {"lane": entry.lane, "position": entry.position, "due_at": microseconds(entry.due_at)}


def _settled(entry: Entry) -> Row:
    return {
        "of_lane": entry.lane,
        "of_position": entry.position,
        "new_state": entry.state.value,
        "new_attempts": entry.attempts,
        "new_due_at": microseconds(entry.due_at),
    }
