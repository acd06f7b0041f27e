"""A device, as an app has it: the JavaScript SDK's ``Device`` in Python's style.

Unlike in the SDK a device may have several calls at a time: there is no one microphone that they
would have to share.
"""

import asyncio
import random
import secrets
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

from midcall.client.address import signalling_url
from midcall.client.backoff import Backoff
from midcall.client.call import Call
from midcall.client.errors import MEDIA_FAILED, VoiceError
from midcall.client.events import Events, Listener
from midcall.client.leg import Leg
from midcall.client.line import Open
from midcall.client.media import Media, NoAudio
from midcall.client.signalling import Signalling
from midcall.client.sockets import open_websocket
from midcall.client.states import Direction, Status
from midcall.model.sids import MESSAGE, from_entropy
from midcall.wire import frames

ANSWER_SECONDS: Final = 30.0
"""How long the server may take to answer what a device asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a device has of the world: time, chance, and sockets. Tests have their own.

    ``open_socket`` opens one to the device's server; ``None`` is a WebSocket.
    """

    open_socket: Open | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    entropy: Callable[[int], bytes] = secrets.token_bytes


class Device:
    """One SDK user: signs in with an Access Token, makes calls and gets them.

    ``url`` is the server's origin, as ``https://localhost:8443``. ``media`` is where calls have
    their audio from, ``None`` for none. ``tls`` is what to trust instead of the system's CAs.
    ``reconnect_seconds`` is how long a call waits for its socket to come back, ``answer_seconds``
    how long the server may take to answer.

    Events, and what their listeners are called with: ``destroyed``, ``error`` (a ``VoiceError``,
    and the call that it is about or ``None``), ``incoming`` (a ``Call``), ``registered``,
    ``registering``, ``token_will_expire`` (the device), ``unregistered``.

    ``async with`` destroys the device at the end. Raises ``ValueError`` for a URL that is none.
    """

    def __init__(
        self,
        token: str,
        *,
        url: str,
        media: Media | None = None,
        tls: ssl.SSLContext | None = None,
        reconnect_seconds: float = 30.0,
        answer_seconds: float = ANSWER_SECONDS,
        surroundings: Surroundings | None = None,
    ) -> None:
        around = surroundings or Surroundings()
        address = signalling_url(url)
        self._media = media or NoAudio()
        self._entropy = around.entropy
        self._answer_seconds = answer_seconds
        self._signalling = Signalling(
            around.open_socket or partial(open_websocket, address, tls),
            token=token,
            face=self,
            invited=self._invited,
            backoff=Backoff(around.chance),
            sleep=around.sleep,
            reconnect_seconds=reconnect_seconds,
            answer_seconds=answer_seconds,
        )
        self._dialling = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.destroy()

    def __repr__(self) -> str:
        return f"<Device {self.identity or 'without an identity'}: {self.state}>"

    # --- what it is

    @property
    def state(self) -> str:
        """``unregistered``, ``registering``, ``registered`` or ``destroyed``."""
        return self._signalling.state.value

    @property
    def token(self) -> str:
        """The Access Token that the device presents."""
        return self._signalling.token

    @property
    def identity(self) -> str | None:
        """Whom the token names, as the server says; ``None`` before it has said so."""
        connected = self._signalling.connected
        return connected.token.identity if connected is not None else None

    @property
    def edge(self) -> str | None:
        """The server's name for where it is; ``None`` before it has said so."""
        connected = self._signalling.connected
        return connected.edge if connected is not None else None

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that are not over, those that come in included, oldest first."""
        return tuple(leg.face for leg in self._signalling.calls.legs)

    @property
    def is_busy(self) -> bool:
        """Whether there is a call that the device made or answered."""
        return any(leg.status is not Status.PENDING for leg in self._signalling.calls.legs)

    # --- events

    def on(self, event: str, listener: Listener) -> None:
        """Call a function, or run a coroutine function, whenever an event happens.

        Raises ``ValueError`` if there is no such event.
        """
        self._signalling.emitter.on(event, listener)

    def off(self, event: str, listener: Listener) -> None:
        """Listen no more."""
        self._signalling.emitter.off(event, listener)

    def events(self) -> Events:
        """Iterate over the events of the device from now on, until it is destroyed.

        Past a thousand that nobody has taken the oldest are dropped.
        """
        return self._signalling.emitter.stream()

    async def wait_for(self, event: str, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - the name that Python's own functions have
        """Wait for the next event of a name; return what its listeners are called with first.

        ``timeout`` is in seconds. Raises ``TimeoutError``; ``ValueError`` if there is no such
        event.
        """
        arguments = await self._signalling.emitter.wait_for(event, timeout)
        return arguments[0] if arguments else None

    # --- the server

    async def register(self) -> None:
        """Let the device be called; return when it can be. It stays so when its socket changes.

        Raises ``VoiceError``: 20101, 20104, 20151, 31202, 31203, 31207 for a token that is refused,
        31005 if the server cannot be reached.
        """
        await self._signalling.register()

    async def unregister(self) -> None:
        """Let the device not be called any more; its calls go on."""
        await self._signalling.unregister()

    async def update_token(self, token: str) -> None:
        """Present another token; its identity has to be the same.

        Raises ``VoiceError`` if the server refuses it; the one before it goes on to count then.
        """
        await self._signalling.renew(token)

    async def destroy(self) -> None:
        """Reject what comes in, hang up what is under way, and leave the server for good."""
        await self._signalling.destroy()

    async def disconnect_all(self) -> None:
        """Hang up every call, and reject what comes in."""
        for call in self.calls:
            await call.disconnect()

    # --- calls

    async def connect(self, params: Mapping[str, str] | None = None) -> Call:
        """Call through the application of the token; return the call as soon as it is begun.

        ``params`` reach the application's TwiML URL; midcall's own TwiML calls ``To``. That the
        call is answered is the event ``accept``.

        Raises ``VoiceError`` as ``register`` does, and 53405 if there is no audio to be had.
        """
        params = dict(params or {})
        async with self._dialling:
            await self._signalling.may_dial()
            media = self._media.open()
            try:
                offer = await media.offer()
            except Exception as error:
                await media.close()
                raise VoiceError(MEDIA_FAILED, f"there is no audio: {error}") from error
            name = f"TJS{UUID(bytes=self._entropy(16), version=4)}"
            leg = Leg(self._signalling, media, name=name, direction=Direction.OUTGOING)
            call = self._call(leg, {}, params)
            encoded = frames.TwilioParameters(params=frames.write_connect_parameters(params))
            self._signalling.dial(leg, frames.ClientInvite(callsid=name, sdp=offer, twilio=encoded))
        return call

    def _invited(self, frame: frames.ServerInvite) -> None:
        leg = Leg(
            self._signalling,
            self._media.open(),
            name=frame.callsid,
            direction=Direction.INCOMING,
            reconnect=frame.reconnect,
        )
        custom = frames.read_invite_parameters(frame.parameters.get("Params", ""))
        call = self._call(leg, frame.parameters, custom, frame.sdp)
        self._signalling.calls.legs.append(leg)
        self._signalling.emitter.emit("incoming", call)

    def _call(
        self, leg: Leg, parameters: Mapping[str, str], custom: Mapping[str, str], offer: str = ""
    ) -> Call:
        return Call(
            leg,
            mint_sid=lambda: from_entropy(MESSAGE, self._entropy(16)),
            # A message may have to wait for the socket first, and then for its answer.
            answer_seconds=self._signalling.reconnect_seconds + self._answer_seconds,
            parameters=parameters,
            custom_parameters=custom,
            offer=offer,
        )
