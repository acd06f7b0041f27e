"""``url`` of a noun: what a called party hears before it is joined."""

import pytest

from midcall.core import effects as do
from midcall.core.calls import timers
from midcall.core.calls.states import Cause
from midcall.model.calls import CallStatus
from midcall.model.endpoints import Endpoint, Method
from midcall.model.notifications import Level
from midcall.model.sids import CallSid
from midcall.model.twiml import (
    Client,
    Dial,
    Gather,
    Hangup,
    Number,
    Pause,
    Redirect,
    Reject,
    Say,
    Verb,
)
from tests.unit.core.calls.stage import OURS, PARENT, STRANGER, Stage, clients, timer

HELLO = Say(text="a call for you")
SCREEN = Endpoint("/screen", Method.GET)
BOB = Client(identity="bob", url=SCREEN)
DONE = Endpoint("/done")


def _whispering(*verbs: Verb, bridged: bool = False) -> tuple[Stage, CallSid]:
    """Let bob accept, and hear this."""
    dial = Dial(nouns=(BOB, *clients("cat")), answer_on_bridge=bridged, action=DONE)
    stage = Stage(dial)
    stage.ring("cat", "c1")
    bob = stage.answer("bob")
    if verbs:
        stage.document(*verbs, sid=bob)
    return stage, bob


def _joined(stage: Stage) -> bool:
    return any(isinstance(effect, do.JoinMedia) for effect in stage.all_effects)


@pytest.mark.parametrize("bridged", [False, True])
def test_whoever_answers_hears_a_document_first(bridged: bool) -> None:
    """It is asked for with the child's own parameters; the caller goes on waiting."""
    stage, bob = _whispering(bridged=bridged)
    fetching = stage.fetching_of(bob)
    assert fetching.origin.endpoint == Endpoint("https://example.com/screen", Method.GET)
    assert fetching.parameters["CallSid"] == bob
    assert fetching.parameters["ParentCallSid"] == PARENT
    assert stage.status(bob) is CallStatus.IN_PROGRESS
    assert stage.status() is (CallStatus.RINGING if bridged else CallStatus.IN_PROGRESS)
    assert not _joined(stage)


def test_the_siblings_are_withdrawn_by_the_answer() -> None:
    """And not by the end of the document: whoever accepts first wins."""
    stage, _ = _whispering()
    assert stage.status(stage.child("cat").sid) is CallStatus.CANCELED
    assert timer(timers.RING) not in stage.family.timers


@pytest.mark.parametrize("bridged", [False, True])
@pytest.mark.parametrize("verb", [HELLO, Pause(length_seconds=2), Gather(timeout_seconds=2)])
def test_the_called_party_is_joined_at_the_end_of_its_document(verb: Verb, bridged: bool) -> None:
    """Only then is a caller answered who waits for the bridge."""
    stage, bob = _whispering(verb, bridged=bridged)
    assert not _joined(stage)
    assert stage.status() is (CallStatus.RINGING if bridged else CallStatus.IN_PROGRESS)
    if verb is HELLO:
        stage.heard(bob)
    else:
        stage.wait(2)
    joined = do.JoinMedia(first=stage.device().id, second=stage.device(bob).id)
    assert stage.done(do.JoinMedia) == [joined]
    assert stage.status() is stage.status(bob) is CallStatus.IN_PROGRESS
    assert set(stage.family.timers) == {timer(timers.LIMIT, bob)}


def test_an_empty_document_joins_at_once() -> None:
    """Nothing is to be heard."""
    stage, bob = _whispering()
    stage.document(sid=bob)
    assert _joined(stage)


def test_what_is_said_is_heard_by_the_called_party_alone() -> None:
    """The prompt goes to its endpoint."""
    stage, bob = _whispering(HELLO)
    assert [heard.device for heard in stage.done(do.PlayPrompt)] == [stage.device(bob).id]


def test_keys_of_the_called_party_lead_to_the_next_document() -> None:
    """Press one to accept: the keys go where the document says."""
    stage, bob = _whispering(Gather(num_digits=1, action=Endpoint("/pressed")), Hangup())
    stage.press("9")  # by the caller, for nobody
    stage.press("1", bob)
    fetching = stage.fetching_of(bob)
    assert fetching.origin.url == "https://example.com/pressed"
    assert fetching.parameters["Digits"] == "1"
    stage.document(sid=bob)
    assert _joined(stage)


@pytest.mark.parametrize("verb", [Hangup(), Reject()])
@pytest.mark.parametrize("bridged", [False, True])
def test_a_called_party_may_be_sent_away(verb: Verb, bridged: bool) -> None:
    """The call was answered but never bridged, and that is what the action hears."""
    stage, bob = _whispering(verb, bridged=bridged)
    assert stage.status(bob) is CallStatus.COMPLETED
    assert stage.fetching.parameters["DialCallStatus"] == "completed"
    assert stage.fetching.parameters["DialBridged"] == "false"
    assert stage.status() is (CallStatus.RINGING if bridged else CallStatus.IN_PROGRESS)


def test_a_called_party_that_was_joined_was_bridged() -> None:
    """The action hears that as well."""
    stage, bob = _whispering(HELLO)
    stage.heard(bob)
    stage.hang_up(bob)
    assert stage.fetching.parameters["DialBridged"] == "true"


def test_a_document_that_cannot_be_had_ends_the_child() -> None:
    """Nobody is joined who was to be asked first; the debugger shows why."""
    stage, bob = _whispering()
    stage.no_document(sid=bob)
    assert stage.status(bob) is CallStatus.COMPLETED
    assert stage.fetching.parameters["DialBridged"] == "false"
    assert [(shown.code, shown.call_sid) for shown in stage.notifications] == [(11200, bob)]


def test_a_called_party_cannot_dial() -> None:
    """13201, an error by the dictionary; the rest of the document goes on."""
    stage, bob = _whispering(Dial(nouns=clients("dan")), HELLO)
    (shown,) = stage.notifications
    assert (shown.code, shown.level, shown.call_sid) == (13201, Level.ERROR, bob)
    assert len(stage.family.children) == 2
    assert stage.hearing(bob)


def test_urls_are_relative_to_the_whispered_document() -> None:
    """And not to the caller's."""
    stage, bob = _whispering()
    stage.document(Redirect(endpoint=Endpoint("next")), url="https://other.example/a/b", sid=bob)
    assert stage.fetching_of(bob).origin.url == "https://other.example/a/next"


def test_a_caller_who_leaves_ends_the_called_party() -> None:
    """Whatever it was hearing."""
    stage, bob = _whispering(HELLO)
    token = stage.hearing(bob)
    device = stage.device(bob)
    stage.hang_up()
    assert stage.status(bob) is CallStatus.COMPLETED
    assert do.HangUpDevice(call_sid=bob, device=device) in stage.effects
    stage.heard(bob, token)
    assert not stage.effects
    assert not _joined(stage)


def test_a_called_party_who_leaves_was_never_bridged() -> None:
    """The caller's document goes on."""
    stage, bob = _whispering(HELLO)
    stage.hang_up(bob)
    assert stage.fetching.parameters["DialBridged"] == "false"


def test_the_time_limit_counts_from_the_answer() -> None:
    """A document that never ends does not hold anybody for ever."""
    dial = Dial(nouns=(BOB,), time_limit_seconds=60)
    stage = Stage(dial)
    bob = stage.answer("bob")
    stage.document(Pause(length_seconds=1000), sid=bob)
    stage.wait(60)
    assert stage.status(bob) is CallStatus.COMPLETED


def test_keys_of_the_caller_do_not_reach_who_is_not_joined() -> None:
    """Neither over a trunk nor as the star that hangs up."""
    noun = Number(number=OURS, url=SCREEN)
    stage = Stage(Dial(nouns=(noun,), caller_id=STRANGER, hangup_on_star=True))
    sid = stage.call_number(stage.dialled(OURS), owned=True)
    stage.far(sid, Cause.ANSWERED)
    stage.press("*1")
    assert not stage.done(do.PassDigits)
    assert stage.status(sid) is CallStatus.IN_PROGRESS
    stage.document(sid=sid)
    stage.press("1")
    assert [effect.digits for effect in stage.done(do.PassDigits)] == ["1"]


def test_who_takes_a_call_over_hears_the_document_too() -> None:
    """And is joined at its end; the caller hears ring-back until then."""
    stage = Stage(Dial(nouns=(BOB,)))
    bob = stage.ring("bob", "b1")
    stage.take_over(bob)
    assert stage.fetching_of(bob).parameters["CallStatus"] == "in-progress"
    assert not _joined(stage)
    stage.document(sid=bob)
    assert _joined(stage)


def test_a_whispered_document_survives_a_restart() -> None:
    """It is asked for again, with its token."""
    stage, bob = _whispering()
    token = stage.fetching_of(bob).token
    stage.restart()
    assert stage.fetching_of(bob).token == token
    assert stage.done(do.FetchDocument) == [do.FetchDocument(bob, stage.fetching_of(bob))]
