"""Calls that the REST API changes while they are under way."""

import pytest

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import timers
from midcall.model.calls import CallEvent, CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.families import Origin
from midcall.model.sids import CallSid
from midcall.model.twiml import Dial, Gather, Hangup, Pause, Say, Verb
from tests.unit.core.calls.stage import PARENT, TOLD, Stage, clients, requested, timer

BOB = Dial(nouns=clients("bob"))
ELSEWHERE = Origin(endpoint=Endpoint("https://example.com/elsewhere"))
UNKNOWN = CallSid("CA" + "f" * 32)


def _end(stage: Stage, sid: CallSid = PARENT) -> None:
    stage.step(ev.CallUpdated(call_sid=sid, end=True))


def _lead(stage: Stage, origin: Origin = ELSEWHERE, sid: CallSid = PARENT) -> None:
    stage.step(ev.CallUpdated(call_sid=sid, origin=origin))


# --- ending -------------------------------------------------------------------------------------


def test_ending_a_call_ends_those_that_it_dialled() -> None:
    """Both ends are told."""
    stage = Stage(BOB)
    bob = stage.answer("bob")
    _end(stage)
    assert stage.status() is stage.status(bob) is CallStatus.COMPLETED
    assert [effect.call_sid for effect in stage.done(do.HangUpDevice)] == [PARENT, bob]


def test_ending_a_child_lets_the_document_go_on() -> None:
    """As if whoever was called had left."""
    stage = Stage(BOB, Pause(length_seconds=5))
    bob = stage.answer("bob")
    _end(stage, bob)
    assert stage.status(bob) is CallStatus.COMPLETED
    assert timer(timers.PAUSE) in stage.family.timers


def test_ending_what_rings_cancels_it() -> None:
    """A child, and a caller who was not answered."""
    stage = Stage(Dial(nouns=clients("bob", "cat"), answer_on_bridge=True))
    bob, cat = stage.ring("bob", "b1"), stage.ring("cat", "c1")
    _end(stage, bob)
    assert stage.status(bob) is CallStatus.CANCELED
    assert stage.status(cat) is CallStatus.RINGING
    _end(stage)
    assert stage.status() is stage.status(cat) is CallStatus.CANCELED


def test_a_call_that_is_over_or_unknown_is_not_changed() -> None:
    """The door has refused it; whoever was quicker wins."""
    stage = Stage(BOB)
    bob = stage.ring("bob")
    before = stage.family
    for sid in (bob, PARENT, UNKNOWN):
        stage.step(ev.CallUpdated(call_sid=sid, end=True, origin=ELSEWHERE, status_callback=TOLD))
    assert stage.family is before


# --- leading elsewhere --------------------------------------------------------------------------


def test_a_call_in_a_dial_is_led_elsewhere() -> None:
    """Whoever it talks to is hung up, and the action of the dial is not asked."""
    stage = Stage(Dial(nouns=clients("bob"), action=Endpoint("/done")))
    bob = stage.answer("bob")
    _lead(stage)
    assert stage.status(bob) is CallStatus.COMPLETED
    assert stage.fetching.origin == ELSEWHERE
    assert stage.done(do.FetchDocument) == [do.FetchDocument(PARENT, stage.fetching)]
    assert do.PartMedia(device=stage.device().id) in stage.effects
    assert not stage.family.timers


def test_a_dial_that_rings_is_left() -> None:
    """Those who ring are cancelled; nobody of them can answer any more."""
    stage = Stage(Dial(nouns=clients("bob", "cat"), sequential=True))
    bob = stage.ring("bob", "b1")
    _lead(stage)
    assert stage.status(bob) is CallStatus.CANCELED
    assert len(stage.family.children) == 1
    assert not stage.family.timers


@pytest.mark.parametrize(
    ("verb", "stops"),
    [
        (Say(text="a long story"), True),
        (Pause(length_seconds=60), False),
        (Gather(prompts=(Say(text="press"),)), True),
        (Gather(), False),
    ],
)
def test_whatever_a_call_does_is_left(verb: Verb, stops: bool) -> None:
    """What is heard falls silent, what was waited for is not waited for any more."""
    stage = Stage(verb)
    _lead(stage)
    silenced = [do.StopPrompt(device=stage.device().id)] if stops else []
    assert stage.done(do.StopPrompt) == silenced
    assert stage.fetching.origin == ELSEWHERE
    assert not stage.family.timers


def test_a_document_that_was_awaited_comes_too_late() -> None:
    """The newer wish counts."""
    stage = Stage(Pause(length_seconds=1))
    _lead(stage)
    token = stage.fetching.token
    _lead(stage, Origin(text="<Response/>"))
    failed = ev.DocumentFailed(call_sid=PARENT, token=token, code=11200, reason="", url="")
    stage.step(failed)
    assert stage.fetching.origin == Origin(text="<Response/>")
    assert not stage.notifications


def test_what_was_left_of_the_document_is_left_for_good() -> None:
    """The new document stands in for all of it."""
    stage = Stage(Pause(length_seconds=60), BOB)
    _lead(stage)
    stage.document(Hangup())
    assert not stage.family.children
    assert stage.family.over


@pytest.mark.parametrize("answered", [True, False])
def test_a_child_and_an_unanswered_call_are_not_led_elsewhere(answered: bool) -> None:
    """A child has no document of its own, and nothing runs before the answer."""
    stage = Stage(BOB) if answered else Stage(begin=requested(identity="bob"))
    sid = stage.answer("bob") if answered else PARENT
    before = stage.family
    _lead(stage, sid=sid)
    assert stage.family is before


# --- the rest -----------------------------------------------------------------------------------


def test_another_server_hears_of_the_end() -> None:
    """The count goes on, and only the end is told, as nothing else was asked for."""
    stage = Stage(begin=requested(identity="bob", callback=True))
    stage.step(ev.CallUpdated(call_sid=PARENT, status_callback=Endpoint("https://b.example/")))
    callback = stage.leg(PARENT).status_callback
    assert callback is not None
    assert callback.events == {CallEvent.COMPLETED}
    _end(stage)
    (told,) = stage.entries
    assert told.endpoint.url == "https://b.example/"
    assert told.parameters["SequenceNumber"] == "1"


def test_a_call_that_told_nobody_may_begin_to() -> None:
    """A child as well as a parent."""
    stage = Stage(BOB)
    bob = stage.answer("bob")
    stage.step(ev.CallUpdated(call_sid=bob, status_callback=TOLD))
    stage.hang_up(bob)
    assert [entry.endpoint for entry in stage.entries] == [TOLD]


@pytest.mark.parametrize(("limit", "left"), [(100, 40), (60, 0), (30, 0)])
def test_a_new_limit_counts_from_the_answer(limit: int, left: int) -> None:
    """If it is over already the call ends at once."""
    stage = Stage(Pause(length_seconds=10_000))
    stage.wait(60)
    stage.step(ev.CallUpdated(call_sid=PARENT, time_limit_seconds=limit))
    if left:
        stage.wait(left - 1)
        assert stage.status() is CallStatus.IN_PROGRESS
        stage.wait(1)
    stage.wait(0)
    assert stage.status() is CallStatus.COMPLETED


def test_a_limit_that_is_set_before_the_answer_counts_after_it() -> None:
    """It replaces the one that the call was made with."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1")
    stage.step(ev.CallUpdated(call_sid=bob, time_limit_seconds=5))
    stage.wait(20)
    stage.accept(bob)
    stage.wait(5)
    assert stage.status(bob) is CallStatus.COMPLETED
