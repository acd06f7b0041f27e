from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply
from midcall.core.outbox.retry import Delivered, GaveUp, Outcome, TryAgain
from midcall.core.outbox.settle import NO_OTHERS, Others, settle
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
RECEIPT = replace(ENTRY, kind=EntryKind.RECEIPT)
STATUS = replace(ENTRY, kind=EntryKind.STATUS_CALLBACK, message_sid=None)
OK = Answer(status=204, duration_ms=12)
DOWN = Failure(kind=FailureKind.NO_SUCH_HOST, duration_ms=34)
NOTIFICATION = NotificationSid("NO" + "4" * 32)


def _settle(
    entry: Entry, reply: Reply, outcome: Outcome, others: Others = NO_OTHERS
) -> list[Change]:
    changes = settle(
        entry,
        reply,
        outcome,
        attempted_at=BEGAN,
        now=NOW,
        others=others,
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
    for others in (Others(pending=1), Others(pending=1, dead=1)):
        (change,) = _settle(ENTRY, OK, Delivered(), others)
        assert isinstance(change, SettleEntry)


def test_a_message_whose_other_callback_is_dead_has_failed() -> None:
    """That this one was sent again and taken does not make good the one that was not."""
    _, marked = _settle(ENTRY, OK, Delivered(), Others(dead=1))
    assert marked == _mark(MessageState.FAILED)


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


@pytest.mark.parametrize("others", [NO_OTHERS, Others(pending=1), Others(dead=1)])
def test_a_callback_given_up_fails_its_message_and_says_so(others: Others) -> None:
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


@pytest.mark.parametrize("kind", FailureKind)
def test_a_message_callback_that_we_could_not_make_is_an_alert_of_its_own(
    kind: FailureKind,
) -> None:
    """What went wrong here is 32710, what went wrong there is 32711."""
    *_, notified = _settle(ENTRY, Failure(kind=kind), GaveUp())
    if kind is FailureKind.NO_ACCOUNT:
        assert not isinstance(notified, AddNotification)
        return
    assert isinstance(notified, AddNotification)
    expected = 32710 if kind is FailureKind.INTERNAL else 32711
    assert (notified.notification.code, notified.notification.level) == (expected, Level.WARNING)


@pytest.mark.parametrize(
    ("entry", "what"),
    [(STATUS, "A status callback"), (RECEIPT, "A user-defined message's receipt")],
)
@pytest.mark.parametrize("kind", [FailureKind.NO_SUCH_HOST, FailureKind.INTERNAL])
def test_other_callbacks_given_up_are_a_warning_of_their_own(
    entry: Entry, what: str, kind: FailureKind
) -> None:
    """They settle no message and have the code 15003."""
    reply = Failure(kind=kind)
    _, notified = _settle(replace(entry, attempts=0), reply, GaveUp())
    assert isinstance(notified, AddNotification)
    assert notified.notification.code == 15003
    start = f"{what} was given up after one attempt. {kind.code}"
    assert notified.notification.text.startswith(start)


@pytest.mark.parametrize("entry", [STATUS, RECEIPT])
def test_other_callbacks_deliver_no_message(entry: Entry) -> None:
    """There is only the entry to settle: a receipt tells what the device has settled."""
    (change,) = _settle(entry, OK, Delivered())
    assert isinstance(change, SettleEntry)


def test_the_callback_of_something_that_carries_no_message_marks_none() -> None:
    """A copy of a downlink for a standing subscription says nothing about the downlink."""
    copy = replace(ENTRY, message_sid=None)
    assert [type(change) for change in _settle(copy, OK, Delivered())] == [SettleEntry]
    changes = _settle(copy, DOWN, GaveUp())
    assert [type(change) for change in changes] == [SettleEntry, AddNotification]


def test_nobody_is_told_of_an_account_that_is_gone() -> None:
    """The entry is dead, and there is no debugger to show it in."""
    changes = _settle(STATUS, Failure(kind=FailureKind.NO_ACCOUNT), GaveUp())
    assert [type(change) for change in changes] == [SettleEntry]


def test_no_change_but_the_entry_carries_the_content() -> None:
    """What the debugger shows holds nothing of the message."""
    _, _, notified = _settle(ENTRY, DOWN, GaveUp())
    assert "secret" not in repr(notified)
