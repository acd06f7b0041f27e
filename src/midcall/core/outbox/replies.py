"""What came of asking a customer's server, as facts: nothing that it does is an exception.

An ``Answer`` is an HTTP response of any status. A ``Failure`` is that there was none, and why; each
kind has its code in the original's error dictionary.
"""

from enum import StrEnum
from typing import Final

import msgspec

from midcall.model.codes import Code


class FailureKind(StrEnum):
    """Why a request had no answer, or why an answer could not be read to its end."""

    BAD_URL = "the URL cannot be used"
    REFUSED_ADDRESS = "the host is at an address that callbacks may not reach"
    NO_SUCH_HOST = "the host name does not resolve"
    CONNECT = "the connection was refused or the host cannot be reached"
    CONNECT_TIMEOUT = "the host did not take the connection in time"
    TLS = "the TLS handshake failed"
    CERTIFICATE_NAME = "the certificate is for another host"
    CERTIFICATE_DATE = "the certificate has expired or is not valid yet"
    CERTIFICATE_TRUST = "the certificate is not signed by a trusted authority"
    TIMEOUT = "the server did not answer in time"
    PROTOCOL = "the connection broke or the answer was not valid HTTP"
    TOO_LARGE = "the answer was too large"
    TOO_MANY_REDIRECTS = "the URL redirects too often"
    BAD_REDIRECT = "the URL redirects to something that is no URL"
    NO_ACCOUNT = "the account does not exist any more"
    INTERNAL = "the request could not be made"

    @property
    def code(self) -> Code:
        """The code in the original's error dictionary."""
        return _CODES[self]

    @property
    def permanent(self) -> bool:
        """Whether the same request will fail again until somebody changes something here."""
        return self in _PERMANENT


_CODES: Final = {
    FailureKind.BAD_URL: Code.BAD_URL,
    # "Webhook requests can't be sent to a private or local URL" (error 11100).
    FailureKind.REFUSED_ADDRESS: Code.BAD_URL,
    FailureKind.NO_SUCH_HOST: Code.HOST_NAME,
    FailureKind.CONNECT: Code.CONNECTION,
    FailureKind.CONNECT_TIMEOUT: Code.CONNECTION,
    FailureKind.TLS: Code.TLS,
    FailureKind.CERTIFICATE_NAME: Code.CERTIFICATE_NAME,
    FailureKind.CERTIFICATE_DATE: Code.CERTIFICATE_DATE,
    FailureKind.CERTIFICATE_TRUST: Code.CERTIFICATE_TRUST,
    FailureKind.TIMEOUT: Code.RETRIEVAL,
    FailureKind.PROTOCOL: Code.PROTOCOL,
    FailureKind.TOO_LARGE: Code.TOO_LARGE,
    FailureKind.TOO_MANY_REDIRECTS: Code.TOO_MANY_REDIRECTS,
    FailureKind.BAD_REDIRECT: Code.BAD_REDIRECT,
    FailureKind.NO_ACCOUNT: Code.ACCOUNT_NOT_FOUND,
    FailureKind.INTERNAL: Code.INTERNAL,
}

_PERMANENT: Final = frozenset(
    {
        FailureKind.BAD_URL,
        FailureKind.REFUSED_ADDRESS,
        FailureKind.TOO_MANY_REDIRECTS,
        FailureKind.BAD_REDIRECT,
        FailureKind.NO_ACCOUNT,
    }
)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP response.

    ``body`` is what was read of it; ``cut`` says why that is not all, ``None`` if it is.
    ``duration_ms`` is in milliseconds, from the first step to the last byte read.
    ``retry_after_seconds`` is how long the server asked to be left alone, ``location`` where it
    sent us instead. ``headers`` are all of the response's, in order.
    """

    status: int
    duration_ms: int
    content_type: str = ""
    location: str | None = None
    retry_after_seconds: float | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    cut: FailureKind | None = None

    def __repr__(self) -> str:
        """Leave headers and body out, for logs."""
        return f"Answer(status={self.status}, duration_ms={self.duration_ms}, cut={self.cut!r})"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """No HTTP response. ``duration_ms`` is how long it took to find out, in milliseconds."""

    kind: FailureKind
    duration_ms: int = 0


Reply = Answer | Failure


def describe(reply: Reply) -> str:
    """Say in a sentence, with its code, why a reply is not what was wanted."""
    match reply:
        case Answer(status=status):
            return f"{Code.RETRIEVAL}: the server answered {status}"
        case Failure(kind=kind):
            return f"{kind.code}: {kind.value}"
