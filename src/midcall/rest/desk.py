"""What the REST API works with: everything behind it, as ports."""

import asyncio
from dataclasses import dataclass, field

from midcall.core.ports import Clock, Entropy, Journal, Messaging, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The ports of the REST API.

    ``changing`` lets one request at a time read, change and write back an application or key: two
    updates at once would otherwise lose one, and an update could bring back what was just removed.
    """

    store: Store
    journal: Journal
    messaging: Messaging
    clock: Clock
    entropy: Entropy
    changing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)
