"""``UserDefinedMessages/Stream``: what happens to messages, as server-sent events.

An application behind a firewall hears of SDK messages and receipts on a connection that it opened
itself.

- Events come in the order of their ids, each once on one connection. A client that comes back with
  ``Last-Event-ID`` misses none.
- The position is fixed before the response begins, and told to the client at once, so that one that
  saw no event yet misses none either.
- Nobody listens longer than it would be let in: each heartbeat asks again.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import replace
from starlette.responses import Response

from midcall.core.ports import Feed, MessageFilter
from midcall.model.calls import Call
from midcall.model.errors import InvalidParameter, TooManyStreams
from midcall.model.messages import MessageEvent, MessageState
from midcall.rest import calls, events
from midcall.rest import operations as op
from midcall.rest.door import Ask
from midcall.wire.message_resources import ListedUserDefinedMessageResource, listed_message

HEARTBEAT_SECONDS: Final = 15.0
"""How often something is sent: proxies close what is silent for a minute, some for half of one."""

PAGE_EVENTS: Final = 50
"""How many events are read at once. With the longest contents they are some megabytes."""

_ID_DIGITS: Final = 18
"""The longest id: what a database counts in eight bytes."""


async def stream(ask: Ask) -> Response:
    """Tell of SDK messages and receipts as they come."""
    call = await calls.get(ask) if "CallSid" in ask.named else None
    limit = ask.desk.limits.account_streams
    if ask.desk.streams[ask.account_sid] >= limit:
        raise TooManyStreams(limit)
    watch = _Watch(ask, call, await _position(ask))
    if await watch.is_complete() and not await watch.read():
        # The one answer after which a browser's EventSource does not come back.
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    return events.EventStream(watch.pieces())


@dataclass(slots=True)
class _Watch:
    """Follows the message events of an account, or of one of its calls, from ``after`` on."""

    ask: Ask
    call: Call | None
    after: int

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield what there is, what comes, and a heartbeat when nothing does."""
        desk, sid = self.ask.desk, self.ask.account_sid
        desk.streams[sid] += 1
        try:
            with closing(desk.feeds()) as feed:
                yield events.position(self.after)
                async with aclosing(self._follow(feed)) as pieces:
                    async for piece in pieces:
                        yield piece
        finally:
            desk.streams[sid] -= 1

    async def _follow(self, feed: Feed) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        beat_at = loop.time() + HEARTBEAT_SECONDS
        while True:
            # Looked at before reading: what is read then is everything.
            last = await self.is_complete()
            while found := await self.read():
                yield b"".join(map(_shown, found))
                self.after = found[-1].id
            if last:
                return
            if loop.time() >= beat_at:
                if not await self.ask.may_go_on():
                    return
                yield events.HEARTBEAT
                beat_at = loop.time() + HEARTBEAT_SECONDS
            if not await feed.wait(beat_at - loop.time()):
                return

    async def read(self) -> Sequence[MessageEvent]:
        """Return the next events; none if there are no more yet."""
        return await self.ask.desk.store.message_events(
            self.ask.account_sid,
            None if self.call is None else self.call.sid,
            after=self.after,
            limit=PAGE_EVENTS,
        )

    async def is_complete(self) -> bool:
        """Tell whether there will be no more events: the call is over, its messages settled."""
        if self.call is None:
            return False
        store = self.ask.desk.store
        if not self.call.status.terminal:
            found = await store.find_call(self.call.sid)
            if found is None:
                return True
            self.call = found
        if not self.call.status.terminal:
            return False
        for state in MessageState:
            unsettled = MessageFilter(call_sid=self.call.sid, state=state)
            if not state.terminal and await store.list_messages(
                self.ask.account_sid, unsettled, offset=0, limit=1
            ):
                return False
        return True


async def _position(ask: Ask) -> int:
    """Return the id of the event behind which a stream begins.

    Raises ``InvalidParameter`` for what is no id. One that is still to come is not waited for: the
    store was put back to an earlier state, and nothing would come for long.
    """
    newest = await ask.desk.store.last_message_event()
    text = ask.headers.find("Last-Event-ID") or ask.query.find("LastEventId")
    if not text:
        return newest
    if not (text.isascii() and text.isdecimal() and len(text) <= _ID_DIGITS):
        raise InvalidParameter("Last-Event-ID", "it is not the id of an event")
    return min(int(text), newest)


def _shown(event: MessageEvent) -> bytes:
    name = "receipt" if event.state.terminal else "message"
    message = replace(event.message, state=event.state)
    return events.event(event.id, name, msgspec.json.encode(listed_message(message)))


STREAM, STREAM_OF_CALL = (
    op.streams(
        id,
        stream,
        op.Events(item=ListedUserDefinedMessageResource),
        op.own("LastEventId", about="The same as the header, which wins."),
    )
    for id in ("StreamAccountUserDefinedMessage", "StreamUserDefinedMessage")
)
