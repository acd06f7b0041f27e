"""Every limit, with its reason."""

CONTENT_CHARACTERS = 10_000
"""The longest content of a user-defined message, either way.

Downlink: error 32703 names it. Uplink: the original's number behind 31212 is unpublished; the same
number both ways surprises nobody.
"""

CONNECT_PARAMETER_BYTES = 800
"""The longest parameters of ``device.connect()``, encoded (error 31400 names it)."""

DOCUMENTS_PER_CALL = 100
"""The most documents that one call may run through.

A ``<Redirect>`` that leads to itself would otherwise never end. The original stops far later, but
nobody reaches a hundred on purpose.
"""

HOPS_PER_CALL = 10
"""The most numbers of midcall's own that one call may be led through.

A number whose TwiML dials the number itself would otherwise make calls without end.
"""

FRAME_BYTES = 128 * 1024
"""The largest frame that a client may send.

The largest honest one is an offer of some ten kilobytes, or a message of 10,000 characters of which
each may take six bytes as a JSON escape; a longer frame is closed on before it is read whole.
"""

IDEMPOTENCY_KEY_CHARACTERS = 256
"""The longest idempotency key: room for any UUID or digest with a prefix."""

SUBSCRIPTIONS_PER_CALL = 100
"""The most subscriptions of one call leg.

Each owes a request for every message, so a loop that subscribes would multiply the traffic.
"""

IDEMPOTENCY_SECONDS = 24 * 60 * 60
"""How long a key is remembered after its call has ended: a client that repeats a request for a day
has other troubles."""

STANDING_SUBSCRIPTIONS = 100
"""The most standing subscriptions of one account, for the same reason."""

WAITING_DOWNLINKS = 1_000
"""The most messages that wait for one leg's device: a server that talks to a device which is away
hears of it before it fills the disk."""

KEPT_UPLINKS = 10_000
"""The most messages of one leg that are kept for a subscription which may never come."""

DEVICES_PER_IDENTITY = 20
"""The most devices that are rung for one identity; each costs a media endpoint while it rings."""

HEARTBEAT_SECONDS = 5.0
"""How often a heartbeat is sent. The SDK gives a socket up after 15 s of silence."""

LISTEN_SECONDS = 10.0
"""How long a fresh socket may take to present its token."""

RESTORED_AWAY_SECONDS = 60
"""How long a device may stay away after the server itself was away."""
