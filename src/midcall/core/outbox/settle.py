"""What an attempt changes: its entry, perhaps its message, perhaps the debugger.

Only what subscriptions are told of an uplink settles it: delivered when the last of them has taken
it, failed when one was given up. The receipt of a downlink carries a message as well, but only says
what became of it; a copy of a downlink carries none.
"""

from datetime import datetime
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply, describe
from midcall.core.outbox.retry import Delivered, GaveUp, Outcome, TryAgain
from midcall.core.ports import AddNotification, Change, MarkMessage, SettleEntry
from midcall.model.codes import Code
from midcall.model.messages import MessageState
from midcall.model.notifications import Level, Notification
from midcall.model.outbox import Attempt, Entry, EntryKind, EntryState, OutcomeKind
from midcall.model.sids import MessageSid, NotificationSid


class Others(msgspec.Struct, frozen=True, kw_only=True):
    """How many other callbacks of an uplink are still owed, and how many were given up."""

    pending: int = 0
    dead: int = 0


NO_OTHERS: Final = Others()


def settled_message(entry: Entry) -> MessageSid | None:
    """Return the message that an entry settles, if it settles one."""
    return entry.message_sid if entry.kind is EntryKind.USER_DEFINED_MESSAGE else None


def settle(
    entry: Entry,
    reply: Reply,
    outcome: Outcome,
    *,
    attempted_at: datetime,
    now: datetime,
    notification_sid: NotificationSid,
    others: Others = NO_OTHERS,
) -> tuple[Change, ...]:
    """Return the changes that an attempt makes.

    ``entry`` is as it was before the attempt; ``others`` are the other entries of the message that
    it settles. The caller sees to it that none of those is settled or sent again in between,
    because the last one decides what becomes of the message.
    """
    attempt = _attempt(entry, reply, outcome, attempted_at)
    settled = replace(entry, attempts=entry.attempts + 1)
    match outcome:
        case TryAgain(due_at=due_at):
            return (SettleEntry(replace(settled, due_at=due_at), attempt),)
        case Delivered():
            return (
                SettleEntry(replace(settled, state=EntryState.DELIVERED), attempt),
                *_mark(entry, _taken(others), now),
            )
        case GaveUp():
            return (
                SettleEntry(replace(settled, state=EntryState.DEAD), attempt),
                *_mark(entry, MessageState.FAILED, now),
                *_notify(entry, reply, notification_sid, now),
            )
        case _:
            assert_never(outcome)


def _taken(others: Others) -> MessageState | None:
    """Return what becomes of a message whose callback was taken; ``None`` if nothing yet."""
    if others.pending:
        return None
    # One that was given up, and not sent again since, still fails the message.
    return MessageState.FAILED if others.dead else MessageState.DELIVERED


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


def _mark(entry: Entry, state: MessageState | None, now: datetime) -> tuple[MarkMessage, ...]:
    sid = settled_message(entry)
    return () if sid is None or state is None else (MarkMessage(entry.call_sid, sid, state, now),)


def _notify(
    entry: Entry, reply: Reply, sid: NotificationSid, now: datetime
) -> tuple[AddNotification, ...]:
    if isinstance(reply, Failure) and reply.kind is FailureKind.NO_ACCOUNT:
        return ()  # There is nobody to show it to.
    code, what = _code(entry.kind, reply)
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


def _code(kind: EntryKind, reply: Reply) -> tuple[Code, str]:
    match kind:
        case EntryKind.USER_DEFINED_MESSAGE:
            ours = isinstance(reply, Failure) and reply.kind is FailureKind.INTERNAL
            code = Code.SUBSCRIPTION_INTERNAL if ours else Code.SUBSCRIPTION_CALLBACK
            return code, "A user-defined message's callback"
        case EntryKind.STATUS_CALLBACK:
            return Code.STATUS_CALLBACK, "A status callback"
        case EntryKind.RECEIPT:
            return Code.STATUS_CALLBACK, "A user-defined message's receipt"
        case _:
            assert_never(kind)


def _attempts(count: int) -> str:
    return "one attempt" if count == 1 else f"{count} attempts"
