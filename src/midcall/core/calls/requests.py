"""Calls as the REST API knows them: made, ended, led elsewhere."""

from midcall.core.calls import events as ev
from midcall.core.calls import machine
from midcall.core.calls.origins import application_origin, callback_of
from midcall.core.calls.rooms import Draft, Room, Rooms
from midcall.core.ports import CallRequest, CallUpdate, Entropy, Store
from midcall.model.calls import Call, CallDirection, CallStatus, StatusCallback
from midcall.model.errors import ApplicationNotAccessible, CallNotActive, NotFound
from midcall.model.families import Origin
from midcall.model.sids import CALL, AccountSid, CallSid, from_entropy

CLIENT = "client:"


class CallRequests:
    """Fulfils the ``Calling`` port."""

    def __init__(self, *, rooms: Rooms, store: Store, entropy: Entropy) -> None:
        self._rooms = rooms
        self._store = store
        self._entropy = entropy

    async def create(self, account: AccountSid, request: CallRequest) -> Call:
        """Begin a call; it is queued, durably, when this returns."""
        origin, callback = await self._plan(account, request)
        now = self._rooms.clock()
        to_client = request.to_address.startswith(CLIENT)
        call = Call(
            sid=CallSid(from_entropy(CALL, self._entropy(16))),
            account_sid=account,
            application_sid=request.application_sid,
            from_address=request.from_address,
            to_address=request.to_address,
            direction=CallDirection.OUTBOUND_API,
            status=CallStatus.QUEUED,
            created_at=now,
            updated_at=now,
        )
        requested = machine.Requested(
            call=call,
            identity=request.to_address.removeprefix(CLIENT) if to_client else "",
            number="" if to_client else request.to_address,
            origin=origin,
            timeout_seconds=request.timeout_seconds,
            time_limit_seconds=request.time_limit_seconds,
            send_digits=request.send_digits,
            parameters=request.parameters,
            status_callback=callback,
        )
        await self._rooms.open(machine.request(requested, now, self._entropy))
        return call

    async def update(self, account: AccountSid, sid: CallSid, update: CallUpdate) -> Call:
        """Change a call under way; return it as it is now."""
        path = f"/2010-04-01/Accounts/{account}/Calls/{sid}.json"
        room = self._rooms.find(sid)
        call = room.leg(sid).call if room is not None else await self._store.find_call(sid)
        if call is None or call.account_sid != account:
            raise NotFound(path)
        if room is None:
            raise CallNotActive(sid, call.status)
        event = ev.CallUpdated(
            call_sid=sid,
            end=update.status is not None,
            origin=_new_origin(update),
            status_callback=update.status_callback,
            time_limit_seconds=update.time_limit_seconds,
        )

        async def work(room: Room) -> Draft:
            _check(room.leg(sid).call, update, parent=sid == room.family.sid)
            draft = room.step(event, self._rooms.clock(), self._entropy)
            return Draft(answer=room.leg(sid).call, changes=draft.changes, effects=draft.effects)

        changed: Call = await self._rooms.ask(room, work)
        return changed

    async def _plan(
        self, account: AccountSid, request: CallRequest
    ) -> tuple[Origin, StatusCallback | None]:
        if request.application_sid is not None:
            application = await self._store.find_application(request.application_sid)
            if application is None or application.account_sid != account:
                raise ApplicationNotAccessible(request.application_sid)
            return application_origin(application), callback_of(application)
        callback = None
        if request.status_callback is not None:
            callback = StatusCallback(
                endpoint=request.status_callback, events=request.status_callback_events
            )
        if request.voice is not None:
            return Origin(endpoint=request.voice, fallback=request.fallback), callback
        return Origin(text=request.twiml), callback


def _new_origin(update: CallUpdate) -> Origin | None:
    if update.voice is not None:
        return Origin(endpoint=update.voice, fallback=update.fallback)
    return Origin(text=update.twiml) if update.twiml else None


def _check(call: Call, update: CallUpdate, *, parent: bool) -> None:
    """Raise ``CallNotActive`` unless a call's status allows what is asked."""
    waiting = call.status in {CallStatus.QUEUED, CallStatus.RINGING}
    leads_elsewhere = update.voice is not None or bool(update.twiml)
    if (
        call.status.terminal
        or (update.status is CallStatus.CANCELED and not waiting)
        or (leads_elsewhere and (waiting or not parent))
    ):
        raise CallNotActive(call.sid, call.status)
