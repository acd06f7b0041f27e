"""The tables, as SQLAlchemy Core sees them. The migrations make them; a test compares the two.

Invariants
- A time is an integer: microseconds since 1970-01-01T00:00:00Z. It is exact, sorts as it should,
  and means the same in every database and in every time zone that a server may be set to.
- Where order matters and times may be equal, ``id`` breaks the tie: it grows with every row added.
- A column has the name of the attribute that it keeps (``rows.py`` relies on it); an attribute that
  is an ``Endpoint`` takes two columns, ``…_url`` and ``…_method``.
- A flag is 0 or 1.
- The entries of a lane are all of one call (``removing.py`` relies on it).
- The only foreign key leads from an attempt to its entry. Everything else may be kept in the order
  in which it was decided: a message may be older than the next record of its call.
"""

from midcall.store.schema.calls import calls, families, removed_calls
from midcall.store.schema.columns import (
    LIVE,
    PENDING,
    REPLY,
    UNCLEARED,
    UNDELIVERED,
    UNFINISHED,
    UNSENT,
    UNSETTLED,
    WAITING,
    metadata,
)
from midcall.store.schema.debugger import exchanges, notifications
from midcall.store.schema.messages import (
    accepted_requests,
    broadcasts,
    message_events,
    messages,
    standing_subscriptions,
    subscriptions,
)
from midcall.store.schema.outbox import attempts, entries, lane_heads
from midcall.store.schema.people import accounts, api_keys, applications, phone_numbers, sealing
from midcall.store.schema.traces import traces

__all__ = [
    "LIVE",
    "PENDING",
    "REPLY",
    "UNCLEARED",
    "UNDELIVERED",
    "UNFINISHED",
    "UNSENT",
    "UNSETTLED",
    "WAITING",
    "accepted_requests",
    "accounts",
    "api_keys",
    "applications",
    "attempts",
    "broadcasts",
    "calls",
    "entries",
    "exchanges",
    "families",
    "lane_heads",
    "message_events",
    "messages",
    "metadata",
    "notifications",
    "phone_numbers",
    "removed_calls",
    "sealing",
    "standing_subscriptions",
    "subscriptions",
    "traces",
]
