"""Messages from a device: each has its place at once, and its ack when it is on disk.

Nobody waits for a message's commit, so that many can share one; but each is put to its call before
the next frame is taken, and acks keep the order of the messages.
"""

import asyncio

import structlog

from midcall.core.messages.service import MessageService, Uplink
from midcall.core.ports import Peer
from midcall.gateway.connection import Connection
from midcall.model.errors import Fault, Unavailable
from midcall.model.sids import CallSid
from midcall.runtime.whereabouts import whereabouts
from midcall.wire import frames

log = structlog.get_logger()

UPLINKS_UNDER_WAY = 200
"""The most messages of one socket that wait for their commit; reading pauses at the mark."""


class Uplinks:
    """The messages of one socket that are under way."""

    def __init__(self, messages: MessageService, connection: Connection) -> None:
        self._messages = messages
        self._connection = connection
        self._room = asyncio.Semaphore(UPLINKS_UNDER_WAY)
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, frame: frames.ClientMessage, peer: Peer, sid: CallSid) -> None:
        """Put a message to its call; it is answered later."""
        await self._room.acquire()
        task = asyncio.create_task(self._receive(frame, peer, sid), name="uplink")
        self._tasks.add(task)
        task.add_done_callback(self._received)
        # Let the task begin: a hangup right behind the message must not come before it.
        await asyncio.sleep(0)

    async def settled(self) -> None:
        """Return when every message that was taken has been answered."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _received(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()

    async def _receive(self, frame: frames.ClientMessage, peer: Peer, sid: CallSid) -> None:
        try:
            uplink = Uplink(
                call_sid=sid,
                content=frames.content_text(frame.content),
                content_type=frame.contenttype,
                message_type=frame.messagetype,
                voice_event_sid=frame.voiceeventsid,
            )
            await self._messages.receive(peer, uplink)
        except Fault as fault:
            self._refuse(frame, fault)
        except Exception as error:
            log.error("A message could not be taken", call_sid=sid, error=whereabouts(error))
            self._refuse(frame, Unavailable())
        else:
            ack = frames.Ack(
                acktype="message", callsid=frame.callsid, voiceeventsid=frame.voiceeventsid
            )
            self._connection.send(ack)

    def _refuse(self, frame: frames.ClientMessage, fault: Fault) -> None:
        self._connection.send(frames.refusal(fault, frame.callsid, frame.voiceeventsid))
