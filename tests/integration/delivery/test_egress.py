import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply
from midcall.delivery.attempt import Limits, attempt
from midcall.delivery.egress import AddressRefused, Egress, GuardedResolver
from midcall.model.endpoints import Method
from midcall.wire.callbacks import OutgoingRequest
from tests.integration.delivery.certificates import Authority
from tests.integration.delivery.customer import LOOPBACK, StartCustomer, response


def _get(url: str) -> OutgoingRequest:
    return OutgoingRequest(method=Method.GET, url=url, headers=())


async def _kind(egress: Egress, url: str) -> FailureKind | int:
    reply: Reply = await attempt(egress, _get(url), Limits())
    return reply.kind if isinstance(reply, Failure) else reply.status


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "localhost",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "[fe80::1]",
        "[fd00::1]",
        "[fec0::1]",
        "[ff02::1]",
    ],
)
async def test_an_address_that_is_not_public_is_refused(
    guarded: Egress, start_customer: StartCustomer, host: str
) -> None:
    """Literal or by name, no connection is even tried; the server on loopback sees nothing."""
    customer = await start_customer()
    assert await _kind(guarded, customer.url(host=host)) is FailureKind.REFUSED_ADDRESS
    assert customer.connections == 0


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.0.0.1", "0177.0.0.1", "localhost."])
async def test_an_address_in_another_spelling_reaches_nobody(
    guarded: Egress, start_customer: StartCustomer, host: str
) -> None:
    """Decimal, short, hexadecimal and octal forms of loopback do not get through."""
    customer = await start_customer()
    assert await _kind(guarded, customer.url(host=host)) in {
        FailureKind.REFUSED_ADDRESS,
        FailureKind.BAD_URL,
        FailureKind.NO_SUCH_HOST,
    }
    assert customer.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_what_the_operator_allows_is_reached(
    egress: Egress, start_customer: StartCustomer, host: str
) -> None:
    """A development server calls its neighbours, under the name that it was given."""
    customer = await start_customer()
    assert await _kind(egress, customer.url(host=host)) == 200
    assert customer.requests[0].headers["Host"] == f"{host}:{customer.port}"


def _pretend(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], list[str]]) -> list[str]:
    """Answer the DNS in the loop's place; return the names that were asked for."""
    asked: list[str] = []
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def getaddrinfo(host: str, port: int, **wanted: Any) -> list[Any]:
        if host[0].isdigit():
            # uvloop reads the address that it connects to by the same way.
            return await resolve(host, port, **wanted)
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))
            for address in answer(host)
        ]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    return asked


async def test_a_name_is_connected_to_at_the_address_that_was_checked(
    egress: Egress, start_customer: StartCustomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The DNS is asked once; the name stays in the request."""
    customer = await start_customer()
    asked = _pretend(monkeypatch, lambda _: ["127.0.0.1"])
    assert await _kind(egress, customer.url("/cb", host="shop.example")) == 200
    assert asked == ["shop.example"]
    assert customer.requests[0].headers["Host"] == f"shop.example:{customer.port}"


async def test_a_name_that_changes_its_mind_gains_nothing(
    start_customer: StartCustomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: whatever the name said before, the address that is connected to is checked."""
    customer = await start_customer()
    egress = Egress(allow=(ipaddress.ip_network("127.0.0.2/32"),))
    answers = iter([["127.0.0.2"], ["127.0.0.1"]])
    asked = _pretend(monkeypatch, lambda _: next(answers))
    url = customer.url(host="shop.example")
    assert await _kind(egress, url) is FailureKind.CONNECT
    connector = egress.session.connector
    assert isinstance(connector, aiohttp.TCPConnector)
    connector.clear_dns_cache()  # as time does
    assert await _kind(egress, url) is FailureKind.REFUSED_ADDRESS
    assert (len(asked), customer.connections) == (2, 0)
    await egress.close()


async def test_of_several_addresses_only_permitted_ones_are_tried(
    start_customer: StartCustomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private address among others is left out, not connected to."""
    customer = await start_customer()
    egress = Egress(allow=(LOOPBACK[0],))
    _pretend(monkeypatch, lambda _: ["10.0.0.1", "127.0.0.1", "169.254.169.254"])
    assert await _kind(egress, customer.url(host="shop.example")) == 200
    await egress.close()


async def test_a_name_resolves_to_permitted_addresses_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What may not be reached is not even handed on."""
    resolver = GuardedResolver((LOOPBACK[0],))
    _pretend(monkeypatch, lambda _: ["10.0.0.1", "127.0.0.1"])
    assert [found["host"] for found in await resolver.resolve("shop.example")] == ["127.0.0.1"]
    with pytest.raises(AddressRefused):
        await GuardedResolver(()).resolve("shop.example")


async def test_a_name_that_does_not_resolve_is_named_so(
    guarded: Egress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nobody to ask."""

    def nobody(_: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    _pretend(monkeypatch, nobody)
    assert await _kind(guarded, "http://nobody.example/") is FailureKind.NO_SUCH_HOST


async def test_a_proxy_in_the_environment_is_not_used(
    egress: Egress, start_customer: StartCustomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator's environment does not choose where customers' content goes."""
    customer, proxy = await start_customer(), await start_customer()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url())
    assert await _kind(egress, customer.url()) == 200
    assert (customer.connections, proxy.connections) == (1, 0)


async def test_no_cookie_is_kept(egress: Egress, start_customer: StartCustomer) -> None:
    """One customer's cookie is not another's, nor its own next time."""
    customer = await start_customer(response(Set_Cookie="a=b; Path=/"))
    await attempt(egress, _get(customer.url(host="localhost")), Limits())
    await attempt(egress, _get(customer.url(host="localhost")), Limits())
    assert "Cookie" not in customer.requests[1].headers


@asynccontextmanager
async def _trusting(*files: Path) -> AsyncIterator[Egress]:
    egress = Egress(allow=LOOPBACK, ca_files=files)
    yield egress
    await egress.close()


async def test_a_private_authority_can_be_trusted(
    start_customer: StartCustomer, server_tls: ssl.SSLContext, ca_file: Path
) -> None:
    """A development server can call back into itself; the name in the URL is what is verified."""
    customer = await start_customer(tls=server_tls)
    async with _trusting(ca_file) as egress:
        assert await _kind(egress, customer.url(host="localhost")) == 200
        assert await _kind(egress, customer.url()) is FailureKind.CERTIFICATE_NAME


async def test_an_expired_certificate_is_named_so(
    start_customer: StartCustomer, authority: Authority, ca_file: Path, tmp_path: Path
) -> None:
    """The operator of the other server reads what to mend."""
    expired = authority.server_side(tmp_path, "localhost", timedelta(days=-1))
    customer = await start_customer(tls=expired)
    async with _trusting(ca_file) as egress:
        kind = await _kind(egress, customer.url(host="localhost"))
    assert kind is FailureKind.CERTIFICATE_DATE


async def test_an_unknown_authority_is_not_trusted(
    egress: Egress, start_customer: StartCustomer, server_tls: ssl.SSLContext
) -> None:
    """No request is sent to whoever cannot prove its name."""
    customer = await start_customer(tls=server_tls)
    kind = await _kind(egress, customer.url(host="localhost"))
    assert kind is FailureKind.CERTIFICATE_TRUST
    assert customer.requests == []


async def test_the_name_is_sent_in_the_handshake(
    start_customer: StartCustomer, server_tls: ssl.SSLContext, ca_file: Path
) -> None:
    """Servers with many names see which one is meant, though the address was pinned."""
    names: list[str | None] = []
    server_tls.sni_callback = lambda _, name, __: names.append(name)
    customer = await start_customer(tls=server_tls)
    async with _trusting(ca_file) as egress:
        reply = await attempt(egress, _get(customer.url(host="localhost")), Limits())
    assert isinstance(reply, Answer)
    assert names == ["localhost"]
