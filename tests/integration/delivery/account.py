"""The account in whose name requests are made here, its call, and a clock and chance to choose."""

import hashlib
import itertools
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from midcall.core.ports import Change
from midcall.delivery.attempt import Limits
from midcall.delivery.egress import Egress
from midcall.delivery.twiml_source import HttpDocumentSource
from midcall.model.accounts import Account
from midcall.model.sids import AccountSid, CallSid
from midcall.runtime.journal import Journal
from midcall.store.sqlite import SqliteStore

START = datetime(2026, 1, 1, tzinfo=UTC)
CALL = CallSid("CA" + "1" * 32)
ACCOUNT = Account(
    sid=AccountSid("AC" + "2" * 32),
    auth_token="0123456789abcdef0123456789abcdef",
    friendly_name="test",
    created_at=START,
    updated_at=START,
)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Entropy:
    """Counts instead of choosing."""

    def __init__(self) -> None:
        self._counter = itertools.count()

    def __call__(self, size: int, /) -> bytes:
        return hashlib.sha256(str(next(self._counter)).encode()).digest()[:size]


def document_source(
    store: SqliteStore,
    egress: Egress,
    limits: Limits | None = None,
    write: Callable[[Sequence[Change]], Awaitable[None]] | None = None,
) -> HttpDocumentSource:
    """Return a source of documents that keeps its exchanges in a store, or by ``write``."""
    return HttpDocumentSource(
        store=store,
        journal=Journal(write or store.commit),
        egress=egress,
        clock=Clock(),
        entropy=Entropy(),
        limits=limits or Limits(),
    )
