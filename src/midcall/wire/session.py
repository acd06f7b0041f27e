"""A signalling session, sans I/O: texts in, events out; frames in, texts out.

It knows what may come when (nothing before a token), and it counts heartbeats. An SDK answers each
heartbeat with one, in order, in the same breath in which it handles messages; so a heartbeat sent
right behind a frame is a *barrier*: its echo proves that the frame was dispatched to the app's
listeners. Echoes carry nothing to tell them apart but their order.
"""

from collections import deque
from collections.abc import Callable

import msgspec

from midcall.model.errors import Fault, TokenMissing
from midcall.wire import frames

Mark = Callable[[], None]
"""What a barrier's echo brings about."""


class Received(msgspec.Struct, frozen=True):
    """A frame came, and may come."""

    frame: frames.ClientFrame


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Something came that cannot be taken. The rest tells where the error belongs."""

    fault: Fault
    callsid: str | None = None
    voiceeventsid: str | None = None


class Echoed(msgspec.Struct, frozen=True):
    """A heartbeat came back. ``mark`` is what it was sent with."""

    mark: Mark | None


SessionEvent = Received | Refused | Echoed


class ServerSession:
    """The server's end of one socket's dialogue."""

    def __init__(self) -> None:
        self.authorized = False
        self._marks: deque[Mark | None] = deque()

    def receive(self, text: str | bytes) -> SessionEvent | None:
        """Take a text message; an echo that nobody waits for is nothing."""
        if text == frames.HEARTBEAT:
            return Echoed(self._marks.popleft()) if self._marks else None
        try:
            frame = frames.parse(text)
        except frames.UnreadableFrame as unreadable:
            return Refused(
                fault=unreadable.fault,
                callsid=unreadable.callsid,
                voiceeventsid=unreadable.voiceeventsid,
            )
        if not self.authorized and not isinstance(frame, frames.Listen):
            return Refused(fault=TokenMissing())
        return Received(frame)

    def heartbeat(self, mark: Mark | None = None) -> str:
        """Write a heartbeat; its echo brings the mark back."""
        self._marks.append(mark)
        return frames.HEARTBEAT
