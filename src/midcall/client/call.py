"""A call, as an app has it: the JavaScript SDK's ``Call`` in Python's style."""

import asyncio
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

from midcall.client.errors import MEDIA_FAILED, VoiceError
from midcall.client.events import Listener
from midcall.client.leg import Leg
from midcall.client.media import CallMedia
from midcall.client.messages import Message, Received
from midcall.client.states import LASTING, Status
from midcall.model.messages import JSON_CONTENT_TYPE, USER_DEFINED_MESSAGE
from midcall.wire import frames

_DIGITS: Final = re.compile(r"[0-9*#w]{1,256}", re.ASCII)

MintSid = Callable[[], str]


class Call:
    """A call that a device makes or gets.

    Events, and what their listeners are called with: ``accept`` (the call), ``cancel``,
    ``disconnect`` (the call), ``error`` (a ``VoiceError``), ``message_received`` and
    ``message_sent`` (a ``Message``), ``mute`` (whether, the call), ``reconnecting`` (a
    ``VoiceError``), ``reconnected``, ``reject``, ``ringing`` (whether there is early media).

    ``async with`` hangs up at the end.
    """

    def __init__(
        self,
        leg: Leg,
        *,
        mint_sid: MintSid,
        answer_seconds: float,
        parameters: Mapping[str, str],
        custom_parameters: Mapping[str, str],
        offer: str = "",
    ) -> None:
        """Devices make calls; apps get them from ``connect()`` and from ``incoming``."""
        self._leg = leg
        self._mint_sid = mint_sid
        self._answer_seconds = answer_seconds
        self._parameters = dict(parameters)
        self._custom_parameters = MappingProxyType(dict(custom_parameters))
        self._offer = offer
        self._muted = False
        leg.face = self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.disconnect()

    def __repr__(self) -> str:
        return f"<Call {self.call_sid or 'without a CallSid'}: {self.status()}>"

    # --- what it is

    def status(self) -> str:
        """``pending``, ``connecting``, ``ringing``, ``open``, ``reconnecting`` or ``closed``."""
        return self._leg.status.value

    @property
    def call_sid(self) -> str | None:
        """The CallSid; ``None`` until a call that the device makes is told of it."""
        return self._leg.call_sid

    @property
    def direction(self) -> str:
        """``INCOMING`` or ``OUTGOING``."""
        return self._leg.direction.value

    @property
    def parameters(self) -> Mapping[str, str]:
        """What the server says of the call: ``CallSid``; if it comes in ``From`` and others."""
        sid = {"CallSid": self.call_sid} if self.call_sid else {}
        return MappingProxyType(self._parameters | sid)

    @property
    def custom_parameters(self) -> Mapping[str, str]:
        """What ``connect()`` was given, or what the TwiML that called says by ``<Parameter>``."""
        return self._custom_parameters

    @property
    def media(self) -> CallMedia:
        """The audio of the call, from the ``media`` that the device was given."""
        return self._leg.media

    @property
    def error(self) -> VoiceError | None:
        """Why the call ended, if it ended for a fault."""
        return self._leg.error

    # --- events

    def on(self, event: str, listener: Listener) -> None:
        """Call a function, or run a coroutine function, whenever an event happens.

        One that listens to ``message_received`` is given one message after the other, from the
        first one that nobody has had; the server hears that a message is delivered when all
        listeners have returned. One that takes longer than half a minute makes the server think
        that the device is gone, so long work belongs in a task.

        Raises ``ValueError`` if there is no such event.
        """
        self._leg.emitter.on(event, listener)
        if event == "message_received":
            self._leg.inbox.listened()

    def off(self, event: str, listener: Listener) -> None:
        """Listen no more."""
        self._leg.emitter.off(event, listener)

    async def wait_for(self, event: str, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - the name that Python's own functions have
        """Wait for an event; return what its listeners are called with first.

        An event after which things stay as they are, such as ``accept``, may also have happened
        already. ``timeout`` is in seconds.

        Raises ``TimeoutError``; ``VoiceError`` if the call ends before; ``ValueError`` if there is
        no such event.
        """
        leg = self._leg
        if event == "message_received":
            async with asyncio.timeout(timeout):
                async for message in self.received():
                    return message
            raise leg.over
        if event in leg.happened & LASTING:
            return self if event in {"accept", "disconnect"} else None
        if leg.status is Status.CLOSED:
            raise leg.over
        arguments = await leg.emitter.wait_for(event, timeout)
        return arguments[0] if arguments else None

    # --- taking and leaving

    async def accept(self) -> None:
        """Answer a call that comes in; nothing happens if it is not pending.

        Raises ``VoiceError`` 53405 if its audio cannot be had; the call is rejected then.
        """
        leg = self._leg
        if leg.status is not Status.PENDING:
            return
        leg.status = Status.CONNECTING
        try:
            answer = await leg.media.answer(self._offer)
        except Exception as error:
            leg.refuse(VoiceError(MEDIA_FAILED, f"the server's offer cannot be used: {error}"))
            raise leg.over from error
        leg.take_up(answer)

    async def reject(self) -> None:
        """Refuse a call that comes in; nothing happens if it is not pending."""
        if self._leg.status is Status.PENDING:
            self._leg.refuse()
            await self._leg.closed()

    async def ignore(self) -> None:
        """Leave a call that comes in alone: other devices of the identity go on ringing."""
        if self._leg.status is Status.PENDING:
            self._leg.close(None)
            await self._leg.closed()

    async def disconnect(self) -> None:
        """Hang up; a call that nobody has answered here is rejected."""
        await self.reject()
        self._leg.hang_up()
        await self._leg.closed()

    # --- messages

    async def send_message(
        self,
        content: Any,
        *,
        message_type: str = USER_DEFINED_MESSAGE,
        content_type: str = JSON_CONTENT_TYPE,
    ) -> str:
        """Send a message to the server application; return its SID when the server has it on disk.

        ``content`` is a JSON value: a ``dict``, a ``list``, a ``str``, a number. It waits for the
        CallSid and while the socket is down, and is sent again if the socket was lost under it; the
        server takes it once. Messages keep their order, also those of several tasks.

        Raises ``VoiceError`` by the server's code, as 31206 (too fast), 31210 (``message_type``),
        31212 (more than 10,000 characters), or 31211 if the call is over; ``TimeoutError`` if
        nothing was heard of it: it may still arrive; ``ValueError`` and ``TypeError`` for what is
        no message.
        """
        message, encoded = self._message(content, message_type, content_type)
        confirmed = self._leg.post(message, encoded).confirmed
        async with asyncio.timeout(self._answer_seconds):
            await asyncio.shield(confirmed)
        return message.voice_event_sid

    def post_message(
        self,
        content: Any,
        *,
        message_type: str = USER_DEFINED_MESSAGE,
        content_type: str = JSON_CONTENT_TYPE,
    ) -> str:
        """Send a message and return its SID at once, as the SDK's ``sendMessage``.

        ``message_sent`` says that the server has it, ``error`` that it was refused.

        Raises ``VoiceError`` 31211 if the call is over, 31206 if too many wait.
        """
        message, encoded = self._message(content, message_type, content_type)
        self._leg.post(message, encoded)
        return message.voice_event_sid

    def received(self) -> Received:
        """Iterate over the messages of the call until it ends, from the first that nobody has had.

        A message counts as delivered when it was taken. Whoever has an iterator and does not take
        what comes holds up the messages behind it.
        """
        return self._leg.inbox.iterate()

    def _message(
        self, content: Any, message_type: str, content_type: str
    ) -> tuple[Message, frames.Content]:
        if content is None:
            raise ValueError("`content` is empty")
        if not message_type:
            raise ValueError("`message_type` must be a non-empty string")
        message = Message(
            content=content,
            content_type=content_type,
            message_type=message_type,
            voice_event_sid=self._mint_sid(),
        )
        return message, frames.write_content(content)

    # --- sounds

    def send_digits(self, digits: str) -> None:
        """Press keys: ``0`` to ``9``, ``*``, ``#``; ``w`` waits for half a second.

        Raises ``ValueError`` for other characters, and ``VoiceError`` 31211 before an
        answer.
        """
        if not _DIGITS.fullmatch(digits):
            raise ValueError("digits are 0 to 9, *, # and w")
        self._leg.press(digits)

    def mute(self, should_mute: bool = True) -> None:
        """Send silence, or what there is to send again."""
        if should_mute is not self._muted:
            self._muted = should_mute
            self._leg.mute(should_mute)

    def is_muted(self) -> bool:
        """Tell whether the call sends silence."""
        return self._muted
