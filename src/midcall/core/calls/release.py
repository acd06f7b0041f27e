"""Carrying effects out: what was decided and committed happens here, one effect after the other.

Effects of one family are performed in order, beside its mailbox: setting up media takes its time,
and messages must not wait for it. What cannot be done comes back as an event.
"""

from typing import assert_never

import structlog

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls.rooms import Room, Rooms
from midcall.core.calls.runtime import Runtime
from midcall.core.ports import (
    DocumentReader,
    DocumentSource,
    Invitation,
    MediaEngine,
    Signalling,
    Store,
)
from midcall.model.errors import TwimlFault
from midcall.model.families import Device, DeviceId, Family, Fetching
from midcall.model.sids import CallSid

log = structlog.get_logger()

NO_DOCUMENT = 11100
"""The documented code for a URL that cannot be used: the application has none."""

INTERNAL = 12400
"""The documented code for an internal failure while a document is had."""


class Releaser:
    """Performs effects with the adapters behind the ports."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        store: Store,
        media: MediaEngine,
        signalling: Signalling,
        documents: DocumentSource,
        reader: DocumentReader,
        runtime: Runtime,
    ) -> None:
        self._rooms = rooms
        self._store = store
        self._media = media
        self._signalling = signalling
        self._documents = documents
        self._reader = reader
        self._runtime = runtime
        self._answers: dict[DeviceId, str] = {}

    async def perform(self, room: Room, effect: do.Effect) -> None:
        """Carry one effect out."""
        match effect:
            case do.FindDevices(call_sid=sid, identity=identity):
                sessions = self._signalling.registered(room.family.account_sid, identity)
                self._rooms.post(sid, ev.DevicesFound(call_sid=sid, sessions=sessions))
            case do.FetchDocument():
                self._runtime.spawn(f"document of {room.family.sid}", self._fetch(room.family))
            case do.RelayDownlinks(call_sid=sid):
                self._signalling.relay(sid)
            case do.JoinMedia() | do.PartMedia() | do.RingMedia() | do.AcceptMedia():
                await self._perform_media(effect, room)
            case _:
                await self._perform_device(effect)

    async def _perform_media(self, effect: do.MediaEffect, room: Room) -> None:
        try:
            match effect:
                case do.AcceptMedia(device=device, sdp=sdp):
                    await self._media.accept(device, sdp)
                case do.JoinMedia(first=first, second=second):
                    await self._media.bridge(first, second)
                case do.PartMedia(device=device):
                    await self._media.unbridge(device)
                case do.RingMedia(device=device):
                    await self._media.ring(device)
                case _:
                    assert_never(effect)
        except Exception as error:
            if isinstance(effect, do.AcceptMedia):
                self._failed(effect.call_sid, effect.device, error)
            else:
                # An endpoint that is gone has its own event; the call goes on without the sound.
                log.warning("Media failed", call_sid=room.family.sid, reason=str(error))

    async def _perform_device(self, effect: do.DeviceEffect) -> None:
        match effect:
            case do.InviteDevice():
                await self._invite(effect)
            case do.TellRinging(call_sid=sid, device=device):
                self._signalling.ringing(sid, device)
            case do.PrepareAnswer(call_sid=sid, device=device, offer_sdp=offer):
                await self._prepare(sid, device, offer)
            case do.AnswerDevice(call_sid=sid, device=device):
                if (sdp := self._answers.pop(device.id, None)) is not None:
                    self._signalling.answer(sid, device, sdp)
            case do.WelcomeBack(call_sid=sid, device=device):
                self._signalling.answer(sid, device, "")
            case do.CancelDevice(call_sid=sid, device=device):
                self._signalling.cancel(sid, device)
                await self._let_go(sid, device)
            case do.HangUpDevice(call_sid=sid, device=device, fault=fault):
                self._signalling.hang_up(sid, device, fault)
                await self._let_go(sid, device)
            case do.ReleaseDevice(call_sid=sid, device=device):
                await self._let_go(sid, device)
            case _:
                assert_never(effect)

    async def _invite(self, effect: do.InviteDevice) -> None:
        sid, device = effect.call.sid, effect.device
        try:
            sdp = await self._media.offer(device.id)
        except Exception as error:
            self._failed(sid, device.id, error)
            return
        invitation = Invitation(
            call=effect.call, parameters=effect.parameters, device=device, sdp=sdp
        )
        if self._signalling.invite(invitation):
            self._rooms.post(sid, ev.DeviceRang(call_sid=sid, device=device.id))
        else:
            self._rooms.post(sid, ev.DeviceGone(call_sid=sid, device=device.id))

    async def _prepare(self, sid: CallSid, device: Device, offer: str) -> None:
        try:
            self._answers[device.id] = await self._media.answer(device.id, offer)
        except Exception as error:
            self._failed(sid, device.id, error)

    def _failed(self, sid: CallSid, device: DeviceId, error: Exception) -> None:
        log.warning("The media of a device cannot be set up", call_sid=sid, reason=str(error))
        self._rooms.post(sid, ev.DeviceFailed(call_sid=sid, device=device, reason=str(error)))

    async def _let_go(self, sid: CallSid, device: Device) -> None:
        self._signalling.forget(sid, device)
        self._answers.pop(device.id, None)
        await self._media.release(device.id)

    async def _fetch(self, family: Family) -> None:
        activity = family.program.activity
        if not isinstance(activity, Fetching):
            return
        event: ev.Event
        try:
            event = await self._document(family, activity)
        except TwimlFault as fault:
            event = ev.DocumentFailed(
                token=activity.token, code=fault.twiml_code, reason=fault.reason, url=fault.url
            )
        except Exception:
            log.exception("A document could not be had", call_sid=family.sid)
            event = ev.DocumentFailed(
                token=activity.token, code=INTERNAL, reason="internal error", url=""
            )
        self._rooms.post(family.sid, event)

    async def _document(self, family: Family, activity: Fetching) -> ev.DocumentArrived:
        if activity.endpoint is None:
            text, url = await self._kept_document(family, activity), ""
        else:
            fetched = await self._documents.fetch(
                family.account_sid, activity.endpoint, activity.parameters, activity.token
            )
            text, url = fetched.text, fetched.url
        try:
            document = self._reader.parse(text)
        except TwimlFault as fault:
            raise TwimlFault(fault.twiml_code, fault.reason, url) from fault
        return ev.DocumentArrived(token=activity.token, document=document, url=url)

    async def _kept_document(self, family: Family, activity: Fetching) -> str:
        application = None
        if family.application_sid is not None:
            application = await self._store.find_application(family.application_sid)
        if application is None or not application.voice_twiml:
            raise TwimlFault(NO_DOCUMENT, "the application has neither a Voice URL nor TwiML")
        own = family.parent.parameters
        return self._reader.render(application.voice_twiml, activity.parameters, own)
