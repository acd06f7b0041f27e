"""Who is connected to this node, and who of them wants incoming calls. All of it is memory."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from midcall.gateway.connection import Connection
from midcall.gateway.relay import Relay
from midcall.model.errors import TooManySockets
from midcall.model.families import DeviceId, SessionId
from midcall.model.sids import AccountSid, CallSid

Bearer = tuple[AccountSid, str]
"""An identity in its account."""


@dataclass(slots=True)
class Presence:
    """A device on a socket.

    ``relays`` are the legs that it was told of. ``names`` are the calls that it began or came back
    to on this socket, by the names that it has for them: until it is told a CallSid, its own.
    """

    connection: Connection
    account_sid: AccountSid
    identity: str
    relays: dict[DeviceId, Relay] = field(default_factory=dict)
    names: dict[str, CallSid] = field(default_factory=dict)

    @property
    def bearer(self) -> Bearer:
        """Whom the token names."""
        return self.account_sid, self.identity

    def has_part(self, call: CallSid) -> bool:
        """Tell whether it began a call, came back to it, or was told of it."""
        told = (relay.call_sid for relay in self.relays.values())
        return call in self.names.values() or call in told


class Attendance:
    """The devices that presented a token, by their sessions."""

    def __init__(self, sockets_per_identity: int) -> None:
        self._sockets_per_identity = sockets_per_identity
        self._present: dict[SessionId, Presence] = {}
        self._sockets: Counter[Bearer] = Counter()
        self._registered: dict[Bearer, dict[SessionId, None]] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._present)

    def __iter__(self) -> Iterator[Presence]:
        return iter(self._present.values())

    def add(self, session: SessionId, presence: Presence) -> None:
        """Note a device; raise ``TooManySockets`` if its identity has all that it may have.

        Strangers share the token that names nobody: they are not counted.
        """
        bearer = presence.bearer
        if presence.identity and self._sockets[bearer] >= self._sockets_per_identity:
            raise TooManySockets(self._sockets_per_identity)
        self._sockets[bearer] += 1
        self._present[session] = presence
        self._empty.clear()

    def find(self, session: SessionId) -> Presence | None:
        """Find a device that is here."""
        return self._present.get(session)

    def get(self, session: SessionId) -> Presence:
        """Return a device that is here; raise ``KeyError`` if it is not."""
        return self._present[session]

    def remove(self, session: SessionId) -> Presence | None:
        """Forget a device, and its registration; return it if it was here."""
        self.unregister(session)
        presence = self._present.pop(session, None)
        if presence is None:
            return None
        self._sockets[presence.bearer] -= 1
        if not self._sockets[presence.bearer]:
            del self._sockets[presence.bearer]
        if not self._present:
            self._empty.set()
        return presence

    async def empties(self) -> None:
        """Return when nobody is here."""
        await self._empty.wait()

    # --- registrations

    def register(self, session: SessionId) -> None:
        """Let a device that is here have incoming calls."""
        self._registered.setdefault(self.get(session).bearer, {})[session] = None

    def unregister(self, session: SessionId) -> None:
        """Let a device have no incoming calls any more."""
        presence = self._present.get(session)
        if presence is None:
            return
        sessions = self._registered.get(presence.bearer, {})
        sessions.pop(session, None)
        if not sessions:
            self._registered.pop(presence.bearer, None)

    def registered(self, bearer: Bearer) -> tuple[SessionId, ...]:
        """Return the sessions that are registered under an identity, oldest first."""
        return tuple(self._registered.get(bearer, ()))
