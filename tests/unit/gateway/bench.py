"""A relay between a store and a socket that do what a test wants, one step at a time."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from midcall.core.ports import Change, ExpireHeld, MarkMessage
from midcall.gateway.relay import Means, Relay
from midcall.model.families import DeviceId
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.sids import AccountSid, CallSid, MessageSid
from midcall.store.faults import ReadFailed
from midcall.wire import frames
from midcall.wire.session import Echoed, ServerSession

CALL = CallSid("CA" + "1" * 32)
AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


class Messages:
    """A leg's downlinks: the part of the store that a relay reads.

    While ``gate`` is closed a read takes what is there and waits before it answers, as a read on
    another thread does. A test can put another gate in its place for the reads to come.
    """

    def __init__(self) -> None:
        self.kept: list[UserDefinedMessage] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.changes: list[Change] = []
        self.reads = 0
        self.failures = 0

    def add(self, count: int = 1, *, at: datetime = AT) -> None:
        """Accept messages."""
        for _ in range(count):
            position = len(self.kept)
            self.kept.append(
                UserDefinedMessage(
                    sid=MessageSid(f"KX{position:032x}"),
                    account_sid=AccountSid("AC" + "1" * 32),
                    call_sid=CALL,
                    direction=Direction.DOWNLINK,
                    position=position,
                    content=f'{{"number":{position}}}',
                    content_type="application/json",
                    created_at=at,
                )
            )

    def mark(self, changes: Sequence[Change]) -> None:
        """Commit what the relay records."""
        self.changes += changes
        for change in changes:
            if isinstance(change, ExpireHeld):
                self.expire(change)
                continue
            assert isinstance(change, MarkMessage)
            index = [message.sid for message in self.kept].index(change.sid)
            known = self.kept[index]
            if not known.state.terminal:
                self.kept[index] = msgspec.structs.replace(known, state=change.state)

    def expire(self, change: ExpireHeld) -> None:
        """Expire what waits since before a time."""
        waits = {MessageState.ACCEPTED, MessageState.HELD}
        self.kept = [
            msgspec.structs.replace(message, state=MessageState.EXPIRED)
            if message.state in waits and message.created_at < change.created_before
            else message
            for message in self.kept
        ]

    def states(self) -> list[MessageState]:
        """Return how far each message has come."""
        return [message.state for message in self.kept]

    async def downlinks(self, call: CallSid, *, after: int, limit: int) -> list[UserDefinedMessage]:
        self.reads += 1
        if self.failures:
            self.failures -= 1
            raise ReadFailed("SQLITE_IOERR")
        behind = self.kept[after + 1 :]
        found = [message for message in behind if message.state is not MessageState.EXPIRED]
        await self.gate.wait()
        return found[:limit]

    async def first_pending_downlink(self, call: CallSid) -> int | None:
        pending = (message.position for message in self.kept if not message.state.terminal)
        found = next(pending, None)
        await self.gate.wait()
        return found

    async def next_position(self, call: CallSid, direction: Direction) -> int:
        return len(self.kept)


class Socket:
    """A device's end: what it was sent, and echoes when the test says so."""

    def __init__(self) -> None:
        self.session = ServerSession()
        self.numbers: list[int] = []
        self.log: list[str] = []

    def send(self, frame: frames.ServerFrame) -> None:
        assert isinstance(frame, frames.ServerMessage)
        number = json.loads(bytes(frame.content))["number"]
        assert frame.voiceeventsid == f"KX{number:032x}"
        self.numbers.append(number)
        self.log.append(str(number))

    def heartbeat(self, mark: Callable[[], None] | None = None) -> None:
        self.session.heartbeat(mark)
        self.log.append("barrier")

    def echo(self) -> None:
        """Answer the oldest heartbeat."""
        event = self.session.receive("\n")
        assert isinstance(event, Echoed)
        assert event.mark is not None
        event.mark()


class Bench:
    """A relay with everything around it."""

    def __init__(self, *, resumed: bool = False, held_seconds: float = 0.0) -> None:
        self.messages = Messages()
        self.tasks: set[asyncio.Task[None]] = set()
        self.rests: list[tuple[float, Callable[[], None]]] = []
        self.now = AT
        means = Means(
            store=self.messages,  # type: ignore[arg-type]  # the part of the port that is used
            spawn=self._spawn,
            later=lambda seconds, call: self.rests.append((seconds, call)),
            record=self.messages.mark,
            clock=lambda: self.now,
            held_seconds=held_seconds,
        )
        self.relay = Relay(means, call_sid=CALL, device=DeviceId("device"), resumed=resumed)

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def attach(self, *, listens_in: float = 0.0) -> Socket:
        """Give the relay a new socket."""
        socket = Socket()
        self.relay.attach(socket, listens_in=listens_in)  # type: ignore[arg-type]  # as far as used
        return socket

    def able(self) -> bool:
        """Tell whether the relay can send."""
        return self.relay.able

    def behind(self) -> bool:
        """Tell whether messages may wait behind it."""
        return self.relay.behind

    async def settle(self) -> None:
        """Let the relay work until it waits for something that the test does."""
        for _ in range(50):
            await asyncio.sleep(0)
