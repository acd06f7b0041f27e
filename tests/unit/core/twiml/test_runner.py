"""TwiML as a program: which verb answers, which waits, what follows, what is wrong."""

import pytest

from midcall.core import effects as do
from midcall.core.limits import DOCUMENTS_PER_CALL
from midcall.model.calls import CallStatus
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import CallBusy, CallDeclined, TwimlFault
from midcall.model.notifications import Level
from midcall.model.twiml import (
    Client,
    Dial,
    Hangup,
    Pause,
    Redirect,
    Reject,
    TwimlWarning,
    Verb,
)
from tests.unit.core.calls.stage import PARENT, VOICE, Stage, clients

BOB = Dial(nouns=clients("bob"))
BRIDGED = Dial(nouns=clients("bob"), answer_on_bridge=True)
NEXT = Redirect(endpoint=Endpoint("/next", Method.GET))


def _answers(stage: Stage) -> int:
    return sum(isinstance(effect, do.AnswerDevice) for effect in stage.all_effects)


# --- who is answered ----------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [BOB, Pause(), Hangup(), Dial(nouns=())])
def test_a_verb_answers_the_caller(verb: Verb) -> None:
    """Everything but ``<Reject>``, ``<Redirect>`` and ``answerOnBridge`` answers, once."""
    stage = Stage(verb, verb)
    assert _answers(stage) == 1
    assert stage.leg(PARENT).call.answered_at is not None


@pytest.mark.parametrize("verb", [BRIDGED, NEXT, Reject(), Reject(busy=True)])
def test_some_verbs_leave_the_caller_unanswered(verb: Verb) -> None:
    """A call that may still be rejected, or that the callee answers, is not answered yet."""
    stage = Stage(verb)
    assert not _answers(stage)
    assert stage.leg(PARENT).call.answered_at is None


@pytest.mark.parametrize(
    ("reject", "fault"), [(Reject(), CallDeclined), (Reject(busy=True), CallBusy)]
)
def test_a_rejected_call_is_busy_and_its_device_is_told_why(
    reject: Reject, fault: type[Exception]
) -> None:
    """``<Reject>`` as the first verb refuses the call without answering it."""
    stage = Stage(reject)
    assert stage.status() is CallStatus.BUSY
    (told,) = stage.done(do.HangUpDevice)
    assert isinstance(told.fault, fault)


def test_a_call_may_be_rejected_after_a_redirect() -> None:
    """What leads on does not answer."""
    stage = Stage(NEXT)
    stage.document(Reject())
    assert stage.status() is CallStatus.BUSY
    assert not _answers(stage)


def test_rejecting_an_answered_call_hangs_up() -> None:
    """It is too late to refuse."""
    stage = Stage(Pause(length_seconds=1), Reject())
    stage.wait(1)
    assert stage.status() is CallStatus.COMPLETED
    (told,) = stage.done(do.HangUpDevice)
    assert told.fault is None


def test_a_hangup_ends_the_document() -> None:
    """Verbs behind it are not reached."""
    stage = Stage(Hangup(), BOB)
    assert stage.status() is CallStatus.COMPLETED
    assert not stage.family.children


def test_an_empty_document_answers_and_ends_the_call() -> None:
    """Nothing to do is done at once."""
    stage = Stage()
    stage.document()
    assert stage.kinds() == [do.AnswerDevice, do.HangUpDevice]
    assert stage.status() is CallStatus.COMPLETED


# --- what follows -------------------------------------------------------------------------------


def test_verbs_run_in_order() -> None:
    """Each waits for the one before it."""
    stage = Stage(Pause(length_seconds=2), BOB, Pause(length_seconds=3))
    stage.wait(2)
    assert stage.child("bob").call.created_at == stage.now
    stage.reject(stage.ring("bob", "b1"))
    stage.wait(3)
    assert stage.status() is CallStatus.COMPLETED


def test_the_document_goes_on_after_a_dial_without_an_action() -> None:
    """A second dial rings somebody else, with times of its own."""
    stage = Stage(BOB, Dial(nouns=clients("cat"), timeout_seconds=7))
    stage.wait(5)
    stage.hang_up(stage.answer("bob"))
    cat = stage.ring("cat", "c1")
    stage.wait(6)
    assert stage.status(cat) is CallStatus.RINGING
    stage.wait(1)
    assert stage.status(cat) is CallStatus.NO_ANSWER


def test_a_redirect_leaves_the_rest_of_the_document() -> None:
    """The next document stands in for it."""
    stage = Stage(NEXT, BOB)
    assert stage.fetching.origin.endpoint == Endpoint("https://example.com/next", Method.GET)
    stage.document()
    assert not stage.family.children


def test_a_redirect_is_asked_with_the_status_of_the_call() -> None:
    """An answered call is in progress in the eyes of the next document."""
    stage = Stage(Pause(length_seconds=1), NEXT)
    stage.wait(1)
    assert stage.fetching.parameters["CallStatus"] == "in-progress"


def test_a_pause_lasts_as_long_as_it_says() -> None:
    """The caller stays on the quiet line."""
    stage = Stage(Pause(length_seconds=3))
    stage.wait(2.9)
    assert stage.status() is CallStatus.IN_PROGRESS
    stage.wait(0.1)
    assert stage.status() is CallStatus.COMPLETED


# --- URLs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/next", "https://example.com/next"),
        ("next", "https://example.com/a/next"),
        ("../next?b=2", "https://example.com/next?b=2"),
        ("?b=2", "https://example.com/a/voice?b=2"),
        ("//other.example/x", "https://other.example/x"),
        ("next#rc=2&rt=100", "https://example.com/a/next#rc=2&rt=100"),
        ("https://other.example/x#rc=2", "https://other.example/x#rc=2"),
        ("https://other.example/x?", "https://other.example/x?"),
        ("HTTPS://Other.Example/a/../x", "HTTPS://Other.Example/a/../x"),
    ],
)
def test_a_url_is_relative_to_its_document(written: str, meant: str) -> None:
    """RFC 3986, section 5; an absolute URL stays to the letter, because it is signed."""
    stage = Stage()
    redirect = Redirect(endpoint=Endpoint(written, Method.GET))
    stage.document(redirect, url="https://example.com/a/voice?a=1")
    assert stage.fetching.origin.endpoint == Endpoint(meant, Method.GET)


def test_a_url_is_relative_to_where_the_document_came_from_in_the_end() -> None:
    """After redirects that is another server."""
    stage = Stage()
    stage.document(NEXT, url="https://moved.example/voice")
    assert stage.fetching.origin.endpoint == Endpoint("https://moved.example/next", Method.GET)


@pytest.mark.parametrize("written", ["http://[bad", "https://\u2100.example/", "//[::1/x"])
def test_a_url_that_cannot_be_read_is_left_to_whoever_fetches_it(written: str) -> None:
    """It ends the call as an unusable URL does, and not as a fault of ours."""
    stage = Stage(Redirect(endpoint=Endpoint(written)))
    assert stage.fetching.origin.endpoint == Endpoint(written)


def test_an_application_that_keeps_its_document_has_no_url() -> None:
    """What is relative stays so, and is refused by whoever fetches it."""
    stage = Stage(voice=None)
    stage.document(NEXT, url="")
    assert stage.fetching.origin.endpoint == Endpoint("/next", Method.GET)


# --- what is wrong ------------------------------------------------------------------------------


def test_a_failed_document_fails_the_call() -> None:
    """Nobody was answered: the device is told the code, the debugger all of it."""
    stage = Stage()
    stage.no_document(11200)
    assert stage.status() is CallStatus.FAILED
    (told,) = stage.done(do.HangUpDevice)
    assert isinstance(told.fault, TwimlFault)
    assert told.fault.twiml_code == 11200
    (shown,) = stage.notifications
    assert (shown.code, shown.level, shown.text) == (11200, Level.ERROR, "it was bad")
    assert (shown.request_url, shown.request_method) == (VOICE.url, "POST")
    assert shown.call_sid == PARENT


def test_a_failed_document_ends_an_answered_call() -> None:
    """A call in progress is completed, with the fault told to its device."""
    stage = Stage(Pause(length_seconds=1), NEXT)
    stage.wait(1)
    stage.no_document()
    assert stage.status() is CallStatus.COMPLETED
    (told,) = stage.done(do.HangUpDevice)
    assert isinstance(told.fault, TwimlFault)


def test_the_fallback_is_asked_what_went_wrong() -> None:
    """``ErrorCode`` and ``ErrorUrl`` tell it; the failure is shown all the same."""
    stage = Stage(fallback=Endpoint("https://example.com/fallback", Method.GET))
    stage.no_document(11205)
    assert stage.fetching.origin.endpoint == Endpoint("https://example.com/fallback", Method.GET)
    assert stage.fetching.parameters["ErrorCode"] == "11205"
    assert stage.fetching.parameters["ErrorUrl"] == VOICE.url
    assert len(stage.notifications) == 1
    stage.document(BOB)
    assert stage.status() is CallStatus.IN_PROGRESS


def test_a_failed_fallback_fails_the_call() -> None:
    """There is no second fallback, and both failures are shown."""
    stage = Stage(fallback=VOICE)
    stage.no_document()
    stage.no_document()
    assert stage.status() is CallStatus.FAILED


def test_only_the_first_document_has_a_fallback() -> None:
    """The fallback is the Voice URL's: an action or a redirect that fails ends the call."""
    stage = Stage(NEXT, fallback=VOICE)
    stage.no_document()
    assert stage.family.over


def test_warnings_of_a_document_are_shown() -> None:
    """What was read over helps whoever wrote it."""
    stage = Stage()
    warnings = (TwimlWarning(12200, "one"), TwimlWarning(13212, "two"))
    stage.document(Pause(), warnings=warnings)
    shown = stage.notifications
    assert [(one.code, one.level, one.text) for one in shown] == [
        (12200, Level.WARNING, "one"),
        (13212, Level.WARNING, "two"),
    ]
    assert {one.request_url for one in shown} == {VOICE.url}
    assert len({one.sid for one in shown}) == 2


def test_a_document_that_leads_to_itself_ends() -> None:
    """After a hundred documents the call fails under the code for too many redirects."""
    stage = Stage(NEXT)
    for _ in range(DOCUMENTS_PER_CALL - 2):
        stage.document(NEXT)
    assert stage.status() is CallStatus.RINGING
    stage.document(NEXT)
    assert stage.status() is CallStatus.FAILED
    (shown,) = stage.notifications
    assert shown.code == 11215


def test_a_long_document_takes_no_call_deeper() -> None:
    """64 kB hold some nine thousand ``<Dial/>``; each is over before it began."""
    stage = Stage(*[Dial(nouns=())] * 9000)
    assert stage.status() is CallStatus.COMPLETED


def test_a_long_document_of_dials_with_actions_asks_each() -> None:
    """The first action takes over."""
    stage = Stage(*[Dial(nouns=(), action=Endpoint("/done"))] * 9000)
    assert stage.fetching.parameters["DialCallStatus"] == "failed"
    assert not stage.family.parent.program.rest


def test_a_client_may_be_dialled_in_every_document() -> None:
    """Each dial is new: what became of an earlier one does not count."""
    stage = Stage(Dial(nouns=(Client(identity="bob"),), action=Endpoint("/again")))
    stage.ring("bob")
    stage.document(BOB)
    assert stage.child("bob").call.status is CallStatus.QUEUED
    assert len(stage.family.children) == 2
