"""From the store to a socket: the downlink messages of one leg, to one of its devices.

A relay reads on from where it stands, writes a batch, puts a barrier behind it, and reads on when
the barrier's echo is back: the client sets the pace, and at any time at most one batch is between
here and there. The echo is the receipt. After a socket was lost the relay goes back to the last
receipt, so a message that has none is sent again, with the same SID; one that has one never is,
even if the receipt came late and on the old socket.

A relay is *able* while it has a socket and the app behind it listens. Until then it reads nothing.

What has waited for too long is not sent any more. That goes for a message's first time only: one
that was sent is owed its receipt.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import structlog

from midcall.core.ports import Change, ExpireHeld, MarkMessage, Store
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What every relay of a node works with.

    ``held_seconds`` is how old a message may be when it is first sent, 0 for any age.
    """

    store: Store
    spawn: Spawn
    later: Later
    record: Record
    clock: Clock
    held_seconds: float = 0.0


class Relay:
    """The downlink messages of one leg, on their way to one device.

    ``resumed`` says that the device had part in the leg before this server knew of it: what it has
    receipts for is in the store.
    """

    def __init__(self, means: Means, *, call_sid: CallSid, device: DeviceId, resumed: bool) -> None:
        self.call_sid = call_sid
        self.device = device
        self.connection: Connection | None = None
        self._means = means
        self._delivered: int | None = None if resumed else -1
        self._sent = -1
        self._reached = -1
        self._epoch = 0
        self._listened = False
        self._running = False
        self._again = False
        self._behind = False

    @property
    def able(self) -> bool:
        """Whether messages can be sent: there is a socket, and the app listens."""
        return self.connection is not None and self._listened

    @property
    def behind(self) -> bool:
        """Whether messages may wait here that were not sent."""
        return self._behind

    def attach(self, connection: Connection, *, listens_in: float = 0.0) -> None:
        """Send on this socket from now on, beginning after the last receipt.

        ``listens_in`` is how many seconds the app may take until it listens.
        """
        self.connection = connection
        self._epoch += 1
        if self._delivered is not None:
            self._sent = self._delivered
        self._running = False
        self._listened = False
        if listens_in:
            self._means.later(listens_in, partial(self._listens_by_now, self._epoch))
        else:
            self.listen()

    def listen(self) -> None:
        """Begin to send: the app listens."""
        if not self._listened:
            self._listened = True
            self.wake()

    def detach(self) -> None:
        """Send nothing until there is another socket."""
        self.connection = None
        self._epoch += 1
        self._running = False

    def wake(self) -> None:
        """Send what there is to send."""
        if not self.able:
            return
        self._again = self._behind = True
        if not self._running:
            self._running = True
            self._means.spawn(f"relay of {self.call_sid}", self._send_batch(self._epoch))

    def _listens_by_now(self, epoch: int) -> None:
        if epoch == self._epoch:
            self.listen()

    # --- sending

    async def _send_batch(self, epoch: int) -> None:
        if epoch != self._epoch:
            return
        self._again = False
        try:
            batch = await self._read(epoch)
        except Exception as error:
            log.error("Downlinks were not read", call_sid=self.call_sid, error=whereabouts(error))
            self._means.later(READ_AGAIN_SECONDS, partial(self._read_again, epoch))
            return
        if epoch != self._epoch or self.connection is None:
            return
        if batch:
            self._send(self.connection, batch)
            return
        self._running = False
        if self._again:
            self.wake()

    def _send(self, connection: Connection, batch: Sequence[UserDefinedMessage]) -> None:
        for message in batch:
            connection.send(_frame(message))
        self._sent = batch[-1].position
        self._reached = max(self._reached, self._sent)
        self._means.record(self._marks(batch, MessageState.SENT))
        connection.heartbeat(partial(self._receipt, self._epoch, batch))

    def _receipt(self, epoch: int, batch: Sequence[UserDefinedMessage]) -> None:
        self._means.record(self._marks(batch, MessageState.DELIVERED))
        position = batch[-1].position
        self._delivered = position if self._delivered is None else max(self._delivered, position)
        if epoch == self._epoch:
            self._means.spawn(f"relay of {self.call_sid}", self._send_batch(epoch))
        else:
            self._sent = max(self._sent, position)

    def _marks(self, batch: Sequence[UserDefinedMessage], state: MessageState) -> list[Change]:
        now = self._means.clock()
        return [
            MarkMessage(call_sid=message.call_sid, sid=message.sid, state=state, at=now)
            for message in batch
        ]

    # --- reading

    async def _read(self, epoch: int) -> Sequence[UserDefinedMessage]:
        """Return what is to be sent next; nothing if there is nothing or the socket is gone."""
        store = self._means.store
        if self._delivered is None:
            first = await store.first_pending_downlink(self.call_sid)
            following = await store.next_position(self.call_sid, Direction.DOWNLINK)
            if epoch != self._epoch:
                return ()
            self._delivered = self._sent = (following if first is None else first) - 1
        while True:
            stood = self._sent
            batch = await self._means.store.downlinks(
                self.call_sid, after=stood, limit=BATCH_MESSAGES
            )
            if epoch != self._epoch:
                return ()
            self._behind = self._again or len(batch) == BATCH_MESSAGES
            if stood != self._sent:
                continue  # a receipt came late for some of these
            if (fresh := self._without_old(batch)) or not batch:
                return fresh
            self._sent = batch[-1].position

    def _without_old(self, batch: Sequence[UserDefinedMessage]) -> Sequence[UserDefinedMessage]:
        """Leave out what waited for too long, and have it expired."""
        if not self._means.held_seconds:
            return batch
        now = self._means.clock()
        oldest = now - timedelta(seconds=self._means.held_seconds)
        fresh = [message for message in batch if self._may_be_sent(message, oldest)]
        if len(fresh) < len(batch):
            self._means.record([ExpireHeld(self.call_sid, created_before=oldest, at=now)])
        return fresh

    def _may_be_sent(self, message: UserDefinedMessage, oldest: datetime) -> bool:
        waits = message.state in {MessageState.ACCEPTED, MessageState.HELD}
        # What was sent a moment ago may not have been marked yet.
        return not waits or message.position <= self._reached or message.created_at >= oldest

    def _read_again(self, epoch: int) -> None:
        if epoch == self._epoch:
            self._running = False
            self.wake()


def _frame(message: UserDefinedMessage) -> frames.ServerMessage:
    return frames.ServerMessage(
        callsid=message.call_sid,
        content=msgspec.Raw(message.content.encode()),
        contenttype=message.content_type,
        messagetype=USER_DEFINED_MESSAGE,
        voiceeventsid=message.sid,
    )
