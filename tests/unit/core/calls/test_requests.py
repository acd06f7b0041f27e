"""Calls that the REST API makes: somebody is called first, and TwiML runs once they answer."""

import pytest

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import timers
from midcall.core.calls.states import Cause
from midcall.core.ports import ExpireMessages
from midcall.model.calls import CallStatus
from midcall.model.families import SessionId, line_of
from midcall.model.numbers import Behaviour
from midcall.model.twiml import Dial, Hangup, Pause, Play
from tests.unit.core.calls.stage import (
    OURS,
    PARENT,
    VOICE,
    Stage,
    clients,
    requested,
    timer,
)


def _rung(*sessions: str) -> Stage:
    """Call bob, on these devices."""
    stage = Stage(begin=requested(identity="bob", callback=True))
    stage.step(ev.DevicesFound(call_sid=PARENT, sessions=tuple(map(SessionId, sessions))))
    for device in stage.leg(PARENT).devices:
        stage.step(ev.DeviceRang(call_sid=PARENT, device=device.id))
    return stage


def _told(stage: Stage) -> list[str]:
    return [entry.parameters["CallStatus"] for entry in stage.all_entries]


def test_a_client_is_looked_for() -> None:
    """The call is queued, nothing is fetched yet, and it does not ring for ever."""
    stage = Stage(begin=requested(identity="bob"))
    assert stage.effects == (do.FindDevices(call_sid=PARENT, identity="bob"),)
    assert stage.status() is CallStatus.QUEUED
    assert set(stage.family.timers) == {timer(timers.RING)}


def test_a_number_is_looked_up() -> None:
    """It may be one of ours, or simulated."""
    stage = Stage(begin=requested(number=OURS))
    assert stage.effects == (do.FindNumber(call_sid=PARENT, number=OURS),)


def test_the_document_is_fetched_once_the_call_is_answered() -> None:
    """The device's answer is taken, the other devices are cancelled, and TwiML begins."""
    stage = _rung("b1", "b2")
    assert stage.status() is CallStatus.RINGING
    loser = stage.leg(PARENT).devices[1]
    stage.accept(PARENT)
    assert stage.status() is CallStatus.IN_PROGRESS
    assert stage.kinds() == [
        do.CancelDevice,
        do.AcceptMedia,
        do.RelayDownlinks,
        do.FetchDocument,
    ]
    assert stage.done(do.CancelDevice)[0].device == loser
    asked = stage.fetching
    assert asked.origin.endpoint == VOICE
    assert (asked.parameters["Direction"], asked.parameters["CallStatus"]) == (
        "outbound-api",
        "in-progress",
    )
    assert set(stage.family.timers) == {timer(timers.LIMIT)}


def test_every_stage_is_told_in_order() -> None:
    """``initiated`` is told of a call that is queued."""
    stage = _rung("b1")
    stage.accept(PARENT)
    stage.document(Hangup())
    assert _told(stage) == ["initiated", "ringing", "in-progress", "completed"]
    numbered = [entry.parameters["SequenceNumber"] for entry in stage.all_entries]
    assert numbered == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("nobody", CallStatus.NO_ANSWER),
        ("rejected", CallStatus.BUSY),
        ("late", CallStatus.NO_ANSWER),
        ("lost", CallStatus.NO_ANSWER),
        ("failed", CallStatus.FAILED),
        ("canceled", CallStatus.CANCELED),
    ],
)
def test_a_call_that_is_not_answered_says_why(ending: str, status: CallStatus) -> None:
    """No TwiML is fetched for it."""
    stage = _rung(*[] if ending == "nobody" else ["b1"])
    match ending:
        case "rejected":
            stage.reject(PARENT)
        case "late":
            stage.wait(40)
        case "lost":
            stage.lose("b1")
        case "failed":
            device = stage.device().id
            stage.step(ev.DeviceFailed(call_sid=PARENT, device=device, reason="no codec"))
        case "canceled":
            stage.step(ev.CallUpdated(call_sid=PARENT, end=True))
        case _:
            pass
    assert stage.status() is status
    assert stage.family.over
    assert not stage.family.timers
    assert not [effect for effect in stage.all_effects if isinstance(effect, do.FetchDocument)]
    assert _told(stage)[-1] == status.value
    assert stage.all_changes.count(ExpireMessages(PARENT, stage.now)) == 1


def test_a_call_that_nobody_takes_is_withdrawn_from_every_device() -> None:
    """Each of them still rings."""
    stage = _rung("b1", "b2")
    ringing = stage.leg(PARENT).devices
    stage.wait(40)
    cancelled = [effect for effect in stage.all_effects if isinstance(effect, do.CancelDevice)]
    assert [effect.device for effect in cancelled] == list(ringing)


def test_a_call_lasts_no_longer_than_its_limit() -> None:
    """``TimeLimit`` counts from the answer."""
    stage = _rung("b1")
    stage.wait(30)
    stage.accept(PARENT)
    stage.document(Pause(length_seconds=100_000))
    stage.wait(3599)
    assert stage.status() is CallStatus.IN_PROGRESS
    stage.wait(1)
    assert stage.status() is CallStatus.COMPLETED
    assert stage.leg(PARENT).call.duration_seconds == 3600


def test_a_call_that_was_answered_may_dial() -> None:
    """It is a parent like any other; the ringing that ended has nothing to do with the new one."""
    stage = _rung("b1")
    stage.wait(39)
    stage.accept(PARENT)
    stage.document(Dial(nouns=clients("cat")))
    stage.wait(20)
    cat = stage.answer("cat")
    assert stage.status(cat) is CallStatus.IN_PROGRESS
    assert do.JoinMedia(first=stage.device().id, second=stage.device(cat).id) in stage.all_effects
    assert not [effect for effect in stage.all_effects if isinstance(effect, do.AnswerDevice)]


def test_keys_are_sent_before_the_document_begins() -> None:
    """``SendDigits``: to a party at a line they are tones, over a trunk they arrive as keys."""
    stage = Stage(begin=requested(number=OURS, send_digits="ww12"))
    stage.call_number(PARENT, simulated=Behaviour.ANSWER)
    stage.wait(1)
    assert stage.kinds()[-2:] == [do.PlayPrompt, do.FetchDocument]
    (keys,) = stage.done(do.PlayPrompt)
    assert (keys.device, keys.prompt) == (line_of(PARENT), Play(digits="ww12"))
    stage = Stage(begin=requested(number=OURS, send_digits="ww12"))
    stage.call_number(PARENT, owned=True)
    stage.far(PARENT, Cause.ANSWERED)
    assert [effect.digits for effect in stage.done(do.PassDigits)] == ["ww12"]


def test_a_call_to_a_number_that_nobody_serves_fails() -> None:
    """The debugger says so under the call."""
    stage = Stage(begin=requested(number=OURS))
    stage.call_number(PARENT)
    assert stage.status() is CallStatus.FAILED
    assert [(shown.code, shown.call_sid) for shown in stage.notifications] == [(13224, PARENT)]


def test_a_call_that_is_not_answered_does_not_survive_a_restart() -> None:
    """Whoever rang knows nothing of it any more."""
    stage = _rung("b1")
    stage.restart()
    assert stage.status() is CallStatus.NO_ANSWER


def test_a_call_that_was_answered_survives_a_restart() -> None:
    """Its device is waited for, its document is asked for again, its limit counts on."""
    stage = _rung("b1")
    stage.accept(PARENT)
    token = stage.fetching.token
    stage.restart()
    stage.attach(PARENT)
    assert stage.fetching.token == token
    assert set(stage.family.timers) == {timer(timers.LIMIT)}
