"""``<Dial>``: how it comes out, and who hears of it."""

import pytest

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.model.calls import CallStatus
from midcall.model.endpoints import Endpoint, Method
from midcall.model.twiml import Dial, Pause, Reject
from tests.unit.core.calls.stage import PARENT, Stage, clients

DONE = Endpoint("/done", Method.GET)


def _dial(*identities: str, answer_on_bridge: bool = False, action: Endpoint | None = DONE) -> Dial:
    return Dial(
        nouns=clients(*identities),
        action=action,
        timeout_seconds=20,
        time_limit_seconds=60,
        answer_on_bridge=answer_on_bridge,
    )


def _outcome(stage: Stage) -> dict[str, str]:
    asked = stage.fetching.parameters
    return {name: asked[name] for name in asked if name.startswith("Dial")}


def test_a_talk_that_ended_is_completed() -> None:
    """The action hears the four parameters, beside those of every TwiML request."""
    stage = Stage(_dial("bob"))
    bob = stage.answer("bob")
    stage.wait(12)
    stage.hang_up(bob)
    assert _outcome(stage) == {
        "DialCallStatus": "completed",
        "DialCallSid": bob,
        "DialCallDuration": "12",
        "DialBridged": "true",
    }
    assert stage.fetching.origin.endpoint == Endpoint("https://example.com/done", Method.GET)
    assert stage.fetching.parameters["CallSid"] == PARENT
    assert stage.fetching.parameters["CallStatus"] == "in-progress"


@pytest.mark.parametrize("ending", ["busy", "no-answer", "failed"])
def test_a_child_that_never_talked_says_why(ending: str) -> None:
    """``DialCallStatus`` is the child's status; nothing was bridged."""
    stage = Stage(_dial("bob"))
    bob = stage.ring("bob", "b1")
    if ending == "busy":
        stage.reject(bob)
    elif ending == "no-answer":
        stage.wait(20)
    else:
        stage.step(ev.DeviceFailed(call_sid=bob, device=stage.device(bob).id, reason=""))
    assert _outcome(stage) == {
        "DialCallStatus": ending,
        "DialCallSid": bob,
        "DialCallDuration": "0",
        "DialBridged": "false",
    }


def test_the_time_limit_completes_a_dial() -> None:
    """The caller goes on without the callee."""
    stage = Stage(_dial("bob"))
    stage.answer("bob")
    stage.wait(60)
    assert _outcome(stage)["DialCallStatus"] == "completed"
    assert _outcome(stage)["DialCallDuration"] == "60"


def test_a_dial_of_several_is_over_when_all_are() -> None:
    """The action is asked once, when nobody rings any more."""
    stage = Stage(_dial("bob", "cat"))
    bob, cat = stage.ring("bob", "b1"), stage.ring("cat", "c1")
    stage.reject(bob)
    assert not stage.done(do.FetchDocument)
    stage.reject(cat)
    assert stage.done(do.FetchDocument) == [do.FetchDocument(PARENT, stage.fetching)]


@pytest.mark.parametrize(
    ("bob_ends", "cat_ends", "status", "speaker"),
    [
        ("talk", "ring", "completed", "bob"),
        ("ring", "talk", "completed", "cat"),
        ("reject", "absent", "busy", "bob"),
        ("absent", "reject", "busy", "cat"),
        ("absent", "fail", "no-answer", "bob"),
        ("fail", "absent", "no-answer", "cat"),
        ("reject", "reject", "busy", "bob"),
    ],
)
def test_one_child_speaks_for_all(bob_ends: str, cat_ends: str, status: str, speaker: str) -> None:
    """A talk before a rejection, a rejection before silence, silence before a failure."""
    stage = Stage(_dial("bob", "cat"))
    endings = {"bob": bob_ends, "cat": cat_ends}
    for identity, ending in endings.items():
        sid = stage.ring(identity, *([] if ending == "absent" else [f"{identity} 1"]))
        if ending == "reject":
            stage.reject(sid)
        if ending == "fail":
            device = stage.device(sid).id
            stage.step(ev.DeviceFailed(call_sid=sid, device=device, reason=""))
    for identity, ending in endings.items():
        if ending == "talk":
            stage.accept(stage.child(identity).sid)
            stage.hang_up(stage.child(identity).sid)
    assert _outcome(stage)["DialCallStatus"] == status
    assert _outcome(stage)["DialCallSid"] == stage.child(speaker).sid


def test_a_dial_without_anybody_to_ring_fails() -> None:
    """There is no child to speak of."""
    stage = Stage(_dial())
    assert _outcome(stage) == {"DialCallStatus": "failed", "DialBridged": "false"}


def test_a_caller_who_leaves_asks_for_no_action() -> None:
    """Nobody is left to do anything with the document."""
    stage = Stage(_dial("bob"))
    stage.answer("bob")
    stage.hang_up()
    assert stage.family.over
    assert not stage.done(do.FetchDocument)


def test_an_answered_caller_hears_ringing_while_a_dial_rings() -> None:
    """Ring-back begins with the dial and ends with it, whatever comes out."""
    stage = Stage(_dial("bob", action=None), Pause())
    assert stage.done(do.RingMedia) == [do.RingMedia(device=stage.device().id)]
    stage.ring("bob")
    assert stage.done(do.PartMedia) == [do.PartMedia(device=stage.device().id)]


def test_an_unanswered_caller_hears_its_own_ringing() -> None:
    """Before the answer there is no media to play to."""
    stage = Stage(_dial("bob", answer_on_bridge=True))
    assert not stage.done(do.RingMedia)


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("reject", CallStatus.BUSY),
        ("absent", CallStatus.NO_ANSWER),
        ("fail", CallStatus.FAILED),
    ],
)
def test_with_answer_on_bridge_the_caller_fares_as_its_dial(
    ending: str, status: CallStatus
) -> None:
    """A document that ends with an unanswered dial leaves the caller unanswered."""
    stage = Stage(_dial("bob", answer_on_bridge=True, action=None))
    bob = stage.ring("bob", *([] if ending == "absent" else ["b1"]))
    if ending == "reject":
        stage.reject(bob)
    if ending == "fail":
        stage.step(ev.DeviceFailed(call_sid=bob, device=stage.device(bob).id, reason=""))
    assert stage.status() is status
    assert not [effect for effect in stage.all_effects if isinstance(effect, do.AnswerDevice)]


def test_an_unanswered_dial_asks_its_action_unanswered() -> None:
    """The action may still reject, or answer."""
    stage = Stage(_dial("bob", answer_on_bridge=True))
    stage.reject(stage.ring("bob", "b1"))
    assert stage.fetching.parameters["CallStatus"] == "ringing"
    stage.document(Reject(busy=True))
    assert stage.status() is CallStatus.BUSY


def test_how_a_dial_came_out_still_counts_after_its_action() -> None:
    """An action that does nothing leaves the caller as the dial left it."""
    stage = Stage(_dial("bob", answer_on_bridge=True))
    stage.ring("bob")
    stage.document()
    assert stage.status() is CallStatus.NO_ANSWER


def test_answer_on_bridge_means_nothing_to_an_answered_caller() -> None:
    """Only the first verb can leave the caller unanswered."""
    stage = Stage(Pause(length_seconds=1), _dial("bob", answer_on_bridge=True))
    stage.wait(1)
    assert stage.status() is CallStatus.IN_PROGRESS
    assert stage.done(do.RingMedia)
