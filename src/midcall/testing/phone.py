"""A phone for tests that wait instead of awaiting: ``midcall.client`` behind plain functions.

The device runs in the emulator's event loop. Each function returns when what it asks for has
happened, or raises ``NotInTime``, or the ``VoiceError`` that the SDK would tell the app of.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from midcall.client import Call, Device, Message, VoiceError
from midcall.model.messages import USER_DEFINED_MESSAGE
from midcall.testing.waiting import PATIENCE_SECONDS, Background, Pulse

EVENTS: Final = (
    "accept",
    "cancel",
    "disconnect",
    "error",
    "message_sent",
    "reconnected",
    "reconnecting",
    "reject",
    "ringing",
)
"""What happens to a call, beside messages that come."""


class PhoneCall:
    """A call of a phone."""

    def __init__(self, call: Call, background: Background) -> None:
        """Made in the emulator's loop: messages are listened to from the first one on."""
        self.call: Final = call
        self._background = background
        self._messages: list[Message] = []
        self._taken = 0
        self._pulse = Pulse()
        call.on("message_received", self._came)
        self._happened: list[str] = []
        for event in EVENTS:
            call.on(event, partial(self._changed, event))

    def __repr__(self) -> str:
        return f"<PhoneCall {self.sid or 'without a CallSid'}: {self.status}>"

    @property
    def sid(self) -> str:
        """The CallSid of this leg; empty until the phone is told of it."""
        return self.call.call_sid or ""

    @property
    def status(self) -> str:
        """How it stands, as the SDK's ``call.status()``: ``ringing``, ``open``, ``closed``."""
        return self.call.status()

    @property
    def parameters(self) -> dict[str, str]:
        """What the caller, or the TwiML that dialled, says beside who calls whom."""
        return dict(self.call.custom_parameters)

    @property
    def happened(self) -> list[str]:
        """The events of the call, as ``ringing``, ``accept`` and ``reconnecting``, oldest first.

        Messages that came are in ``messages``.
        """
        return list(self._happened)

    @property
    def messages(self) -> list[Message]:
        """All messages that came, of every type, oldest first."""
        return list(self._messages)

    def accept(self, *, seconds: float = PATIENCE_SECONDS) -> "PhoneCall":
        """Answer a call that comes in."""
        self._background.run(self.call.accept(), seconds)
        return self

    def reject(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Refuse a call that comes in."""
        self._background.run(self.call.reject(), seconds)

    def hang_up(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Leave the call."""
        self._background.run(self.call.disconnect(), seconds)

    def send(self, content: Any, *, seconds: float = PATIENCE_SECONDS) -> str:
        """Send a message; return its SID when the server has it on disk."""
        return self._background.run(self.call.send_message(content), seconds)

    def press(self, digits: str) -> None:
        """Press keys."""

        async def work() -> None:
            self.call.send_digits(digits)

        self._background.run(work())

    def received(self, *, count: int = 1, seconds: float = PATIENCE_SECONDS) -> list[Message]:
        """Wait for so many messages that were not taken yet, and take them."""
        return self._background.run(self._take(count, seconds), seconds + 1)

    def wait_until(self, status: str, *, seconds: float = PATIENCE_SECONDS) -> "PhoneCall":
        """Wait until the call has a status, as ``open`` or ``closed``; raise ``NotInTime``."""

        async def look() -> bool | None:
            return True if self.call.status() == status else None

        complaint: Callable[[], str] = lambda: f"the call is {self.status}, not {status}"  # noqa: E731 - said once
        self._background.run(self._pulse.until(look, seconds, complaint), seconds + 1)
        return self

    # --- in the emulator's loop

    async def _take(self, count: int, seconds: float) -> list[Message]:
        async def look() -> list[Message] | None:
            new = self._of_the_user()[self._taken : self._taken + count]
            return new if len(new) == count else None

        def complaint() -> str:
            return f"{len(self._of_the_user()) - self._taken} of {count} messages came"

        new = await self._pulse.until(look, seconds, complaint)
        self._taken += count
        return new

    def _of_the_user(self) -> list[Message]:
        return [one for one in self._messages if one.message_type == USER_DEFINED_MESSAGE]

    def _came(self, message: Message) -> None:
        self._messages.append(message)
        self._pulse.beat()

    def _changed(self, event: str, *_: object) -> None:
        self._happened.append(event)
        self._pulse.beat()


class Phone:
    """A device of an identity."""

    def __init__(self, device: Device, identity: str, background: Background) -> None:
        """Made in the emulator's loop."""
        self.device: Final = device
        self.identity: Final = identity
        self._background = background
        self._coming: list[PhoneCall] = []
        self._errors: list[VoiceError] = []
        self._errors_taken = 0
        self._call: PhoneCall | None = None
        self._pulse = Pulse()
        device.on("incoming", self._came)
        device.on("error", self._failed)

    def __enter__(self) -> "Phone":
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def __repr__(self) -> str:
        return f"<Phone {self.identity}: {self.device.state}>"

    @property
    def call(self) -> PhoneCall:
        """The call that was begun or answered last. Raises ``LookupError`` if there is none."""
        if self._call is None:
            raise LookupError(f"{self.identity} has no call")
        return self._call

    @property
    def errors(self) -> list[VoiceError]:
        """What went wrong, in the SDK's codes, oldest first."""
        return list(self._errors)

    def failed(self, *, seconds: float = PATIENCE_SECONDS) -> VoiceError:
        """Wait for the next error that was not taken yet, and take it."""
        return self._background.run(self._next_error(seconds), seconds + 1)

    def register(self, *, seconds: float = PATIENCE_SECONDS) -> "Phone":
        """Let the phone be called; return when it can be."""
        self._background.run(self.device.register(), seconds)
        return self

    def unregister(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Let the phone not be called any more."""
        self._background.run(self.device.unregister(), seconds)

    def dial(
        self, to: str | None = None, *, seconds: float = PATIENCE_SECONDS, **params: str
    ) -> PhoneCall:
        """Call through the application; return when the call has its CallSid.

        ``to`` and ``params`` are what the application is told, ``to`` as ``To``.
        """
        said = params if to is None else {"To": to, **params}
        self._call = self._background.run(self._dial(said), seconds)
        return self._call

    def incoming(self, *, seconds: float = PATIENCE_SECONDS) -> PhoneCall:
        """Wait for the next call that comes in, and leave it ringing."""
        self._call = self._background.run(self._next(seconds), seconds + 1)
        return self._call

    def accept(self, *, seconds: float = PATIENCE_SECONDS) -> PhoneCall:
        """Wait for the next call that comes in, and answer it."""
        return self.incoming(seconds=seconds).accept(seconds=seconds)

    def send(self, content: Any, *, seconds: float = PATIENCE_SECONDS) -> str:
        """Send a message on ``call``; return its SID when the server has it on disk."""
        return self.call.send(content, seconds=seconds)

    def received(self, *, count: int = 1, seconds: float = PATIENCE_SECONDS) -> list[Message]:
        """Wait for so many messages on ``call`` that were not taken yet, and take them."""
        return self.call.received(count=count, seconds=seconds)

    def hang_up(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Leave ``call``."""
        self.call.hang_up(seconds=seconds)

    def leave(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Leave every call and the server for good."""
        self._background.run(self.device.destroy(), seconds)

    # --- in the emulator's loop

    async def _dial(self, params: dict[str, str]) -> PhoneCall:
        call = await self.device.connect(params)
        made = PhoneCall(call, self._background)
        await call.wait_for("ringing")
        return made

    async def _next(self, seconds: float) -> PhoneCall:
        async def look() -> PhoneCall | None:
            return self._coming.pop(0) if self._coming else None

        return await self._pulse.until(look, seconds, lambda: f"nobody calls {self.identity}")

    async def _next_error(self, seconds: float) -> VoiceError:
        async def look() -> VoiceError | None:
            new = self._errors[self._errors_taken :]
            return new[0] if new else None

        error = await self._pulse.until(look, seconds, lambda: "nothing new went wrong")
        self._errors_taken += 1
        return error

    def _came(self, call: Call) -> None:
        self._coming.append(PhoneCall(call, self._background))
        self._pulse.beat()

    def _failed(self, error: VoiceError, *_: object) -> None:
        self._errors.append(error)
        self._pulse.beat()


def new_phone(make: Callable[[], Device], identity: str, background: Background) -> Phone:
    """Make a phone, in the loop that its device belongs to."""

    async def work() -> Phone:
        await asyncio.sleep(0)
        return Phone(make(), identity, background)

    return background.run(work())
