"""The emulator: a server for one test, and everything that a test does with it."""

import asyncio
import json
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from midcall.client import VoiceError
from midcall.testing import ApiRefused, Emulator, NotInTime


def test_messages_pass_both_ways(midcall: Emulator) -> None:
    """Between two phones' call and the server, with the states that they come to."""
    alice, bob = midcall.phone("alice"), midcall.phone("bob")
    call = alice.dial("bob", room="7")
    answered = bob.accept()
    call.wait_until("open")
    assert answered.parameters["room"] == "7"
    sent = midcall.send(call.sid, '{"to": "alice"}')
    (message,) = alice.received()
    assert (message.voice_event_sid, message.content) == (sent, {"to": "alice"})
    assert midcall.wait_for(call.sid, state="delivered")[0]["sid"] == sent
    midcall.subscribe(answered.sid, midcall.inbox.url("/messages"))
    said = bob.send({"to": "the server"})
    (callback,) = midcall.received("/messages")
    assert callback.fields["Sid"] == said
    assert json.loads(callback.fields["Content"]) == {"to": "the server"}
    bob.hang_up()
    call.wait_until("closed")
    assert midcall.wait_for_status(call.sid, "completed")["duration"] is not None


def test_a_callback_is_kept_as_it_came(midcall: Emulator) -> None:
    """With headers, its token, and whether the official validator would take it."""
    call = midcall.phone("alice").dial("nobody")
    url = midcall.inbox.url("/deep/path")
    midcall.answer_with(twiml="<Response/>")
    midcall.answer_with(url=url)
    midcall.wait_for_status(call.sid, "completed")
    midcall.inbox.answer("/deep/path", body="<Response><Pause length='9'/></Response>")
    held = midcall.phone("bob").dial(song="b c")
    (came,) = midcall.received("/deep/path")
    assert (came.method, came.fields["CallSid"], came.fields["song"]) == ("POST", held.sid, "b c")
    signature = came.headers["x-twilio-signature"]
    assert came.signed
    assert RequestValidator(midcall.auth_token).validate(url, came.fields, signature)
    assert len(came.token) == 36
    assert midcall.inbox.requests("/deep/path") == [came]


def test_a_request_that_midcall_did_not_sign_is_seen(midcall: Emulator) -> None:
    """Anybody may ask the inbox."""
    with urllib.request.urlopen(midcall.inbox.url("/open?a=1")) as response:
        assert response.status == 204
    (came,) = midcall.received()
    assert (came.path, came.fields, came.signed) == ("/open", {"a": "1"}, False)


def test_the_inbox_answers_what_the_test_says(midcall: Emulator) -> None:
    """One status a request, the last one from then on; each request is taken once."""
    url = midcall.inbox.answer("/x", [503, 200], body="<a/>")
    statuses = []
    for _ in range(3):
        try:
            with urllib.request.urlopen(url) as response:
                statuses.append((response.status, response.read()))
        except urllib.error.HTTPError as error:
            statuses.append((error.code, error.read()))
    assert statuses == [(503, b"<a/>"), (200, b"<a/>"), (200, b"<a/>")]
    assert len(midcall.received("/x", count=2)) == 2
    assert len(midcall.received("x")) == 1
    with pytest.raises(NotInTime, match="fewer than 1 new requests came at /x"):
        midcall.received("/x", seconds=0.01)


def test_what_does_not_come_is_known_without_waiting(midcall: Emulator) -> None:
    """When the server has nothing to do any more, nothing will come of what was."""
    call = midcall.phone("alice").dial("nobody")
    midcall.wait_for_status(call.sid, "completed")
    midcall.settle()
    assert midcall.inbox.requests() == []


def test_a_wait_says_what_there_was_instead(midcall: Emulator) -> None:
    """For messages, calls and phones alike."""
    alice = midcall.phone("alice")
    call = midcall.call("client:alice")
    with pytest.raises(NotInTime, match="not delivered"):
        midcall.wait_for(call["sid"], state="delivered", seconds=0.01)
    with pytest.raises(NotInTime, match="not busy"):
        midcall.wait_for_status(call["sid"], "busy", seconds=0.01)
    coming = alice.incoming()
    with pytest.raises(NotInTime, match="0 of 1 messages came"):
        coming.received(seconds=0.01)
    with pytest.raises(NotInTime, match="the call is pending, not open"):
        coming.wait_until("open", seconds=0.01)
    with pytest.raises(NotInTime, match="nobody calls alice"):
        alice.incoming(seconds=0.01)


def test_calls_are_made_without_any_sdk(midcall: Emulator) -> None:
    """To the parties that numbers stand for, and from a number to a phone."""
    assert midcall.place("+15005550100")["status"] == "in-progress"
    busy = midcall.call("+15005550102")
    assert midcall.wait_for_status(busy["sid"], "busy")["sid"] == busy["sid"]
    alice = midcall.phone("alice")
    ringing = midcall.call("client:alice", from_="+15005550100")
    coming = alice.incoming()
    assert (coming.sid, dict(coming.call.parameters)["From"]) == (ringing["sid"], "+15005550100")
    coming.reject()
    midcall.wait_for_status(ringing["sid"], "busy")
    assert {one["sid"] for one in midcall.calls(Status="busy")} == {busy["sid"], ringing["sid"]}


def test_a_number_leads_to_an_application(midcall: Emulator) -> None:
    """The account owns it; who calls it gets its document."""
    midcall.inbox.answer("/voice", body="<Response><Pause length='9'/></Response>")
    midcall.number("+15550001111", url=midcall.inbox.url("/voice"))
    outer = midcall.place("+15550001111")
    (asked,) = midcall.received("/voice")
    assert asked.fields["To"] == "+15550001111"
    midcall.hang_up(outer["sid"])
    midcall.wait_for_status(outer["sid"], "completed")


def test_what_the_api_refuses_fails_the_test_with_its_code(midcall: Emulator) -> None:
    """Content that is not JSON, as any library would be told."""
    call = midcall.phone("alice").dial("nobody")
    with pytest.raises(ApiRefused) as refused:
        midcall.send(call.sid, "not JSON")
    assert (refused.value.status, refused.value.code) == (400, 32702)


def test_the_official_library_is_pointed_here(midcall: Emulator) -> None:
    """Unmodified, over HTTP."""
    call = midcall.phone("alice").dial("nobody")
    midcall.wait_for_status(call.sid, "completed")
    fetched = midcall.client().calls(call.sid).fetch()
    assert (fetched.sid, str(fetched.status)) == (call.sid, "completed")


def test_programs_find_the_server_by_their_environment(midcall: Emulator) -> None:
    """What the official samples read, and what the midcall command reads."""
    variables = midcall.environment()
    assert variables["TWILIO_ACCOUNT_SID"] == variables["MIDCALL_ACCOUNT_SID"]
    assert variables["TWILIO_AUTH_TOKEN"] == midcall.auth_token
    assert variables["MIDCALL_PUBLIC_URL"] == midcall.url
    assert "SSL_CERT_FILE" not in variables


def test_each_emulator_is_empty(midcall: Emulator) -> None:
    """Another one beside it has another account, and none of its calls."""
    midcall.call("+15005550102")
    with Emulator() as other:
        assert other.account_sid != midcall.account_sid
        assert other.calls() == []
    assert len(midcall.calls()) == 1


@pytest.mark.midcall(tls="auto")
def test_tls_is_spoken_if_it_is_asked_for(midcall: Emulator) -> None:
    """Phones, the inbox and the environment trust the emulator's own authority."""
    assert midcall.url.startswith("https://")
    call = midcall.phone("alice").dial("nobody")
    midcall.inbox.answer("/voice", body="<Response><Pause length='9'/></Response>")
    midcall.answer_with(url=midcall.inbox.url("/voice"))
    midcall.wait_for_status(call.sid, "completed")
    held = midcall.phone("bob").dial()
    assert midcall.received("/voice")[0].signed
    midcall.wait_for_status(held.sid, "in-progress")
    assert midcall.environment()["SSL_CERT_FILE"] == str(midcall.ca)


async def test_tests_that_await_use_the_client_itself(midcall: Emulator) -> None:
    """A device belongs to the loop of the test; what waits goes to a thread."""
    async with midcall.device("alice") as alice:
        call = await alice.connect({"To": "nobody"})
        await call.wait_for("disconnect", 30)
        assert call.call_sid is not None
        ended = await asyncio.to_thread(midcall.wait_for_status, call.call_sid, "completed")
        assert ended["sid"] == call.call_sid


def test_a_phone_is_told_what_an_app_would_be(midcall: Emulator) -> None:
    """In the SDK's codes: a message that is too long, a token that has expired."""
    alice = midcall.phone("alice")
    midcall.answer_with(twiml="<Response><Pause length='9'/></Response>")
    call = alice.dial().wait_until("open")
    with pytest.raises(VoiceError) as refused:
        call.send("x" * 10_001)
    assert refused.value.code == 31212
    with pytest.raises(LookupError):
        midcall.phone("bob").send("hi")


def test_a_phone_leaves_with_its_block(midcall: Emulator) -> None:
    """And the server knows it."""
    with midcall.phone("alice", register=False) as alice:
        assert alice.device.state == "unregistered"
        alice.register()
    assert alice.device.state == "destroyed"
    ended = midcall.call("client:alice")
    midcall.wait_for_status(ended["sid"], "no-answer")


Start = Callable[[str, list[tuple[str, str]]], Any]


def test_a_wsgi_application_is_served(midcall: Emulator) -> None:
    """It may ask the server while it answers it: two requests at once."""
    api = midcall.client()

    def app(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        calls = api.calls.list(limit=5)
        start("200 OK", [("Content-Type", "text/xml")])
        return [f"<Response><Pause length='{len(calls)}'/></Response>".encode()]

    midcall.answer_with(url=midcall.serve_wsgi(app))
    call = midcall.phone("alice").dial()
    assert midcall.wait_for_status(call.sid, "in-progress")


def test_an_asgi_application_is_served(midcall: Emulator) -> None:
    """As FastAPI's or Starlette's."""

    async def voice(request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        document = f"<Response><Reject reason='{form['reason'][0]}'/></Response>"
        return PlainTextResponse(document, media_type="text/xml")

    app = Starlette(routes=[Route("/voice", voice, methods=["POST"])])
    midcall.answer_with(url=f"{midcall.serve_asgi(app)}/voice")
    call = midcall.phone("alice").dial(reason="busy")
    midcall.wait_for_status(call.sid, "busy")
