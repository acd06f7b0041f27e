"""What a device says about calls: frames to the call service, its faults to frames."""

from typing import assert_never

import structlog

from midcall.core.calls.service import CallService, Offer
from midcall.core.limits import CONNECT_PARAMETER_BYTES
from midcall.core.ports import Peer
from midcall.gateway.connection import Connection
from midcall.gateway.hub import Hub
from midcall.model.errors import CallNotFound, Fault, ParametersTooLong, TokenExpired, Unavailable
from midcall.model.sids import CallSid
from midcall.model.twiml import Parameter
from midcall.runtime.whereabouts import whereabouts
from midcall.wire import frames, sdp
from midcall.wire.tokens import AccessToken

log = structlog.get_logger()

CallFrame = (
    frames.ClientInvite
    | frames.ClientAnswer
    | frames.Reinvite
    | frames.Reject
    | frames.ClientHangup
    | frames.Dtmf
)


class CallFrames:
    """The calls of one socket."""

    def __init__(self, calls: CallService, hub: Hub, connection: Connection) -> None:
        self._calls = calls
        self._hub = hub
        self._connection = connection

    async def take(self, frame: CallFrame, peer: Peer, token: AccessToken | None) -> None:
        """Do what the device asks for; ``token`` is its token while that is not over its time."""
        at = self._hub.clock()
        sid = self._hub.call_named(peer.session, frame.callsid)
        try:
            match frame:
                case frames.Reinvite():
                    await self._restart_media(frame, peer, sid)
                case frames.ClientInvite():
                    await self._invite(frame, peer, sid, token)
                case _:
                    self._tell(frame, peer, sid)
        except CallNotFound as fault:
            # Both ends may end a call at once: who leaves a call that is over has what it wants.
            if not isinstance(frame, frames.Reject | frames.ClientHangup | frames.Dtmf):
                self._end_call(frame.callsid, fault, peer, sid)
        except Fault as fault:
            self._end_call(frame.callsid, fault, peer, sid)
        # Only now is the call known that a device began.
        self._hub.noted(peer.session, self._hub.call_named(peer.session, frame.callsid), frame, at)

    def _tell(
        self,
        frame: frames.ClientAnswer | frames.Reject | frames.ClientHangup | frames.Dtmf,
        peer: Peer,
        sid: CallSid,
    ) -> None:
        match frame:
            case frames.ClientAnswer(sdp=text):
                self._calls.accept(peer, sid, _offer(text))
                self._hub.listens(peer.session, sid)
            case frames.Reject():
                self._calls.reject(peer, sid)
            case frames.ClientHangup():
                self._calls.hang_up(peer, sid)
            case frames.Dtmf(dtmf=digits):
                self._calls.press(peer, sid, digits)
            case _:
                assert_never(frame)

    async def _restart_media(self, frame: frames.Reinvite, peer: Peer, sid: CallSid) -> None:
        try:
            await self._calls.restart_media(peer, sid, _offer(frame.sdp))
        except CallNotFound:
            raise
        except Fault as fault:
            # The call is none the worse for an offer that cannot be used.
            log.info("An offer was refused", code=fault.code, call_sid=sid)
            self._say(frames.refusal(fault, frame.callsid), peer, sid)

    async def _invite(
        self, frame: frames.ClientInvite, peer: Peer, sid: CallSid, token: AccessToken | None
    ) -> None:
        if frame.reconnect is not None:
            await self._calls.attach(peer, sid, frame.reconnect, _offer(frame.sdp))
        elif token is not None:
            sid = await self._place(frame, peer, token)
        else:
            raise TokenExpired()
        self._hub.take_part(peer.session, sid, frame.callsid)

    async def _place(self, frame: frames.ClientInvite, peer: Peer, token: AccessToken) -> CallSid:
        encoded = frame.twilio.params
        if len(encoded) > CONNECT_PARAMETER_BYTES:
            raise ParametersTooLong(len(encoded), CONNECT_PARAMETER_BYTES)
        parameters = _with_granted(frames.connect_parameters(encoded), token.outgoing_params)
        try:
            return await self._calls.place(
                peer, token.outgoing_application_sid, parameters, _offer(frame.sdp)
            )
        except Fault:
            raise
        except Exception as error:
            log.error("A call could not begin", error=whereabouts(error))
            raise Unavailable() from error

    def _end_call(self, callsid: str, fault: Fault, peer: Peer, sid: CallSid) -> None:
        """Tell the device that a call cannot be, or is no more."""
        log.info("A call was refused", code=fault.code, reason=str(fault))
        self._say(frames.ServerHangup(callsid=callsid, error=frames.failure(fault)), peer, sid)

    def _say(self, frame: frames.ServerFrame, peer: Peer, sid: CallSid) -> None:
        self._connection.send(frame)
        self._hub.noted(peer.session, sid, frame)


def _offer(text: str) -> Offer:
    return Offer(text, sdp.fingerprint(text), open=sdp.is_offer(text))


def _with_granted(
    parameters: tuple[Parameter, ...], granted: dict[str, str]
) -> tuple[Parameter, ...]:
    """Add the parameters that the token grants; what the device says cannot replace them."""
    own = tuple(parameter for parameter in parameters if parameter.name not in granted)
    return own + tuple(Parameter(name, value) for name, value in granted.items())
