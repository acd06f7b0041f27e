"""Sockets to a server: the port, and WebSockets behind it."""

import ssl
from typing import Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

CONNECT_SECONDS: Final = 5.0
"""How long a socket may take to open, as in the SDK."""

CLOSE_SECONDS: Final = 2.0
"""How long a server may take to answer a goodbye."""

FRAME_BYTES: Final = 1024 * 1024
"""The largest frame that is taken from a server: many times what one honest frame has."""

ABNORMAL: Final = 1006
"""The code of a socket that ended without any (RFC 6455, section 7.4.1)."""

_TRANSIENT_STATUSES: Final = frozenset({429, 500, 502, 503, 504})


class SocketEnded(Exception):
    """A socket is no more. ``code`` and ``reason`` are the server's, if it said any."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Unreachable(Exception):
    """No socket could be opened. ``lasting`` says that trying again will not help."""

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lasting = lasting


class Socket(Protocol):
    """One connection to a server."""

    async def send(self, text: str) -> None:
        """Write a text; raise ``SocketEnded``."""
        ...

    async def receive(self) -> str:
        """Wait for the next text; raise ``SocketEnded``."""
        ...

    async def close(self) -> None:
        """Say goodbye."""
        ...

    def abort(self) -> None:
        """Be gone without a word."""
        ...


class WebSocket:
    """A ``Socket`` over WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        """Write a text; raise ``SocketEnded``."""
        try:
            await self._connection.send(text)
        except ConnectionClosed:
            raise self._ended() from None

    async def receive(self) -> str:
        """Wait for the next text; raise ``SocketEnded``."""
        try:
            return await self._connection.recv(decode=True)
        except (ConnectionClosed, UnicodeDecodeError):
            raise self._ended() from None

    async def close(self) -> None:
        """Say goodbye."""
        await self._connection.close()

    def abort(self) -> None:
        """Be gone without a word."""
        self._connection.transport.abort()

    def _ended(self) -> SocketEnded:
        code = self._connection.close_code
        reason = self._connection.close_reason
        return SocketEnded(ABNORMAL if code is None else code, reason or "")


async def open_websocket(url: str, tls: ssl.SSLContext | None) -> WebSocket:
    """Open a socket; raise ``Unreachable``.

    ``tls`` is what to trust, the system's CAs by default; it counts where the URL asks for TLS.

    There is no proxy: the server is one's own. Nor are there pings: heartbeats do that.
    """
    secure = url.startswith("wss:")
    try:
        connection = await connect(
            url,
            ssl=(tls or ssl.create_default_context()) if secure else None,
            compression=None,
            proxy=None,
            ping_interval=None,
            open_timeout=CONNECT_SECONDS,
            close_timeout=CLOSE_SECONDS,
            max_size=FRAME_BYTES,
        )
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(
            f"the certificate is not trusted: {error.verify_message}", lasting=True
        ) from error
    except InvalidStatus as error:
        status = error.response.status_code
        lasting = status not in _TRANSIENT_STATUSES
        raise Unreachable(f"the server answers {status}", lasting=lasting) from error
    except InvalidURI as error:
        raise Unreachable(str(error), lasting=True) from error
    except (OSError, InvalidHandshake, EOFError) as error:
        # TimeoutError is an OSError.
        raise Unreachable(str(error) or type(error).__name__) from error
    return WebSocket(connection)
