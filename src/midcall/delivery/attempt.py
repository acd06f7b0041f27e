"""One request to a customer's server, and what came of it as a value.

- Whatever the server does, the result is an ``Answer`` or a ``Failure``; nothing is raised.
- The answer's status counts as soon as it is there. Its body is read up to a limit, then the
  connection is dropped; a body that breaks off leaves an ``Answer`` that says so.
- A kept connection that turns out to have been closed is not the server's failure: the request is
  made once more, which the idempotency token makes safe.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import aiohttp
import msgspec
import yarl

from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply
from midcall.delivery.egress import AddressRefused, Egress
from midcall.wire.callbacks import OutgoingRequest
from midcall.wire.dates import parse_rfc2822


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long an attempt may take, and how much of the answer is read.

    Five seconds for a connection and fifteen in all are the original's (errors 11205 and 11200).
    ``read_seconds`` is for the first byte of the answer, and again for each part of it.
    """

    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    total_seconds: float = 15.0
    body_bytes: int = 16 * 1024


DEFAULT_LIMITS: Final = Limits()

# OpenSSL's reasons, as `ssl.SSLCertVerificationError.verify_code` gives them (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _HOST_MISMATCH, _ADDRESS_MISMATCH = 9, 10, 62, 64
_CERTIFICATE_KINDS: Final = {
    _NOT_YET_VALID: FailureKind.CERTIFICATE_DATE,
    _EXPIRED: FailureKind.CERTIFICATE_DATE,
    _HOST_MISMATCH: FailureKind.CERTIFICATE_NAME,
    _ADDRESS_MISMATCH: FailureKind.CERTIFICATE_NAME,
}

# The first that fits; whatever else aiohttp raises means that the exchange broke midway.
_KINDS: Final = (
    (aiohttp.ClientSSLError, FailureKind.TLS),
    (aiohttp.ClientConnectorDNSError, FailureKind.NO_SUCH_HOST),
    (aiohttp.ClientConnectorError, FailureKind.CONNECT),
    (aiohttp.ConnectionTimeoutError, FailureKind.CONNECT_TIMEOUT),
    (TimeoutError, FailureKind.TIMEOUT),
    (aiohttp.NonHttpUrlClientError, FailureKind.BAD_URL),
    (ValueError, FailureKind.BAD_URL),
)


async def attempt(
    egress: Egress, request: OutgoingRequest, limits: Limits, *, named: bool = True
) -> Reply:
    """Make a request once and return what came of it.

    ``named`` is whether TLS says which host it wants, and insists on its certificate.
    """
    if egress.intercept is not None and (reply := await egress.intercept(request)) is not None:
        return reply
    loop = asyncio.get_running_loop()
    began = loop.time()

    def elapsed_ms() -> int:
        return round((loop.time() - began) * 1000)

    remaining = limits
    while True:
        with egress.watch() as use:
            try:
                return await _exchange(egress, request, remaining, elapsed_ms, named=named)
            except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
                left = limits.total_seconds - (loop.time() - began)
                if use.fresh or not _broke(error) or left <= 0:
                    return Failure(kind=_kind(error), duration_ms=elapsed_ms())
                remaining = msgspec.structs.replace(limits, total_seconds=left)


async def _exchange(
    egress: Egress,
    request: OutgoingRequest,
    limits: Limits,
    elapsed_ms: Callable[[], int],
    *,
    named: bool,
) -> Answer:
    async with egress.session.request(
        request.method.value,
        # The URL is sent as it was signed, to the letter.
        yarl.URL(request.url, encoded=True),
        headers=request.headers,
        data=request.body or None,
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(
            total=limits.total_seconds,
            # Earlier than the end of everything, so that it is known what the time went into.
            sock_connect=min(limits.connect_seconds, 0.9 * limits.total_seconds),
            sock_read=limits.read_seconds,
        ),
        ssl=egress.tls(named=named),
    ) as response:
        body, cut = await _read(response, limits.body_bytes)
        headers = tuple((name, _clean(value)) for name, value in response.headers.items())
        location = response.headers.get("Location")
        return Answer(
            status=response.status,
            duration_ms=elapsed_ms(),
            content_type=_clean(response.headers.get("Content-Type", "")),
            location=None if location is None else _clean(location),
            retry_after_seconds=_retry_after(response),
            headers=headers,
            body=body,
            cut=cut,
        )


async def _read(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, FailureKind | None]:
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > limit:
                response.close()
                return bytes(body[:limit]), FailureKind.TOO_LARGE
    except TimeoutError:
        return bytes(body), FailureKind.TIMEOUT
    except (aiohttp.ClientError, OSError):
        return bytes(body), FailureKind.PROTOCOL
    return bytes(body), None


def _clean(value: str) -> str:
    """Replace the bytes of a header that are no text: neither a form nor a database takes them."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Read ``Retry-After``: seconds or a date (RFC 9110, section 10.2.3). Nonsense is no wish."""
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    with contextlib.suppress(ValueError):
        return max(0.0, (parse_rfc2822(text) - datetime.now(UTC)).total_seconds())
    return None


def _broke(error: Exception) -> bool:
    """Tell whether a connection that had been open is gone."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return False
    return isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)


def _kind(error: Exception) -> FailureKind:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate_kind(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(
        error.os_error, AddressRefused
    ):
        return FailureKind.REFUSED_ADDRESS
    kinds = (kind for type_, kind in _KINDS if isinstance(error, type_))
    return next(kinds, FailureKind.PROTOCOL)


def _certificate_kind(error: Exception) -> FailureKind:
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else None
    return _CERTIFICATE_KINDS.get(code or 0, FailureKind.CERTIFICATE_TRUST)
