"""Placing a call: what is decided before anybody else hears of it."""

from uuid import UUID

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.model.calls import CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.twiml import Document, Hangup, Parameter, Pause, TwimlWarning
from tests.unit.core.calls.stage import ANN, PARENT, VOICE, Stage


def test_a_call_begins_with_what_its_device_needs_to_know() -> None:
    """The device learns its CallSid first: before it, it would drop every message."""
    stage = Stage()
    device = stage.device()
    assert stage.effects == (
        do.TellRinging(call_sid=PARENT, device=device),
        do.FetchDocument(PARENT, stage.fetching),
        do.PrepareAnswer(call_sid=PARENT, device=device, offer_sdp="offer"),
    )
    assert device.session == ANN
    assert stage.status() is CallStatus.RINGING
    assert [trace.name for trace in stage.traces] == ["ringing"]
    assert len(stage.changes) == 1


def test_a_device_is_named_and_gets_a_secret() -> None:
    """Its id names its leg for the logs; its token is 32 bytes of chance."""
    device = Stage().device()
    assert device.id.startswith(f"{PARENT}.")
    assert len(device.reconnect_token) == 64


def test_the_voice_url_is_asked_with_what_is_known_of_the_call() -> None:
    """Method and URL are the application's; the caller's own parameters travel along."""
    stage = Stage(parameters=(Parameter("To", "bob"), Parameter("mood", "good")))
    fetching = stage.fetching
    assert fetching.origin.endpoint == VOICE
    assert fetching.parameters["CallSid"] == PARENT
    assert fetching.parameters["CallStatus"] == "ringing"
    assert fetching.parameters["mood"] == "good"
    assert fetching.origin.fallback is None


def test_an_application_without_a_url_is_asked_for_its_own_document() -> None:
    """No endpoint means: the document that is kept here."""
    assert Stage(voice=None).fetching.origin.endpoint is None


def test_the_fallback_is_remembered() -> None:
    """It is asked if the first document cannot be had."""
    fallback = Endpoint("https://example.com/fallback")
    assert Stage(fallback=fallback).fetching.origin.fallback == fallback


def test_every_fetch_has_a_token_of_its_own() -> None:
    """``I-Twilio-Idempotency-Token`` is a UUID, another one for each document."""
    stage = Stage(fallback=VOICE)
    first = stage.fetching.token
    stage.no_document()
    assert UUID(first).version == UUID(stage.fetching.token).version == 4
    assert stage.fetching.token != first


def test_a_document_with_another_token_is_not_the_one_awaited() -> None:
    """An answer to an earlier fetch, or to nobody's, changes nothing."""
    stage = Stage()
    before = stage.family
    token = stage.fetching.token
    for wrong in ("", token.upper() + "0", token[:-1]):
        _answer(stage, wrong)
        assert stage.family is before
    stage.document(Pause())
    before = stage.family
    _answer(stage, token)
    assert stage.family is before


def _answer(stage: Stage, token: str) -> None:
    """Let a fetch be answered in both ways."""
    stage.step(ev.DocumentFailed(call_sid=PARENT, token=token, code=1, reason="", url=""))
    assert not stage.changes
    document = Document((Hangup(),), (TwimlWarning(12200, "odd"),))
    stage.step(ev.DocumentArrived(call_sid=PARENT, token=token, document=document, url=""))
    assert not stage.changes
