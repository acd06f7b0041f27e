"""Notifications in the log."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from midcall.app.notices import noticing
from midcall.core.ports import (
    AddMessage,
    AddNotification,
    Change,
    ExpireHeld,
    ExpireMessages,
    ExpireUplinks,
    HoldMessages,
    MarkMessage,
    RedriveEntry,
    RemoveApiKey,
)
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.notifications import Level, Notification
from midcall.model.sids import AccountSid, CallSid, KeySid, MessageSid, NotificationSid

ACCOUNT = AccountSid("AC" + "a" * 32)
CALL = CallSid("CA" + "c" * 32)
SID = NotificationSid("NO" + "0" * 32)
MESSAGE = MessageSid("KX" + "0" * 32)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def notification(level: Level) -> AddNotification:
    """Make one about a call's document."""
    return AddNotification(
        Notification(
            sid=SID,
            account_sid=ACCOUNT,
            call_sid=CALL,
            code=12100,
            level=level,
            text="the document is not XML",
            created_at=datetime(2026, 11, 21, tzinfo=UTC),
            request_url="https://example.com/voice",
        )
    )


@pytest.mark.parametrize("level", Level)
def test_a_notification_that_was_committed_is_logged(level: Level) -> None:
    """The line has the notification's level, sentence and keys; other changes make none."""
    committed: list[Change] = []

    async def commit(changes: Sequence[Change]) -> None:
        committed.extend(changes)

    changes: list[Change] = [RemoveApiKey(KeySid("SK" + "0" * 32)), notification(level)]
    with capture_logs() as lines:
        asyncio.run(_commit(noticing(commit, owed=_nobody, said=_nobody, changed=_nobody), changes))
    assert committed == changes
    assert lines == [
        {
            "event": "the document is not XML",
            "log_level": level.value,
            "code": 12100,
            "account_sid": ACCOUNT,
            "call_sid": CALL,
            "notification_sid": SID,
            "url": "https://example.com/voice",
        }
    ]


def test_what_was_not_committed_is_not_logged() -> None:
    """When the commit fails, the failure goes on and nothing is said."""

    async def commit(_changes: Sequence[Change]) -> None:
        raise OSError("disk full")

    with capture_logs() as lines, pytest.raises(OSError, match="disk full"):
        asyncio.run(
            _commit(
                noticing(commit, owed=_nobody, said=_nobody, changed=_somebody),
                [notification(Level.ERROR)],
            )
        )
    assert lines == []


def _message(direction: Direction) -> AddMessage:
    return AddMessage(
        UserDefinedMessage(
            sid=MESSAGE,
            account_sid=ACCOUNT,
            call_sid=CALL,
            direction=direction,
            position=0,
            content="{}",
            content_type="application/json",
            created_at=NOW,
        )
    )


def _mark(state: MessageState) -> MarkMessage:
    return MarkMessage(CALL, MESSAGE, state, NOW)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_message(Direction.UPLINK), "said"),
        (_message(Direction.DOWNLINK), ""),
        (_mark(MessageState.SENT), ""),
        (_mark(MessageState.HELD), ""),
        (_mark(MessageState.DELIVERED), "owed said"),
        (_mark(MessageState.FAILED), "owed said"),
        (ExpireMessages(CALL, NOW), "owed said"),
        (ExpireHeld(CALL, NOW, NOW), "owed said"),
        (ExpireUplinks(CALL, 7, NOW), "owed said"),
        (HoldMessages(CALL, NOW), ""),
        (RedriveEntry("lane", 0, NOW), "owed"),
        (RemoveApiKey(KeySid("SK" + "0" * 32)), ""),
    ],
    ids=repr,
)
def test_those_are_told_whom_a_commit_concerns(change: Change, told: str) -> None:
    """Delivery, where something may be due; listeners, where there may be message events.

    Whoever looks on is told of every commit, whatever was in it.
    """
    heard: list[str] = []

    async def commit(_changes: Sequence[Change]) -> None:
        heard.append("committed")

    tell = noticing(
        commit,
        owed=lambda: heard.append("owed"),
        said=lambda: heard.append("said"),
        changed=lambda: heard.append("changed"),
    )
    asyncio.run(_commit(tell, [change, change]))
    assert heard == ["committed", *told.split(), "changed"]


def _nobody() -> None:
    pass


def _somebody() -> None:
    raise AssertionError("nothing was committed")


async def _commit(commit: object, changes: Sequence[Change]) -> None:
    assert callable(commit)
    await commit(changes)
