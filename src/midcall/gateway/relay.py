"""From the store to a socket: the downlink messages of one leg, to one of its devices.

A relay reads on from where it stands, writes a batch, puts a barrier behind it, and reads on when
the barrier's echo is back: the client sets the pace, and at any time at most one batch is between
here and there. The echo is the receipt. After a socket was lost the relay goes back to the last
receipt, so a message that has none is sent again, with the same SID; one that has one never is,
even if the receipt came late and on the old socket.
"""

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import structlog

from midcall.core.ports import Change, MarkMessage, Store
from midcall.gateway.connection import Connection
from midcall.model.families import DeviceId
from midcall.model.messages import USER_DEFINED_MESSAGE, Direction, MessageState, UserDefinedMessage
from midcall.model.sids import CallSid
from midcall.runtime.whereabouts import whereabouts
from midcall.wire import frames

log = structlog.get_logger()

READ_AGAIN_SECONDS = 1.0
"""How long a relay rests when the store could not be read."""

BATCH_MESSAGES = 32
"""The most messages between two barriers."""

Spawn = Callable[[str, Coroutine[Any, Any, None]], object]
Later = Callable[[float, Callable[[], None]], None]
Record = Callable[[Sequence[Change]], None]
Clock = Callable[[], datetime]


class Relay:
    """The downlink messages of one leg, on their way to one device."""

    def __init__(
        self,
        *,
        call_sid: CallSid,
        device: DeviceId,
        store: Store,
        spawn: Spawn,
        later: Later,
        record: Record,
        clock: Clock,
        resumed: bool,
    ) -> None:
        self.call_sid = call_sid
        self.device = device
        self.connection: Connection | None = None
        self._store = store
        self._spawn = spawn
        self._later = later
        self._record = record
        self._clock = clock
        self._delivered: int | None = None if resumed else -1
        self._sent = -1
        self._epoch = 0
        self._running = False
        self._again = False

    def attach(self, connection: Connection) -> None:
        """Send on this socket from now on, beginning after the last receipt."""
        self.connection = connection
        self._epoch += 1
        if self._delivered is not None:
            self._sent = self._delivered
        self._running = False
        self.wake()

    def detach(self) -> None:
        """Send nothing until there is another socket."""
        self.connection = None
        self._epoch += 1
        self._running = False

    def wake(self) -> None:
        """Send what there is to send."""
        if self.connection is None:
            return
        self._again = True
        if not self._running:
            self._running = True
            self._spawn(f"relay of {self.call_sid}", self._send_batch(self._epoch))

    async def _send_batch(self, epoch: int) -> None:
        if epoch != self._epoch:
            return
        self._again = False
        try:
            batch = await self._read(epoch)
        except Exception as error:
            log.error("Downlinks were not read", call_sid=self.call_sid, error=whereabouts(error))
            self._later(READ_AGAIN_SECONDS, partial(self._read_again, epoch))
            return
        if epoch != self._epoch or self.connection is None:
            return
        if not batch:
            self._running = False
            if self._again:
                self.wake()
            return
        for message in batch:
            self.connection.send(_frame(message))
        self._sent = batch[-1].position
        self._record(self._marks(batch, MessageState.SENT))
        self.connection.heartbeat(partial(self._receipt, epoch, batch))

    async def _read(self, epoch: int) -> Sequence[UserDefinedMessage]:
        if self._delivered is None:
            first = await self._store.first_pending_downlink(self.call_sid)
            following = await self._store.next_position(self.call_sid, Direction.DOWNLINK)
            if epoch != self._epoch:
                return ()
            self._delivered = self._sent = (following if first is None else first) - 1
        while True:
            stood = self._sent
            batch = await self._store.downlinks(self.call_sid, after=stood, limit=BATCH_MESSAGES)
            if stood == self._sent:
                return batch
            # A receipt came late for some of these.

    def _read_again(self, epoch: int) -> None:
        if epoch == self._epoch:
            self._running = False
            self.wake()

    def _receipt(self, epoch: int, batch: Sequence[UserDefinedMessage]) -> None:
        self._record(self._marks(batch, MessageState.DELIVERED))
        position = batch[-1].position
        self._delivered = position if self._delivered is None else max(self._delivered, position)
        if epoch == self._epoch:
            self._spawn(f"relay of {self.call_sid}", self._send_batch(epoch))
        else:
            self._sent = max(self._sent, position)

    def _marks(self, batch: Sequence[UserDefinedMessage], state: MessageState) -> list[Change]:
        now = self._clock()
        return [
            MarkMessage(call_sid=message.call_sid, sid=message.sid, state=state, at=now)
            for message in batch
        ]


def _frame(message: UserDefinedMessage) -> frames.ServerMessage:
    return frames.ServerMessage(
        callsid=message.call_sid,
        content=msgspec.Raw(message.content.encode()),
        contenttype=message.content_type,
        messagetype=USER_DEFINED_MESSAGE,
        voiceeventsid=message.sid,
    )
