import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from twilio.request_validator import RequestValidator

from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import InvalidUrl
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.outbox import Entry, EntryKind
from midcall.model.sids import AccountSid, CallSid, MessageSid
from midcall.wire.callbacks import (
    CallbackFormat,
    OutgoingRequest,
    callback_request,
    receipt_request,
    twiml_request,
)

AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
CONTENT = {
    "ContentType": "application/json",
    "Content": '{"text":"héllo & bye"}',
    "SequenceNumber": "0",
    "CallSid": "CA" + "1" * 32,
    "AccountSid": "AC" + "2" * 32,
    "Sid": "KX" + "3" * 32,
}
SEVEN = CONTENT | {"Timestamp": "Wed, 04 Mar 2026 05:06:07 +0000"}
MESSAGE = Entry(
    lane="lane",
    position=0,
    kind=EntryKind.USER_DEFINED_MESSAGE,
    account_sid=AccountSid("AC" + "2" * 32),
    call_sid=CallSid("CA" + "1" * 32),
    endpoint=Endpoint("https://example.com/cb?x=1#rc=2"),
    parameters=CONTENT,
    token="a-token",
    created_at=NOW,
    due_at=NOW,
)
STATUS = replace(
    MESSAGE,
    kind=EntryKind.STATUS_CALLBACK,
    parameters={"To": "client:bob", "CallStatus": "ringing"},
    created_at=NOW - timedelta(hours=1),
)
DOWNLINK = UserDefinedMessage(
    sid=MessageSid("KX" + "3" * 32),
    account_sid=MESSAGE.account_sid,
    call_sid=MESSAGE.call_sid,
    direction=Direction.DOWNLINK,
    position=4,
    content='{"text":"secret"}',
    content_type="application/json",
    created_at=NOW - timedelta(hours=3),
    state=MessageState.DELIVERED,
    settled_at=NOW - timedelta(hours=2),
)
RECEIPT = replace(
    MESSAGE,
    kind=EntryKind.RECEIPT,
    parameters={"Sid": DOWNLINK.sid},
    message_sid=DOWNLINK.sid,
    created_at=DOWNLINK.created_at,
)
VALIDATOR = RequestValidator(AUTH_TOKEN)


def _build(
    entry: Entry, callback_format: CallbackFormat = CallbackFormat.JSON
) -> tuple[OutgoingRequest, dict[str, str]]:
    request = callback_request(
        entry, auth_token=AUTH_TOKEN, now=NOW, callback_format=callback_format
    )
    return request, dict(request.headers)


def test_a_message_is_json_whose_seven_values_are_strings() -> None:
    """The body is the object of the Call Message Events page, with the time of sending."""
    request, headers = _build(MESSAGE)
    assert json.loads(request.body) == SEVEN
    assert headers["Content-Type"] == "application/json"
    assert (request.method, request.url) == (Method.POST, "https://example.com/cb?x=1")


def test_a_message_is_signed_as_if_it_were_a_form() -> None:
    """The official validator, given the parsed body as parameters, accepts it."""
    request, headers = _build(MESSAGE)
    received = json.loads(request.body)
    assert VALIDATOR.validate(request.url, received, headers["X-Twilio-Signature"])


def test_a_message_can_be_a_form() -> None:
    """The other setting sends and signs the same pairs as a form."""
    request, headers = _build(MESSAGE, CallbackFormat.FORM)
    received = dict(parse_qsl(request.body.decode()))
    assert received == SEVEN
    assert headers["Content-Type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert VALIDATOR.validate(request.url, received, headers["X-Twilio-Signature"])


@pytest.mark.parametrize("callback_format", CallbackFormat)
@pytest.mark.parametrize(
    ("url", "before"),
    [
        ("https://example.com/cb", "https://example.com/cb?"),
        ("https://example.com/cb?", "https://example.com/cb?"),
        ("https://example.com/cb?x=1", "https://example.com/cb?x=1&"),
        ("https://example.com/cb?x=1&", "https://example.com/cb?x=1&"),
    ],
)
def test_get_has_the_pairs_in_its_query(
    callback_format: CallbackFormat, url: str, before: str
) -> None:
    """The whole URL is signed, with nothing after it, and there is no body."""
    entry = replace(MESSAGE, endpoint=Endpoint(url, Method.GET))
    request, headers = _build(entry, callback_format)
    assert request.url.startswith(before)
    assert dict(parse_qsl(request.url.removeprefix(before))) == SEVEN
    assert (request.method, request.body) == (Method.GET, b"")
    assert "Content-Type" not in headers
    assert VALIDATOR.validate(request.url, {}, headers["X-Twilio-Signature"])


def test_a_status_callback_is_a_form_with_sorted_names() -> None:
    """Its time is when it came to be owed, and the format of messages does not concern it."""
    request, headers = _build(STATUS, CallbackFormat.JSON)
    time = b"Wed%2C+04+Mar+2026+04%3A06%3A07+%2B0000"
    assert request.body == b"CallStatus=ringing&Timestamp=" + time + b"&To=client%3Abob"
    received = dict(parse_qsl(request.body.decode()))
    assert VALIDATOR.validate(request.url, received, headers["X-Twilio-Signature"])


SETTLED = [MessageState.DELIVERED, MessageState.EXPIRED, MessageState.FAILED]


@pytest.mark.parametrize("state", SETTLED)
def test_a_receipt_is_a_signed_form_that_says_how_a_message_came_out(state: MessageState) -> None:
    """Its time is when the message was settled; what the message said is not in it."""
    request = receipt_request(RECEIPT, replace(DOWNLINK, state=state), auth_token=AUTH_TOKEN)
    received = dict(parse_qsl(request.body.decode()))
    assert received == {
        "AccountSid": DOWNLINK.account_sid,
        "CallSid": DOWNLINK.call_sid,
        "Sid": DOWNLINK.sid,
        "MessageStatus": state.value,
        "Timestamp": "Wed, 04 Mar 2026 03:06:07 +0000",
    }
    headers = dict(request.headers)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert headers["I-Twilio-Idempotency-Token"] == "a-token"
    assert VALIDATOR.validate(request.url, received, headers["X-Twilio-Signature"])


def test_a_receipt_by_get_is_in_the_query() -> None:
    """As every callback by GET."""
    entry = replace(RECEIPT, endpoint=Endpoint("https://example.com/cb", Method.GET))
    request = receipt_request(entry, DOWNLINK, auth_token=AUTH_TOKEN)
    assert (request.body, dict(parse_qsl(request.url.partition("?")[2]))["Sid"]) == (
        b"",
        DOWNLINK.sid,
    )


@pytest.mark.parametrize("state", [state for state in MessageState if state not in SETTLED])
def test_there_is_no_receipt_for_a_message_on_its_way(state: MessageState) -> None:
    """Whoever asks for one has made a mistake, which the error does not explain by content."""
    with pytest.raises(ValueError, match="on its way") as caught:
        receipt_request(RECEIPT, replace(DOWNLINK, state=state), auth_token=AUTH_TOKEN)
    assert "secret" not in str(caught.value)
    with pytest.raises(ValueError, match="on its way"):
        receipt_request(RECEIPT, replace(DOWNLINK, settled_at=None), auth_token=AUTH_TOKEN)


def test_a_repeat_carries_the_same_token() -> None:
    """The receiver can tell a repeat from another message."""
    _, headers = _build(MESSAGE)
    assert headers["I-Twilio-Idempotency-Token"] == "a-token"
    assert headers["User-Agent"] == "TwilioProxy/1.1"


def test_a_password_in_the_url_becomes_a_header() -> None:
    """The request goes to the bare URL; the signature covers the configured one."""
    entry = replace(MESSAGE, endpoint=Endpoint("https://user:pass@example.com/cb"))
    request, headers = _build(entry)
    assert request.url == "https://example.com/cb"
    assert headers["Authorization"] == "Basic dXNlcjpwYXNz"
    assert VALIDATOR.validate(
        "https://user:pass@example.com/cb", SEVEN, headers["X-Twilio-Signature"]
    )


def test_a_url_that_cannot_be_used_is_a_fault() -> None:
    """Nothing is built for it."""
    with pytest.raises(InvalidUrl):
        _build(replace(MESSAGE, endpoint=Endpoint("nowhere")))


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=30), max_size=6))
def test_a_twiml_request_is_a_signed_form(parameters: dict[str, str]) -> None:
    """Whatever parameters a device brings along, the official validator accepts the request."""
    request = twiml_request(
        Endpoint("https://example.com/voice"), parameters, auth_token=AUTH_TOKEN, token="t"
    )
    received = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    assert received == parameters
    headers = dict(request.headers)
    assert VALIDATOR.validate(request.url, received, headers["X-Twilio-Signature"])
    assert headers["I-Twilio-Idempotency-Token"] == "t"


def test_a_twiml_request_by_get_has_no_body() -> None:
    """The parameters are in the query, sorted."""
    request = twiml_request(
        Endpoint("https://example.com/voice", Method.GET),
        {"b": "2", "a": "1"},
        auth_token=AUTH_TOKEN,
        token="t",
    )
    assert (request.url, request.body) == ("https://example.com/voice?a=1&b=2", b"")


def test_a_request_is_shown_without_its_content() -> None:
    """Logs of requests hold neither content nor signatures."""
    request, _ = _build(
        replace(MESSAGE, endpoint=Endpoint("https://example.com/cb?s=1", Method.GET))
    )
    assert repr(request) == "OutgoingRequest(GET 'https://example.com/cb')"


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("callback_format", CallbackFormat)
def test_a_request_says_what_it_carries(method: Method, callback_format: CallbackFormat) -> None:
    """Its parameters are the same whether they are in the URL or the body, in whatever form."""
    entry = replace(MESSAGE, endpoint=Endpoint("https://example.com/cb", method))
    request, _ = _build(entry, callback_format)
    assert request.parameters == SEVEN
