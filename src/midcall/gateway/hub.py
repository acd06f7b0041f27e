"""The devices of this node: who is connected, who is registered, who holds which leg.

All of it is memory. What must survive is in the families; a device that comes back makes itself
known again.

Messages of a leg that no device can take are *held*: none was told of the leg, or its socket is
down, or its app does not listen yet. That is noted once it is so, and when more of them come.
"""

import asyncio
import contextlib
from datetime import datetime

import structlog

from midcall.core.ports import HoldMessages, Invitation, Store
from midcall.gateway import closing
from midcall.gateway.attendance import Attendance, Presence
from midcall.gateway.connection import Connection
from midcall.gateway.limits import LIMITS, Limits
from midcall.gateway.relay import Clock, Later, Means, Record, Relay, Spawn
from midcall.gateway.tracing import Note, trace_of, unnoted
from midcall.model.calls import API_VERSION, Call
from midcall.model.errors import Fault, Unavailable
from midcall.model.families import Device, DeviceId, SessionId
from midcall.model.sids import AccountSid, CallSid
from midcall.wire import frames

log = structlog.get_logger()

DRAIN_RETRY_SECONDS = 2.0
"""How long a device shall stay away from a server that stops."""

DRAIN_SECONDS = 8.0
"""How long the devices may take to leave: longer than one connection takes for its goodbye."""


class Hub:
    """Fulfils the ``Signalling`` port for the devices that are connected here."""

    def __init__(
        self,
        *,
        store: Store,
        spawn: Spawn,
        later: Later,
        record: Record,
        clock: Clock,
        note: Note = unnoted,
        limits: Limits = LIMITS,
    ) -> None:
        self.clock = clock
        self._note = note
        self._relaying = Means(
            store=store,
            spawn=spawn,
            later=later,
            record=record,
            clock=clock,
            held_seconds=limits.held_seconds,
        )
        self._incoming_hold_seconds = limits.incoming_hold_seconds
        self._present = Attendance(limits.sockets_per_identity)
        self._relays: dict[CallSid, dict[DeviceId, Relay]] = {}
        self._draining = False

    def __len__(self) -> int:
        """Count the devices that are connected."""
        return len(self._present)

    # --- what dialogues tell

    def join(
        self, session: SessionId, connection: Connection, account: AccountSid, identity: str
    ) -> None:
        """Note a device that presented a token, or presented another one.

        Raises ``Unavailable`` while the server stops, and ``TooManySockets``.
        """
        if self._draining:
            raise Unavailable()
        if self._present.find(session) is None:
            self._present.add(session, Presence(connection, account, identity))

    def register(self, session: SessionId) -> None:
        """Let a device have incoming calls."""
        self._present.register(session)

    def unregister(self, session: SessionId) -> None:
        """Let a device have no incoming calls any more."""
        self._present.unregister(session)

    def take_part(self, session: SessionId, call: CallSid, name: str) -> None:
        """Note that a device began a call, or came back to it, and what it calls it."""
        self._present.get(session).names[name] = call

    def call_named(self, session: SessionId, name: str) -> CallSid:
        """Return the call that a device means: one of its own, or the one of that CallSid."""
        presence = self._present.find(session)
        own = presence.names.get(name) if presence is not None else None
        return own or CallSid(name)

    def listens(self, session: SessionId, call: CallSid) -> None:
        """Note that the app has the incoming call: what it is sent finds a listener."""
        presence = self._present.find(session)
        for relay in presence.relays.values() if presence is not None else ():
            if relay.call_sid == call:
                relay.listen()

    def noted(
        self,
        session: SessionId,
        call: CallSid,
        frame: frames.ClientFrame | frames.ServerFrame,
        at: datetime | None = None,
    ) -> None:
        """Note a frame about a call, if the device at the other end has part in it."""
        presence = self._present.find(session)
        if presence is None or not presence.has_part(call):
            return
        trace = trace_of(
            frame,
            account_sid=presence.account_sid,
            call_sid=call,
            session=session,
            at=at or self.clock(),
        )
        if trace is not None:
            self._note(trace)

    def leave(self, session: SessionId) -> tuple[CallSid, ...]:
        """Forget a device whose socket is gone; return the calls that it had part in.

        A call that it began or came back to is among them even if it was not told of it any more.
        """
        presence = self._present.remove(session)
        if presence is None:
            return ()
        for relay in presence.relays.values():
            # A device that came back before its old socket was given up has moved its legs on.
            if relay.connection is presence.connection:
                self._detach(relay)
        told = (relay.call_sid for relay in presence.relays.values())
        return tuple(dict.fromkeys((*told, *presence.names.values())))

    async def drain(self) -> None:
        """Send every device away, with the advice to come back soon; return when they are gone."""
        self._draining = True
        advice = frames.Error(error=frames.failure(Unavailable(), DRAIN_RETRY_SECONDS))
        for presence in self._present:
            presence.connection.send(advice)
            presence.connection.close(closing.DRAINING)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._present.empties()
        if self._present:
            log.warning("Devices did not leave in time", devices=len(self._present))

    # --- the port

    def registered(self, account: AccountSid, identity: str) -> tuple[SessionId, ...]:
        """Return the sessions that are registered under an identity, oldest first."""
        return self._present.registered((account, identity))

    def invite(self, invitation: Invitation) -> bool:
        """Offer an incoming call."""
        call, device = invitation.call, invitation.device
        parameters = {
            "AccountSid": call.account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": call.sid,
            "From": call.from_address,
            "To": call.to_address,
        }
        if call.stir_status is not None:
            parameters["StirStatus"] = call.stir_status
        if invitation.parameters:
            parameters["Params"] = frames.invite_params(invitation.parameters)
        return self._tell(
            call.sid,
            device,
            frames.ServerInvite(
                callsid=call.sid,
                sdp=invitation.sdp,
                parameters=parameters,
                reconnect=device.reconnect_token,
            ),
        )

    def ringing(self, call: CallSid, device: Device) -> None:
        """Tell a calling device its CallSid."""
        self._tell(call, device, frames.Ringing(callsid=call))

    def answer(self, call: CallSid, device: Device, sdp: str) -> None:
        """Tell a device that its call is answered, or that it holds its leg again."""
        frame = frames.ServerAnswer(callsid=call, sdp=sdp, reconnect=device.reconnect_token)
        self._tell(call, device, frame)

    def cancel(self, call: CallSid, device: Device) -> None:
        """Withdraw an incoming call."""
        self._send(call, device, frames.Cancel(callsid=call))

    def hang_up(self, call: CallSid, device: Device, fault: Fault | None) -> None:
        """Tell a device that its call is over."""
        error = frames.failure(fault) if fault is not None else None
        self._send(call, device, frames.ServerHangup(callsid=call, error=error))

    def forget(self, call: CallSid, device: Device) -> None:
        """Send nothing more of a leg to a device."""
        relays = self._relays.get(call, {})
        relay = relays.pop(device.id, None)
        if relay is not None:
            self._detach(relay)
        if not relays:
            self._relays.pop(call, None)
        presence = self._present.find(device.session)
        if presence is not None:
            presence.relays.pop(device.id, None)
            for name in [name for name, sid in presence.names.items() if sid == call]:
                del presence.names[name]

    def progress(self, call: CallSid, sid: str, child: Call, status: str) -> None:
        """Tell a caller's devices of a stage of a child."""
        content = {
            "ParentCallSid": call,
            "CallSid": child.sid,
            "CallStatus": status,
            "CallType": "CLIENT" if child.to_address.startswith("client:") else "PSTN",
        }
        frame = frames.progress_message(call, sid, content)
        for relay in self._relays.get(call, {}).values():
            if relay.connection is not None:
                relay.connection.send(frame)

    def relay(self, call: CallSid) -> None:
        """Send a leg's downlink messages to its devices; hold them while none can take them."""
        for relay in self._relays.get(call, {}).values():
            relay.wake()
        if not self._reachable(call):
            self._hold(call)

    # --- small things

    def _send(self, call: CallSid, device: Device, frame: frames.ServerFrame) -> bool:
        presence = self._present.find(device.session)
        if presence is None:
            return False
        presence.connection.send(frame)
        self.noted(device.session, call, frame)
        return True

    def _tell(self, call: CallSid, device: Device, frame: frames.ServerFrame) -> bool:
        """Send a frame from which the device learns that it has part in a leg.

        Messages follow behind that frame: before it the SDK would drop them.
        """
        presence = self._present.find(device.session)
        if presence is None:
            return False
        presence.connection.send(frame)
        relays = self._relays.setdefault(call, {})
        relay = relays.get(device.id)
        if relay is None:
            relay = relays[device.id] = self._open(call, device, frame)
        # An app has a call that it made or came back to, but not yet one that is offered to it.
        invited = isinstance(frame, frames.ServerInvite)
        if relay.connection is not presence.connection:
            presence.relays[device.id] = relay
            listens_in = self._incoming_hold_seconds if invited else 0.0
            relay.attach(presence.connection, listens_in=listens_in)
        elif not invited:
            relay.listen()
        self.noted(device.session, call, frame)
        return True

    def _detach(self, relay: Relay) -> None:
        """Take the socket from a relay; what waits behind it is held if it was the last one."""
        relay.detach()
        if relay.behind and not self._reachable(relay.call_sid):
            self._hold(relay.call_sid)

    def _reachable(self, call: CallSid) -> bool:
        return any(relay.able for relay in self._relays.get(call, {}).values())

    def _hold(self, call: CallSid) -> None:
        self._relaying.record([HoldMessages(call, self._relaying.clock())])

    def _open(self, call: CallSid, device: Device, frame: frames.ServerFrame) -> Relay:
        # A device that is welcomed back where nothing is known of it held its leg before the
        # server started anew; what it has receipts for is in the store.
        resumed = isinstance(frame, frames.ServerAnswer)
        return Relay(self._relaying, call_sid=call, device=device.id, resumed=resumed)
