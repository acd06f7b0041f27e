import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest

from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply
from midcall.delivery.attempt import Limits, attempt
from midcall.delivery.egress import Egress
from midcall.model.endpoints import Method
from midcall.wire.callbacks import OutgoingRequest
from midcall.wire.dates import format_rfc2822
from tests.integration.delivery.customer import Request, StartCustomer, response

QUICK = Limits(total_seconds=1)


def _post(url: str, body: bytes = b'{"a":"b"}') -> OutgoingRequest:
    headers = (("User-Agent", "TwilioProxy/1.1"), ("Content-Type", "application/json"))
    return OutgoingRequest(method=Method.POST, url=url, headers=headers, body=body)


async def _try(egress: Egress, url: str, limits: Limits | None = None) -> Reply:
    return await attempt(egress, _post(url), limits or Limits())


async def _answer(egress: Egress, url: str, limits: Limits | None = None) -> Answer:
    reply = await _try(egress, url, limits)
    assert isinstance(reply, Answer)
    return reply


async def _kind(egress: Egress, url: str, limits: Limits | None = None) -> FailureKind:
    reply = await _try(egress, url, limits)
    assert isinstance(reply, Failure)
    return reply.kind


async def _hang(_: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _reset(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def test_a_request_arrives_as_it_was_built(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """Method, target, headers and body are what was signed, to the letter."""
    customer = await start_customer()
    target = "/a/../b//c;d?e='f'&g=%zz&h=%2f+%20&i[]=j"
    await _try(egress, customer.url(target))
    (request,) = customer.requests
    assert (request.method, request.target, request.body) == ("POST", target, b'{"a":"b"}')
    assert request.headers == {
        "Host": f"127.0.0.1:{customer.port}",
        "User-Agent": "TwilioProxy/1.1",
        "Content-Type": "application/json",
        "Content-Length": "9",
    }


async def test_a_get_has_no_body(egress: Egress, start_customer: StartCustomer) -> None:
    """Nor does it announce one."""
    customer = await start_customer()
    await attempt(
        egress, OutgoingRequest(method=Method.GET, url=customer.url(), headers=()), Limits()
    )
    (request,) = customer.requests
    assert (request.method, request.body) == ("GET", b"")
    assert "Content-Type" not in request.headers


async def test_an_answer_says_what_is_wanted_of_it(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """Status, content type, location and body come back; nothing else is kept."""
    answer = response(307, b"hello", Content_Type="text/xml; charset=x", Location="/there")
    customer = await start_customer(answer)
    got = await _answer(egress, customer.url())
    assert (got.status, got.content_type, got.location) == (307, "text/xml; charset=x", "/there")
    assert (got.body, got.cut, got.retry_after_seconds) == (b"hello", None, None)
    assert got.duration_ms >= 0
    assert len(customer.requests) == 1


@pytest.mark.parametrize("status", [200, 204, 304, 404, 429, 500, 599])
async def test_every_status_is_an_answer(
    egress: Egress, start_customer: StartCustomer, status: int
) -> None:
    """What it means is decided elsewhere."""
    customer = await start_customer(response(status))
    assert (await _answer(egress, customer.url())).status == status


@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7.0), ("0", 0.0), ("soon", None), ("-1", None)]
)
async def test_a_server_may_say_when_to_come_back(
    egress: Egress, start_customer: StartCustomer, text: str, seconds: float | None
) -> None:
    """Seconds are understood, nonsense is no wish."""
    customer = await start_customer(response(503, Retry_After=text))
    assert (await _answer(egress, customer.url())).retry_after_seconds == seconds


async def test_a_server_may_name_a_date_to_come_back(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """An HTTP date becomes seconds from now."""
    date = format_rfc2822(datetime.now(UTC) + timedelta(hours=1))
    customer = await start_customer(response(503, Retry_After=date))
    seconds = (await _answer(egress, customer.url())).retry_after_seconds
    assert seconds is not None
    assert 3000 < seconds <= 3600


async def test_a_large_body_is_cut_and_its_connection_dropped(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """A server cannot fill our memory; the status counts all the same."""
    closed = asyncio.Event()

    async def flood(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        finally:
            closed.set()

    customer = await start_customer(flood)
    got = await _answer(egress, customer.url(), Limits(body_bytes=1000))
    assert (got.status, len(got.body), got.cut) == (200, 1000, FailureKind.TOO_LARGE)
    async with asyncio.timeout(30):
        await closed.wait()


async def test_a_compressed_body_is_not_unpacked(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """A small body cannot become a large one here."""
    customer = await start_customer(response(200, b"\x1f\x8b", Content_Encoding="gzip"))
    assert (await _answer(egress, customer.url())).body == b"\x1f\x8b"


async def test_a_body_that_trickles_ends_with_the_time(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """The status was there in time, the body was not."""

    async def trickle(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab")
        await asyncio.Event().wait()

    customer = await start_customer(trickle)
    got = await _answer(egress, customer.url(), QUICK)
    assert (got.status, got.body, got.cut) == (200, b"ab", FailureKind.TIMEOUT)


async def test_a_body_that_breaks_off_is_told_apart(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """Fewer bytes than announced are not the whole answer."""

    async def break_off(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab")
        await writer.drain()
        writer.close()

    customer = await start_customer(break_off)
    got = await _answer(egress, customer.url())
    assert (got.status, got.cut) == (200, FailureKind.PROTOCOL)


async def test_a_silent_server_is_out_of_time(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """Having taken the connection is not having answered."""
    customer = await start_customer(_hang)
    assert await _kind(egress, customer.url(), QUICK) is FailureKind.TIMEOUT


async def test_headers_that_trickle_are_out_of_time(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """The deadline is for the whole, not for each byte."""

    async def trickle(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-Header: x\r\n")
            await asyncio.sleep(0.05)

    customer = await start_customer(trickle)
    assert await _kind(egress, customer.url(), QUICK) is FailureKind.TIMEOUT


async def test_a_server_that_hangs_up_has_not_answered(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """A reset on a fresh connection is the server's, and is not hidden by a second request."""
    customer = await start_customer(_reset)
    assert await _kind(egress, customer.url()) is FailureKind.PROTOCOL
    assert len(customer.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_an_answer_that_is_not_http_is_told_so(
    egress: Egress, start_customer: StartCustomer, answer: bytes
) -> None:
    """Whatever speaks there, nothing is raised."""
    customer = await start_customer(answer)
    assert await _kind(egress, customer.url()) is FailureKind.PROTOCOL


async def test_a_closed_port_refuses(egress: Egress, start_customer: StartCustomer) -> None:
    """Nobody listens there."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    assert await _kind(egress, f"http://127.0.0.1:{port}/") is FailureKind.CONNECT


async def test_a_handshake_that_hangs_is_a_connection_that_was_not_taken(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """The time for a connection includes TLS."""

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.wait_closed()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    limits = Limits(connect_seconds=0.2)
    assert await _kind(egress, f"https://127.0.0.1:{port}/", limits) is FailureKind.CONNECT_TIMEOUT
    server.close()


async def test_plain_http_on_a_tls_port_is_a_failed_handshake(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """The scheme in the URL and the server do not fit."""

    async def answer_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = await asyncio.start_server(answer_at_once, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await _kind(egress, f"https://127.0.0.1:{port}/") is FailureKind.TLS
    server.close()


async def test_tls_on_a_plain_port_is_not_http(
    egress: Egress, start_customer: StartCustomer, server_tls: ssl.SSLContext
) -> None:
    """The other way round it is the answer that is not HTTP."""
    customer = await start_customer(tls=server_tls)
    url = customer.url().replace("https", "http")
    assert await _kind(egress, url) is FailureKind.PROTOCOL


@pytest.mark.parametrize("url", ["http://", "http://[::1", "nonsense", "gopher://localhost/"])
async def test_a_url_that_cannot_be_asked_is_told_so(egress: Egress, url: str) -> None:
    """Nothing is raised for it either."""
    assert await _kind(egress, url) is FailureKind.BAD_URL


async def test_connections_are_kept(egress: Egress, start_customer: StartCustomer) -> None:
    """The next request of a lane saves the handshakes."""
    customer = await start_customer(response(200, b"ok"))
    for _ in range(3):
        await _answer(egress, customer.url())
    assert customer.connections == 1


async def test_a_kept_connection_that_was_closed_is_not_a_failure(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """The same request goes out once more on a fresh connection."""
    customer = await start_customer(response(200), _reset, response(201))
    assert (await _answer(egress, customer.url())).status == 200
    assert (await _answer(egress, customer.url())).status == 201
    assert [request.connection for request in customer.requests] == [1, 1, 2]
    assert customer.requests[1].body == customer.requests[2].body
