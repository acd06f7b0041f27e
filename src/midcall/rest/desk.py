"""What the REST API works with: everything behind it, as ports, and its limits."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from midcall.core.messages.rate import Bucket, Rate
from midcall.core.ports import (
    Calling,
    Clock,
    Entropy,
    Feed,
    Journal,
    Messaging,
    Redriving,
    Store,
)
from midcall.model.sids import AccountSid
from midcall.rest.auth import Bearer, nobody
from midcall.wire.turn import TurnServers


class RestLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the server one client may have.

    ``form_bytes`` is the largest form: the largest honest one carries a message of 10,000
    characters, each of four bytes, each byte as a three-character escape, which is 120,000 bytes
    and a key. ``body_seconds`` is how long a body may take to arrive.

    ``account_rate`` is how many requests the credentials of one account may make: a busy contact
    centre's traffic passes, a loop without a pause does not. ``account_streams`` is how many event
    streams one account may hold open: each keeps a connection, and reads at every commit.
    """

    form_bytes: int = 128 * 1024
    body_seconds: float = 15.0
    account_rate: Rate = Rate(500, 1000)
    account_streams: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The ports of the REST API.

    ``feeds`` begins to listen for message events. ``turn`` are the site's STUN and TURN servers.
    ``public_url`` is the origin at which clients reach the server. ``bearer`` knows the tokens of
    people who have logged in.

    ``changing`` lets one request at a time read, change and write back: two updates at once would
    otherwise lose one, an update could bring back what was just removed, and two accounts could
    get the same phone number. ``buckets`` and ``streams`` count what the limits bound, for each
    account that has shown its credentials.
    """

    store: Store
    journal: Journal
    messaging: Messaging
    redriving: Redriving
    calling: Calling
    feeds: Callable[[], Feed]
    clock: Clock
    entropy: Entropy
    limits: RestLimits = field(default_factory=RestLimits)
    turn: TurnServers = field(default_factory=TurnServers)
    public_url: str = "https://localhost"
    bearer: Bearer = nobody
    changing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)
    buckets: dict[AccountSid, Bucket] = field(default_factory=dict, repr=False, compare=False)
    streams: Counter[AccountSid] = field(default_factory=Counter, repr=False, compare=False)
