import asyncio
from collections.abc import Sequence
from urllib.parse import parse_qsl

import pytest
import structlog.testing
from twilio.request_validator import RequestValidator

from midcall.core.ports import Change, Fetched
from midcall.delivery.attempt import Limits
from midcall.delivery.egress import Egress
from midcall.delivery.twiml_source import HttpDocumentSource
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import TwimlFault
from midcall.model.sids import AccountSid
from midcall.store.sqlite import SqliteStore
from tests.integration.delivery.account import ACCOUNT, CALL, document_source
from tests.integration.delivery.customer import Request, StartCustomer, response

PARAMETERS = {"CallSid": CALL, "To": "client:bob", "own": "é & ü"}
DOCUMENT = "<Response><Pause/></Response>"
TWIML = response(200, DOCUMENT.encode(), Content_Type="text/xml")


@pytest.fixture
def source(store: SqliteStore, egress: Egress) -> HttpDocumentSource:
    """A source that may ask loopback."""
    return document_source(store, egress)


async def _fetch(source: HttpDocumentSource, url: str, method: Method = Method.POST) -> Fetched:
    return await source.fetch(ACCOUNT.sid, CALL, Endpoint(url, method), PARAMETERS, "token")


async def _fault(source: HttpDocumentSource, url: str) -> TwimlFault:
    with pytest.raises(TwimlFault) as caught:
        await _fetch(source, url)
    return caught.value


def _signed(request: Request, url: str) -> bool:
    sent = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    signature = request.headers["X-Twilio-Signature"]
    return RequestValidator(ACCOUNT.auth_token).validate(url, sent, signature) is True


async def test_a_document_is_asked_for_with_a_signed_form(
    source: HttpDocumentSource, start_customer: StartCustomer
) -> None:
    """The official validator accepts the request; the document comes back with where it is from."""
    customer = await start_customer(TWIML)
    fetched = await _fetch(source, customer.url("/voice?a=b#rc=2"))
    assert (fetched.text, fetched.content_type) == (DOCUMENT, "text/xml")
    assert fetched.url == customer.url("/voice?a=b")
    (request,) = customer.requests
    assert (request.method, request.target) == ("POST", "/voice?a=b")
    assert dict(parse_qsl(request.body.decode())) == PARAMETERS
    assert request.headers["I-Twilio-Idempotency-Token"] == "token"
    assert _signed(request, customer.url("/voice?a=b"))


async def test_a_document_can_be_asked_for_by_get(
    source: HttpDocumentSource, start_customer: StartCustomer
) -> None:
    """The parameters are in the query, and the whole URL is signed."""
    customer = await start_customer(TWIML)
    fetched = await _fetch(source, customer.url("/voice"), Method.GET)
    (request,) = customer.requests
    assert dict(parse_qsl(request.target.partition("?")[2])) == PARAMETERS
    assert _signed(request, customer.url(request.target))
    assert fetched.url == customer.url("/voice")


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_redirect_is_followed_by_get(
    source: HttpDocumentSource, start_customer: StartCustomer, status: int
) -> None:
    """The next request has no parameters and is signed for its own URL."""
    customer = await start_customer(response(status, Location="/b?c=d"), TWIML)
    fetched = await _fetch(source, customer.url("/a"))
    second = customer.requests[1]
    assert (second.method, second.target, second.body) == ("GET", "/b?c=d", b"")
    assert _signed(second, customer.url("/b?c=d"))
    assert fetched.url == customer.url("/b?c=d")


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_that_keeps_the_request_is_followed_with_it(
    source: HttpDocumentSource, start_customer: StartCustomer, status: int
) -> None:
    """Method, parameters and token go along, the signature is new."""
    customer = await start_customer(response(status, Location="/b"), TWIML)
    await _fetch(source, customer.url("/a"))
    first, second = customer.requests
    assert (second.method, second.target, second.body) == ("POST", "/b", first.body)
    assert _signed(second, customer.url("/b"))


async def test_ten_redirects_are_followed_and_no_more(
    source: HttpDocumentSource, start_customer: StartCustomer
) -> None:
    """A circle ends under 11215."""
    redirect = response(302, Location="/")
    customer = await start_customer(*([redirect] * 10), TWIML)
    assert (await _fetch(source, customer.url())).text == DOCUMENT
    circle = await start_customer(redirect)
    assert (await _fault(source, circle.url())).twiml_code == 11215
    assert len(circle.requests) == 11


async def test_a_redirect_to_a_private_address_is_refused(
    source: HttpDocumentSource, start_customer: StartCustomer
) -> None:
    """A public server cannot send us to the neighbours: each hop passes the guard."""
    customer = await start_customer(
        response(302, Location="http://169.254.169.254/latest/meta-data")
    )
    fault = await _fault(source, customer.url())
    assert (fault.twiml_code, fault.url) == (11100, "http://169.254.169.254/latest/meta-data")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://[", "http://a_b/", ""])
async def test_a_redirect_to_no_url_is_a_fault(
    source: HttpDocumentSource, start_customer: StartCustomer, location: str
) -> None:
    """It has a code of its own."""
    customer = await start_customer(response(302, Location=location))
    assert (await _fault(source, customer.url())).twiml_code == 11216


@pytest.mark.parametrize("status", [300, 305, 400, 404, 500, 503])
async def test_another_status_is_a_failed_retrieval(
    source: HttpDocumentSource, start_customer: StartCustomer, status: int
) -> None:
    """Whatever its body says."""
    customer = await start_customer(response(status, DOCUMENT.encode(), Content_Type="text/xml"))
    fault = await _fault(source, customer.url("/?a#b"))
    assert (fault.twiml_code, fault.reason) == (11200, f"the server answered {status}")
    assert fault.url == customer.url("/?a")


@pytest.mark.parametrize("body", [b"", b"\r\n  \n"])
async def test_an_empty_document_is_a_fault(
    source: HttpDocumentSource, start_customer: StartCustomer, body: bytes
) -> None:
    """Blanks are nothing either."""
    customer = await start_customer(response(200, body, Content_Type="text/xml"))
    assert (await _fault(source, customer.url())).twiml_code == 11770


async def test_a_document_may_have_64_kilobytes(
    source: HttpDocumentSource, start_customer: StartCustomer
) -> None:
    """One byte more is too large."""
    body = DOCUMENT.encode().ljust(64 * 1024)
    customer = await start_customer(response(200, body, Content_Type="text/xml"))
    assert len((await _fetch(source, customer.url())).text) == 65536
    customer = await start_customer(response(200, body + b" ", Content_Type="text/xml"))
    assert (await _fault(source, customer.url())).twiml_code == 11750


@pytest.mark.parametrize(
    "content_type", ["text/xml", "application/xml", "text/html; charset=utf-8", "Text/Plain"]
)
async def test_what_may_be_twiml_is_taken(
    source: HttpDocumentSource, start_customer: StartCustomer, content_type: str
) -> None:
    """Whether plain text is TwiML is for its reader to find out."""
    customer = await start_customer(response(200, DOCUMENT.encode(), Content_Type=content_type))
    fetched = await _fetch(source, customer.url())
    assert fetched.content_type == content_type.lower().partition(";")[0]


@pytest.mark.parametrize("content_type", ["application/json", "image/png", "xml", ""])
async def test_what_cannot_be_twiml_is_a_fault(
    source: HttpDocumentSource, start_customer: StartCustomer, content_type: str
) -> None:
    """Neither a document nor a sound."""
    customer = await start_customer(response(200, DOCUMENT.encode(), Content_Type=content_type))
    assert (await _fault(source, customer.url())).twiml_code == 12300


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/xml", "<a>é</a>".encode()),
        ("text/xml; charset=utf-8", "<a>é</a>".encode()),
        ("text/xml; charset=iso-8859-1", "<a>é</a>".encode("latin-1")),
        ("text/xml; charset=utf-8", b"\xff\xfe" + "<a>é</a>".encode("utf-16-le")),
        ("text/xml", b"\xef\xbb\xbf" + "<a>é</a>".encode()),
    ],
)
async def test_a_document_is_read_in_its_character_set(
    source: HttpDocumentSource, start_customer: StartCustomer, content_type: str, body: bytes
) -> None:
    """A byte order mark counts before the header, UTF-8 is the rest."""
    customer = await start_customer(response(200, body, Content_Type=content_type))
    assert (await _fetch(source, customer.url())).text == "<a>é</a>"


async def test_a_document_may_declare_its_character_set(
    source: HttpDocumentSource, start_customer: StartCustomer
) -> None:
    """Where the header says nothing, the XML declaration does."""
    text = "<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>"
    customer = await start_customer(
        response(200, text.encode("latin-1"), Content_Type="application/xml")
    )
    assert (await _fetch(source, customer.url())).text == text


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/xml", b"<a>\xff</a>"),
        ("text/xml; charset=utf-8", b"<a>\xe9</a>"),
        ("text/xml; charset=idna", b"<a/>"),
        ("text/xml; charset=zlib", b"<a/>"),
        ("text/xml; charset=klingon", b"<a/>"),
    ],
)
async def test_a_document_that_cannot_be_read_is_a_fault(
    source: HttpDocumentSource, start_customer: StartCustomer, content_type: str, body: bytes
) -> None:
    """Text that is not in its character set, and character sets that are none."""
    customer = await start_customer(response(200, body, Content_Type=content_type))
    assert (await _fault(source, customer.url())).twiml_code == 12100


async def test_a_server_that_is_too_slow_is_a_fault(
    store: SqliteStore, egress: Egress, start_customer: StartCustomer
) -> None:
    """The time is for all hops together."""

    async def redirect_slowly(_: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(response(302, Location="/"))

    customer = await start_customer(redirect_slowly)
    source = document_source(store, egress, Limits(total_seconds=1))
    assert (await _fault(source, customer.url())).twiml_code == 11200
    assert 1 <= len(customer.requests) <= 4


async def test_a_document_that_breaks_off_is_a_fault(
    source: HttpDocumentSource, start_customer: StartCustomer
) -> None:
    """Half a document could do half of what it says."""

    async def break_off(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(TWIML[:-5])
        await writer.drain()
        writer.close()

    customer = await start_customer(break_off)
    assert (await _fault(source, customer.url())).twiml_code == 11206


async def test_a_url_that_cannot_be_used_is_a_fault(source: HttpDocumentSource) -> None:
    """Nothing is asked."""
    assert (await _fault(source, "nowhere")).twiml_code == 11100


async def test_a_password_in_the_url_is_not_shown(
    source: HttpDocumentSource, start_customer: StartCustomer
) -> None:
    """The fault is read by people; the document's URL is what relative ones are relative to."""
    customer = await start_customer(response(404), TWIML)
    url = customer.url("/a").replace("http://", "http://user:pass@")
    assert (await _fault(source, url)).url == customer.url("/a")
    assert (await _fetch(source, url)).url == url
    assert customer.requests[1].headers["Authorization"] == "Basic dXNlcjpwYXNz"


async def test_an_unknown_account_is_a_fault(source: HttpDocumentSource) -> None:
    """There is no token to sign with."""
    with pytest.raises(TwimlFault) as caught:
        await source.fetch(
            AccountSid("AC" + "9" * 32), CALL, Endpoint("http://a.example/"), {}, "t"
        )
    assert caught.value.twiml_code == 10001


async def test_every_request_for_a_document_leaves_an_exchange(
    store: SqliteStore, source: HttpDocumentSource, start_customer: StartCustomer
) -> None:
    """Redirects and repeats are requests too; passwords are left out."""
    answers = (response(500), response(307, Location="/b"), response(302, Location="/c"), TWIML)
    customer = await start_customer(*answers)
    url = customer.url("/a").replace("http://", "http://user:pass@")
    await _fetch(source, f"{url}#rp=5xx")
    kept = await store.list_exchanges(CALL, offset=0, limit=9)
    assert [exchange.url for exchange in kept] == [
        customer.url(path) for path in ("/a", "/a", "/b", "/c")
    ]
    assert [exchange.response_code for exchange in kept] == [500, 307, 302, 200]
    assert [exchange.method for exchange in kept] == ["POST"] * 3 + ["GET"]
    assert [exchange.parameters for exchange in kept] == [PARAMETERS] * 3 + [{}]
    assert kept[-1].response_body == DOCUMENT
    assert "pass" not in repr(kept)


async def test_a_document_comes_though_its_exchange_cannot_be_kept(
    store: SqliteStore, egress: Egress, start_customer: StartCustomer
) -> None:
    """The call goes on, and the log says so without content."""

    async def refuse(changes: Sequence[Change]) -> None:
        raise OSError("secret")

    customer = await start_customer(TWIML)
    source = document_source(store, egress, write=refuse)
    with structlog.testing.capture_logs() as logs:
        assert (await _fetch(source, customer.url())).text == DOCUMENT
    (log,) = logs
    assert log["call_sid"] == CALL
    assert "secret" not in str(logs)


async def test_a_header_that_is_no_text_can_be_kept(
    store: SqliteStore, source: HttpDocumentSource, start_customer: StartCustomer
) -> None:
    """Bytes that no database takes are replaced."""
    answer = b"HTTP/1.1 500 No\r\nContent-Length: 2\r\nContent-Type: a/\xff\r\n\r\n\x00\xff"
    customer = await start_customer(answer)
    fault = await _fault(source, customer.url())
    (kept,) = await store.list_exchanges(CALL, offset=0, limit=9)
    assert (kept.content_type, kept.response_body) == ("a/\ufffd", "\ufffd\ufffd")
    assert fault.evidence.response_body == "\ufffd\ufffd"
    assert fault.evidence.response_headers == "Content-Length=2&Content-Type=a%2F%EF%BF%BD"
