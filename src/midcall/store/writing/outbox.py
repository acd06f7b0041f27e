"""Statements about the outbox: entries, their attempts, the heads of their lanes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, assert_never

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from midcall.core.ports import AddEntry, RedriveEntry, SettleEntry
from midcall.model.messages import MessageState
from midcall.model.outbox import Entry, EntryState
from midcall.store import rows, schema
from midcall.store.rows import Row, microseconds
from midcall.store.writing.building import Step, add, bind

_entries = schema.entries.c
_heads = schema.lane_heads.c
_messages = schema.messages.c

ADD_ENTRY: Final = add(schema.entries)
ADD_ATTEMPT: Final = add(schema.attempts)

_PLACE = sa.and_(_entries.lane == bind("of_lane"), _entries.position == bind("of_position"))
UPDATE_ENTRY: Final = (
    sa.update(schema.entries)
    .where(_PLACE)
    .values(state=bind("new_state"), attempts=bind("new_attempts"), due_at=bind("new_due_at"))
)
REDRIVE_ENTRY: Final = (
    sa.update(schema.entries)
    .where(_PLACE, _entries.state == EntryState.DEAD.value)
    .values(state=EntryState.PENDING.value, attempts=0, due_at=bind("now"), redriven_at=bind("now"))
)


def _accept_again() -> sa.Update:
    """Build what has the message of an entry accepted again, if it failed."""
    carried = sa.select(_entries.call_sid, _entries.message_sid).where(_PLACE).scalar_subquery()
    return (
        sa.update(schema.messages)
        .where(
            sa.tuple_(_messages.call_sid, _messages.sid) == carried,
            _messages.state == MessageState.FAILED.value,
        )
        .values(state=MessageState.ACCEPTED.value, settled_at=None)
    )


def _lead() -> sa.Insert:
    """Build what makes a pending entry its lane's head, unless an earlier one is."""
    added = insert(schema.lane_heads).values(
        lane=bind("lane"), position=bind("position"), due_at=bind("due_at")
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
        .where(_entries.lane == bind("lane"), _entries.position > bind("position"))
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


ACCEPT_AGAIN: Final = _accept_again()
LEAD: Final = _lead()
SUCCEED: Final = _succeed()
STEP_DOWN: Final = sa.delete(schema.lane_heads).where(
    _heads.lane == bind("lane"), _heads.position == bind("position")
)


def outbox_steps(change: AddEntry | SettleEntry | RedriveEntry) -> Iterator[Step]:
    """Yield what a change to the outbox becomes."""
    match change:
        case AddEntry(entry):
            yield Step(ADD_ENTRY, rows.ENTRY.row(entry))
            if entry.state is EntryState.PENDING:
                yield _lead_step(entry.lane, entry.position, entry.due_at)
        case SettleEntry(entry, attempt):
            yield Step(ADD_ATTEMPT, rows.ATTEMPT.row(attempt))
            yield Step(UPDATE_ENTRY, _settled(entry))
            if entry.state is EntryState.PENDING:
                yield _lead_step(entry.lane, entry.position, entry.due_at)
            else:
                place: Row = {"lane": entry.lane, "position": entry.position}
                yield Step(STEP_DOWN, place)
                yield Step(SUCCEED, place)
        case RedriveEntry():
            yield from _redrive_steps(change)
        case _:
            assert_never(change)


def _redrive_steps(redrive: RedriveEntry) -> Iterator[Step]:
    place: Row = {
        "of_lane": redrive.lane,
        "of_position": redrive.position,
        "now": microseconds(redrive.at),
    }
    # What is not dead stays as it is, its lane and its message too.
    yield Step(REDRIVE_ENTRY, place, decisive=True)
    yield _lead_step(redrive.lane, redrive.position, redrive.at)
    yield Step(ACCEPT_AGAIN, place)


def _lead_step(lane: str, position: int, due_at: datetime) -> Step:
    return Step(LEAD, {"lane": lane, "position": position, "due_at": microseconds(due_at)})


def _settled(entry: Entry) -> Row:
    return {
        "of_lane": entry.lane,
        "of_position": entry.position,
        "new_state": entry.state.value,
        "new_attempts": entry.attempts,
        "new_due_at": microseconds(entry.due_at),
    }
