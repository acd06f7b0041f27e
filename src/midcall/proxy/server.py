"""The proxy's sockets: from an accepted connection to a tunnel, or to a refusal.

Invariants:

- A client is waited for with a deadline at every step, and there is a most of clients.
- Host and port are all that is logged of what a client asks for.
- What a client sends before it was told that the tunnel is there belongs to the tunnel: after the
  head nothing is read here.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias, assert_never

import structlog

from midcall.proxy import refusals
from midcall.proxy.heads import Target, parse_head
from midcall.proxy.limits import LIMITS, Limits
from midcall.proxy.refusals import Refusal
from midcall.proxy.rules import Rules, Way, decide
from midcall.proxy.tunnel import End, carry
from midcall.runtime.supervisor import Supervisor

log = structlog.get_logger()

# Neither a length nor a body may follow (RFC 9110, section 9.3.6).
_CONNECTED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"

Address: TypeAlias = tuple[str, int]
Connect: TypeAlias = Callable[
    [str, int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
]


def home_of(listener: socket.socket) -> Address:
    """Return where a listening socket of midcall's is connected to from this machine."""
    host, port = listener.getsockname()[:2]
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        return ("127.0.0.1" if address.version == 4 else "::1"), port
    return host, port


class ForwardProxy:
    """Tunnels to midcall, at ``home``, under the names that ``rules`` say are its own."""

    def __init__(
        self,
        rules: Rules,
        home: Address,
        *,
        limits: Limits = LIMITS,
        connect: Connect = asyncio.open_connection,
    ) -> None:
        self._rules = rules
        self._home = home
        self._limits = limits
        self._connect = connect
        self._connections = Supervisor()
        self._servers: list[asyncio.Server] = []

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Accept clients on listening sockets."""
        for listener in sockets:
            self._servers.append(
                await asyncio.start_server(
                    self.accept, sock=listener, limit=self._limits.head_bytes
                )
            )

    async def close(self, seconds: float) -> None:
        """Accept nobody any more; give the tunnels so many seconds to come to their end."""
        for server in self._servers:
            server.close()
        await self._connections.close(seconds)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a client, or send it away if there are too many."""
        if len(self._connections.tasks) >= self._limits.connections:
            writer.write(refusals.serialize(refusals.TOO_MANY))
            writer.close()
            return
        self._connections.spawn("proxied connection", self._serve(End(reader, writer)))

    async def _serve(self, client: End) -> None:
        whole = False
        try:
            whole = await self._open(client)
        except OSError:
            pass  # The client went away.
        finally:
            await client.close(self._limits.close_seconds if whole else 0)

    async def _open(self, client: End) -> bool:
        """Connect a client to where it wants to go; return whether all came to its end."""
        target = await self._read_target(client.reader)
        if isinstance(target, Refusal):
            return _refuse(client, target)
        way = decide(target, self._rules)
        if isinstance(way, Refusal):
            log.info("Not forwarded", host=target.host, port=target.port, status=way.status)
            return _refuse(client, way)
        far = await self._reach(target, way)
        if isinstance(far, Refusal):
            log.warning("Not forwarded", host=target.host, port=target.port, status=far.status)
            return _refuse(client, far)
        log.debug("Forwarded", host=target.host, port=target.port)
        whole = False
        try:
            client.writer.write(_CONNECTED)
            whole = await carry(client, far, idle_seconds=self._limits.idle_seconds)
        finally:
            await far.close(self._limits.close_seconds if whole else 0)
        return whole

    async def _read_target(self, reader: asyncio.StreamReader) -> Target | Refusal:
        try:
            async with asyncio.timeout(self._limits.head_seconds):
                return parse_head(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.LimitOverrunError:
            return refusals.TOO_LARGE
        except asyncio.IncompleteReadError:
            return refusals.NOT_HTTP
        except TimeoutError:
            return refusals.TOO_SLOW

    async def _reach(self, target: Target, way: Way) -> End | Refusal:
        match way:
            case Way.HOME:
                host, port = self._home
            case Way.OUTSIDE:
                host, port = target.host, target.port
            case _:
                assert_never(way)
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                return End(*await self._connect(host, port))
        except TimeoutError:
            return refusals.unanswered(target.host, target.port)
        except OSError:
            return refusals.unreachable(target.host, target.port)


def _refuse(client: End, refusal: Refusal) -> bool:
    client.writer.write(refusals.serialize(refusal))
    return True
