"""Where a device connects."""

from urllib.parse import urlsplit, urlunsplit

_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


def signalling_url(url: str) -> str:
    """Return the WebSocket URL of a server: ``https://host:8443`` is ``wss://host:8443/signal``.

    A URL with a path keeps it. Raises ``ValueError`` for one that leads to no WebSocket.
    """
    parts = urlsplit(url)
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise ValueError("url must be like https://host:port or wss://host:port/signal")
    path = parts.path if parts.path not in {"", "/"} else "/signal"
    return urlunsplit((scheme, parts.netloc, path, parts.query, ""))
