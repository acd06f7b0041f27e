"""A hub with everything around it: connections and a store that only remember what they got."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

from midcall.core.ports import Change, HoldMessages, Invitation
from midcall.gateway.closing import Closing
from midcall.gateway.hub import Hub
from midcall.gateway.limits import LIMITS, Limits
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.families import Device, DeviceId, SessionId
from midcall.model.messages import Direction, UserDefinedMessage
from midcall.model.sids import AccountSid, CallSid
from midcall.model.traces import Trace
from midcall.model.twiml import Parameter
from midcall.wire import frames

OURS = AccountSid("AC" + "1" * 32)
THEIRS = AccountSid("AC" + "2" * 32)
CALL = CallSid("CA" + "1" * 32)
OTHER_CALL = CallSid("CA" + "2" * 32)
AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
FIRST, SECOND = SessionId("first"), SessionId("second")


class Connection:
    """A socket as the hub sees it."""

    def __init__(self) -> None:
        self.sent: list[frames.ServerFrame] = []
        self.closed: Closing | None = None

    def send(self, frame: frames.ServerFrame) -> None:
        self.sent.append(frame)

    def heartbeat(self, mark: Callable[[], None] | None = None) -> None:
        pass

    def close(self, why: Closing) -> None:
        self.closed = why


class NoMessages:
    """A store in which no leg has any messages; it remembers which were asked for."""

    def __init__(self) -> None:
        self.asked: list[CallSid] = []

    async def downlinks(self, call: CallSid, *, after: int, limit: int) -> list[UserDefinedMessage]:
        self.asked.append(call)
        return []

    async def first_pending_downlink(self, call: CallSid) -> int | None:
        return None

    async def next_position(self, call: CallSid, direction: Direction) -> int:
        return 0


class Site:
    """A hub with everything around it."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.store = NoMessages()
        self.tasks: set[asyncio.Task[None]] = set()
        self.rests: list[tuple[float, Callable[[], None]]] = []
        self.held: list[CallSid] = []
        self.traces: list[Trace] = []
        self.hub = Hub(
            store=self.store,  # type: ignore[arg-type]  # the part of the port that is used
            spawn=self._spawn,
            later=lambda seconds, call: self.rests.append((seconds, call)),
            record=self._record,
            clock=lambda: AT,
            note=self.traces.append,
            limits=limits,
        )

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _record(self, changes: Sequence[Change]) -> None:
        (change,) = changes
        assert isinstance(change, HoldMessages), f"there was nothing to record: {changes}"
        assert change.at == AT
        self.held.append(change.call_sid)

    def join(
        self, session: SessionId, identity: str = "bob", account: AccountSid = OURS
    ) -> Connection:
        """Let a device come in."""
        connection = Connection()
        self.hub.join(session, connection, account, identity)  # type: ignore[arg-type]
        return connection

    def let_time_pass(self) -> None:
        """Let everything happen that was to happen later."""
        due, self.rests = self.rests, []
        for _, call in due:
            call()

    async def reads(self, number: int) -> None:
        """Wait until so many reads have been asked for, and nothing is under way."""
        while self.tasks:
            await asyncio.wait(self.tasks)
        assert len(self.store.asked) == number


def device(session: SessionId, number: int = 1) -> Device:
    """Return a device as its family knows it."""
    return Device(
        id=DeviceId(f"{CALL}.{number}"), session=session, reconnect_token=f"secret {number}"
    )


def invitation(to: Device, *parameters: Parameter) -> Invitation:
    """Return an incoming call for a device."""
    call = Call(
        sid=CALL,
        account_sid=OURS,
        from_address="client:alice",
        to_address="client:bob",
        direction=CallDirection.OUTBOUND_DIAL,
        status=CallStatus.QUEUED,
        created_at=AT,
        updated_at=AT,
    )
    return Invitation(call=call, parameters=parameters, device=to, sdp="v=0")
