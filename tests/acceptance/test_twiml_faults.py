"""TwiML that cannot be had or understood ends its call, is logged, and harms nobody else."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event

import pytest
from twilio.rest import Client

from tests.acceptance.conftest import NewApplication
from tests.acceptance.support.customer import Reply, Request
from tests.acceptance.support.documents import dial
from tests.acceptance.support.libraries import make_token, wait_for_status
from tests.acceptance.support.offers import OFFER
from tests.acceptance.support.phones import Callers
from tests.acceptance.support.processes import eventually
from tests.acceptance.support.servers import Midcall
from tests.acceptance.support.signalling import Signalling

# Each entity is ten of the one before: a thousand million laughs.
_LAUGHS = "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise("abcdefghij")
)
BOMB = (
    f'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">{_LAUGHS}]>'
    "<Response><Dial><Client>&j;</Client></Dial></Response>"
)
EXTERNAL = (
    '<?xml version="1.0"?><!DOCTYPE Response [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<Response><Dial><Client>&x;</Client></Dial></Response>"
)

FAULTS = [
    pytest.param(Reply(status=404), 11200, id="missing"),
    pytest.param(Reply(status=500, body=b"<Response/>"), 11200, id="server error"),
    pytest.param(Reply(b"<Response><Dial>"), 12100, id="broken"),
    pytest.param(Reply(b"<Nonsense/>"), 12102, id="another root"),
    pytest.param(Reply(b" "), 11770, id="empty"),
    pytest.param(Reply(b"<Response>" + b" " * 70_000 + b"</Response>"), 11750, id="too large"),
    pytest.param(Reply(BOMB.encode()), 12100, id="bomb"),
    pytest.param(Reply(EXTERNAL.encode()), 12100, id="external entity"),
    pytest.param(Reply(b"\x89PNG", content_type="image/png"), 12300, id="picture"),
    pytest.param(Reply(b"<Response>\xff\xfe</Response>"), 12100, id="not UTF-8"),
]


def place(midcall: Midcall, application_sid: str, identity: str) -> tuple[str, dict[str, object]]:
    """Call through an application; return the CallSid, and the ``hangup`` that ends the call."""
    with Signalling(midcall) as signalling:
        signalling.listen(make_token(midcall.credentials, identity, application_sid))
        signalling.send("invite", callsid="TJS-1", sdp=OFFER, twilio={"params": "To=x"})
        sid = str(signalling.expect("ringing")["callsid"])
        return sid, signalling.expect("hangup")


def assert_logged(midcall: Midcall, call_sid: str, code: int) -> None:
    """Check that the log says what was wrong with this call's document."""
    eventually(lambda: midcall.logged(call_sid=call_sid, code=code), f"{code} in the log")


@pytest.mark.parametrize(("reply", "code"), FAULTS)
def test_a_document_that_cannot_be_used_ends_the_call(
    midcall: Midcall, application: NewApplication, client: Client, reply: Reply, code: int
) -> None:
    """The call fails, and the log has the documented code."""
    app, voice = application(reply)
    sid, _ = place(midcall, app, "sybil")
    assert len(voice.requests) == 1
    wait_for_status(client, sid, "failed")
    assert_logged(midcall, sid, code)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://no-such-host.invalid/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
    ],
)
def test_a_server_that_cannot_be_reached_ends_the_call(
    midcall: Midcall, client: Client, url: str
) -> None:
    """Nobody listens, no such name, or an address that is nobody's business."""
    app = client.applications.create(voice_url=url)
    sid, _ = place(midcall, str(app.sid), "trent")
    wait_for_status(client, sid, "failed")
    logged = eventually(lambda: midcall.logged(call_sid=sid, level="error"), "a line in the log")
    assert 11100 <= logged[0]["code"] < 11300


@pytest.mark.long
def test_a_server_that_is_too_slow_ends_the_call_while_others_go_on(
    midcall: Midcall, application: NewApplication, client: Client, callers: Callers
) -> None:
    """After 15 s without a document the call ends; meanwhile others are placed and answered."""
    let_go = Event()

    def never(_request: Request) -> Reply:
        let_go.wait(60)
        return Reply(b"<Response/>")

    app, voice = application(never)
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(place, midcall, app, "victor")
        voice.wait(1)
        alice, bob = callers.phone("alice-quick"), callers.phone("bob-quick")
        alice.dial("bob-quick")
        bob.accept()
        alice.wait_until("open")
        bob.wait_for_audio()
        sid, _ = slow.result(60)
    let_go.set()
    wait_for_status(client, sid, "failed")
    assert_logged(midcall, sid, 11200)
    assert alice.evaluate("() => window.phone.call.status()") == "open"


def test_an_unknown_verb_is_passed_over(
    callers: Callers, application: NewApplication, midcall: Midcall
) -> None:
    """What is not understood is a warning; the rest of the document goes on."""
    document = dial("bob-verbs").replace("<Response>", "<Response><Nonsense/>")
    app, _ = application(document)
    alice = callers.phone("alice-verbs", application_sid=app)
    bob = callers.phone("bob-verbs")
    alice.dial("whoever")
    bob.wait_until("pending")
    assert_logged(midcall, alice.call_sid, 12200)


def test_a_document_that_asks_for_nothing_completes_the_call(
    client: Client, midcall: Midcall, application: NewApplication
) -> None:
    """An empty ``<Response>`` answers and hangs up, without any error."""
    app, _ = application("<Response/>")
    sid, hangup = place(midcall, app, "walter")
    wait_for_status(client, sid, "completed")
    assert not hangup.get("error")
