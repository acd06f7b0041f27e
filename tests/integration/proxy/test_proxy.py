"""The proxy on loopback, between real clients and a real TLS server under one of Twilio's names."""

import asyncio
import contextlib
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
import trustme

from midcall.proxy.limits import Limits
from midcall.proxy.rules import Others, Rules
from midcall.proxy.server import ForwardProxy, home_of

PATIENCE_SECONDS = 30.0
NAME = "api.twilio.com"
LARGE = bytes(range(256)) * 8192  # 2 MiB: more than all the buffers on the way.

Serving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def loopback() -> socket.socket:
    """Listen on a free port."""
    return socket.create_server(("127.0.0.1", 0))


class Site:
    """A proxy, and where it leads."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self.home = loopback()
        self.front = loopback()
        self._ends: list[Callable[[], Awaitable[None]]] = []

    @property
    def port(self) -> int:
        """The proxy's."""
        port: int = self.front.getsockname()[1]
        return port

    @property
    def trusting(self) -> ssl.SSLContext:
        """What a client needs to trust the server."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context

    async def serve(self, serving: Serving, *, tls: bool) -> None:
        """Serve where the proxy leads."""
        context = None
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.ca.issue_cert(NAME).configure_cert(context)

        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serving(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(one, sock=self.home, ssl=context)

        async def end() -> None:
            server.close()

        self._ends.append(end)

    async def forward(self, others: Others = "refuse", limits: Limits | None = None) -> None:
        """Start the proxy."""
        home = home_of(self.home)
        rules = Rules(names=frozenset({NAME}), port=home[1], others=others)
        proxy = ForwardProxy(rules, home, limits=limits or Limits())
        await proxy.start([self.front])
        self._ends.append(lambda: proxy.close(1))

    async def connect(self, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        """Ask the proxy for a target; return the streams and its status line."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        return reader, writer, head.decode().partition("\r\n")[0]

    async def end(self) -> None:
        """Stop what was started."""
        for end in reversed(self._ends):
            await end()
        self.home.close()
        self.front.close()


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """Give a site on which nothing runs yet."""
    site = Site()
    async with asyncio.timeout(PATIENCE_SECONDS):
        yield site
    await site.end()


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one HTTP request."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
    await writer.drain()


async def echo_at_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with all that was said, once the client has said everything."""
    writer.write(await reader.read())
    await writer.drain()


async def test_a_tunnel_carries_tls_to_the_name_that_was_asked_for(site: Site) -> None:
    """The client checks the certificate of the name, and hears the server behind the proxy."""
    await site.serve(hello, tls=True)
    await site.forward()
    reader, writer, status = await site.connect(f"{NAME}:443")
    assert status == "HTTP/1.1 200 Connection established"
    await writer.start_tls(site.trusting, server_hostname=NAME)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.read()).endswith(b"hello")
    writer.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_takes_the_proxy(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A real client finds the server; where it is refused it is told with the status."""
    await site.serve(hello, tls=True)
    await site.forward()
    ca = tmp_path_factory.mktemp("ca") / "ca.pem"
    site.ca.cert_pem.write_to_path(str(ca))

    async def curl(url: str) -> tuple[int | None, str]:
        command = ["curl", "-q", "-sS", "--noproxy", "", "--cacert", str(ca)]
        program = await asyncio.create_subprocess_exec(
            *command, "-x", f"http://127.0.0.1:{site.port}", url,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        printed, _ = await program.communicate()
        return program.returncode, printed.decode()

    assert await curl(f"https://{NAME}/") == (0, "hello")
    code, told = await curl("https://example.com/")
    assert code != 0
    assert "403" in told
    code, told = await curl("http://example.com/")
    assert "plain HTTP" in told


async def test_a_half_closed_tunnel_goes_on_the_other_way(site: Site) -> None:
    """A client that has said everything gets its whole answer, as large as it may be."""
    await site.serve(echo_at_the_end, tls=False)
    await site.forward()
    reader, writer, _ = await site.connect(f"{NAME}:443")
    writer.write(LARGE)
    writer.write_eof()
    assert await reader.read() == LARGE
    writer.close()


async def test_a_broken_server_ends_the_tunnel(site: Site) -> None:
    """When the server's connection is reset the client's ends too, long before its idle time."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)  # The rest is never read: closing is a reset then.

    await site.serve(reset, tls=False)
    await site.forward()
    reader, writer, _ = await site.connect(f"{NAME}:443")
    writer.write(LARGE)
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()


async def test_a_silent_tunnel_is_closed(site: Site) -> None:
    """The idle time ends a tunnel on real sockets as well."""
    await site.serve(echo_at_the_end, tls=False)
    await site.forward(limits=Limits(idle_seconds=0.05))
    reader, writer, status = await site.connect(f"{NAME}:443")
    assert "200" in status
    assert await reader.read() == b""
    writer.close()


async def test_nobody_behind_the_proxy_is_told(site: Site) -> None:
    """While midcall itself does not listen a client gets a 502."""
    await site.forward()
    site.home.close()
    _, writer, status = await site.connect(f"{NAME}:443")
    assert status.startswith("HTTP/1.1 502 ")
    writer.close()


async def test_another_host_is_reached_where_that_is_set(site: Site) -> None:
    """With the setting, a tunnel leads to whatever the client names."""
    await site.serve(echo_at_the_end, tls=False)
    await site.forward("tunnel")
    other = loopback()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"another")
        writer.close()

    server = await asyncio.start_server(answer, sock=other)
    reader, writer, _ = await site.connect(f"127.0.0.1:{other.getsockname()[1]}")
    assert await reader.read() == b"another"
    writer.close()
    server.close()


def test_home_is_on_loopback_where_midcall_listens_everywhere() -> None:
    """The wildcard address is nobody's; this machine reaches it on loopback."""
    with socket.create_server(("0.0.0.0", 0)) as everywhere:
        assert home_of(everywhere) == ("127.0.0.1", everywhere.getsockname()[1])
    with loopback() as here:
        assert home_of(here) == here.getsockname()[:2]
