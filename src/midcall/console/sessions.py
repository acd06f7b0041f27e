"""Who is logged in to the console: sessions and one-time keys, all of it memory.

Invariants
- A token or a key is 256 bits of chance, and only its digest is kept: whoever reads the memory, or
  a log of it, cannot use it.
- A key is good once, and for a day; a session for twelve hours, or until it is ended.
- There are only so many of each. Past that the oldest ends.
- Whoever guesses wrong too often from one address is not listened to for a while, right or wrong.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from midcall.core.messages import rate
from midcall.core.messages.rate import Bucket, Rate
from midcall.core.ports import Clock, Entropy
from midcall.model.sids import AccountSid

SESSION: Final = timedelta(hours=12)
"""How long somebody stays logged in: a working day."""

KEY: Final = timedelta(hours=24)
"""How long the link that a server prints is good, unless it is used."""

MOST: Final = 1_000
"""Sessions, and keys, that there may be."""

TOKEN_BYTES: Final = 32

GUESSES: Final = Rate(10 / 60, 10)
"""Wrong log-ins from one address: ten at once, ten a minute on average."""

ADDRESSES: Final = 10_000
"""Addresses of which wrong log-ins are remembered."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is logged in, until a time."""

    account_sid: AccountSid
    expires_at: datetime


class Opened(Session, frozen=True, kw_only=True):
    """A session with its token, which is told once."""

    token: str


class Sessions:
    """The sessions of a server."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._sessions: dict[bytes, Session] = {}
        self._keys: dict[bytes, Session] = {}

    def __len__(self) -> int:
        """Count the sessions, those included that are over but were not asked for since."""
        return len(self._sessions)

    def open(self, account: AccountSid) -> Opened:
        """Log somebody in."""
        token, session = self._mint(self._sessions, account, SESSION)
        return Opened(token=token, account_sid=account, expires_at=session.expires_at)

    def find(self, token: str) -> AccountSid | None:
        """Return whose session a token is, if it is one's that is not over."""
        session = self._sessions.get(_digest(token))
        if session is None or session.expires_at <= self._clock():
            return None
        return session.account_sid

    def close(self, token: str) -> None:
        """Log somebody out; a token of nobody's changes nothing."""
        self._sessions.pop(_digest(token), None)

    def issue_key(self, account: AccountSid) -> str:
        """Make a key that logs in once."""
        return self._mint(self._keys, account, KEY)[0]

    def redeem(self, key: str) -> AccountSid | None:
        """Take a key; return whose it is, if it is good."""
        found = self._keys.pop(_digest(key), None)
        return found.account_sid if found and found.expires_at > self._clock() else None

    def _mint(
        self, among: dict[bytes, Session], account: AccountSid, lifetime: timedelta
    ) -> tuple[str, Session]:
        now = self._clock()
        for digest in [one for one, session in among.items() if session.expires_at <= now]:
            del among[digest]
        if len(among) >= MOST:
            del among[next(iter(among))]
        token = self._entropy(TOKEN_BYTES).hex()
        session = Session(account_sid=account, expires_at=now + lifetime)
        among[_digest(token)] = session
        return token, session


class Guesses:
    """Wrong log-ins, by the addresses that they came from.

    A log-in counts as wrong from its beginning, or else many at once would all be looked at.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def take(self, address: str) -> bool:
        """Let somebody at an address try to log in; return whether they may."""
        now = self._clock()
        # The address that was quiet for longest stands first, and is the one to be forgotten.
        bucket = self._buckets.pop(address, None) or rate.full(GUESSES, now)
        taken = rate.take(bucket, GUESSES, now)
        self._buckets[address] = taken or bucket
        if len(self._buckets) > ADDRESSES:
            del self._buckets[next(iter(self._buckets))]
        return taken is not None

    def was_right(self, address: str) -> None:
        """Count somebody's last try no longer."""
        bucket = self._buckets.get(address)
        if bucket is not None:
            tokens = min(float(GUESSES.burst), bucket.tokens + 1)
            self._buckets[address] = msgspec.structs.replace(bucket, tokens=tokens)


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
