"""What a URL's fragment says of how it is to be asked (webhooks "connection overrides" page)."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from midcall.core.outbox.replies import Answer, Failure, FailureKind
from midcall.delivery.attempt import Limits
from midcall.delivery.egress import Egress
from midcall.delivery.following import Asker, Hop, Journey
from midcall.model.endpoints import Endpoint
from midcall.wire.callbacks import OutgoingRequest, twiml_request
from tests.integration.delivery.account import Clock
from tests.integration.delivery.customer import LOOPBACK, Request, StartCustomer, response


async def _hang(_: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _reset(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _stall(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(response(200, b"<Response/>")[:-3])
    await asyncio.Event().wait()


def _build(hop: Hop) -> OutgoingRequest:
    return twiml_request(hop.endpoint, {"a": "b"}, auth_token="secret", token="one token")


async def _ask(
    egress: Egress, url: str, limits: Limits | None = None, *, parameters_matter: bool = False
) -> Journey:
    asker = Asker(egress, Clock(), limits or Limits())
    return await asker.ask(Endpoint(url), _build, parameters_matter=parameters_matter)


def _statuses(journey: Journey) -> list[int | FailureKind]:
    return [
        step.reply.status if isinstance(step.reply, Answer) else step.reply.kind
        for step in journey.steps
    ]


@pytest.fixture
async def trusting(ca_file: Path) -> AsyncIterator[Egress]:
    """A way out that may reach loopback and trusts the tests' authority."""
    egress = Egress(allow=LOOPBACK, ca_files=(ca_file,))
    yield egress
    await egress.close()


async def test_the_fragment_stays_here(egress: Egress, start_customer: StartCustomer) -> None:
    """The server sees the URL without it."""
    customer = await start_customer()
    await _ask(egress, customer.url("/voice?a=b#rc=2&rp=all"))
    (request,) = customer.requests
    assert request.target == "/voice?a=b"


@pytest.mark.parametrize(
    ("override", "statuses"),
    [
        ("", [503]),
        ("rc=2", [503]),
        ("rp=5xx", [503, 503]),
        ("rc=0&rp=5xx", [503]),
        ("rc=2&rp=5xx", [503, 503, 500]),
        ("rc=5&rp=5xx", [503, 503, 500, 404]),
        ("rc=5&rp=5xx,4xx", [503, 503, 500, 404, 200]),
        ("rc=5&rp=all", [503, 503, 500, 404, 200]),
    ],
)
async def test_an_answer_is_asked_for_again_as_the_policy_says(
    egress: Egress, start_customer: StartCustomer, override: str, statuses: list[int]
) -> None:
    """Every repeat is the same request, with the same token; a success ends it."""
    answers = (response(503), response(503), response(500), response(404), response(200))
    customer = await start_customer(*answers)
    journey = await _ask(egress, customer.url(f"/#{override}"))
    assert _statuses(journey) == statuses
    sent = {
        (request.body, request.headers["I-Twilio-Idempotency-Token"])
        for request in customer.requests
    }
    assert sent == {(b"a=b", "one token")}


@pytest.mark.parametrize(
    ("override", "count"), [("", 1), ("rp=ct", 1), ("rp=rt", 2), ("rc=3&rp=rt", 4), ("rp=all", 2)]
)
async def test_silence_is_a_read_timeout(
    egress: Egress, start_customer: StartCustomer, override: str, count: int
) -> None:
    """Each repeat has the whole read timeout again."""
    customer = await start_customer(_hang)
    journey = await _ask(egress, customer.url(f"/#rt=150&{override}"))
    assert _statuses(journey) == [FailureKind.TIMEOUT] * count
    assert count * 0.12 <= journey.reply.duration_ms / 1000


async def test_an_answer_that_stalls_is_a_read_timeout(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """The timeout is for every part of an answer, and a repeat may get the rest."""
    customer = await start_customer(_stall, response(200, b"<Response/>"))
    journey = await _ask(egress, customer.url("/#rt=1000&rp=rt"))
    assert isinstance(journey.steps[0].reply, Answer)
    assert journey.steps[0].reply.cut is FailureKind.TIMEOUT
    assert isinstance(journey.reply, Answer)
    assert (journey.reply.body, journey.reply.cut) == (b"<Response/>", None)


@pytest.mark.parametrize(("override", "count"), [("", 2), ("rc=0", 1), ("rc=3", 4), ("rp=rt", 1)])
async def test_a_connection_is_tried_twice_unless_told_otherwise(
    egress: Egress, override: str, count: int
) -> None:
    """One repeat after a failure to connect is the default."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    journey = await _ask(egress, f"http://127.0.0.1:{port}/#{override}")
    assert _statuses(journey) == [FailureKind.CONNECT] * count


@pytest.mark.parametrize(("override", "count"), [("rp=ct,rt,4xx,5xx", 1), ("rp=all", 2)])
async def test_a_connection_that_breaks_is_repeated_only_by_all(
    egress: Egress, start_customer: StartCustomer, override: str, count: int
) -> None:
    """It is neither a failure to connect nor a timeout."""
    customer = await start_customer(_reset)
    journey = await _ask(egress, customer.url(f"/#{override}"))
    assert _statuses(journey) == [FailureKind.PROTOCOL] * count


@pytest.mark.parametrize("override", ["ct=150", "tt=2000"])
async def test_a_connection_has_the_time_that_the_url_gives_it(
    egress: Egress, override: str
) -> None:
    """Where nobody says anything, TLS does not come about, however the time was bounded."""

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.wait_closed()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    journey = await _ask(egress, f"https://127.0.0.1:{port}/#{override}")
    assert set(_statuses(journey)) == {FailureKind.CONNECT_TIMEOUT}
    assert journey.reply.duration_ms < 9000
    server.close()


@pytest.mark.parametrize(
    ("override", "limit_seconds"), [("tt=900", 15.0), ("tt=15000", 0.9), ("rc=5", 0.9)]
)
async def test_the_whole_time_bounds_all_repeats(
    egress: Egress, start_customer: StartCustomer, override: str, limit_seconds: float
) -> None:
    """A URL can shorten it; what it asks for beyond the server's own limit it does not get."""
    customer = await start_customer(_hang)
    limits = Limits(total_seconds=limit_seconds)
    journey = await _ask(egress, customer.url(f"/#rt=400&rc=5&rp=rt&{override}"), limits)
    assert isinstance(journey.reply, Failure)
    assert journey.reply.kind is FailureKind.TIMEOUT
    assert len(journey.steps) <= 3


async def test_a_repeat_asks_where_the_redirect_led(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """The overrides are those of the first URL, and the repeats are for all hops together."""
    customer = await start_customer(response(307, Location="/b#rc=0"), response(500), response(200))
    journey = await _ask(egress, customer.url("/a#rp=5xx"))
    assert [request.target for request in customer.requests] == ["/a", "/b", "/b"]
    assert _statuses(journey) == [307, 500, 200]


async def test_a_bad_override_is_told_and_the_request_made(
    egress: Egress, start_customer: StartCustomer
) -> None:
    """The default applies."""
    customer = await start_customer()
    journey = await _ask(egress, customer.url("/#rc=99&e=atlantis"))
    assert [warning.code for warning in journey.warnings] == [11243, 11241]
    assert _statuses(journey) == [200]


@pytest.mark.parametrize(
    ("override", "outcome"),
    [("", FailureKind.CERTIFICATE_NAME), ("sni=y", FailureKind.CERTIFICATE_NAME), ("sni=n", 200)],
)
async def test_a_server_of_another_name_is_asked_only_without_names(
    trusting: Egress,
    start_customer: StartCustomer,
    server_tls: ssl.SSLContext,
    override: str,
    outcome: int | FailureKind,
) -> None:
    """With ``sni=n`` the certificate may be for anybody."""
    customer = await start_customer(tls=server_tls)
    journey = await _ask(trusting, customer.url(f"/#{override}"))
    assert _statuses(journey) == [outcome]


async def test_a_handshake_without_a_name_names_no_host(
    trusting: Egress, start_customer: StartCustomer, server_tls: ssl.SSLContext
) -> None:
    """Neither does it get a connection that was opened with the name."""
    customer = await start_customer(tls=server_tls)
    names: list[str | None] = []
    server_tls.sni_callback = lambda _, name, __: names.append(name)
    for override in ("sni=y", "sni=n"):
        await _ask(trusting, customer.url(f"/#{override}", host="localhost"))
    assert names == ["localhost", None]
    assert customer.connections == 2


async def test_a_server_without_a_name_still_needs_an_authority(
    egress: Egress, start_customer: StartCustomer, server_tls: ssl.SSLContext
) -> None:
    """Anybody's certificate will do, if somebody trusted signed it."""
    customer = await start_customer(tls=server_tls)
    journey = await _ask(egress, customer.url("/#sni=n", host="localhost"))
    assert _statuses(journey) == [FailureKind.CERTIFICATE_TRUST]
    assert customer.requests == []
