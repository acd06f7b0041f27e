"""From a client's first byte to a tunnel, or to a refusal; connecting is made up."""

import asyncio
from collections.abc import Awaitable, Callable

from structlog.testing import capture_logs

from midcall.proxy.limits import Limits
from midcall.proxy.rules import Others, Rules
from midcall.proxy.server import ForwardProxy
from tests.unit.proxy.peers import Peer, until
from tests.unit.runtime.clockwork import clockwork

HOME = ("127.0.0.1", 8443)
ASK = (
    b"CONNECT api.twilio.com:443 HTTP/1.1\r\nHost: api.twilio.com\r\nProxy-Authorization: x\r\n\r\n"
)
LIMITS = Limits(head_bytes=200)


class Network:
    """Where the proxy connects: peers by address, and who is missing is not there."""

    def __init__(self) -> None:
        self.peers: dict[tuple[str, int], Peer] = {HOME: Peer()}
        self.connecting: Callable[[], Awaitable[None]] | None = None

    async def connect(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.connecting is not None:
            await self.connecting()
        if (host, port) not in self.peers:
            raise ConnectionRefusedError
        peer = self.peers[host, port]
        return peer.reader, peer.writer


class Site:
    """A proxy on a made-up network."""

    def __init__(self, others: Others = "refuse", limits: Limits = LIMITS) -> None:
        self.network = Network()
        rules = Rules(names=frozenset({"api.twilio.com", "localhost"}), port=8443, others=others)
        self.proxy = ForwardProxy(rules, HOME, limits=limits, connect=self.network.connect)

    @property
    def home(self) -> Peer:
        """Where midcall is."""
        return self.network.peers[HOME]

    def client(self, *says: bytes) -> Peer:
        """Have a client connect to the proxy."""
        client = Peer(LIMITS.head_bytes)
        self.proxy.accept(client.reader, client.writer)
        for text in says:
            client.says(text)
        return client

    async def refused(self, *says: bytes, status: int) -> str:
        """Check that a client is sent away; return what it is told."""
        client = self.client(*says)
        await until(lambda: client.wire.closed)
        assert client.heard.startswith(f"HTTP/1.1 {status} ".encode()), client.heard
        return client.heard.decode()


@clockwork
async def test_a_replaced_name_is_connected_to_midcall() -> None:
    """The client is told so first, and from then on hears midcall only."""
    site = Site()
    client = site.client(ASK, b"\x16\x03\x01")
    await until(lambda: site.home.heard != b"")
    assert client.heard == b"HTTP/1.1 200 Connection established\r\n\r\n"
    assert site.home.heard == b"\x16\x03\x01"
    site.home.says(b"hello", all=True)
    client.says(b"", all=True)
    await until(lambda: client.wire.closed and site.home.wire.closed)
    assert client.heard.endswith(b"\r\n\r\nhello")
    assert not client.wire.aborted


@clockwork
async def test_other_hosts_are_refused_by_default() -> None:
    """A refusal names the host and what to do, and nobody is connected to."""
    site = Site()
    site.network.peers["example.com", 443] = Peer()
    told = await site.refused(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n", status=403)
    assert "example.com:443" in told
    assert "MIDCALL_PROXY_OTHERS" in told
    assert site.network.peers["example.com", 443].heard == b""


@clockwork
async def test_other_hosts_are_tunnelled_where_that_is_set() -> None:
    """With the setting, a client reaches the host that it names."""
    site = Site("tunnel")
    outside = site.network.peers["example.com", 443] = Peer()
    site.client(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n", b"hello")
    await until(lambda: outside.heard == b"hello")
    assert site.home.heard == b""


@clockwork
async def test_plain_http_is_refused_with_a_reason() -> None:
    """A request for an http:// URL is not forwarded, whoever it is for."""
    told = await Site("tunnel").refused(
        b"GET http://example.com/?secret HTTP/1.1\r\nHost: example.com\r\n\r\n", status=403
    )
    assert "plain HTTP" in told
    assert "secret" not in told


@clockwork
async def test_a_host_that_is_not_there_is_told() -> None:
    """Nobody listens: 502. Nobody answers in time: 504."""
    site = Site("tunnel")
    ask = b"CONNECT example.com:1 HTTP/1.1\r\n\r\n"
    assert "example.com:1" in await site.refused(ask, status=502)
    site.network.connecting = asyncio.Event().wait  # type: ignore[assignment]  # It never comes.
    assert "example.com:1" in await site.refused(ask, status=504)


@clockwork
async def test_a_client_that_says_nothing_is_sent_away() -> None:
    """The head has a deadline, also where its bytes come one by one."""
    site = Site()
    await site.refused(status=408)
    assert asyncio.get_running_loop().time() < LIMITS.head_seconds + 1
    slow = site.client()
    for byte in ASK[: int(LIMITS.head_seconds)]:
        slow.says(bytes([byte]))
        await asyncio.sleep(1)  # Of the clockwork's time.
    await until(lambda: slow.wire.closed)
    assert slow.heard.startswith(b"HTTP/1.1 408 ")


@clockwork
async def test_a_head_has_a_most_of_bytes() -> None:
    """A client that goes on and on is told to be brief."""
    await Site().refused(ASK[:-2] + b"X: " + b"x" * 2 * LIMITS.head_bytes, status=431)


@clockwork
async def test_a_client_that_goes_away_leaves_nothing_behind() -> None:
    """Leaving before, in the middle of or after the head ends the work for that client."""
    site = Site()
    for said in (b"", ASK[:20], ASK):
        client = site.client(said)
        client.says(b"", all=True)
        site.home.says(b"", all=True)
        await until(lambda gone=client: gone.wire.closed)  # type: ignore[misc]
    broken = site.client(ASK[:20])
    broken.breaks()
    await site.proxy.close(1)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@clockwork
async def test_there_is_a_most_of_clients() -> None:
    """One too many is told so; when another has left there is room again."""
    site = Site(limits=Limits(connections=2))
    first, _second = site.client(ASK), site.client()
    assert "too many" in await site.refused(ASK, status=503)
    await until(lambda: first.heard != b"")
    first.breaks()
    await until(lambda: site.home.wire.closed)
    site.network.peers[HOME] = Peer()
    third = site.client(ASK)
    await until(lambda: third.heard != b"")
    assert third.heard.startswith(b"HTTP/1.1 200 ")
    await site.proxy.close(0)


@clockwork
async def test_what_broke_is_not_passed_off_as_an_end() -> None:
    """When midcall's side is reset, the client's connection is reset as well."""
    site = Site()
    client = site.client(ASK)
    await until(lambda: client.heard != b"")
    site.home.breaks()
    await until(lambda: client.wire.closed)
    await site.proxy.close(1)
    assert client.wire.aborted


@clockwork
async def test_closing_ends_the_tunnels() -> None:
    """Tunnels have a moment to come to their end, and none outlives the proxy."""
    site = Site()
    client = site.client(ASK)
    await until(lambda: client.heard != b"")
    await site.proxy.close(2)
    assert client.wire.closed
    assert asyncio.all_tasks() == {asyncio.current_task()}


@clockwork
async def test_host_and_port_are_all_that_is_logged() -> None:
    """No header, no path and no byte of a tunnel is in the log."""
    site = Site("tunnel")
    site.network.peers["example.com", 443] = Peer()
    secret = b"SECRET"
    head = b" HTTP/1.1\r\nProxy-Authorization: SECRET\r\nUser-Agent: SECRET\r\n\r\n"
    with capture_logs() as logged:
        site.client(b"CONNECT example.com:443" + head, secret)
        await until(lambda: site.network.peers["example.com", 443].heard == secret)
        await site.refused(b"CONNECT www.twilio.com:443" + head, status=403)
        await site.refused(b"GET http://example.com/SECRET" + head, status=403)
    assert {frozenset(line) for line in logged} == {
        frozenset({"event", "log_level", "host", "port"}),
        frozenset({"event", "log_level", "host", "port", "status"}),
    }
    assert "SECRET" not in str(logged)
    await site.proxy.close(0)
