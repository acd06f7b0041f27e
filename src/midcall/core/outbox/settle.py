"""What an attempt changes: its entry, perhaps its message, perhaps the debugger."""

from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply, describe
from midcall.core.outbox.retry import Delivered, GaveUp, Outcome, TryAgain
from midcall.core.ports import AddNotification, Change, MarkMessage, SettleEntry
from midcall.model.codes import Code
from midcall.model.messages import MessageState
from midcall.model.notifications import Level, Notification
from midcall.model.outbox import Attempt, Entry, EntryKind, EntryState, OutcomeKind
from midcall.model.sids import NotificationSid


def settle(
    entry: Entry,
    reply: Reply,
    outcome: Outcome,
    *,
    attempted_at: datetime,
    now: datetime,
    others_open: int,
    notification_sid: NotificationSid,
) -> tuple[Change, ...]:
    """Return the changes that an attempt makes.

    ``entry`` is as it was before the attempt, ``others_open`` how many other entries of its message
    are pending; the caller sees to it that none of those is settled in between, because the last
    one delivers the message.
    """
    attempt = _attempt(entry, reply, outcome, attempted_at)
    settled = replace(entry, attempts=entry.attempts + 1)
    match outcome:
        case TryAgain(due_at=due_at):
            return (SettleEntry(replace(settled, due_at=due_at), attempt),)
        case Delivered():
            changes: tuple[Change, ...] = (
                SettleEntry(replace(settled, state=EntryState.DELIVERED), attempt),
            )
            if others_open:
                return changes
            return (*changes, *_mark(entry, MessageState.DELIVERED, now))
        case GaveUp():
            return (
                SettleEntry(replace(settled, state=EntryState.DEAD), attempt),
                *_mark(entry, MessageState.FAILED, now),
                *_notify(entry, reply, notification_sid, now),
            )
        case _:
            assert_never(outcome)


def _attempt(entry: Entry, reply: Reply, outcome: Outcome, attempted_at: datetime) -> Attempt:
    return Attempt(
        lane=entry.lane,
        position=entry.position,
        attempted_at=attempted_at,
        duration_ms=reply.duration_ms,
        outcome=_kind(outcome),
        status=reply.status if isinstance(reply, Answer) else None,
        fault=describe(reply) if isinstance(reply, Failure) else "",
    )


def _kind(outcome: Outcome) -> OutcomeKind:
    match outcome:
        case Delivered():
            return OutcomeKind.DELIVERED
        case TryAgain():
            return OutcomeKind.RETRY
        case GaveUp():
            return OutcomeKind.GAVE_UP
        case _:
            assert_never(outcome)


def _mark(entry: Entry, state: MessageState, now: datetime) -> tuple[MarkMessage, ...]:
    if entry.message_sid is None:
        return ()
    return (MarkMessage(entry.call_sid, entry.message_sid, state, now),)


def _notify(
    entry: Entry, reply: Reply, sid: NotificationSid, now: datetime
) -> tuple[AddNotification, ...]:
    if isinstance(reply, Failure) and reply.kind is FailureKind.NO_ACCOUNT:
        return ()  # There is nobody to show it to.
    code, what = _code(entry.kind)
    notification = Notification(
        sid=sid,
        account_sid=entry.account_sid,
        call_sid=entry.call_sid,
        code=code,
        level=Level.WARNING,
        text=f"{what} was given up after {_attempts(entry.attempts + 1)}. {describe(reply)}",
        created_at=now,
        request_url=entry.endpoint.url,
        request_method=entry.endpoint.method.value,
    )
    return (AddNotification(notification),)


def _code(kind: EntryKind) -> tuple[Code, str]:
    match kind:
        case EntryKind.USER_DEFINED_MESSAGE:
            return Code.SUBSCRIPTION_CALLBACK, "A user-defined message's callback"
        case EntryKind.STATUS_CALLBACK:
            return Code.STATUS_CALLBACK, "A status callback"
        case _:
            assert_never(kind)


def _attempts(count: int) -> str:
    return "one attempt" if count == 1 else f"{count} attempts"
