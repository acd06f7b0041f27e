"""The door: credentials, methods, paths, bodies, and what happens when nothing works."""

import asyncio
import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from midcall.rest import body, door
from tests.integration.rest.conftest import UNTIMED, Answer, Site
from tests.integration.rest.records import (
    ACCOUNT,
    BASE,
    KEY,
    LIVE,
    OTHER,
    OWN_TOKEN,
    basic,
)

MESSAGES = f"{BASE}/Calls/{LIVE}/UserDefinedMessages.json"
CALLS = f"{BASE}/Calls.json"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + "A" * 40,
        "Basic /////w==",
        basic(ACCOUNT.sid, "wrong"),
        basic(ACCOUNT.sid, ""),
        basic(ACCOUNT.sid, OTHER.auth_token),
        basic("AC" + "9" * 32, ACCOUNT.auth_token),
        basic(KEY.sid, ACCOUNT.auth_token),
        basic("SK" + "9" * 32, KEY.secret),
        basic("amy", "secret"),
    ],
)
def test_without_credentials_nobody_gets_in(standing: Site, authorization: str | None) -> None:
    """The answer is 401 with the challenge, the same for every mistake, and before the body."""
    answer = standing.ask("POST", MESSAGES, b"%", authorization=authorization)
    assert (answer.status, answer.json["code"]) == (401, 20003)
    assert answer.json["message"] == "Authenticate"
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_a_session_is_as_good_as_the_accounts_own_token(site: Site) -> None:
    """What an API key may not have included; the scheme is read in any case."""
    site.bearers["a session"] = ACCOUNT.sid
    for authorization in ("Bearer a session", "bearer a session"):
        answer = site.ask("GET", f"{BASE}.json", authorization=authorization)
        assert answer.json["auth_token"] == ACCOUNT.auth_token
    other = f"/2010-04-01/Accounts/{OTHER.sid}.json"
    assert site.ask("GET", other, authorization="Bearer a session").status == 404


@pytest.mark.parametrize("token", ["", "another", ACCOUNT.auth_token])
def test_a_token_of_no_session_lets_nobody_in(standing: Site, token: str) -> None:
    """The challenge is no ``Basic``: over a page that logs in, no browser shall ask for more."""
    answer = standing.ask("GET", CALLS, authorization=f"Bearer {token}")
    assert (answer.status, answer.json["code"]) == (401, 20003)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="midcall"'


def test_the_scheme_is_read_in_any_case(standing: Site) -> None:
    """``basic`` is ``Basic`` (RFC 9110 section 11.1)."""
    assert (
        standing.ask("GET", CALLS, authorization=OWN_TOKEN.replace("Basic", "bAsIc")).status == 200
    )


@pytest.mark.parametrize(
    "path", [f"/2010-04-01/Accounts/{OTHER.sid}/Calls.json", "/2010-04-01/Accounts/AC1/Calls.json"]
)
def test_another_account_is_not_found(standing: Site, path: str) -> None:
    """Whether that account exists cannot be told from the answer."""
    answer = standing.ask("GET", path)
    assert (answer.status, answer.json["code"]) == (404, 20404)
    assert answer.json["message"] == f"The requested resource {path} was not found"


@pytest.mark.parametrize(
    "path",
    [
        "/2010-04-01/",
        "/2010-04-01/Nothing.json",
        f"{BASE}/Nothing.json",
        f"{BASE}/Calls.xml",
        f"{BASE}/Calls/",
        f"{BASE}/Calls.json/",
        f"{BASE}/calls.json",
        f"{BASE}/Calls/{LIVE}/Nothing.json",
    ],
)
def test_an_unknown_path_is_not_found_in_json(standing: Site, path: str) -> None:
    """Every 404 has the original's shape, and nothing is redirected."""
    answer = standing.ask("GET", path)
    assert (answer.status, answer.json["code"]) == (404, 20404)
    assert path in answer.json["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", MESSAGES, "GET, HEAD, OPTIONS, POST"),
        ("GET", f"{BASE}/Callbacks/Redrive", "OPTIONS, POST"),
        ("POST", f"{BASE}/UserDefinedMessages/Stream", "GET, HEAD, OPTIONS"),
        ("PUT", CALLS, "GET, HEAD, OPTIONS, POST"),
        ("DELETE", CALLS, "GET, HEAD, OPTIONS, POST"),
        ("POST", f"{BASE}/Notifications.json", "GET, HEAD, OPTIONS"),
        ("PATCH", f"{BASE}/Applications/AP{'1' * 32}", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("LOCK", f"{BASE}/Keys.json", "GET, HEAD, OPTIONS, POST"),
    ],
)
def test_a_method_that_does_not_apply_is_refused(
    standing: Site, method: str, path: str, allowed: str
) -> None:
    """405 with 20004, and ``Allow`` says what would."""
    answer = standing.ask(method, path)
    assert (answer.status, answer.json["code"]) == (405, 20004)
    assert answer.headers["Allow"] == allowed


def test_options_say_what_is_allowed(standing: Site) -> None:
    """No credentials are needed to ask."""
    answer = standing.ask("OPTIONS", MESSAGES, authorization=None)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_head_is_a_get_without_a_body(standing: Site) -> None:
    """Headers as for GET, nothing after them; the same refusals."""
    answer = standing.ask("HEAD", CALLS)
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["Content-Length"]) == len(standing.ask("GET", CALLS).body)
    assert standing.ask("HEAD", CALLS, authorization=None).status == 401
    assert standing.ask("HEAD", f"{BASE}/Tokens.json").status == 405


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data"])
def test_a_body_that_is_no_form_is_refused(standing: Site, content_type: str) -> None:
    """The answer says how parameters are sent."""
    answer = standing.ask("POST", MESSAGES, b'{"Content": 1}', content_type=content_type)
    assert (answer.status, answer.json["code"]) == (400, 20001)
    assert FORM in answer.json["message"]
    assert content_type in answer.json["message"]


@pytest.mark.parametrize("text", [b"Content=%", b"Content=%ff", b"Content=a%00", b"%ff=1"])
def test_a_form_that_cannot_be_read_is_refused(standing: Site, text: bytes) -> None:
    """A broken form is 20001, not a guess at what was meant."""
    answer = standing.ask("POST", MESSAGES, text)
    assert (answer.status, answer.json["code"]) == (400, 20001)


def test_answers_are_kept_by_no_cache(standing: Site) -> None:
    """What one account sees stays with it."""
    for answer in (standing.ask("GET", CALLS), standing.ask("GET", CALLS, authorization=None)):
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.fixture
def raw(standing: Site) -> Iterator[http.client.HTTPConnection]:
    """Give a connection that sends what it is told."""
    with closing(http.client.HTTPConnection("127.0.0.1", standing.port, timeout=30)) as connection:
        yield connection


def received(connection: http.client.HTTPConnection) -> Answer:
    """Read the answer on a connection."""
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


@pytest.mark.parametrize("size", [UNTIMED.form_bytes + 1, UNTIMED.form_bytes + body.LINGER_BYTES])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_cap_is_too_large(
    raw: http.client.HTTPConnection, size: int, chunked: bool
) -> None:
    """413, whether its length is announced or not, and the client that sent it all sees it."""
    headers = {"Authorization": OWN_TOKEN, "Content-Type": FORM}
    if not chunked:
        headers["Content-Length"] = str(size)
    pieces = iter([b"a" * size])
    raw.request("POST", MESSAGES, pieces, headers, encode_chunked=chunked)
    answer = received(raw)
    assert (answer.status, answer.json["code"]) == (413, 20413)
    assert answer.headers["Connection"] == "close"


def test_a_body_of_the_cap_is_read(standing: Site) -> None:
    """The limit itself is allowed."""
    text = b"Content=1&x=".ljust(UNTIMED.form_bytes, b"a")
    assert standing.ask("POST", MESSAGES, text).status == 201


def test_an_endless_body_is_refused_while_it_streams(standing: Site) -> None:
    """A client that never stops sending is answered and cut off."""
    head = (
        f"POST {MESSAGES} HTTP/1.1\r\nHost: a\r\nAuthorization: {OWN_TOKEN}\r\n"
        f"Content-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", standing.port), timeout=30) as connection:
        connection.sendall(head.encode())
        # Far more than the server reads. It closes the connection, so sending fails in the end.
        with pytest.raises(OSError, match=r"reset|Broken pipe|abort"):
            connection.sendall(chunk * 1_000)


def test_a_huge_announcement_is_refused_at_once(raw: http.client.HTTPConnection) -> None:
    """Nobody waits for a gigabyte that will be refused."""
    raw.putrequest("POST", MESSAGES)
    for name, value in (
        ("Authorization", OWN_TOKEN),
        ("Content-Type", FORM),
        ("Content-Length", str(10**9)),
    ):
        raw.putheader(name, value)
    raw.endheaders()
    assert received(raw).status == 413


def test_a_client_that_leaves_in_the_middle_harms_nobody(standing: Site) -> None:
    """A broken upload is forgotten; the next request is answered."""
    head = (
        f"POST {MESSAGES} HTTP/1.1\r\nHost: a\r\nAuthorization: {OWN_TOKEN}\r\n"
        f"Content-Type: {FORM}\r\nContent-Length: 100\r\n\r\nContent"
    )
    with (
        structlog.testing.capture_logs() as logs,
        socket.create_connection(("127.0.0.1", standing.port), timeout=30) as connection,
    ):
        connection.sendall(head.encode())
        connection.close()
        assert standing.ask("POST", MESSAGES, {"Content": "{}"}).status == 201
    assert logs == []


def test_a_verb_that_hangs_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the deadline the answer is 503, to be tried again."""
    made = site.ask("POST", f"{BASE}/Applications").json
    monkeypatch.setattr(door, "VERB_SECONDS", 0.05)

    async def change_nothing_for_long() -> bool:
        return await site.desk.changing.acquire()

    assert site.run(change_nothing_for_long())
    answer = site.ask("DELETE", f"{BASE}/Applications/{made['sid']}.json")
    assert (answer.status, answer.json["code"]) == (503, 20503)
    assert answer.headers["Retry-After"] == "1"


def test_what_nobody_foresaw_is_a_500_without_details(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client learns nothing of the inside; the log learns where it was, not what was sent."""
    content = "secret"

    async def break_down(*_: object, **__: object) -> None:
        raise ValueError(f"in the parameters of a statement: {content}")

    monkeypatch.setattr(type(site.desk.store), "list_calls", break_down)
    with structlog.testing.capture_logs() as logs:
        answer = site.ask("GET", CALLS)
    assert (answer.status, answer.json["code"]) == (500, 20500)
    assert answer.json["message"] == "An internal server error occurred"
    (entry,) = logs
    assert (entry["log_level"], entry["fault"], entry["path"]) == ("error", "ValueError", CALLS)
    assert "list_page" in entry["where"]
    assert "secret" not in json.dumps(entry)


def test_two_updates_at_once_lose_nothing(site: Site) -> None:
    """Each of many updates of different fields of one application is there in the end."""
    made = site.ask("POST", f"{BASE}/Applications").json
    path = f"{BASE}/Applications/{made['sid']}.json"
    urls = {
        name: f"https://example.com/{name}"
        for name in ("VoiceUrl", "VoiceFallbackUrl", "StatusCallback", "SmsUrl", "SmsFallbackUrl")
    }

    async def update_all() -> list[Answer]:
        updates = (
            asyncio.to_thread(site.ask, "POST", path, {name: url}) for name, url in urls.items()
        )
        return await asyncio.gather(*updates)

    assert all(answer.status == 200 for answer in asyncio.run(update_all()))
    kept = site.ask("GET", path).json
    assert set(urls.values()) <= set(map(str, kept.values()))


@settings(deadline=None, max_examples=50)
@given(text=st.binary(max_size=60))
def test_any_body_gets_an_answer_in_json(standing: Site, text: bytes) -> None:
    """Whatever is sent, the answer is a 201 or a 400 in the original's shape."""
    answer = standing.ask("POST", MESSAGES, text)
    assert answer.status in {201, 400}
    assert answer.json["sid" if answer.status == 201 else "code"]
