"""Statements about messages: added, moved from state to state, settled.

What settles messages does it in four steps. It says in
``message_events`` which messages it is about to settle, settles them, makes their waiting receipts
the heads of their lanes, and has those receipts pending. A message that is settled already is
found by none of them, so whatever comes first stands, and comes once.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, assert_never

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from midcall.core.ports import (
    AddMessage,
    ExpireHeld,
    ExpireMessages,
    ExpireUplinks,
    HoldMessages,
    MarkMessage,
    TakeUplinks,
)
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.outbox import EntryKind, EntryState
from midcall.store import rows, schema
from midcall.store.rows import Row, microseconds
from midcall.store.writing.building import Step, add, bind

_messages = schema.messages.c
_entries = schema.entries.c
_heads = schema.lane_heads.c

ADD_MESSAGE: Final = add(schema.messages)
ADD_MESSAGE_EVENT: Final = add(schema.message_events)

_OF_CALL = _messages.call_sid == bind("of_call")
_ONE = sa.and_(_OF_CALL, _messages.sid == bind("of_sid"))
_DOWNLINK = _messages.direction == Direction.DOWNLINK.value
_UPLINK = _messages.direction == Direction.UPLINK.value
_ACCEPTED = _messages.state == MessageState.ACCEPTED.value
_HELD = _messages.state == MessageState.HELD.value


def _move(*conditions: sa.ColumnElement[bool]) -> sa.Update:
    """Build what moves messages that are not settled."""
    return sa.update(schema.messages).where(*conditions).where(schema.UNSETTLED)


_HOLD = {"state": MessageState.HELD.value, "held_at": bind("at")}
ACCEPT_MESSAGE: Final = _move(_ONE).values(state=MessageState.ACCEPTED.value)
HOLD_MESSAGE: Final = _move(_ONE, _ACCEPTED).values(_HOLD)
HOLD_MESSAGES: Final = _move(_OF_CALL, _DOWNLINK, _ACCEPTED).values(_HOLD)
SEND_MESSAGE: Final = _move(_ONE).values(
    state=MessageState.SENT.value, sent_at=bind("at"), sends=_messages.sends + 1
)
TAKE_UPLINKS: Final = _move(_OF_CALL, _UPLINK, _HELD).values(state=MessageState.ACCEPTED.value)


# --- receipts ---------------------------------------------------------------------------------


def _receipts(*conditions: sa.ColumnElement[bool]) -> list[sa.ColumnElement[bool]]:
    """Build what is true of the receipts of a leg that wait for their message to be settled."""
    return [
        _entries.call_sid == bind("of_call"),
        _entries.kind == EntryKind.RECEIPT.value,
        *conditions,
    ]


def _lead(receipts: list[sa.ColumnElement[bool]]) -> sa.Insert:
    following = (
        sa.select(_entries.lane, _entries.position, bind("at"))
        .where(*receipts)
        .where(schema.WAITING)
    )
    added = insert(schema.lane_heads).from_select(["lane", "position", "due_at"], following)
    # A receipt has its lane for itself; an upsert says how many there were in any case.
    return added.on_conflict_do_update(
        index_elements=[_heads.lane], set_={"due_at": added.excluded.due_at}
    )


def _release(receipts: list[sa.ColumnElement[bool]]) -> sa.Update:
    return (
        sa.update(schema.entries)
        .where(*receipts)
        .where(schema.WAITING)
        .values(state=EntryState.PENDING.value, due_at=bind("at"))
    )


# A receipt waits as long as its message is not settled: those of settled messages are those of the
# messages that have just been.
_IS_SETTLED = (
    sa.exists()
    .where(
        _messages.call_sid == _entries.call_sid,
        _messages.sid == _entries.message_sid,
        _messages.state.in_(
            [sa.literal_column(f"'{state.value}'") for state in MessageState if state.terminal]
        ),
    )
    .correlate(schema.entries)
)
_RECEIPT = _receipts(_entries.message_sid == bind("of_sid"))
_RECEIPTS = _receipts(_IS_SETTLED)


# --- settling ---------------------------------------------------------------------------------


class Settling(NamedTuple):
    """The statements that settle messages, in their order."""

    tell: sa.Insert
    settle: sa.Update
    lead: sa.Insert
    release: sa.Update


def _settling(
    *conditions: sa.ColumnElement[bool], receipts: list[sa.ColumnElement[bool]]
) -> Settling:
    told = (
        sa.select(
            _messages.account_sid, _messages.call_sid, _messages.sid, bind("new_state"), bind("at")
        )
        .where(*conditions)
        .where(schema.UNSETTLED)
        .order_by(_messages.direction, _messages.position)
    )
    columns = ["account_sid", "call_sid", "message_sid", "state", "at"]
    return Settling(
        tell=sa.insert(schema.message_events).from_select(columns, told),
        settle=_move(*conditions).values(state=bind("new_state"), settled_at=bind("at")),
        lead=_lead(receipts),
        release=_release(receipts),
    )


SETTLE_MESSAGE: Final = _settling(_ONE, receipts=_RECEIPT)
# Nobody takes these any more: downlinks that are not settled, and uplinks that nobody has taken.
EXPIRE_MESSAGES: Final = _settling(_OF_CALL, sa.or_(_DOWNLINK, _HELD), receipts=_RECEIPTS)
EXPIRE_HELD: Final = _settling(
    _OF_CALL,
    _DOWNLINK,
    sa.or_(_ACCEPTED, _HELD),
    _messages.created_at < bind("before"),
    receipts=_RECEIPTS,
)
EXPIRE_UPLINKS: Final = _settling(
    _OF_CALL, _UPLINK, _HELD, _messages.position <= bind("last"), receipts=_RECEIPTS
)


_Expire = ExpireMessages | ExpireHeld | ExpireUplinks
_Take = HoldMessages | TakeUplinks


def message_steps(change: AddMessage | MarkMessage | _Expire | _Take) -> Iterator[Step]:
    """Yield what a change to messages becomes."""
    match change:
        case AddMessage(message):
            yield from _add_steps(message)
        case MarkMessage():
            yield from _mark_steps(change)
        case HoldMessages(call_sid, at):
            yield Step(HOLD_MESSAGES, {"of_call": call_sid, "at": microseconds(at)})
        case TakeUplinks(call_sid):
            yield Step(TAKE_UPLINKS, {"of_call": call_sid})
        case _:
            yield from _expire_steps(change)


def _add_steps(message: UserDefinedMessage) -> Iterator[Step]:
    yield Step(ADD_MESSAGE, rows.MESSAGE.row(message))
    if message.direction is Direction.UPLINK:
        event: Row = {
            "account_sid": message.account_sid,
            "call_sid": message.call_sid,
            "message_sid": message.sid,
            "state": message.state.value,
            "at": microseconds(message.created_at),
        }
        yield Step(ADD_MESSAGE_EVENT, event)


def _mark_steps(mark: MarkMessage) -> Iterator[Step]:
    row: Row = {"of_call": mark.call_sid, "of_sid": mark.sid, "at": microseconds(mark.at)}
    match mark.state:
        case MessageState.ACCEPTED:
            yield Step(ACCEPT_MESSAGE, row)
        case MessageState.HELD:
            yield Step(HOLD_MESSAGE, row)
        case MessageState.SENT:
            yield Step(SEND_MESSAGE, row)
        case _:
            yield from _settling_steps(SETTLE_MESSAGE, mark.state, row)


def _expire_steps(change: _Expire) -> Iterator[Step]:
    row: Row = {"of_call": change.call_sid, "at": microseconds(change.at)}
    match change:
        case ExpireMessages():
            settling = EXPIRE_MESSAGES
        case ExpireHeld(created_before=before):
            settling = EXPIRE_HELD
            row["before"] = microseconds(before)
        case ExpireUplinks(last_position=last):
            settling = EXPIRE_UPLINKS
            row["last"] = last
        case _:
            assert_never(change)
    yield from _settling_steps(settling, MessageState.EXPIRED, row)


def _settling_steps(settling: Settling, state: MessageState, row: Row) -> Iterator[Step]:
    row["new_state"] = state.value
    yield Step(settling.tell, row, decisive=True)
    yield Step(settling.settle, row)
    yield Step(settling.lead, row, decisive=True)
    yield Step(settling.release, row)
