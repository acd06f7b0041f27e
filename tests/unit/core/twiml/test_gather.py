"""``<Gather>``: keys, prompts, and how both come to an end."""

from datetime import timedelta

import pytest

from midcall.core import effects as do
from midcall.core.calls import timers
from midcall.model.calls import CallStatus
from midcall.model.endpoints import Endpoint, Method
from midcall.model.families import Gathering
from midcall.model.twiml import Gather, Pause, Play, Say
from tests.unit.core.calls.stage import PARENT, VOICE, Stage, timer

DONE = Endpoint("/keys", Method.GET)
HELLO = Say(text="press a key")
AFTERWARDS = Pause(length_seconds=100)


def _keys(stage: Stage) -> tuple[str, str]:
    asked = stage.fetching.parameters
    return asked["Digits"], asked["FinishedOnKey"]


def _waits(stage: Stage) -> bool:
    return timer(timers.GATHER) in stage.family.timers


# --- keys ---------------------------------------------------------------------------------------


def test_the_keys_go_to_the_action() -> None:
    """With the number that was asked for; the key that ended it is not among them."""
    stage = Stage(Gather(action=DONE, num_digits=3))
    stage.press("12")
    assert not stage.done(do.FetchDocument)
    stage.press("3")
    assert _keys(stage) == ("123", "")
    assert stage.fetching.origin.endpoint == Endpoint("https://example.com/keys", Method.GET)
    assert not stage.family.timers


def test_without_an_action_the_keys_go_to_the_document_itself() -> None:
    """As the ``<Gather>`` page says; its fallback is still there."""
    stage = Stage(fallback=Endpoint("https://example.com/fallback"))
    stage.document(Gather(num_digits=1), url="https://moved.example/voice")
    stage.press("1")
    assert stage.fetching.origin.endpoint == Endpoint("https://moved.example/voice", VOICE.method)
    assert stage.fetching.origin.fallback is not None


def test_a_key_ends_it() -> None:
    """``finishOnKey`` is told, and is no digit."""
    stage = Stage(Gather())
    stage.press("12#")
    assert _keys(stage) == ("12", "#")


def test_any_key_may_be_the_last() -> None:
    """Another one than ``#`` makes ``#`` a digit."""
    stage = Stage(Gather(finish_on_key="9"))
    stage.press("#*9")
    assert _keys(stage) == ("#*", "9")


def test_no_key_may_be_the_last() -> None:
    """An empty ``finishOnKey`` leaves the number and the timeout."""
    stage = Stage(Gather(finish_on_key="", num_digits=2))
    stage.press("##")
    assert _keys(stage) == ("##", "")


def test_the_last_key_alone_is_nothing() -> None:
    """The document goes on, as if nobody had pressed anything."""
    stage = Stage(Gather(), AFTERWARDS)
    stage.press("#")
    assert timer(timers.PAUSE) in stage.family.timers
    assert not stage.done(do.FetchDocument)


# --- time ---------------------------------------------------------------------------------------


def test_each_key_gives_time_for_the_next() -> None:
    """After the last one the keys are taken as they are."""
    stage = Stage(Gather(timeout_seconds=5))
    for digit in "12":
        stage.wait(4)
        stage.press(digit)
    stage.wait(4.9)
    assert _waits(stage)
    stage.wait(0.1)
    assert _keys(stage) == ("12", "")


def test_without_any_key_the_document_goes_on() -> None:
    """The next verb follows."""
    stage = Stage(Gather(timeout_seconds=5), AFTERWARDS)
    stage.wait(5)
    assert timer(timers.PAUSE) in stage.family.timers
    assert not _waits(stage)


def test_an_empty_result_may_be_asked_for() -> None:
    """``actionOnEmptyResult``."""
    stage = Stage(Gather(timeout_seconds=5, action_on_empty_result=True))
    stage.wait(5)
    assert _keys(stage) == ("", "")


# --- prompts ------------------------------------------------------------------------------------


def test_prompts_are_heard_in_order_before_the_time_begins() -> None:
    """A sound, a pause and a text; then the keys are waited for."""
    stage = Stage(
        Gather(prompts=(Play(url="tune.mp3"), Pause(length_seconds=3), HELLO), timeout_seconds=5)
    )
    assert [heard.prompt for heard in stage.done(do.PlayPrompt)] == [
        Play(url="https://example.com/tune.mp3")
    ]
    stage.heard()
    assert not stage.done(do.PlayPrompt)
    stage.wait(3)
    assert [heard.prompt for heard in stage.done(do.PlayPrompt)] == [HELLO]
    stage.wait(60)
    assert not _waits(stage)
    stage.heard()
    assert stage.family.timers == {timer(timers.GATHER): stage.now + timedelta(seconds=5)}


@pytest.mark.parametrize("prompt", [HELLO, Pause(length_seconds=3)])
def test_the_first_key_ends_the_prompts(prompt: Say | Pause) -> None:
    """Those that are still to come are not heard, and what ends late means nothing."""
    stage = Stage(Gather(prompts=(prompt, HELLO), timeout_seconds=5))
    token = stage.hearing()
    stage.press("1")
    assert stage.done(do.StopPrompt) == [do.StopPrompt(device=stage.device().id)]
    assert set(stage.family.timers) == {timer(timers.GATHER)}
    before = stage.family
    stage.heard(token=token)
    assert stage.family is before
    stage.wait(4)
    assert isinstance(stage.leg(PARENT).program.activity, Gathering)


def test_a_second_key_stops_nothing() -> None:
    """Nothing is heard any more."""
    stage = Stage(Gather(prompts=(HELLO,)))
    stage.press("1")
    stage.press("2")
    assert not stage.done(do.StopPrompt)


def test_a_prompt_that_was_heard_during_a_restart_is_not_heard_again() -> None:
    """The next one follows, and its end is its own."""
    stage = Stage(Gather(prompts=(HELLO, HELLO)))
    first = stage.hearing()
    stage.restart()
    second = stage.hearing()
    assert second != first
    stage.heard(token=second)
    assert _waits(stage)


def test_a_pause_among_prompts_lasts_through_a_restart() -> None:
    """It is over when its time is, and cuts nothing else short."""
    stage = Stage(Gather(prompts=(Pause(length_seconds=10), HELLO)))
    stage.restart()
    assert not stage.done(do.PlayPrompt)
    stage.wait(10)
    token = stage.hearing()
    assert [heard.token for heard in stage.done(do.PlayPrompt)] == [token]
    stage.wait(10)
    assert stage.hearing() == token


def test_keys_that_were_pressed_survive_a_restart() -> None:
    """So does the time that is left."""
    stage = Stage(Gather(timeout_seconds=5))
    stage.press("12")
    stage.wait(3)
    stage.restart()
    stage.wait(2)
    assert _keys(stage) == ("12", "")


def test_a_caller_who_leaves_collects_nothing() -> None:
    """No timer is left."""
    stage = Stage(Gather(prompts=(Pause(length_seconds=10),)))
    stage.hang_up()
    assert stage.status() is CallStatus.COMPLETED
    assert not stage.family.timers


def test_another_gather_begins_anew() -> None:
    """With keys and time of its own."""
    stage = Stage(Gather(timeout_seconds=5), Gather(num_digits=2))
    stage.wait(5)
    stage.press("42")
    assert _keys(stage) == ("42", "")
