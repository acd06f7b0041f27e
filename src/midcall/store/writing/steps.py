"""Which statements a change becomes, in which order."""

from collections.abc import Iterator

from midcall.core.ports import (
    AddEntry,
    AddMessage,
    AddTrace,
    Change,
    ExpireHeld,
    ExpireMessages,
    ExpireUplinks,
    HoldMessages,
    MarkMessage,
    PutFamily,
    RedriveEntry,
    RemoveCall,
    RemoveContent,
    RemoveOld,
    SettleEntry,
    TakeUplinks,
)
from midcall.store.writing.ageing import ageing_step
from midcall.store.writing.building import Step
from midcall.store.writing.messages import message_steps
from midcall.store.writing.outbox import outbox_steps
from midcall.store.writing.records import family_steps, record_step
from midcall.store.writing.removing import content_steps, removal_steps
from midcall.store.writing.traces import trace_step


def steps(change: Change) -> Iterator[Step]:
    """Yield the statements of a change, in the order in which they run."""
    match change:  # the most frequent first
        case (
            AddMessage()
            | MarkMessage()
            | ExpireMessages()
            | HoldMessages()
            | ExpireHeld()
            | ExpireUplinks()
            | TakeUplinks()
        ):
            yield from message_steps(change)
        case AddEntry() | SettleEntry() | RedriveEntry():
            yield from outbox_steps(change)
        case AddTrace():
            yield trace_step(change)
        case PutFamily(family):
            yield from family_steps(family)
        case RemoveCall(sid):
            yield from removal_steps(sid)
        case RemoveContent(sid):
            yield from content_steps(sid)
        case RemoveOld():
            yield ageing_step(change)
        case _:
            yield record_step(change)
