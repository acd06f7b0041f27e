"""``<Say>``, ``<Play>`` and ``<Pause>``: what a caller hears, one after the other."""

import pytest

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import timers
from midcall.model.calls import CallStatus
from midcall.model.families import line_of
from midcall.model.notifications import Level
from midcall.model.twiml import Dial, Hangup, Pause, Play, Say
from tests.unit.core.calls.stage import PARENT, Stage, arriving, clients, timer

HELLO = Say(text="hello", language="en-GB")
TUNE = Play(url="/tune.mp3")


def test_a_caller_is_answered_and_hears() -> None:
    """The answer comes before the first word."""
    stage = Stage(HELLO)
    assert stage.kinds() == [do.AnswerDevice, do.PlayPrompt]
    (heard,) = stage.done(do.PlayPrompt)
    assert (heard.call_sid, heard.device, heard.prompt) == (PARENT, stage.device().id, HELLO)
    assert heard.token == stage.hearing()


def test_a_phone_number_hears_over_its_line() -> None:
    """A call that arrived has no device."""
    stage = Stage(HELLO, begin=arriving())
    assert [heard.device for heard in stage.done(do.PlayPrompt)] == [line_of(PARENT)]


def test_the_next_verb_follows_when_it_was_heard() -> None:
    """One after the other; the end of the document ends the call."""
    stage = Stage(HELLO, TUNE)
    stage.heard()
    assert [heard.prompt for heard in stage.done(do.PlayPrompt)] == [
        Play(url="https://example.com/tune.mp3")
    ]
    stage.heard()
    assert stage.status() is CallStatus.COMPLETED


@pytest.mark.parametrize("token", ["", "unknown"])
def test_the_end_of_something_else_means_nothing(token: str) -> None:
    """What was interrupted may end late, and for nobody."""
    stage = Stage(HELLO, TUNE)
    first = stage.hearing()
    stage.heard()
    before = stage.family
    for late in (first, token):
        stage.step(ev.PromptEnded(call_sid=PARENT, token=late))
        assert stage.family is before


def test_keys_to_be_played_are_played_as_they_are() -> None:
    """They have no URL to be resolved."""
    stage = Stage(Play(digits="1w2"))
    assert [heard.prompt for heard in stage.done(do.PlayPrompt)] == [Play(digits="1w2")]


def test_a_sound_that_cannot_be_had_is_shown_and_passed_over() -> None:
    """The call goes on; the debugger says under which code."""
    stage = Stage(TUNE, Pause(length_seconds=5))
    failed = ev.PromptFailed(call_sid=PARENT, code=13420, reason="a page", url="https://x.example/")
    stage.step(failed)
    (shown,) = stage.notifications
    assert (shown.code, shown.level, shown.request_url) == (
        13420,
        Level.ERROR,
        "https://x.example/",
    )
    stage.heard()
    assert timer(timers.PAUSE) in stage.family.timers


def test_a_caller_who_hangs_up_hears_nothing_more() -> None:
    """The endpoint goes, and with it what it was played; its end comes too late."""
    stage = Stage(HELLO, TUNE)
    token = stage.hearing()
    stage.hang_up()
    stage.heard(token=token)
    assert not stage.effects


def test_whoever_hears_something_presses_keys_for_nobody() -> None:
    """Only ``<Gather>`` listens."""
    stage = Stage(HELLO)
    before = stage.family
    stage.press("1*#")
    assert stage.family is before
    assert not stage.effects


def test_a_device_that_is_away_misses_what_is_said() -> None:
    """The program does not wait for it."""
    stage = Stage(HELLO, Pause(length_seconds=5))
    stage.lose()
    stage.heard()
    assert timer(timers.PAUSE) in stage.family.timers


def test_what_was_heard_during_a_restart_is_not_heard_again() -> None:
    """Nobody knows how much of it was; the next verb follows."""
    stage = Stage(HELLO, Pause(length_seconds=5), Hangup())
    token = stage.hearing()
    stage.restart()
    assert timer(timers.PAUSE) in stage.family.timers
    before = stage.family
    stage.heard(token=token)
    assert stage.family is before


def test_a_dial_may_follow() -> None:
    """Prompts come before and after it."""
    stage = Stage(HELLO, Dial(nouns=clients("bob")), TUNE)
    stage.heard()
    stage.hang_up(stage.answer("bob"))
    assert isinstance(stage.done(do.PlayPrompt)[0].prompt, Play)
