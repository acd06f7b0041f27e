"""From the text of a setting to its value.

Every function raises `ValueError` with a sentence that says what the text must be. The sentence
names neither the setting nor the refused text: `settings.load` adds both, unless it is a secret.
"""

import ipaddress
import re
from typing import Final, TypeAlias
from urllib.parse import urlsplit

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# RFC 1123 names, and the underscore-free subset that browsers accept in URLs.
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_SECRET: Final = re.compile(r"[A-Za-z0-9]{32,}")
_ICE_URL: Final = re.compile(
    r"(stuns?:|turns?:)([a-zA-Z0-9.-]{1,253}|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?"
    r"(\?transport=(udp|tcp))?",
    re.ASCII,
)
_TURN_SECRET: Final = re.compile(r"[!-~]{16,}")
_HEX: Final = "[0-9a-fA-F]{32}"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

IN_MEMORY: Final = "sqlite:///:memory:"


def find_address(host: str) -> Address | None:
    """Return the IP address that `host` spells, or None for a name. IPv6 may stand in brackets."""
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


LONGEST_DELAY_SECONDS: Final = 86_400
"""A day between two attempts: after more nobody remembers what it was about."""


def parse_host(text: str) -> str:
    """Accept a host name or an IP address to listen on; in lower case, IPv6 without brackets."""
    host = text.strip().lower()
    address = find_address(host)
    if address is not None:
        return str(address)
    if not _NAME.fullmatch(host):
        raise ValueError("must be a host name or an IP address")
    return host


def parse_public_url(text: str) -> str:
    """Accept an origin (scheme, host, port); without a trailing slash or a default port."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise ValueError("must be a URL such as https://voice.example.com") from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise ValueError("must be a URL such as https://voice.example.com")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("must have a scheme, a host and at most a port, and nothing else")
    address = find_address(host)
    if address is None and not _NAME.fullmatch(host):
        raise ValueError("must have a host of letters, digits, hyphens and dots")
    if address is not None and address.is_unspecified:
        raise ValueError(
            "must have a host that clients can reach, which the wildcard address is not"
        )
    return compose_origin(parts.scheme, host, port)


def compose_origin(scheme: str, host: str, port: int | None) -> str:
    """Write an origin as browsers do: IPv6 in brackets, a default port left out."""
    address = find_address(host)
    shown = f"[{address}]" if isinstance(address, ipaddress.IPv6Address) else host
    return f"{scheme}://{shown}" + ("" if port in (None, _DEFAULT_PORTS[scheme]) else f":{port}")


def parse_store(text: str) -> str:
    """Accept `sqlite:///path`, or `sqlite://` for a store in memory."""
    if text in ("sqlite://", "sqlite:///", IN_MEMORY):
        return IN_MEMORY
    if not text.startswith("sqlite://"):
        raise ValueError("must be sqlite:///path: this version keeps its store in SQLite only")
    path = text.removeprefix("sqlite:///")
    if path == text or "?" in path or "#" in path:
        raise ValueError(
            "must be sqlite:///relative/path or sqlite:////absolute/path, without options"
        )
    return text


def parse_bus(text: str) -> str:
    """Accept `memory:`."""
    if text != "memory:":
        raise ValueError("must be memory: because this version runs as a single node")
    return text


def parse_account_sid(text: str) -> str:
    """Accept `AC` and 32 hexadecimal digits."""
    return _sid("AC", text)


def parse_key_sid(text: str) -> str:
    """Accept `SK` and 32 hexadecimal digits."""
    return _sid("SK", text)


def _sid(prefix: str, text: str) -> str:
    if not re.fullmatch(prefix + _HEX, text):
        raise ValueError(f"must be {prefix} and 32 hexadecimal digits")
    return text


def parse_secret(text: str) -> str:
    """Accept 32 or more letters and digits.

    Only these: the official Go library refuses credentials with any other character. 32 of them,
    because Access Tokens are signed with HS256, whose key should have 256 bits (RFC 7518, 3.2).
    """
    if not _SECRET.fullmatch(text):
        raise ValueError("must have 32 or more characters, letters and digits only")
    return text


def parse_turn_urls(text: str) -> tuple[str, ...]:
    """Accept STUN and TURN URLs (RFC 7064, RFC 7065) with commas between them, or `none`."""
    if text.strip().lower() in ("", "none"):
        return ()
    urls = tuple(part.strip() for part in text.split(","))
    if not all(_ICE_URL.fullmatch(url) for url in urls):
        raise ValueError(
            "must be stun:, stuns:, turn: or turns: URLs with commas between them, such as"
            " turn:turn.example.com:3478?transport=udp"
        )
    return urls


def parse_turn_secret(text: str) -> str:
    """Accept 16 or more visible ASCII characters: a TURN server takes any that fits in a line."""
    if not _TURN_SECRET.fullmatch(text):
        raise ValueError("must have 16 or more characters, visible ASCII only")
    return text


def parse_delays(text: str) -> tuple[float, ...]:
    """Accept numbers of seconds with commas between them, or `none`."""
    if text.strip().lower() in ("", "none"):
        return ()
    try:
        delays = tuple(float(part) for part in text.split(","))
    except ValueError:
        delays = (-1.0,)
    if not all(0 <= delay <= LONGEST_DELAY_SECONDS for delay in delays):
        raise ValueError(
            f"must be seconds, each at most {LONGEST_DELAY_SECONDS}, with commas between them, such"
            " as 1,5,30"
        )
    return delays


def parse_networks(text: str) -> tuple[Network, ...]:
    """Accept CIDRs with commas between them, or `none`. IPv4 inside IPv6 is read as IPv4."""
    if text.strip().lower() in ("", "none"):
        return ()
    return tuple(_network(part.strip()) for part in text.split(","))


def _network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"must be CIDRs such as 10.1.0.0/16,fd12::/32 ({error})") from None
    mapped = network.network_address
    if isinstance(mapped, ipaddress.IPv6Address) and mapped.ipv4_mapped and network.prefixlen >= 96:
        return ipaddress.ip_network((mapped.ipv4_mapped, network.prefixlen - 96))
    return network
