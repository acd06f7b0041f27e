"""Why a socket is closed, as advice to the client (RFC 6455, section 7.4).

The SDK reconnects by itself after every one of these, unless a ``close`` frame told it not to.
"""

from typing import NamedTuple


class Closing(NamedTuple):
    """A close code and its reason."""

    code: int
    reason: str


TOKEN_REFUSED = Closing(1008, "token refused: come back with another one")
LISTEN_TIMEOUT = Closing(1008, "no token came: send 'listen' first")
SLOW_CONSUMER = Closing(1008, "slow consumer: too much waits for this client")
SILENT = Closing(1002, "heartbeats are not answered")
NOT_TEXT = Closing(1003, "frames are text")
DRAINING = Closing(1012, "the server restarts: come back")
"""1012 is IANA's "service restart"."""
TRY_LATER = Closing(1013, "not now: come back later")
"""1013 is IANA's "try again later"."""
FAILED = Closing(1011, "the server failed")
TOO_MANY_ERRORS = Closing(1008, "too many malformed frames")
TOO_MANY_SOCKETS = Closing(1013, "too many sockets of this identity: come back later")
