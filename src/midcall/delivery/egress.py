"""The guard that every request to a customer's server passes.

Customers choose where callbacks go; without a guard they could make this server ask for its
neighbours' secrets (server-side request forgery). So:

- a connection is opened only to an address that was checked, and what is checked is the address
  that is connected to, in the one place where sockets are made: neither another answer of the DNS
  a moment later nor a literal address gets around it;
- only global unicast addresses pass, and those that the operator allows by name;
- an address inside an address (IPv4-mapped, 6to4, NAT64) is judged by the inner one;
- nothing is taken from the environment (proxies, ``.netrc``), no cookie is kept, no redirect is
  followed: a redirect is a new request, which passes here again;
- TLS is verified against the name in the URL, never against the address. A URL that does without
  server name indication (``#sni=n``) is content with any name, but not with any authority.
"""

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from midcall.core.outbox.replies import Reply
from midcall.wire.callbacks import OutgoingRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

Intercept = Callable[[OutgoingRequest], Awaitable[Reply | None]]
"""Asked before a request is made: a reply is what comes of it, ``None`` lets it pass."""

RESOLVE_SECONDS: Final = 5.0
"""How long a name may take to resolve; as long as a connection may take."""

_IDLE_SECONDS: Final = 4.0
"""How long an idle connection is kept: less than the five seconds after which Node and uvicorn
close theirs, so that they seldom close it while our next request is on its way."""

_CHECKED_NAMES_SECONDS: Final = 10
"""How long a name's addresses are remembered; they are checked again at every connection."""

_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052, section 2.1
# What Python's `is_global` lets pass, in one of its versions or in all of them.
_NOT_GLOBAL: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",  # protocols between providers and their customers (RFC 6890)
            "192.88.99.0/24",  # the way into 6to4, retired (RFC 7526)
            "2001::/23",  # protocols, Teredo's tunnels among them (RFC 2928)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)


class AddressRefused(OSError):
    """A host is at no address that callbacks may reach."""


class HostUnresolved(OSError):
    """A host name does not resolve, or not in time."""


def may_reach(address: Address, allow: Iterable[Network] = ()) -> bool:
    """Tell whether callbacks may go to an address: it is global, or within ``allow``."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped  # the same host, spelled otherwise
    return any(address in network for network in allow) or _is_global(address)


def _is_global(address: Address) -> bool:
    if address.is_multicast or not address.is_global:
        return False
    if any(address in network for network in _NOT_GLOBAL):
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    if address in _NAT64:
        return _is_global(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.sixtofour is not None and not _is_global(address.sixtofour):
        return False
    return address in _GLOBAL_UNICAST


class Use:
    """How a request used connections: ``fresh`` is whether one was opened for it."""

    fresh = False


# aiohttp opens a connection in the context of the request that needs it.
_use: ContextVar[Use | None] = ContextVar("use of connections", default=None)


class _NamelessTls(ssl.SSLContext):
    """TLS that does not say which name it wants, and takes the certificate of any."""

    def __init__(self, protocol: int) -> None:
        # The protocol went to `__new__`.
        super().__init__()
        self.check_hostname = False

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin a handshake; event loops do it here, with the name that they connect to."""
        return super().wrap_bio(incoming, outgoing, server_side, None, session)


def _trusting(ca_files: Sequence[Path]) -> tuple[ssl.SSLContext, _NamelessTls]:
    """Return how TLS is done with servers of a name, and with those of any."""
    if not ca_files:
        return _trusting_the_system(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    tls, nameless = _new_contexts()
    for path in ca_files:
        tls.load_verify_locations(path)
        nameless.load_verify_locations(path)
    return tls, nameless


@lru_cache(maxsize=2)
def _trusting_the_system(
    _file: str | None, _directory: str | None
) -> tuple[ssl.SSLContext, _NamelessTls]:
    """Return what trusts the system's authorities, from where OpenSSL looks for them.

    Reading hundreds of them takes longer than everything else that a server needs to be composed,
    and a program may compose many servers, as tests do.
    """
    return _new_contexts()


def _new_contexts() -> tuple[ssl.SSLContext, _NamelessTls]:
    nameless = _NamelessTls(ssl.PROTOCOL_TLS_CLIENT)
    nameless.load_default_certs()
    return ssl.create_default_context(), nameless


class GuardedResolver(AbstractResolver):
    """Resolves names to those of their addresses that callbacks may reach."""

    def __init__(self, allow: Sequence[Network]) -> None:
        self._allow = tuple(allow)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve a name; raise ``HostUnresolved`` or ``AddressRefused`` (aiohttp's port)."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):  # a TimeoutError is an OSError
            raise HostUnresolved from None
        results = [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=found_family,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for found_family, _, protocol, _, address in found
            if may_reach(ipaddress.ip_address(address[0]), self._allow)
        ]
        if not results:
            raise AddressRefused
        return results

    async def close(self) -> None:
        """Let go of nothing (aiohttp's port)."""


class Egress:
    """The way out: one pool of connections, each opened to a checked address.

    ``allow`` names the networks that may be reached beside the public Internet; ``ca_files`` are
    PEM files of authorities that are trusted beside the system's. ``intercept`` is how a test has
    a request fail without a server that does. Make it inside the event loop.
    """

    def __init__(
        self,
        *,
        allow: Sequence[Network] = (),
        ca_files: Sequence[Path] = (),
        intercept: Intercept | None = None,
    ) -> None:
        self.intercept = intercept
        self._allow = tuple(allow)
        tls, self._nameless = _trusting(ca_files)
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self._allow),
            ttl_dns_cache=_CHECKED_NAMES_SECONDS,
            socket_factory=self._open_socket,
            ssl=tls,
            # No queue here: whoever sends bounds how many requests are under way.
            limit=0,
            keepalive_timeout=_IDLE_SECONDS,
        )
        self.session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            raise_for_status=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    def _open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        # aiohttp asks no resolver for a literal address, so this is the check that counts.
        if not may_reach(ipaddress.ip_address(address[0]), self._allow):
            raise AddressRefused
        use = _use.get()
        if use is not None:
            use.fresh = True
        return socket.socket(family, kind, protocol)

    def tls(self, *, named: bool) -> ssl.SSLContext | bool:
        """Return how a request does TLS (aiohttp's ``ssl``), with server name indication or not."""
        return True if named else self._nameless

    @contextmanager
    def watch(self) -> Iterator["Use"]:
        """Tell whether what is requested within got a connection of its own."""
        use = Use()
        token = _use.set(use)
        try:
            yield use
        finally:
            _use.reset(token)

    async def close(self) -> None:
        """Close every connection."""
        await self.session.close()
