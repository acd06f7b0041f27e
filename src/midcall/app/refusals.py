"""What `midcall serve` refuses as unsafe, and why: one function a danger.

Every function returns the sentences that follow the setting's name; none means safe. Nothing here
looks at other settings, so that each rule can be read, and tested, alone.
"""

import ipaddress
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from midcall.app.parsing import IN_MEMORY, Address, Network, find_address

# Where clouds keep credentials for whoever asks from inside. Nearly all use a link-local address;
# these lie in ranges that an operator may well want to allow.
_METADATA: Final[tuple[Address, ...]] = (
    ipaddress.ip_address("fd00:ec2::254"),  # AWS over IPv6
    ipaddress.ip_address("fd20:ce::254"),  # Google Cloud over IPv6
    ipaddress.ip_address("100.100.100.200"),  # Alibaba Cloud
    ipaddress.ip_address("192.0.0.192"),  # Oracle Cloud, classic
)
_NEVER_A_CALLBACK: Final[tuple[tuple[str, Network], ...]] = (
    ("loopback", ipaddress.ip_network("127.0.0.0/8")),
    ("loopback", ipaddress.ip_network("::1/128")),
    ("this machine (the wildcard address)", ipaddress.ip_network("0.0.0.0/8")),
    ("this machine (the wildcard address)", ipaddress.ip_network("::/128")),
    ("link-local addresses, cloud credentials among them", ipaddress.ip_network("169.254.0.0/16")),
    ("link-local addresses", ipaddress.ip_network("fe80::/10")),
    ("multicast", ipaddress.ip_network("224.0.0.0/4")),
    ("multicast", ipaddress.ip_network("ff00::/8")),
)
# The widest private networks: 10.0.0.0/8 (RFC 1918) and fc00::/7 (RFC 4193).
_WIDEST: Final = {4: 8, 6: 7}

# A random secret of 32 letters and digits, or of 32 hexadecimal digits, has fewer than eight
# different characters less than once in a million million times.
_FEWEST_DIFFERENT_CHARACTERS: Final = 8


def refuse_pair(certificate: Path, key: Path) -> Iterator[str]:
    """Refuse a certificate and key that TLS cannot be served with."""

    def no_passphrase() -> str:
        # Without this, OpenSSL asks on the terminal, where a service waits for ever.
        raise ValueError("the key is encrypted, and nobody is there to type its passphrase")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, no_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            yield f"the certificate in {certificate} does not belong to the key in {key}"
        else:
            yield f"no certificate and key can be read from {certificate} and {key}"
    except (OSError, ValueError) as error:
        yield f"{certificate} and {key} cannot be used: {error}"


def refuse_local_ca(tls: str) -> Iterator[str]:
    """Refuse certificates that this machine signs for itself."""
    if tls == "auto":
        yield (
            "must be files, or off behind a TLS-terminating proxy: with auto, the key of a local CA"
            " lies beside the store, and whoever reads it can pose as any host"
        )


def refuse_plain_url(url: str) -> Iterator[str]:
    """Refuse to send clients to plain HTTP."""
    if not url.startswith("https://"):
        yield f"must begin with https://, which {url} does not"


def refuse_plain_listening(host: str) -> Iterator[str]:
    """Refuse to listen in plain text where more than a proxy nearby can connect.

    Without TLS, credentials and Access Tokens pass in the clear. That will do between a
    TLS-terminating proxy and this server on one machine or in one private network, and nowhere
    else. A name is looked up, because what it stands for is what will be bound.
    """
    for address in _addresses_of(host):
        if address.is_unspecified:
            yield (
                "must not be the wildcard address with MIDCALL_TLS=off: name the loopback or"
                " private address at which the TLS-terminating proxy connects (in a container, its"
                " own host name will do)"
            )
        elif address.is_global or address.is_multicast:
            yield (
                f"must be a loopback or private address with MIDCALL_TLS=off, which {address} is "
                "not: credentials would cross the network in plain text"
            )
        else:
            continue
        return
    if not _addresses_of(host):
        yield f"must be an address of this machine; the name {host} has none"


def refuse_open_proxy(host: str) -> Iterator[str]:
    """Refuse to tunnel to every host for whoever can connect."""
    for address in _addresses_of(host):
        if not address.is_loopback:
            yield (
                f"must be a loopback address with MIDCALL_PROXY_OTHERS=tunnel, which {address} is"
                " not: whoever reaches it could reach everything that this machine can"
            )
            return


def _addresses_of(host: str) -> list[Address]:
    spelled = find_address(host)
    if spelled is not None:
        return [spelled]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def refuse_store(store: str, path: Path | None) -> Iterator[str]:
    """Refuse a store that does not outlive the process, or that cannot be written."""
    if store == IN_MEMORY or path is None:
        yield "must be a file: a store in memory loses accepted messages when the server stops"
    elif not path.parent.is_dir():
        yield f"must be in a directory that exists, which {path.parent} does not"
    elif path.is_dir():
        yield f"must be a file, and {path} is a directory"
    elif not os.access(path if path.exists() else path.parent, os.R_OK | os.W_OK):
        yield f"must be a file that this user may write, which {path} is not"


def refuse_secret(secret: str, *, others: frozenset[str]) -> Iterator[str]:
    """Refuse a secret that could be guessed, or known from another use. Never repeats it."""
    if len(set(secret)) < _FEWEST_DIFFERENT_CHARACTERS:
        yield "is too easy to guess: it has very few different characters"
    elif secret in (secret + secret)[1:-1]:
        yield "is too easy to guess: it repeats itself"
    elif secret in others:
        yield "must differ from every other secret: whoever learns one has them all"


def refuse_egress(networks: tuple[Network, ...]) -> Iterator[str]:
    """Refuse networks that a customer's callback URL must not be able to make this server ask."""
    for network in networks:
        if network.prefixlen < _WIDEST[network.version]:
            yield (
                f"{network} is wider than any private network; public addresses need no permission"
            )
            continue
        for what, refused in _NEVER_A_CALLBACK:
            if _overlap(network, refused):
                yield f"{network} lets callbacks reach {what}"
        for address in _METADATA:
            if address in network:
                yield f"{network} lets callbacks reach {address}, which hands out cloud credentials"


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
