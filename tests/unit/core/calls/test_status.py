"""Status callbacks: who hears of what, in which order, with which fields."""

from datetime import timedelta

import pytest

from midcall.core.calls import events as ev
from midcall.core.calls.status import status_entry
from midcall.model.calls import CallEvent, CallStatus, StatusCallback
from midcall.model.endpoints import Endpoint, Method
from midcall.model.families import SessionId
from midcall.model.outbox import EntryKind
from midcall.model.twiml import Client, Dial
from tests.unit.core.calls.stage import NOW, PARENT, Counting, Stage, parent_call

HOOK = Endpoint("https://example.com/status#rc=2", Method.GET)
EVERY = frozenset(CallEvent)


def _stage(events: frozenset[CallEvent] = EVERY, timeout_seconds: int = 30) -> Stage:
    bob = Client(identity="bob", status_callback=HOOK, status_callback_events=events)
    return Stage(Dial(nouns=(bob,), timeout_seconds=timeout_seconds))


def _told(stage: Stage) -> list[str]:
    return [entry.parameters["CallStatus"] for entry in stage.all_entries]


def test_every_stage_is_told_in_order() -> None:
    """Initiated, ringing, in-progress, completed, numbered from 0, in one lane."""
    stage = _stage()
    bob = stage.answer("bob")
    stage.hang_up(bob)
    assert _told(stage) == ["initiated", "ringing", "in-progress", "completed"]
    entries = stage.all_entries
    assert [entry.position for entry in entries] == [0, 1, 2, 3]
    assert [entry.parameters["SequenceNumber"] for entry in entries] == ["0", "1", "2", "3"]
    assert {entry.lane for entry in entries} == {bob}
    assert len({entry.token for entry in entries}) == 4


def test_only_what_was_asked_for_is_told() -> None:
    """``statusCallbackEvent`` chooses; the sequence numbers what is told, without gaps."""
    stage = _stage(frozenset({CallEvent.RINGING, CallEvent.COMPLETED}))
    bob = stage.answer("bob")
    stage.hang_up(bob)
    assert _told(stage) == ["ringing", "completed"]
    assert [entry.parameters["SequenceNumber"] for entry in stage.all_entries] == ["0", "1"]


def test_without_a_list_only_the_end_is_told() -> None:
    """The default is ``completed``."""
    bob = Client(identity="bob", status_callback=HOOK)
    stage = Stage(Dial(nouns=(bob,)))
    sid = stage.answer("bob")
    assert not stage.all_entries
    stage.hang_up(sid)
    assert _told(stage) == ["completed"]


def test_without_a_callback_nobody_is_told() -> None:
    """A client without ``statusCallback`` owes nothing, whatever it lists."""
    bob = Client(identity="bob", status_callback_events=EVERY)
    stage = Stage(Dial(nouns=(bob,)))
    stage.hang_up(stage.answer("bob"))
    assert not stage.all_entries


def test_an_entry_says_what_the_page_lists() -> None:
    """The fields of the callback, and where it goes: the URL as it was written."""
    stage = _stage()
    bob = stage.child("bob").sid
    (entry,) = stage.entries
    assert entry.parameters == {
        "AccountSid": stage.family.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": bob,
        "CallStatus": "initiated",
        "CallbackSource": "call-progress-events",
        "Called": "client:bob",
        "Caller": "client:ann",
        "Direction": "outbound-dial",
        "From": "client:ann",
        "ParentCallSid": PARENT,
        "SequenceNumber": "0",
        "To": "client:bob",
    }
    assert entry.endpoint == HOOK
    assert entry.kind is EntryKind.STATUS_CALLBACK
    assert entry.call_sid == bob
    assert entry.created_at == entry.due_at == NOW


@pytest.mark.parametrize(
    ("talked", "seconds", "minutes"),
    [(0, "0", "0"), (1, "1", "1"), (60, "60", "1"), (61, "61", "2"), (0.4, "0", "0")],
)
def test_the_end_of_a_talk_tells_how_long_it_was(talked: float, seconds: str, minutes: str) -> None:
    """``CallDuration`` is in seconds, ``Duration`` in minutes that were begun."""
    stage = _stage()
    bob = stage.answer("bob")
    stage.wait(talked)
    stage.hang_up(bob)
    last = stage.all_entries[-1].parameters
    assert (last["CallDuration"], last["Duration"]) == (seconds, minutes)


def test_a_call_that_was_never_answered_has_no_minutes() -> None:
    """Its duration is 0 seconds, and nothing was billed."""
    stage = _stage(timeout_seconds=5)
    stage.ring("bob", "b1")
    stage.wait(5)
    last = stage.all_entries[-1].parameters
    assert last["CallStatus"] == "no-answer"
    assert last["CallDuration"] == "0"
    assert "Duration" not in last


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("reject", CallStatus.BUSY),
        ("nobody", CallStatus.NO_ANSWER),
        ("caller", CallStatus.CANCELED),
    ],
)
def test_every_ending_is_told_as_completed(ending: str, status: CallStatus) -> None:
    """The event is ``completed``; the status says how."""
    stage = _stage(frozenset({CallEvent.COMPLETED}))
    bob = stage.ring("bob", *([] if ending == "nobody" else ["b1"]))
    if ending == "reject":
        stage.reject(bob)
    elif ending == "caller":
        stage.hang_up()
    assert _told(stage) == [status.value]


def test_stages_that_were_skipped_are_not_told() -> None:
    """A device that accepts before its ringing is known makes the call in progress at once."""
    stage = _stage()
    sid = stage.child("bob").sid
    stage.step(ev.DevicesFound(call_sid=sid, sessions=(SessionId("b1"),)))
    stage.accept(sid)
    assert _told(stage) == ["initiated", "in-progress"]


def test_an_entry_is_numbered_by_what_was_told_before() -> None:
    """The callback itself remembers how many there were, also over a restart."""
    callback = StatusCallback(endpoint=HOOK, told=7)
    later = NOW + timedelta(seconds=3)
    entry = status_entry(parent_call(), callback, CallEvent.RINGING, later, Counting())
    assert entry.position == 7
    assert entry.parameters["SequenceNumber"] == "7"
    assert entry.created_at == later
    assert entry.parameters["CallStatus"] == "ringing"
    assert "ParentCallSid" not in entry.parameters
