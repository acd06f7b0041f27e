"""``<Dial sequential="true">``: one after the other, until somebody was reached."""

from midcall.core import effects as do
from midcall.core.calls import timers
from midcall.core.calls.states import Cause
from midcall.model.calls import CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.twiml import Dial, Noun, Number, Pause
from tests.unit.core.calls.stage import OURS, STRANGER, Stage, clients, timer

DONE = Endpoint("/done")
ALL = Dial(nouns=clients("bob", "cat", "dan"), sequential=True, timeout_seconds=20, action=DONE)


def _dialled(stage: Stage) -> list[str]:
    return [leg.identity or leg.number for leg in stage.family.children]


def test_the_first_rings_alone() -> None:
    """The others have no call yet."""
    stage = Stage(ALL)
    assert _dialled(stage) == ["bob"]


def test_each_rings_for_the_whole_time() -> None:
    """The timeout is that of each; the caller hears ring-back all along."""
    stage = Stage(ALL)
    stage.ring("bob", "b1")
    stage.wait(20)
    assert _dialled(stage) == ["bob", "cat"]
    cat = stage.ring("cat", "c1")
    stage.wait(19)
    assert stage.status(cat) is CallStatus.RINGING
    stage.wait(1)
    assert stage.status(cat) is CallStatus.NO_ANSWER
    assert _dialled(stage) == ["bob", "cat", "dan"]
    assert len([effect for effect in stage.all_effects if isinstance(effect, do.RingMedia)]) == 1
    assert not [effect for effect in stage.all_effects if isinstance(effect, do.PartMedia)]


def test_whoever_is_reached_is_the_last() -> None:
    """After the talk the action is asked, and nobody else is called."""
    stage = Stage(ALL)
    stage.reject(stage.ring("bob", "b1"))
    cat = stage.answer("cat")
    stage.hang_up(cat)
    assert _dialled(stage) == ["bob", "cat"]
    assert stage.fetching.parameters["DialCallStatus"] == "completed"
    assert stage.fetching.parameters["DialCallSid"] == cat


def test_when_nobody_is_reached_the_dial_is_over() -> None:
    """As many as there are, each once."""
    stage = Stage(ALL)
    for identity in ("bob", "cat", "dan"):
        stage.ring(identity)
    assert _dialled(stage) == ["bob", "cat", "dan"]
    assert stage.fetching.parameters["DialCallStatus"] == "no-answer"
    assert timer(timers.RING) not in stage.family.timers


def test_a_caller_who_leaves_calls_nobody_else() -> None:
    """The first is cancelled, the others are never called."""
    stage = Stage(ALL)
    stage.ring("bob", "b1")
    stage.hang_up()
    assert _dialled(stage) == ["bob"]
    assert stage.family.over


def test_an_unanswered_caller_waits_for_all_of_them() -> None:
    """With ``answerOnBridge`` whoever is reached answers the caller."""
    dial = Dial(nouns=clients("bob", "cat"), sequential=True, answer_on_bridge=True)
    stage = Stage(dial)
    stage.reject(stage.ring("bob", "b1"))
    assert stage.status() is CallStatus.RINGING
    stage.answer("cat")
    assert stage.status() is CallStatus.IN_PROGRESS


def test_numbers_and_clients_may_follow_each_other() -> None:
    """Each is looked for in its own way."""
    nouns: tuple[Noun, ...] = (Number(number=OURS), *clients("bob"))
    stage = Stage(Dial(nouns=nouns, sequential=True, caller_id=STRANGER))
    sid = stage.call_number(stage.dialled(OURS), owned=True)
    stage.far(sid, Cause.REJECTED)
    assert _dialled(stage) == [OURS, "bob"]


def test_those_who_cannot_be_called_are_passed_over() -> None:
    """A number without a caller id fails at once, and the next is called."""
    nouns: tuple[Noun, ...] = (Number(number=OURS), *clients("bob"), Number(number=OURS))
    stage = Stage(Dial(nouns=nouns, sequential=True), Pause(length_seconds=5))
    assert _dialled(stage) == [OURS, "bob"]
    stage.reject(stage.ring("bob", "b1"))
    assert _dialled(stage) == [OURS, "bob", OURS]
    assert timer(timers.PAUSE) in stage.family.timers


def test_the_next_is_called_after_a_restart() -> None:
    """Whoever rang cannot know of the call any more."""
    stage = Stage(ALL)
    stage.ring("bob", "b1")
    stage.restart()
    assert _dialled(stage) == ["bob", "cat"]
