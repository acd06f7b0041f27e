"""Calls as the gateway knows them: a device does something, and the family of its call decides.

A call is placed durably or not at all. Everything else is something that happened: it is put to the
family in the order in which it came, and what is wrong with it is raised at once, as the fault that
the device is told.
"""

from hmac import compare_digest

import msgspec

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import machine
from midcall.core.calls.origins import application_origin, callback_of, number_origin
from midcall.core.calls.rooms import Rooms
from midcall.core.limits import RESTORED_AWAY_SECONDS
from midcall.core.ports import Entropy, MediaEngine, Peer, Signalling, Store
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.errors import (
    ApplicationNotFound,
    BadMedia,
    CallNotFound,
    InvalidReconnectToken,
)
from midcall.model.families import Device, Leg, SessionId
from midcall.model.sids import CALL, ApplicationSid, CallSid, from_entropy
from midcall.model.twiml import Parameter

ANONYMOUS = "Anonymous"
"""Who calls when a token names nobody."""


class Offer(msgspec.Struct, frozen=True):
    """A session description of a device, and the fingerprint of the certificate in it.

    ``open`` says whether it may wait for its answer: it is no answer itself.
    """

    sdp: str
    fingerprint: str
    open: bool = False


class CallService:
    """What devices, and numbers, do with calls."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        store: Store,
        media: MediaEngine,
        signalling: Signalling,
        entropy: Entropy,
    ) -> None:
        self._rooms = rooms
        self._store = store
        self._media = media
        self._signalling = signalling
        self._entropy = entropy

    async def restore(self) -> int:
        """Take up every family that was live when the server stopped; return how many."""
        families = await self._store.live_families()
        for family in families:
            self._rooms.restore(family)
            event = ev.ServerRestarted(keep_seconds=RESTORED_AWAY_SECONDS)
            self._rooms.post(family.sid, event)
        return len(families)

    # --- calls begin

    async def place(
        self,
        peer: Peer,
        application_sid: ApplicationSid | None,
        parameters: tuple[Parameter, ...],
        offer: Offer,
    ) -> CallSid:
        """Begin the call of a device through its application; return the parent's CallSid."""
        application = None
        if application_sid is not None:
            application = await self._store.find_application(application_sid)
        if application is None or application.account_sid != peer.account_sid:
            raise ApplicationNotFound(application_sid or "")
        now = self._rooms.clock()
        own = {parameter.name: parameter.value for parameter in parameters}
        call = Call(
            sid=CallSid(from_entropy(CALL, self._entropy(16))),
            account_sid=peer.account_sid,
            application_sid=application.sid,
            from_address=f"client:{peer.identity or ANONYMOUS}",
            to_address=own.get("To", ""),
            direction=CallDirection.INBOUND,
            status=CallStatus.RINGING,
            created_at=now,
            updated_at=now,
        )
        placed = machine.Placed(
            call=call,
            identity=peer.identity,
            session=peer.session,
            offer_sdp=offer.sdp,
            fingerprint=offer.fingerprint,
            parameters=parameters,
            origin=application_origin(application),
            status_callback=callback_of(application),
        )
        try:
            await self._rooms.open(machine.place(placed, now, self._entropy))
        except BaseException:
            # Whoever called is gone. What was submitted may be written all the same, and then the
            # call has to hear of it.
            self.lost(peer.session, (call.sid,), keep_seconds=0)
            raise
        return call.sid

    async def call_number(self, effect: do.CallNumber) -> None:
        """Begin the inbound call of a number that is owned, on the other side of a leg."""
        number, leg = effect.number, effect.leg
        application = None
        if number.voice_application_sid is not None:
            application = await self._store.find_application(number.voice_application_sid)
        if application is not None and application.account_sid != number.account_sid:
            application = None  # what another account's application does is none of its business
        now = self._rooms.clock()
        call = Call(
            sid=effect.far_sid,
            account_sid=number.account_sid,
            application_sid=application.sid if application is not None else None,
            phone_number_sid=number.sid,
            from_address=leg.from_address,
            to_address=number.number,
            direction=CallDirection.INBOUND,
            status=CallStatus.RINGING,
            created_at=now,
            updated_at=now,
            stir_status=number.stir_status or None,
        )
        arriving = machine.Arriving(
            call=call,
            trunk=leg.sid,
            origin=application_origin(application) if application else number_origin(number),
            hops=effect.hops,
            status_callback=callback_of(application or number) or callback_of(number),
        )
        await self._rooms.open(machine.arrive(arriving, now, self._entropy))

    # --- what devices do with them

    async def attach(self, peer: Peer, sid: CallSid, token: str, offer: Offer) -> None:
        """Give a leg back to the device that knows its reconnect token, or over to another."""
        room = self._rooms.find(sid)
        if room is None:
            raise CallNotFound(sid)
        leg = room.leg(sid)
        if (leg.call.account_sid, leg.identity) != (peer.account_sid, peer.identity):
            raise CallNotFound(sid)
        for device in leg.devices:
            if compare_digest(device.reconnect_token.encode(), token.encode()):
                if not leg.called and leg.call.status is not CallStatus.IN_PROGRESS:
                    break  # a caller who was not answered was not told it yet
                event = ev.DeviceAttached(
                    call_sid=sid,
                    device=device.id,
                    session=peer.session,
                    fingerprint=offer.fingerprint,
                    # What its own device says again, and had the answer to, asks for nothing.
                    offer_sdp=offer.sdp
                    if offer.open or offer.fingerprint != device.fingerprint
                    else "",
                )
                self._rooms.post(sid, event)
                return
        raise InvalidReconnectToken()

    def accept(self, peer: Peer, sid: CallSid, answer: Offer) -> None:
        """Take an incoming call."""
        event = ev.DeviceAccepted(
            call_sid=sid,
            device=self._device(peer, sid).id,
            sdp=answer.sdp,
            fingerprint=answer.fingerprint,
        )
        self._rooms.post(sid, event)

    def reject(self, peer: Peer, sid: CallSid) -> None:
        """Refuse an incoming call."""
        device = self._device(peer, sid)
        self._rooms.post(sid, ev.DeviceRejected(call_sid=sid, device=device.id))

    def hang_up(self, peer: Peer, sid: CallSid) -> None:
        """Leave a call."""
        device = self._device(peer, sid, may_be_flushed=True)
        self._rooms.post(sid, ev.DeviceHungUp(call_sid=sid, device=device.id))

    def press(self, peer: Peer, sid: CallSid, digits: str) -> None:
        """Press keys, told by signalling."""
        self._device(peer, sid)
        for digit in digits:
            self._rooms.post(sid, ev.DigitPressed(call_sid=sid, digit=digit))

    def pressed(self, endpoint: str, digit: str) -> None:
        """Note a key that a media endpoint heard (RFC 4733)."""
        sid = CallSid(endpoint.partition(".")[0])
        self._rooms.post(sid, ev.DigitPressed(call_sid=sid, digit=digit))

    async def restart_media(self, peer: Peer, sid: CallSid, offer: Offer) -> None:
        """Answer a new offer of a device whose path through the network changed."""
        device = self._device(peer, sid)
        try:
            sdp = await self._media.restart(device.id, offer.sdp)
        except Exception as error:
            raise BadMedia(str(error)) from error
        try:
            device = self._device(peer, sid)
        except CallNotFound:
            # It left meanwhile, and what it had was let go of before this was made.
            await self._media.release(device.id)
            raise
        self._signalling.answer(sid, device, sdp)
        self._rooms.post(sid, ev.MediaRestarted(call_sid=sid))

    def lost(self, session: SessionId, calls: tuple[CallSid, ...], keep_seconds: int) -> None:
        """Let the calls of a session know that its socket is gone."""
        for sid in calls:
            self._rooms.post(sid, ev.DeviceDetached(session=session, keep_seconds=keep_seconds))

    def _device(self, peer: Peer, sid: CallSid, *, may_be_flushed: bool = False) -> Device:
        room = self._rooms.find(sid)
        find = spoken_for if may_be_flushed else held_by
        device = find(room.leg(sid), peer) if room is not None else None
        if device is None:
            raise CallNotFound(sid)
        return device


def held_by(leg: Leg, peer: Peer) -> Device | None:
    """Find the device of a leg that is on a peer's own session."""
    if leg.call.account_sid != peer.account_sid or leg.identity != peer.identity:
        return None
    return next((device for device in leg.devices if device.session == peer.session), None)


def spoken_for(leg: Leg, peer: Peer) -> Device | None:
    """Find the device of a leg that a peer speaks for, though it may not hold the leg yet.

    The SDK flushes what it queued on a fresh socket before its call comes back there, when the old
    socket may still seem alive. So a device of the same identity on a socket that is younger than
    the answer is taken for the one that answered. On an older socket it may be one that rang for
    this call and lost it: what it says of it comes too late. Callers whose tokens name nobody are
    not one identity: one of them must hold its leg to be heard.
    """
    own = held_by(leg, peer)
    same = leg.call.account_sid == peer.account_sid and leg.identity == peer.identity
    answered_at = leg.call.answered_at
    if own is not None or not same or not peer.identity:
        return own
    if answered_at is None or peer.since is None:
        return own
    return leg.devices[0] if len(leg.devices) == 1 and peer.since > answered_at else None
