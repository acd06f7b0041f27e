"""Who is told what was committed: the log, whoever delivers, listens for messages, or looks on.

They are told after the commit and look for themselves; a commit that nobody was told of is found by
the next one, and after a start.
"""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from midcall.core.ports import (
    AddEntry,
    AddMessage,
    AddNotification,
    Change,
    ExpireHeld,
    ExpireMessages,
    ExpireUplinks,
    MarkMessage,
    RedriveEntry,
)
from midcall.model.messages import Direction
from midcall.model.notifications import Level, Notification

log = structlog.get_logger()

Commit = Callable[[Sequence[Change]], Awaitable[None]]
Tell = Callable[[], None]


def noticing(commit: Commit, *, owed: Tell, said: Tell, changed: Tell) -> Commit:
    """Return a commit that tells of what it has made durable.

    ``owed`` is called when something may have to leave for a customer's server, ``said`` when
    there may be message events, ``changed`` in any case. Notifications are logged.
    """

    async def commit_and_tell(changes: Sequence[Change]) -> None:
        await commit(changes)
        for change in changes:
            if isinstance(change, AddNotification):
                _log(change.notification)
        if any(map(_owes, changes)):
            owed()
        if any(map(_says, changes)):
            said()
        changed()

    return commit_and_tell


def _owes(change: Change) -> bool:
    """Tell whether a change makes a request due: one of its own, or the receipt of a message."""
    return isinstance(change, AddEntry | RedriveEntry) or _settles(change)


def _says(change: Change) -> bool:
    """Tell whether a change makes a message event."""
    if isinstance(change, AddMessage):
        return change.message.direction is Direction.UPLINK
    return _settles(change)


def _settles(change: Change) -> bool:
    if isinstance(change, MarkMessage):
        return change.state.terminal
    return isinstance(change, ExpireMessages | ExpireHeld | ExpireUplinks)


def _log(notification: Notification) -> None:
    say = log.error if notification.level is Level.ERROR else log.warning
    say(
        notification.text,
        code=notification.code,
        account_sid=notification.account_sid,
        call_sid=notification.call_sid,
        notification_sid=notification.sid,
        url=notification.request_url,
    )
