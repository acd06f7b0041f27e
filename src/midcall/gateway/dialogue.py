"""What a device says, and what the calls make of it: frames to services, faults to frames.

Frames are taken in the order in which they came. What later frames depend on (a token, a call) is
waited for; a message is not, so that many can share a commit, but it has its place among what
concerns its call before the next frame is taken, and acks keep that order.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from uuid import uuid4

import structlog

from midcall.core.calls.service import CallService, Offer
from midcall.core.limits import CONNECT_PARAMETER_BYTES
from midcall.core.messages.service import MessageService, Uplink
from midcall.core.ports import Clock, Peer
from midcall.gateway import closing
from midcall.gateway.access import TokenCheck
from midcall.gateway.connection import Connection
from midcall.gateway.hub import Hub
from midcall.model.errors import (
    CallNotFound,
    Fault,
    NotPermitted,
    ParametersTooLong,
    TokenExpired,
    Unavailable,
)
from midcall.model.families import SessionId
from midcall.model.twiml import Parameter
from midcall.runtime.whereabouts import whereabouts
from midcall.wire import frames, sdp
from midcall.wire.session import Echoed, Received, Refused, SessionEvent
from midcall.wire.tokens import AccessToken

log = structlog.get_logger()

LONGEST_AWAY_SECONDS = 300
"""The longest that a device may ask its legs to be kept. The JavaScript SDK asks for 30 at most."""

TRY_LATER_SECONDS = 2.0
"""How long a device shall stay away from a server that cannot take it now."""

UPLINKS_UNDER_WAY = 200
"""The most messages of one socket that wait for their commit; reading pauses at the mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorway:
    """What every dialogue of a server shares.

    ``home`` is where the SDK sends its insights. ``keep_seconds`` is how long a leg waits for a
    device whose socket was lost, at least.
    """

    calls: CallService
    messages: MessageService
    check_token: TokenCheck
    hub: Hub
    clock: Clock
    home: str
    keep_seconds: int


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
        self._expiry: asyncio.TimerHandle | None = None
        self._wants_calls = False
        self._uplinks = asyncio.Semaphore(UPLINKS_UNDER_WAY)
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, event: SessionEvent) -> None:
        """Do what the client asks for."""
        match event:
            case Received(frame=frame):
                await self._take_frame(frame)
            case Refused(fault=fault, callsid=callsid, voiceeventsid=voiceeventsid):
                log.info("A frame was refused", reason=str(fault), session=self._session)
                self._refuse(fault, callsid, voiceeventsid)
            case Echoed():
                pass
            case _:
                assert_never(event)

    async def settled(self) -> None:
        """Return when every message that was taken has been answered."""
        if self._tasks:
            await asyncio.wait(self._tasks)

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
            case frames.ClientMessage():
                await self._message(frame)
            case frames.Reinvite():
                await self._reinvite(frame)
            case _:
                await self._call_frame(frame)

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
        if fault.temporary:
            self._refuse(fault, retry_after=TRY_LATER_SECONDS)
        else:
            self._refuse(fault)
        if self._token is not None or isinstance(fault, TokenExpired):
            # A device that is here already stays with the token that it has; an expired token can
            # be renewed on this very socket.
            return
        if fault.temporary:
            self._connection.close(closing.TRY_LATER)
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
        return (token.expires_at - self._door.clock()) / timedelta(seconds=1)

    def _watch_expiry(self, token: AccessToken) -> None:
        if self._expiry is not None:
            self._expiry.cancel()

        def expired() -> None:
            self._door.hub.unregister(self._session)
            self._refuse(TokenExpired())

        self._expiry = asyncio.get_running_loop().call_later(
            max(0.0, self._seconds_left(token)), expired
        )

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

    # --- calls

    async def _call_frame(
        self,
        frame: frames.ClientInvite
        | frames.ClientAnswer
        | frames.Reject
        | frames.ClientHangup
        | frames.Dtmf,
    ) -> None:
        peer = self._peer()
        calls = self._door.calls
        sid = self._door.hub.call_named(self._session, frame.callsid)
        try:
            match frame:
                case frames.ClientInvite(reconnect=str() as token, sdp=text):
                    await calls.attach(peer, sid, token, _offer(text))
                    self._door.hub.take_part(self._session, sid, frame.callsid)
                case frames.ClientInvite():
                    await self._place(frame)
                case frames.ClientAnswer(sdp=text):
                    calls.accept(peer, sid, _offer(text))
                case frames.Reject():
                    calls.reject(peer, sid)
                case frames.ClientHangup():
                    calls.hang_up(peer, sid)
                case frames.Dtmf(dtmf=digits):
                    calls.press(peer, sid, digits)
                case _:
                    assert_never(frame)
        except CallNotFound as fault:
            # Both ends may end a call at once: who leaves a call that is over has what it wants.
            if not isinstance(frame, frames.Reject | frames.ClientHangup | frames.Dtmf):
                self._end_call(frame.callsid, fault)
        except Fault as fault:
            self._end_call(frame.callsid, fault)

    async def _reinvite(self, frame: frames.Reinvite) -> None:
        sid = self._door.hub.call_named(self._session, frame.callsid)
        try:
            await self._door.calls.restart_media(self._peer(), sid, _offer(frame.sdp))
        except CallNotFound as fault:
            self._end_call(frame.callsid, fault)
        except Fault as fault:
            # The call is none the worse for an offer that cannot be used.
            log.info("An offer was refused", code=fault.code, call_sid=sid)
            self._refuse(fault, frame.callsid)

    async def _place(self, frame: frames.ClientInvite) -> None:
        token = self._live_token()
        if token is None:
            raise TokenExpired()
        encoded = frame.twilio.params
        if len(encoded) > CONNECT_PARAMETER_BYTES:
            raise ParametersTooLong(len(encoded), CONNECT_PARAMETER_BYTES)
        parameters = _with_granted(frames.connect_parameters(encoded), token.outgoing_params)
        try:
            sid = await self._door.calls.place(
                self._peer(), token.outgoing_application_sid, parameters, _offer(frame.sdp)
            )
        except Fault:
            raise
        except Exception as error:
            log.error("A call could not begin", error=whereabouts(error))
            raise Unavailable() from error
        self._door.hub.take_part(self._session, sid, frame.callsid)

    def _end_call(self, callsid: str, fault: Fault) -> None:
        """Tell the device that a call cannot be, or is no more."""
        log.info("A call was refused", code=fault.code, reason=str(fault))
        self._connection.send(frames.ServerHangup(callsid=callsid, error=frames.failure(fault)))

    # --- messages

    async def _message(self, frame: frames.ClientMessage) -> None:
        await self._uplinks.acquire()
        task = asyncio.create_task(self._receive(frame), name="uplink")
        self._tasks.add(task)
        task.add_done_callback(self._received)
        # Let the task begin: a hangup right behind the message must not come before it.
        await asyncio.sleep(0)

    def _received(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._uplinks.release()

    async def _receive(self, frame: frames.ClientMessage) -> None:
        sid = self._door.hub.call_named(self._session, frame.callsid)
        try:
            uplink = Uplink(
                call_sid=sid,
                content=frames.content_text(frame.content),
                content_type=frame.contenttype,
                message_type=frame.messagetype,
                voice_event_sid=frame.voiceeventsid,
            )
            await self._door.messages.receive(self._peer(), uplink)
        except Fault as fault:
            self._refuse(fault, frame.callsid, frame.voiceeventsid)
        except Exception as error:
            log.error("A message could not be taken", call_sid=sid, error=whereabouts(error))
            self._refuse(Unavailable(), frame.callsid, frame.voiceeventsid)
        else:
            self._connection.send(
                frames.Ack(
                    acktype="message",
                    callsid=frame.callsid,
                    voiceeventsid=frame.voiceeventsid,
                )
            )

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

    def _refuse(
        self,
        fault: Fault,
        callsid: str | None = None,
        voiceeventsid: str | None = None,
        *,
        retry_after: float | None = None,
    ) -> None:
        failure = frames.failure(fault, retry_after)
        self._connection.send(
            frames.Error(error=failure, callsid=callsid, voiceeventsid=voiceeventsid)
        )


def _offer(text: str) -> Offer:
    return Offer(text, sdp.fingerprint(text))


def _bearer(token: AccessToken) -> tuple[str, str]:
    return token.account_sid, token.identity


def _may_be_called(token: AccessToken) -> bool:
    return token.incoming_allowed and bool(token.identity)


def _with_granted(
    parameters: tuple[Parameter, ...], granted: dict[str, str]
) -> tuple[Parameter, ...]:
    """Add the parameters that the token grants; what the device says cannot replace them."""
    own = tuple(parameter for parameter in parameters if parameter.name not in granted)
    return own + tuple(Parameter(name, value) for name, value in granted.items())
