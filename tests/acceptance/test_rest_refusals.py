"""Bad requests get a clear answer in Twilio's shape, and the call that they were about goes on."""

import http.client
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer
from tests.acceptance.support.libraries import make_client, refusal, wait_for_status
from tests.acceptance.support.phones import Callers, Phone
from tests.acceptance.support.servers import Answer, Midcall, basic

UNKNOWN = "0123456789abcdef0123456789abcdef"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Line:
    """A call that goes on while bad requests come, and one that is over."""

    midcall: Midcall
    phone: Phone
    call_sid: str
    ended_sid: str

    def path(self, rest: str, account: str | None = None) -> str:
        """Fill in a path below the account: ``{call}`` and ``{ended}`` stand for the calls."""
        own = account or self.midcall.credentials.account_sid
        filled = rest.replace("{call}", self.call_sid).replace("{ended}", self.ended_sid)
        return f"/2010-04-01/Accounts/{own}{filled}"

    def post(self, rest: str, **fields: str) -> Answer:
        """Send a form."""
        return self.midcall.request(
            "POST", self.path(rest), body=urlencode(fields).encode(), headers=FORM
        )


@pytest.fixture(scope="module")
def line(
    chromium: Chromium, midcall: Midcall, client: Client, customer: Customer
) -> Iterator[Line]:
    """Give an open call; in the end it is still there, and takes messages."""
    voice = customer.endpoint('<Response><Pause length="600"/></Response>')
    app = client.applications.create(voice_url=voice.url)
    people = Callers(chromium, midcall)
    phone = people.phone("ivan-steady", application_sid=app.sid)
    phone.dial("nobody")
    phone.wait_until("open")
    ended = phone.call_sid
    phone.hang_up()
    wait_for_status(client, ended, "completed")
    phone.dial("nobody")
    phone.wait_until("open")
    yield Line(midcall, phone, phone.call_sid, ended)
    made = client.calls(phone.call_sid).user_defined_messages.create(content='"still here"')
    assert phone.received(str(made.sid))["content"] == "still here"
    people.leave()


def assert_refused(answer: Answer, status: int, code: int) -> dict[str, Any]:
    """Check a refusal: its status, its code, and Twilio's shape."""
    body = answer.json()
    assert (answer.status, body.get("code")) == (status, code), body
    assert set(body) == {"code", "message", "more_info", "status"}
    assert body["status"] == status
    assert body["message"]
    assert body["more_info"].endswith(f"/errors/{code}")
    assert answer.headers["content-type"].startswith("application/json")
    assert isinstance(body, dict)
    return body


# --- who asks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", ["/Calls.json", "/Calls/{call}.json", ".json"])
@pytest.mark.parametrize(
    "wrong", ["nothing", "garbage", "token", "account", "key", "secret", "password of another"]
)
def test_wrong_credentials_are_401(line: Line, wrong: str, resource: str) -> None:
    """Missing or wrong credentials of any kind: 401, 20003, and how to authenticate."""
    credentials = line.midcall.credentials
    authorization = {
        "nothing": "",
        "garbage": "Basic !!!",
        "token": basic(credentials, password="0" * 32),
        "account": basic(credentials, user="AC" + "0" * 32),
        "key": basic(credentials, user="SK" + "0" * 32, password=credentials.key_secret),
        "secret": basic(credentials, user=credentials.key_sid, password="0" * 32),
        "password of another": basic(credentials, password=credentials.key_secret),
    }[wrong]
    headers = {"Authorization": authorization} if authorization else {}
    answer = line.midcall.request("GET", line.path(resource), headers=headers, as_account=False)
    assert_refused(answer, 401, 20003)
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_an_api_key_opens_the_api(midcall: Midcall, line: Line) -> None:
    """A key's SID and secret do what the account's do."""
    credentials = midcall.credentials
    client = make_client(midcall, credentials.key_sid, credentials.key_secret)
    made = client.calls(line.call_sid).user_defined_messages.create(content='"by key"')
    assert line.phone.received(str(made.sid))["content"] == "by key"


def test_a_removed_key_opens_nothing(midcall: Midcall, client: Client) -> None:
    """A key works from its creation to its removal."""
    made = client.new_keys.create(friendly_name="short-lived")
    by_key = make_client(midcall, str(made.sid), str(made.secret))
    assert by_key.calls.list(limit=1) is not None
    assert client.keys(str(made.sid)).delete()
    with pytest.raises(TwilioRestException) as refused:
        by_key.applications("AP" + UNKNOWN).fetch()
    assert refusal(refused.value) == (401, 20003)


# --- what is asked for ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", f"/Calls/CA{UNKNOWN}.json"),
        ("POST", f"/Calls/CA{UNKNOWN}/UserDefinedMessages.json"),
        ("POST", f"/Calls/CA{UNKNOWN}/UserDefinedMessageSubscriptions.json"),
        ("DELETE", f"/Calls/{{call}}/UserDefinedMessageSubscriptions/ZY{UNKNOWN}.json"),
        ("GET", f"/Applications/AP{UNKNOWN}.json"),
        ("DELETE", f"/Applications/AP{UNKNOWN}.json"),
        ("GET", f"/Keys/SK{UNKNOWN}.json"),
        ("DELETE", f"/Keys/SK{UNKNOWN}.json"),
        ("GET", "/Calls/CA123.json"),
        ("GET", f"/Calls/KX{UNKNOWN}.json"),
        ("GET", f"/Calls/CA{UNKNOWN[:-1]}x.json"),
        ("POST", "/Calls/nonsense/UserDefinedMessages.json"),
        ("DELETE", "/Calls/{call}/UserDefinedMessageSubscriptions/ZY1.json"),
        ("GET", "/Calls/..%2f..%2fetc%2fpasswd.json"),
        ("GET", "/Nonsense.json"),
        ("GET", "/Calls/{call}/Nonsense.json"),
    ],
)
def test_what_is_not_there_is_404(line: Line, method: str, rest: str) -> None:
    """Unknown and malformed SIDs, and unknown paths: 404, 20404, and the path in the sentence."""
    body = urlencode({"Content": "{}", "Callback": "https://example.com/"}).encode()
    answer = line.midcall.request(
        method, line.path(rest), body=body if method == "POST" else None, headers=FORM
    )
    assert_refused(answer, 404, 20404)


@pytest.mark.parametrize("rest", [".json", "/Calls.json", "/Calls/{call}.json", "/Keys.json"])
def test_another_accounts_things_look_unknown(line: Line, rest: str) -> None:
    """Whatever is below another account's path is not there."""
    answer = line.midcall.request("GET", line.path(rest, "AC" + secrets.token_hex(16)))
    assert_refused(answer, 404, 20404)


@pytest.mark.parametrize(
    ("method", "rest", "allowed"),
    [
        ("PUT", "/Calls/{call}/UserDefinedMessages.json", {"GET", "POST"}),
        ("DELETE", "/Calls/{call}/UserDefinedMessages.json", {"GET", "POST"}),
        ("PUT", "/Calls/{call}/UserDefinedMessageSubscriptions.json", {"GET", "POST"}),
        ("PUT", "/Calls.json", {"GET"}),
        ("PATCH", f"/Applications/AP{UNKNOWN}.json", {"GET", "POST", "DELETE"}),
    ],
)
def test_a_wrong_method_is_405(line: Line, method: str, rest: str, allowed: set[str]) -> None:
    """The path is there, the method is not: 405, 20004, and what would do."""
    answer = line.midcall.request(method, line.path(rest), headers=FORM)
    assert_refused(answer, 405, 20004)
    assert allowed <= {name.strip() for name in answer.headers["allow"].split(",")}


# --- what is sent ---------------------------------------------------------------------------------

MESSAGES = "/Calls/{call}/UserDefinedMessages.json"
SUBSCRIPTIONS = "/Calls/{call}/UserDefinedMessageSubscriptions.json"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({}, 32702, id="missing"),
        pytest.param({"Content": ""}, 32702, id="empty"),
        pytest.param({"Content": "just text"}, 32702, id="text"),
        pytest.param({"Content": '{"a": 1'}, 32702, id="cut off"),
        pytest.param({"Content": '{"a": NaN}'}, 32702, id="NaN"),
        pytest.param({"Content": '{"a": 1} {"b": 2}'}, 32702, id="two"),
        pytest.param({"Content": "[" * 5000}, 32702, id="deep"),
        pytest.param({"Content": json.dumps("x" * 9_999)}, 32703, id="too long"),
    ],
)
def test_content_that_cannot_be_sent_is_400(line: Line, fields: dict[str, str], code: int) -> None:
    """No content, content that is not JSON, and content over 10,000 characters."""
    assert_refused(line.post(MESSAGES, **fields), 400, code)


def test_content_of_exactly_the_limit_is_sent(line: Line, client: Client) -> None:
    """10,000 characters are not too many."""
    content = "ü" * 9_998
    text = json.dumps(content, ensure_ascii=False)
    made = client.calls(line.call_sid).user_defined_messages.create(content=text)
    assert line.phone.received(str(made.sid))["content"] == content


@pytest.mark.parametrize(
    "callback",
    [
        "",
        "nonsense",
        "/relative",
        "ftp://example.com/",
        "javascript:alert(1)",
        "http://",
        "http://under_score.example.com/",
        "http://example.com:99999/",
        "http://[::1",
        "http://exa mple.com/",
    ],
)
def test_a_callback_that_is_no_web_address_is_400(line: Line, callback: str) -> None:
    """Missing, malformed or of another scheme: 400, 21205."""
    assert_refused(line.post(SUBSCRIPTIONS, Callback=callback), 400, 21205)


def test_a_missing_callback_is_400(line: Line) -> None:
    """A subscription without ``Callback``: 400, 21205."""
    assert_refused(line.post(SUBSCRIPTIONS), 400, 21205)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "nonsense"])
def test_a_callback_method_that_is_neither_get_nor_post_is_400(line: Line, method: str) -> None:
    """A webhook is a GET or a POST: 400, 21403."""
    answer = line.post(SUBSCRIPTIONS, Callback="https://example.com/", Method=method)
    assert_refused(answer, 400, 21403)


@pytest.mark.parametrize(
    ("rest", "fields"),
    [
        ("/Calls/{ended}/UserDefinedMessages.json", {"Content": "{}"}),
        (
            "/Calls/{ended}/UserDefinedMessageSubscriptions.json",
            {"Callback": "https://example.com/"},
        ),
    ],
)
def test_a_call_that_is_over_takes_nothing(line: Line, rest: str, fields: dict[str, str]) -> None:
    """On a call that is neither ringing nor in progress: 400, 21220, with its status."""
    body = assert_refused(line.post(rest, **fields), 400, 21220)
    assert "completed" in body["message"]


def test_a_used_key_with_other_parameters_is_409(line: Line) -> None:
    """The same ``IdempotencyKey`` with other content: 409, 20409."""
    key = secrets.token_hex(8)
    first = line.post(MESSAGES, Content='{"n": 1}', IdempotencyKey=key)
    again = line.post(MESSAGES, Content='{"n": 1}', IdempotencyKey=key)
    assert first.status == again.status == 201
    assert first.json() == again.json()
    assert_refused(line.post(MESSAGES, Content='{"n": 2}', IdempotencyKey=key), 409, 20409)


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_an_oversized_body_is_413(line: Line, chunked: bool) -> None:
    """A body over the cap is refused, whether its length was declared or not."""
    connection = http.client.HTTPSConnection(
        line.midcall.host, context=line.midcall.tls(), timeout=45
    )
    body = b"Content=" + b"x" * 300_000
    headers = {**FORM, "Authorization": basic(line.midcall.credentials)}
    connection.request(
        "POST",
        line.path(MESSAGES),
        body=iter([body]) if chunked else body,
        headers=headers,
        encode_chunked=chunked,
    )
    response = connection.getresponse()
    answer = Answer(
        response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    )
    connection.close()
    assert_refused(answer, 413, 20413)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"Content": "{}"}', "application/json"),
        (b"Content=%ff%fe", "application/x-www-form-urlencoded"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"<Content/>", "text/xml"),
    ],
)
def test_a_body_that_is_no_form_is_400(line: Line, body: bytes, content_type: str) -> None:
    """Parameters are a form in UTF-8; anything else is refused with a reason."""
    answer = line.midcall.request(
        "POST", line.path(MESSAGES), body=body, headers={"Content-Type": content_type}
    )
    refused = answer.json()
    assert answer.status == 400, refused
    assert refused["code"] in {20001, 32702}
    assert refused["message"]


@pytest.mark.parametrize(
    ("query", "code"),
    [("PageSize=1001", 20007), ("PageSize=0", 20001), ("PageSize=x", 20001), ("Page=-1", 20001)],
)
def test_a_page_that_cannot_be_is_400(line: Line, query: str, code: int) -> None:
    """A page's size and number are in bounds."""
    answer = line.midcall.request("GET", line.path(f"/Calls.json?{query}"))
    assert_refused(answer, 400, code)


def test_calls_are_listed_in_pages(line: Line, client: Client) -> None:
    """The library walks through pages of one to what it finds in a page of all."""
    every = [call.sid for call in client.calls.list(from_="client:ivan-steady")]
    walked = [call.sid for call in client.calls.list(from_="client:ivan-steady", page_size=1)]
    assert every == walked == [line.call_sid, line.ended_sid]


def test_a_call_is_fetched_with_all_that_the_library_reads(line: Line, client: Client) -> None:
    """The Calls resource of a call in progress and of one that is over."""
    call = client.calls(line.call_sid).fetch()
    assert str(call.status) == "in-progress"
    assert call.direction == "inbound"
    assert call._from == "client:ivan-steady"
    assert call.start_time is not None
    assert call.end_time is None
    ended = client.calls(line.ended_sid).fetch()
    assert ended.end_time is not None
    assert ended.duration is not None
    assert int(ended.duration) >= 0


def test_an_application_lives_from_creation_to_removal(client: Client) -> None:
    """Create, fetch, list, update and delete with the official library."""
    made = client.applications.create(
        friendly_name="acceptance life", voice_url="https://example.com/voice"
    )
    sid = str(made.sid)
    assert client.applications(sid).fetch().voice_url == "https://example.com/voice"
    changed = client.applications(sid).update(voice_method="GET")
    assert changed.voice_method == "GET"
    assert changed.voice_url == "https://example.com/voice"
    assert [app.sid for app in client.applications.list(friendly_name="acceptance life")] == [sid]
    assert client.applications(sid).delete()
    with pytest.raises(TwilioRestException) as refused:
        client.applications(sid).fetch()
    assert refusal(refused.value) == (404, 20404)
