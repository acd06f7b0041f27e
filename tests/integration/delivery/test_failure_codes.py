"""Every way in which a document cannot be had, by its code in the original's error dictionary."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from midcall.core.calls import events as ev
from midcall.core.calls.documents import Documents
from midcall.core.ports import NotificationFilter
from midcall.delivery.egress import Egress, Network
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.exchanges import Exchange
from midcall.model.families import Fetching, Leg, Origin
from midcall.model.notifications import Notification
from midcall.model.twiml import Document, Play, Say, Verb
from midcall.store.sqlite import SqliteStore
from midcall.wire import templates, twiml
from tests.integration.delivery.account import ACCOUNT, CALL, START, document_source
from tests.integration.delivery.certificates import Authority
from tests.integration.delivery.customer import LOOPBACK, Request, StartCustomer, response

PARAMETERS = {"CallSid": CALL, "own": "é & ü"}
LEG = Leg(
    call=Call(
        sid=CALL,
        account_sid=ACCOUNT.sid,
        from_address="client:alice",
        to_address="",
        direction=CallDirection.INBOUND,
        status=CallStatus.RINGING,
        created_at=START,
        updated_at=START,
    )
)


class _Reader:
    parse = staticmethod(twiml.parse)
    render = staticmethod(templates.render)


class Situation:
    """A customer's server as it may be."""

    def __init__(self, store: SqliteStore, start: StartCustomer, folder: Path) -> None:
        self.store = store
        self.start = start
        self.folder = folder
        self.allow: Sequence[Network] = LOOPBACK
        self.authority = Authority()

    async def fetch(self, url: str) -> ev.DocumentArrived | ev.DocumentFailed:
        ca_file = self.folder / "ca.pem"
        ca_file.write_bytes(self.authority.pem)
        egress = Egress(allow=self.allow, ca_files=(ca_file,))
        documents = Documents(document_source(self.store, egress), _Reader())
        origin = Origin(endpoint=Endpoint(url))
        fetching = Fetching(origin=origin, parameters=PARAMETERS, token="token")
        try:
            return await documents.get(LEG, fetching)
        finally:
            await egress.close()

    async def failure(self, url: str) -> ev.DocumentFailed:
        event = await self.fetch(url)
        assert isinstance(event, ev.DocumentFailed)
        return event

    async def exchanges(self) -> list[Exchange]:
        return await self.store.list_exchanges(CALL, offset=0, limit=50)

    async def notifications(self) -> list[Notification]:
        return await self.store.list_notifications(
            ACCOUNT.sid, NotificationFilter(), offset=0, limit=50
        )

    async def answering(self, body: str, content_type: str = "text/xml", status: int = 200) -> str:
        answer = response(status, body.encode(), Content_Type=content_type)
        return (await self.start(answer)).url("/voice")

    async def over_tls(self, tls: ssl.SSLContext, host: str = "localhost") -> str:
        return (await self.start(tls=tls)).url(host=host)


@pytest.fixture
async def situation(store: SqliteStore, start_customer: StartCustomer, tmp_path: Path) -> Situation:
    """A store, customers' servers to start, and an authority that is trusted."""
    return Situation(store, start_customer, tmp_path)


@pytest.fixture
async def closed_port() -> int:
    """A port where nobody listens."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


@pytest.fixture
async def deaf_port() -> AsyncIterator[int]:
    """A port where connections are taken and nothing is ever said."""

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.wait_closed()

    async with AsyncExitStack() as stack:
        server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
        stack.callback(server.close)
        port: int = server.sockets[0].getsockname()[1]
        yield port


@pytest.mark.parametrize("url", ["nowhere", "ftp://a.example/", "https://a_b.example/"])
async def test_11100_is_a_url_that_cannot_be_asked(situation: Situation, url: str) -> None:
    """Nothing was asked, so there is no exchange."""
    assert (await situation.failure(url)).code == 11100
    assert await situation.exchanges() == []


async def test_11100_is_an_address_that_may_not_be_asked(situation: Situation) -> None:
    """The guard refused the request, which is among the call's events."""
    url = await situation.answering("<Response/>")
    situation.allow = ()
    assert (await situation.failure(url)).code == 11100
    (exchange,) = await situation.exchanges()
    assert (exchange.url, exchange.response_code) == (url, None)


@pytest.mark.parametrize("status", [400, 403, 404, 500, 502])
async def test_11200_is_an_answer_that_is_no_success(situation: Situation, status: int) -> None:
    """The debugger shows what was sent and what came back; the events show it too."""
    url = await situation.answering("<p>it broke</p>", "text/html; charset=utf-8", status)
    failure = await situation.failure(url)
    assert (failure.code, failure.url) == (11200, url)
    assert dict(parse_qsl(failure.evidence.request_variables)) == PARAMETERS
    headers = dict(parse_qsl(failure.evidence.response_headers))
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert failure.evidence.response_body == "<p>it broke</p>"
    (exchange,) = await situation.exchanges()
    assert exchange == Exchange(
        account_sid=ACCOUNT.sid,
        call_sid=CALL,
        requested_at=START,
        method="POST",
        url=url,
        parameters=PARAMETERS,
        duration_ms=exchange.duration_ms,
        response_code=status,
        content_type="text/html; charset=utf-8",
        response_body="<p>it broke</p>",
    )


async def test_11200_is_an_answer_that_does_not_come(situation: Situation, deaf_port: int) -> None:
    """The connection was taken; the time was up."""
    assert (await situation.failure(f"http://127.0.0.1:{deaf_port}/#rt=200")).code == 11200
    (exchange,) = await situation.exchanges()
    assert (exchange.response_code, exchange.url) == (None, f"http://127.0.0.1:{deaf_port}/")
    assert exchange.duration_ms >= 150


async def test_11205_is_a_connection_that_is_refused(
    situation: Situation, closed_port: int
) -> None:
    """It is tried twice, as the error's page says."""
    assert (await situation.failure(f"http://127.0.0.1:{closed_port}/")).code == 11205
    assert len(await situation.exchanges()) == 2


async def test_11205_is_a_connection_that_does_not_come_about(
    situation: Situation, deaf_port: int
) -> None:
    """TLS is a part of it."""
    assert (await situation.failure(f"https://127.0.0.1:{deaf_port}/#ct=200")).code == 11205


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n"])
async def test_11206_is_an_answer_that_is_not_http(situation: Situation, answer: bytes) -> None:
    """Somebody else lives at that port."""
    customer = await situation.start(answer)
    assert (await situation.failure(customer.url())).code == 11206


async def test_11206_is_an_answer_that_breaks_off(situation: Situation) -> None:
    """Half a document could do half of what it says; the half is kept for whoever looks."""

    async def break_off(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(response(200, b"<Response/>", Content_Type="text/xml")[:-5])
        await writer.drain()
        writer.close()

    customer = await situation.start(break_off)
    failure = await situation.failure(customer.url())
    assert (failure.code, failure.evidence.response_body) == (11206, "<Respo")


async def test_11210_is_a_host_that_nobody_knows(situation: Situation) -> None:
    """The name does not resolve (RFC 6761, section 6.4, keeps it so)."""
    assert (await situation.failure("https://shop.invalid/")).code == 11210


async def test_11215_is_a_redirect_without_end(situation: Situation) -> None:
    """Ten are followed; each request is among the events."""
    circle = await situation.start(response(302, Location="/again"))
    assert (await situation.failure(circle.url())).code == 11215
    exchanges = await situation.exchanges()
    assert [exchange.method for exchange in exchanges] == ["POST"] + ["GET"] * 10
    assert {exchange.response_code for exchange in exchanges} == {302}
    assert [exchange.parameters for exchange in exchanges[:2]] == [PARAMETERS, {}]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://a_b.example/"])
async def test_11216_is_a_redirect_to_no_url(situation: Situation, location: str) -> None:
    """What redirected is among the events."""
    customer = await situation.start(response(302, Location=location))
    assert (await situation.failure(customer.url())).code == 11216
    assert len(await situation.exchanges()) == 1


async def test_11220_is_a_handshake_that_fails(situation: Situation) -> None:
    """Such as a server that knows no TLS."""

    async def answer_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = await asyncio.start_server(answer_at_once, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert (await situation.failure(f"https://127.0.0.1:{port}/")).code == 11220
    server.close()


async def test_11235_is_a_certificate_for_another_host(situation: Situation) -> None:
    """The name in the URL is what counts."""
    tls = situation.authority.server_side(situation.folder, "localhost")
    assert (await situation.failure(await situation.over_tls(tls, "127.0.0.1"))).code == 11235


async def test_11236_is_a_certificate_out_of_date(situation: Situation) -> None:
    """It was good once."""
    tls = situation.authority.server_side(situation.folder, "localhost", timedelta(days=-1))
    assert (await situation.failure(await situation.over_tls(tls))).code == 11236


async def test_11237_is_a_certificate_of_an_unknown_authority(situation: Situation) -> None:
    """Anybody can sign for any name."""
    tls = Authority().server_side(situation.folder, "localhost")
    assert (await situation.failure(await situation.over_tls(tls))).code == 11237


@pytest.mark.parametrize(
    ("override", "code"), [("e=atlantis", 11241), ("e=ashburn-ix", 11242), ("rp=6xx", 11243)]
)
async def test_1124x_is_an_override_that_is_passed_over(
    situation: Situation, override: str, code: int
) -> None:
    """The document comes all the same; the debugger says what in the URL had no effect."""
    url = await situation.answering("<Response/>")
    assert isinstance(await situation.fetch(f"{url}#{override}"), ev.DocumentArrived)
    (shown,) = await situation.notifications()
    assert (shown.code, shown.request_url, shown.request_method) == (code, url, "POST")


async def test_11750_is_a_document_over_64_kilobytes(situation: Situation) -> None:
    """The debugger and the events show how it begins."""
    url = await situation.answering("<Response>" + " " * 70_000 + "</Response>")
    failure = await situation.failure(url)
    assert (failure.code, len(failure.evidence.response_body)) == (11750, 16 * 1024)
    (exchange,) = await situation.exchanges()
    assert len(exchange.response_body) == 16 * 1024


@pytest.mark.parametrize("body", ["", "\r\n  "])
async def test_11770_is_an_empty_document(situation: Situation, body: str) -> None:
    """A success with nothing in it."""
    assert (await situation.failure(await situation.answering(body))).code == 11770


@pytest.mark.parametrize("content_type", ["text/xml", "application/xml", "text/html"])
async def test_12100_is_a_document_that_is_no_xml(situation: Situation, content_type: str) -> None:
    """The reader's fault comes with the exchange that brought the document."""
    url = await situation.answering("<Response><Say>", content_type)
    failure = await situation.failure(url)
    assert (failure.code, failure.url) == (12100, url)
    assert failure.evidence.response_body == "<Response><Say>"
    assert dict(parse_qsl(failure.evidence.request_variables)) == PARAMETERS


async def test_12100_is_a_document_in_no_character_set(situation: Situation) -> None:
    """Bytes that are no text."""
    url = await situation.answering("<Response/>", "text/xml; charset=klingon")
    assert (await situation.failure(url)).code == 12100


async def test_12102_is_a_document_with_another_root(situation: Situation) -> None:
    """XML, but not TwiML."""
    assert (await situation.failure(await situation.answering("<html/>"))).code == 12102


@pytest.mark.parametrize("content_type", ["application/json", "image/png", ""])
async def test_12300_is_neither_a_document_nor_a_sound(
    situation: Situation, content_type: str
) -> None:
    """Whatever its text may be."""
    url = await situation.answering("<Response/>", content_type)
    assert (await situation.failure(url)).code == 12300


@pytest.mark.parametrize(
    ("body", "content_type", "verb"),
    [
        ("<Response><Say>a</Say></Response>", "text/plain", Say(text="a")),
        ("Good <b>morning", "text/plain; charset=utf-8", Say(text="Good <b>morning")),
    ],
)
async def test_plain_text_is_twiml_or_else_is_spoken(
    situation: Situation, body: str, content_type: str, verb: Verb
) -> None:
    """The text's own angle brackets do not matter."""
    event = await situation.fetch(await situation.answering(body, content_type))
    assert isinstance(event, ev.DocumentArrived)
    assert event.document == Document((verb,))


@pytest.mark.parametrize("length", [3, 100_000])
async def test_a_sound_in_the_place_of_a_document_is_played(
    situation: Situation, length: int
) -> None:
    """It is fetched again to be heard, so it may be longer than a document; no text is kept."""
    url = await situation.answering("x" * length, "audio/mpeg")
    event = await situation.fetch(url)
    assert isinstance(event, ev.DocumentArrived)
    assert event.document == Document((Play(url=url),))
    (exchange,) = await situation.exchanges()
    assert (exchange.content_type, exchange.response_body) == ("audio/mpeg", "")
