"""The client's end of a signalling session, sans I/O: texts in, events and echoes out.

A server's heartbeat right behind a message is a barrier: its echo says that the message was
dispatched to the app's listeners. So an echo is *due* only when everything that came before its
heartbeat has been dispatched. Listeners may take their time and finish in any order; echoes leave
in the order of their heartbeats, for they carry nothing else to tell them apart.

One session is one socket: what was dispatched of an earlier socket concerns no later one.
"""

from collections import deque

import msgspec

from midcall.wire import frames


class Came(msgspec.Struct, frozen=True):
    """A frame came. ``receipt`` is what to give back once it has been dispatched."""

    frame: frames.ServerFrame
    receipt: int


class Unread(msgspec.Struct, frozen=True):
    """A text came that is no frame. ``reason`` quotes nothing of it."""

    reason: str


ClientSessionEvent = Came | Unread


class ClientSession:
    """The client's end of one socket's dialogue.

    Each frame that came has to be given back by ``dispatched``, sooner or later, or no echo is ever
    due again.
    """

    def __init__(self) -> None:
        self._next_receipt = 0
        # What came and is not settled, in order: a frame's receipt, or None for a heartbeat.
        self._waiting: deque[int | None] = deque()
        self._dispatched: set[int] = set()

    def receive(self, text: str | bytes) -> ClientSessionEvent | None:
        """Take a text message; heartbeats and frames of unknown types are no events."""
        if text == frames.HEARTBEAT:
            self._waiting.append(None)
            return None
        try:
            frame = frames.parse_from_server(text)
        except frames.UnreadableFrame as unreadable:
            return Unread(str(unreadable.fault))
        if frame is None:
            return None
        receipt = self._next_receipt
        self._next_receipt += 1
        self._waiting.append(receipt)
        return Came(frame, receipt)

    def dispatched(self, receipt: int) -> None:
        """Note that everybody who listens has had a frame; once is enough, more does no harm."""
        if receipt in self._waiting:
            self._dispatched.add(receipt)

    def echoes(self) -> list[str]:
        """Return the echoes that are due; each is returned once."""
        due = []
        while self._waiting:
            first = self._waiting[0]
            if first is None:
                due.append(frames.HEARTBEAT)
            elif first in self._dispatched:
                self._dispatched.remove(first)
            else:
                break
            self._waiting.popleft()
        return due
