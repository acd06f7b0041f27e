"""What the REST API works with: everything behind it, as ports."""

import asyncio
from dataclasses import dataclass, field

from midcall.core.ports import Calling, Clock, Entropy, Journal, Messaging, Store
from midcall.wire.turn import TurnServers


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The ports of the REST API.

    ``turn`` are the site's STUN and TURN servers. ``public_url`` is the origin at which clients
    reach the server.

    ``changing`` lets one request at a time read, change and write back: two updates at once would
    otherwise lose one, an update could bring back what was just removed, and two accounts could
    get the same phone number.
    """

    store: Store
    journal: Journal
    messaging: Messaging
    calling: Calling
    clock: Clock
    entropy: Entropy
    turn: TurnServers = field(default_factory=TurnServers)
    public_url: str = "https://localhost"
    changing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)
