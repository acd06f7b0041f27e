from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply
from midcall.core.outbox.retry import Delivered, GaveUp, Outcome, TryAgain
from midcall.core.outbox.settle import settle
from midcall.core.ports import AddNotification, Change, MarkMessage, SettleEntry
from midcall.model.endpoints import Endpoint, Method
from midcall.model.messages import MessageState
from midcall.model.notifications import Level
from midcall.model.outbox import Attempt, Entry, EntryKind, EntryState, OutcomeKind
from midcall.model.sids import AccountSid, CallSid, MessageSid, NotificationSid

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = BEGAN + timedelta(seconds=2)
ENTRY = Entry(
    lane="lane",
    position=7,
    kind=EntryKind.USER_DEFINED_MESSAGE,
    account_sid=AccountSid("AC" + "2" * 32),
    call_sid=CallSid("CA" + "1" * 32),
    endpoint=Endpoint("https://example.com/cb", Method.GET),
    parameters={"Content": "secret"},
    token="token",
    created_at=BEGAN,
    due_at=BEGAN,
    message_sid=MessageSid("KX" + "3" * 32),
    attempts=2,
)
STATUS = replace(ENTRY, kind=EntryKind.STATUS_CALLBACK, message_sid=None)
OK = Answer(status=204, duration_ms=12)
DOWN = Failure(kind=FailureKind.NO_SUCH_HOST, duration_ms=34)
NOTIFICATION = NotificationSid("NO" + "4" * 32)


def _settle(entry: Entry, reply: Reply, outcome: Outcome, others: int = 0) -> list[Change]:
    changes = settle(
        entry,
        reply,
        outcome,
        attempted_at=BEGAN,
        now=NOW,
        others_open=others,
        notification_sid=NOTIFICATION,
    )
    return list(changes)


def _mark(state: MessageState) -> MarkMessage:
    assert ENTRY.message_sid is not None
    return MarkMessage(ENTRY.call_sid, ENTRY.message_sid, state, NOW)


def test_the_last_callback_delivers_its_message() -> None:
    """Entry, attempt and message change together."""
    attempt = Attempt(
        lane="lane",
        position=7,
        attempted_at=BEGAN,
        duration_ms=12,
        outcome=OutcomeKind.DELIVERED,
        status=204,
    )
    assert _settle(ENTRY, OK, Delivered()) == [
        SettleEntry(replace(ENTRY, attempts=3, state=EntryState.DELIVERED), attempt),
        _mark(MessageState.DELIVERED),
    ]


def test_a_message_waits_for_its_other_callbacks() -> None:
    """While another subscription is still owed, the message is not delivered."""
    (change,) = _settle(ENTRY, OK, Delivered(), others=1)
    assert isinstance(change, SettleEntry)


def test_a_repeat_changes_the_entry_only() -> None:
    """The entry stays pending, due later, with the reason of the failure kept."""
    due_at = NOW + timedelta(seconds=5)
    attempt = Attempt(
        lane="lane",
        position=7,
        attempted_at=BEGAN,
        duration_ms=34,
        outcome=OutcomeKind.RETRY,
        fault="11210: the host name does not resolve",
    )
    assert _settle(ENTRY, DOWN, TryAgain(due_at)) == [
        SettleEntry(replace(ENTRY, attempts=3, due_at=due_at), attempt)
    ]


@pytest.mark.parametrize("others", [0, 1])
def test_a_callback_given_up_fails_its_message_and_says_so(others: int) -> None:
    """Whatever becomes of the others, one that is given up fails the message under 32711."""
    settled, marked, notified = _settle(ENTRY, Answer(status=404, duration_ms=1), GaveUp(), others)
    assert isinstance(settled, SettleEntry)
    assert (settled.entry.state, settled.attempt.status) == (EntryState.DEAD, 404)
    assert marked == _mark(MessageState.FAILED)
    assert isinstance(notified, AddNotification)
    notification = notified.notification
    assert (notification.code, notification.level) == (32711, Level.WARNING)
    assert notification.text == (
        "A user-defined message's callback was given up after 3 attempts. "
        "11200: the server answered 404"
    )
    assert (notification.request_url, notification.request_method) == (
        "https://example.com/cb",
        "GET",
    )


def test_a_status_callback_given_up_is_a_warning_of_its_own() -> None:
    """It carries no message and has the code 15003."""
    _, notified = _settle(replace(STATUS, attempts=0), DOWN, GaveUp())
    assert isinstance(notified, AddNotification)
    assert notified.notification.code == 15003
    assert "after one attempt. 11210" in notified.notification.text


def test_a_status_callback_delivers_no_message() -> None:
    """There is only the entry to settle."""
    (change,) = _settle(STATUS, OK, Delivered())
    assert isinstance(change, SettleEntry)


def test_nobody_is_told_of_an_account_that_is_gone() -> None:
    """The entry is dead, and there is no debugger to show it in."""
    changes = _settle(STATUS, Failure(kind=FailureKind.NO_ACCOUNT), GaveUp())
    assert [type(change) for change in changes] == [SettleEntry]


def test_no_change_but_the_entry_carries_the_content() -> None:
    """What the debugger shows holds nothing of the message."""
    _, _, notified = _settle(ENTRY, DOWN, GaveUp())
    assert "secret" not in repr(notified)
