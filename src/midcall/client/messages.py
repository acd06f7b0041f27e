"""A call's messages on their way to the app: in order, each once, and confirmed when it has them.

Invariants
- One message at a time: the next begins when every listener of the one before it has returned, a
  coroutine listener included, and everybody who iterates has taken it. Only then is it *done*,
  which is what the server hears of as delivered.
- A message that the server sends again, because it could not know that the app had it, is not given
  to the app again.
- A message that comes while nobody listens is kept for the first one who does. It is done at once:
  the server is not kept waiting for an app that may never listen.
"""

import asyncio
import inspect
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from midcall.client.events import Listener, Tasks, report
from midcall.model.messages import JSON_CONTENT_TYPE

KEPT_MESSAGES: Final = 1_000
"""How many messages of a call are kept for somebody who listens later; the oldest are dropped."""

REMEMBERED_SIDS: Final = 1_000
"""How many messages back one that comes again is recognized: far more than are ever on their way
at once."""

Done = Callable[[], None]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the middle of a call, with the fields that it has in the SDK.

    ``content`` is a JSON value.
    """

    content: Any
    message_type: str
    voice_event_sid: str
    content_type: str = JSON_CONTENT_TYPE


def nothing() -> None:
    """Bring nothing about."""


class Inbox:
    """The messages that come on one call.

    ``listeners`` returns who listens now.
    """

    def __init__(
        self, listeners: Callable[[], tuple[Listener, ...]], tasks: Tasks, name: str
    ) -> None:
        self._listeners = listeners
        self._tasks = tasks
        self._name = name
        self._queue: deque[tuple[Message, Done]] = deque()
        self._kept: deque[Message] = deque(maxlen=KEPT_MESSAGES)
        self._seen: dict[str, None] = {}
        self._takers: list[Taker] = []
        self._running = False
        self._ended = False

    def put(self, message: Message, done: Done) -> None:
        """Take a message; ``done`` is called when the app has it."""
        self._queue.append((message, done))
        self._run()

    def listened(self) -> None:
        """Give what was kept to somebody who has begun to listen."""
        self._queue.extendleft((message, nothing) for message in reversed(self._kept))
        for message in self._kept:
            self._seen.pop(message.voice_event_sid, None)
        self._kept.clear()
        self._run()

    def iterate(self) -> "Received":
        """Return an iterator over the messages from now on, with those that were kept."""
        taker = Taker(self._forget)
        self._takers.append(taker)
        self.listened()
        self._end_takers()
        return Received(taker)

    def end(self) -> None:
        """Let whoever iterates come to the end, behind what still waits."""
        self._ended = True
        self._end_takers()

    def _run(self) -> None:
        if self._queue and not self._running:
            self._running = True
            self._tasks.spawn(f"messages of {self._name}", self._dispatch_all())

    async def _dispatch_all(self) -> None:
        try:
            while self._queue:
                message, done = self._queue.popleft()
                try:
                    if message.voice_event_sid not in self._seen:
                        await self._dispatch(message)
                finally:
                    done()
        finally:
            self._running = False
            self._end_takers()

    async def _dispatch(self, message: Message) -> None:
        self._remember(message.voice_event_sid)
        taken = False
        for listener in self._listeners():
            taken = True
            try:
                result = listener(message)
                if inspect.isawaitable(result):
                    await result
            except Exception as error:
                report("A listener of 'message_received' failed", error)
        for taker in tuple(self._takers):
            taken |= await taker.offer(message)
        if not taken:
            self._kept.append(message)

    def _remember(self, sid: str) -> None:
        self._seen[sid] = None
        if len(self._seen) > REMEMBERED_SIDS:
            del self._seen[next(iter(self._seen))]

    def _forget(self, taker: "Taker") -> None:
        if taker in self._takers:
            self._takers.remove(taker)

    def _end_takers(self) -> None:
        if self._ended and not self._queue and not self._running:
            for taker in self._takers:
                taker.end()


class Taker:
    """What one iterator is offered, one message at a time."""

    def __init__(self, left: Callable[["Taker"], None]) -> None:
        self._left = left
        self._offered: tuple[Message, asyncio.Future[bool]] | None = None
        self._changed = asyncio.Event()
        self._over = False

    async def offer(self, message: Message) -> bool:
        """Return whether the message was taken, or whoever iterates left without it."""
        if self._over:
            return False
        taken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._offered = message, taken
        self._changed.set()
        return await taken

    async def take(self) -> Message | None:
        """Wait for the next message; ``None`` if there is no other."""
        while self._offered is None:
            if self._over:
                return None
            self._changed.clear()
            await self._changed.wait()
        (message, taken), self._offered = self._offered, None
        taken.set_result(True)
        return message

    def end(self) -> None:
        """Offer nothing more."""
        self._over = True
        self._changed.set()

    def leave(self) -> None:
        """Take nothing more."""
        self._over = True
        self._left(self)
        if self._offered is None:
            return
        (_, taken), self._offered = self._offered, None
        # An iterator may be thrown away after its loop.
        if not taken.done() and not taken.get_loop().is_closed():
            taken.set_result(False)


class Received:
    """Iterates over the messages of a call, until it ends.

    Each message counts as delivered when it was taken. Once nothing refers to the iterator any
    more, as after a ``break``, the messages that follow are kept for the next one who listens.
    """

    def __init__(self, taker: Taker) -> None:
        self._taker = taker

    def __aiter__(self) -> "Received":
        return self

    async def __anext__(self) -> Message:
        message = await self._taker.take()
        if message is None:
            raise StopAsyncIteration
        return message

    async def aclose(self) -> None:
        """Take nothing more."""
        self._taker.leave()

    def __del__(self) -> None:
        self._taker.leave()
