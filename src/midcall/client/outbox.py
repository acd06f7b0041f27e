"""A call's messages on their way to the server: kept until it has confirmed or refused them.

A message whose socket was lost before its ack is sent again on the next one, with the same SID; the
server knows it by that. What was not sent yet follows in its place.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from midcall.client.errors import RATE_EXCEEDED, VoiceError
from midcall.client.messages import Message
from midcall.wire import frames

UNCONFIRMED_MESSAGES: Final = 1_000
"""How many messages of a call may wait for their ack: who sends faster than the server confirms has
to hear of it before memory does."""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A message that the server has not confirmed. ``content`` is its content as JSON."""

    message: Message
    content: frames.Content
    confirmed: asyncio.Future[None]


class Outbox:
    """The messages of one call that the server has not confirmed, in order."""

    def __init__(self) -> None:
        self._messages: dict[str, Unconfirmed] = {}

    def __iter__(self) -> Iterator[Unconfirmed]:
        return iter(tuple(self._messages.values()))

    def add(self, message: Message, content: frames.Content) -> Unconfirmed:
        """Keep a message; raise ``VoiceError`` 31206 if too many are waiting."""
        if len(self._messages) >= UNCONFIRMED_MESSAGES:
            text = f"{UNCONFIRMED_MESSAGES} messages of the call are not confirmed yet"
            raise VoiceError(RATE_EXCEEDED, text)
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Whoever posts a message does not wait for it, and is told by an event.
        confirmed.add_done_callback(lambda future: future.cancelled() or future.exception())
        kept = self._messages[message.voice_event_sid] = Unconfirmed(message, content, confirmed)
        return kept

    def confirm(self, sid: str) -> Message | None:
        """Note an ack; return the message, or ``None`` if none of that SID waits for one."""
        kept = self._messages.pop(sid, None)
        if kept is None:
            return None
        if not kept.confirmed.done():
            kept.confirmed.set_result(None)
        return kept.message

    def fail(self, sid: str, error: VoiceError) -> bool:
        """Note that a message was refused; return whether it was waited for."""
        kept = self._messages.pop(sid, None)
        if kept is None:
            return False
        if not kept.confirmed.done():
            kept.confirmed.set_exception(error)
        return True

    def largest(self) -> Unconfirmed | None:
        """Return the message with the longest content."""
        return max(self, key=lambda kept: len(bytes(kept.content)), default=None)
