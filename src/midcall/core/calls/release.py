"""Carrying effects out: what was decided and committed happens here, one effect after the other.

Effects of one family are performed in order, beside its mailbox: setting up media takes its time,
and messages must not wait for it. What lasts (a document being fetched, a prompt being heard) runs
beside that. What cannot be done comes back as an event.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import assert_never

import structlog

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls.audio import Audio
from midcall.core.calls.documents import Documents
from midcall.core.calls.rooms import Room, Rooms
from midcall.core.calls.runtime import Runtime
from midcall.core.calls.states import Cause
from midcall.core.ports import Invitation, MediaEngine, Signalling, Store
from midcall.model.errors import TwimlFault
from midcall.model.families import Device, DeviceId
from midcall.model.numbers import SIMULATED
from midcall.model.sids import CallSid

log = structlog.get_logger()

KEY_PAUSES = {"w": 0.5, "W": 1.0}
"""Pauses between keys that are sent, in seconds (Calls resource, ``SendDigits``)."""

CallNumber = Callable[[do.CallNumber], Awaitable[None]]
"""Begins the inbound call of an owned number."""


class Releaser:
    """Performs effects with the adapters behind the ports."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        store: Store,
        media: MediaEngine,
        signalling: Signalling,
        documents: Documents,
        audio: Audio,
        runtime: Runtime,
        call_number: CallNumber,
    ) -> None:
        self._rooms = rooms
        self._store = store
        self._media = media
        self._signalling = signalling
        self._documents = documents
        self._audio = audio
        self._runtime = runtime
        self._call_number = call_number
        self._answers: dict[DeviceId, str] = {}
        self._hearing: dict[DeviceId, str] = {}

    async def perform(self, room: Room, effect: do.Effect) -> None:
        """Carry one effect out."""
        match effect:
            case do.FindDevices(call_sid=sid, identity=identity):
                sessions = self._signalling.registered(room.family.account_sid, identity)
                self._rooms.post(sid, ev.DevicesFound(call_sid=sid, sessions=sessions))
            case do.FetchDocument(call_sid=sid):
                self._runtime.spawn(f"document of {sid}", self._fetch(room, effect))
            case do.PlayPrompt(call_sid=sid, device=device, token=token):
                self._hearing[device] = token
                self._runtime.spawn(f"prompt of {sid}", self._play(room, effect))
            case do.RelayDownlinks(call_sid=sid):
                self._signalling.relay(sid)
            case do.TellProgress():
                self._signalling.progress(effect.call_sid, effect.sid, effect.child, effect.status)
            case do.FindNumber() | do.CallNumber() | do.TellFarEnd() | do.PassDigits():
                await self._perform_trunk(effect)
            case (
                do.InviteDevice()
                | do.TellRinging()
                | do.PrepareAnswer()
                | do.AnswerDevice()
                | do.WelcomeBack()
                | do.CancelDevice()
                | do.HangUpDevice()
                | do.ReleaseDevice()
            ):
                await self._perform_device(effect)
            case _:
                await self._perform_media(effect)

    # --- media

    async def _perform_media(self, effect: do.MediaEffect) -> None:
        for endpoint in _interrupted(effect):
            self._hearing.pop(endpoint, None)
        try:
            await self._audio.perform(effect)
        except Exception as error:
            if isinstance(effect, do.AcceptMedia):
                self._failed(effect.call_sid, effect.device, error)
            else:
                # An endpoint that is gone has its own event; the call goes on without the sound.
                log.info("Media failed", reason=str(error), effect=type(effect).__name__)

    async def _play(self, room: Room, effect: do.PlayPrompt) -> None:
        """Let a prompt be heard, unless it was interrupted before it could begin."""
        sid, device, token = effect.call_sid, effect.device, effect.token
        account = room.family.account_sid
        fault: TwimlFault | None = None

        def wanted() -> bool:
            return self._hearing.get(device) == token

        try:
            fault = await self._audio.play(account, device, effect.prompt, wanted)
        finally:
            if wanted():
                del self._hearing[device]
            if fault is not None:
                # First, because the end of the prompt may be the end of the call.
                code, reason, url = fault.twiml_code, fault.reason, fault.url
                failed = ev.PromptFailed(call_sid=sid, code=code, reason=reason, url=url)
                self._rooms.post(sid, failed)
            self._rooms.post(sid, ev.PromptEnded(call_sid=sid, token=token))

    # --- documents

    async def _fetch(self, room: Room, effect: do.FetchDocument) -> None:
        leg = room.leg(effect.call_sid)
        self._rooms.post(leg.sid, await self._documents.get(leg, effect.fetching))

    # --- devices

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
            case do.WelcomeBack(call_sid=sid, device=device, offer_sdp=offer):
                self._signalling.answer(sid, device, await self._catch_up(sid, device, offer))
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

    async def _catch_up(self, sid: CallSid, device: Device, offer: str) -> str:
        """Answer what a device that came back may have offered while its socket was down.

        The SDK says a ``reinvite`` once, and its answer is said once: either may be lost with the
        socket. What it comes back with is its latest offer. If that is what the endpoint knows, the
        answer to it is said again, and a device that has it already reads over it.
        """
        if not offer:
            return ""
        try:
            sdp = await self._media.restart(device.id, offer)
        except Exception as error:
            # It holds its leg all the same, and offers anew when its media does not come up.
            log.info("Media was not restarted", call_sid=sid, reason=str(error))
            return ""
        self._rooms.post(sid, ev.MediaRestarted(call_sid=sid))
        return sdp

    def _failed(self, sid: CallSid, device: DeviceId, error: Exception) -> None:
        log.warning("The media of a device cannot be set up", call_sid=sid, reason=str(error))
        self._rooms.post(sid, ev.DeviceFailed(call_sid=sid, device=device, reason=str(error)))

    async def _let_go(self, sid: CallSid, device: Device) -> None:
        self._signalling.forget(sid, device)
        self._answers.pop(device.id, None)
        self._hearing.pop(device.id, None)
        await self._media.release(device.id)

    # --- phone numbers

    async def _perform_trunk(self, effect: do.TrunkEffect) -> None:
        match effect:
            case do.FindNumber(call_sid=sid, number=number):
                found = ev.NumberFound(
                    call_sid=sid,
                    owned=await self._store.find_number(number),
                    simulated=SIMULATED.get(number),
                )
                self._rooms.post(sid, found)
            case do.CallNumber():
                await self._begin_far_end(effect)
            case do.TellFarEnd(call_sid=sid, cause=cause):
                self._rooms.post(sid, ev.FarEndChanged(call_sid=sid, cause=cause))
            case do.PassDigits(call_sid=sid, digits=digits):
                self._press(sid, digits)
            case _:
                assert_never(effect)

    async def _begin_far_end(self, effect: do.CallNumber) -> None:
        try:
            await self._call_number(effect)
        except Exception:
            log.exception("A number could not be called", call_sid=effect.leg.sid)
            sid = effect.leg.sid
            self._rooms.post(sid, ev.FarEndChanged(call_sid=sid, cause=Cause.FAILED))

    def _press(self, sid: CallSid, digits: str) -> None:
        """Let keys arrive on a leg one by one, with the pauses between them."""
        seconds = 0.0
        for digit in digits:
            if digit in KEY_PAUSES:
                seconds += KEY_PAUSES[digit]
                continue
            press = partial(self._rooms.post, sid, ev.DigitPressed(call_sid=sid, digit=digit))
            if seconds:
                self._runtime.later(seconds, press)
            else:
                press()


def _interrupted(effect: do.MediaEffect) -> tuple[DeviceId, ...]:
    """Return the endpoints that hear something else from now on."""
    match effect:
        case do.StopPrompt(device=device) | do.PartMedia(device=device):
            return (device,)
        case do.RingMedia(device=device):
            return (device,)
        case do.JoinMedia(first=first, second=second):
            return (first, second)
        case do.ReleaseLine(line=line):
            return (line,)
        case do.AcceptMedia() | do.LinkMedia():
            return ()
        case _:
            assert_never(effect)
