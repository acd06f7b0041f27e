"""What is said on one socket: who the device is, whether it may be called, and its frames in order.

Frames are taken in the order in which they came. What later frames depend on (a token, a call) is
waited for; a message is not, but it has its place among what concerns its call before the next
frame is taken.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, assert_never
from uuid import uuid4

import structlog

from midcall.core.calls.service import CallService
from midcall.core.messages.service import MessageService
from midcall.core.ports import Clock, Peer
from midcall.gateway import closing
from midcall.gateway.access import TokenCheck
from midcall.gateway.calling import CallFrames
from midcall.gateway.connection import Connection
from midcall.gateway.hub import Hub
from midcall.gateway.insights import Insights
from midcall.gateway.limits import LIMITS, Limits
from midcall.gateway.uplinks import Uplinks
from midcall.model.errors import Fault, NotPermitted, TokenExpired, TooManySockets
from midcall.model.families import SessionId
from midcall.wire import frames
from midcall.wire.session import Echoed, Received, Refused, SessionEvent
from midcall.wire.tokens import AccessToken

log = structlog.get_logger()

LONGEST_AWAY_SECONDS = 300
"""The longest that a device may ask its legs to be kept. The JavaScript SDK asks for 30 at most."""

TRY_LATER_SECONDS = 2.0
"""How long a device shall stay away from a server that cannot take it now."""

CROWDED_SECONDS = 30.0
"""How long a device shall stay away whose identity has too many sockets: one of them has to go."""


class Due(Protocol):
    """Something that happens later."""

    def cancel(self) -> None:
        """Let it not happen."""
        ...


CallLater = Callable[[float, Callable[[], None]], Due]
"""Has something called after so many seconds."""


def _by_the_loop(seconds: float, call: Callable[[], None]) -> Due:
    return asyncio.get_running_loop().call_later(seconds, call)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorway:
    """What every dialogue of a server shares.

    ``home`` is where the SDK sends its insights. ``keep_seconds`` is how long a leg waits for a
    device whose socket was lost, at least. ``insights`` takes what the SDK reports; without it,
    nothing is kept of that. ``later`` is what ends tokens, by ``wall``, the time of day, which they
    are made by; ``clock`` never goes backwards.
    """

    calls: CallService
    messages: MessageService
    check_token: TokenCheck
    hub: Hub
    clock: Clock
    wall: Clock
    home: str
    keep_seconds: int
    limits: Limits = LIMITS
    later: CallLater = _by_the_loop
    insights: Insights | None = None


class SignallingDialogue:
    """One device's side of the conversation on one socket."""

    def __init__(self, doorway: Doorway, connection: Connection, edge: str) -> None:
        self._door = doorway
        self._connection = connection
        self._edge = edge
        self._session = SessionId(uuid4().hex)
        self._token: AccessToken | None = None
        self._since: datetime | None = None
        self._keep_seconds = doorway.keep_seconds
        self._expiry: Due | None = None
        self._wants_calls = False
        self._uplinks = Uplinks(doorway.messages, connection)
        self._calling = CallFrames(doorway.calls, doorway.hub, connection)

    async def take(self, event: SessionEvent) -> None:
        """Do what the client asks for."""
        match event:
            case Received(frame=frame):
                await self._take_frame(frame)
            case Refused(fault=fault, callsid=callsid, voiceeventsid=voiceeventsid):
                log.info("A frame was refused", reason=str(fault), session=self._session)
                self._connection.send(frames.refusal(fault, callsid, voiceeventsid))
            case Echoed():
                pass
            case _:
                assert_never(event)

    async def settled(self) -> None:
        """Return when every message that was taken has been answered."""
        await self._uplinks.settled()

    def left(self) -> None:
        """The socket is gone: so is the registration, and the calls wait."""
        if self._expiry is not None:
            self._expiry.cancel()
        calls = self._door.hub.leave(self._session)
        self._door.calls.lost(self._session, calls, self._keep_seconds)

    async def _take_frame(self, frame: frames.ClientFrame) -> None:
        match frame:
            case frames.Listen():
                await self._listen(frame)
            case frames.Register(media=media):
                self._register(media.audio)
            case frames.ClientMessage(callsid=name):
                sid = self._door.hub.call_named(self._session, name)
                await self._uplinks.take(frame, self._peer(), sid)
            case _:
                await self._calling.take(frame, self._peer(), self._live_token())

    # --- the device

    async def _listen(self, frame: frames.Listen) -> None:
        try:
            token = await self._door.check_token(frame.token)
            if self._token is not None and _bearer(self._token) != _bearer(token):
                raise NotPermitted("a socket stays with the identity that it began with")
            self._door.hub.join(self._session, self._connection, token.account_sid, token.identity)
        except Fault as fault:
            self._refuse_token(fault)
            return
        self._token = token
        self._since = self._since or self._door.clock()
        asked = min(frame.reconnect_timeout, LONGEST_AWAY_SECONDS)
        self._keep_seconds = max(self._door.keep_seconds, int(asked))
        self._connection.session.authorized = True
        if self._wants_calls:
            # The SDK does not register anew, even if the token before this one had expired.
            self._renew_registration(token)
        self._watch_expiry(token)
        self._connection.send(
            frames.Connected(
                region="US_EAST_VIRGINIA",
                edge=self._edge,
                home=self._door.home,
                token=frames.TokenState(
                    identity=token.identity, ttl=max(0, int(self._seconds_left(token)))
                ),
            )
        )

    def _refuse_token(self, fault: Fault) -> None:
        log.info("A token was refused", code=fault.code, reason=str(fault))
        crowded = isinstance(fault, TooManySockets)
        retry_after = CROWDED_SECONDS if crowded else TRY_LATER_SECONDS
        self._refuse(fault, retry_after=retry_after if fault.temporary else None)
        if self._token is not None or isinstance(fault, TokenExpired):
            # A device that is here already stays with the token that it has; an expired token can
            # be renewed on this very socket.
            return
        if fault.temporary:
            self._connection.close(closing.TOO_MANY_SOCKETS if crowded else closing.TRY_LATER)
            return
        # What is wrong with any other token stays wrong: the SDK must not come back with it.
        self._connection.send(frames.Close())
        self._connection.close(closing.TOKEN_REFUSED)

    def _renew_registration(self, token: AccessToken) -> None:
        if _may_be_called(token):
            self._door.hub.register(self._session)
        else:
            self._door.hub.unregister(self._session)

    def _seconds_left(self, token: AccessToken) -> float:
        return (token.expires_at - self._door.wall()) / timedelta(seconds=1)

    def _watch_expiry(self, token: AccessToken) -> None:
        if self._expiry is not None:
            self._expiry.cancel()

        def expired() -> None:
            self._door.hub.unregister(self._session)
            self._refuse(TokenExpired())

        self._expiry = self._door.later(max(0.0, self._seconds_left(token)), expired)

    def _register(self, wanted: bool) -> None:
        token = self._live_token()
        if not wanted:
            self._wants_calls = False
            self._door.hub.unregister(self._session)
            self._connection.send(frames.Offline())
        elif token is None:
            self._refuse(TokenExpired())
        elif not _may_be_called(token):
            self._refuse(NotPermitted("the token does not allow incoming calls"))
        else:
            self._wants_calls = True
            self._door.hub.register(self._session)
            self._connection.send(frames.Ready())

    # --- small things

    def _peer(self) -> Peer:
        if self._token is None:
            raise AssertionError("the session lets nothing through before a token")
        return Peer(
            session=self._session,
            account_sid=self._token.account_sid,
            identity=self._token.identity,
            since=self._since,
        )

    def _live_token(self) -> AccessToken | None:
        token = self._token
        return token if token is not None and self._seconds_left(token) > 0 else None

    def _refuse(self, fault: Fault, *, retry_after: float | None = None) -> None:
        self._connection.send(frames.refusal(fault, retry_after=retry_after))


def _bearer(token: AccessToken) -> tuple[str, str]:
    return token.account_sid, token.identity


def _may_be_called(token: AccessToken) -> bool:
    return token.incoming_allowed and bool(token.identity)
