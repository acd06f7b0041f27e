"""What the debugger shows goes to the log as well: errors and warnings, under their codes."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from midcall.core.ports import AddNotification, Change
from midcall.model.notifications import Level, Notification

log = structlog.get_logger()

Commit = Callable[[Sequence[Change]], Awaitable[None]]


def noticing(commit: Commit) -> Commit:
    """Return a commit that logs the notifications which it has made durable."""

    async def commit_and_tell(changes: Sequence[Change]) -> None:
        await commit(changes)
        for change in changes:
            if isinstance(change, AddNotification):
                _tell(change.notification)

    return commit_and_tell


def _tell(notification: Notification) -> None:
    say = log.error if notification.level is Level.ERROR else log.warning
    say(
        notification.text,
        code=notification.code,
        account_sid=notification.account_sid,
        call_sid=notification.call_sid,
        notification_sid=notification.sid,
        url=notification.request_url,
    )
