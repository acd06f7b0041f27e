"""A device's part in the signalling: who it is to the server, and which frame concerns which call.

It reacts at once to what the line brings, and never waits there. What an app waits for (that the
server takes the token, that the device is registered) is waited for beside it, with a deadline.

Invariants
- Nothing but ``listen`` is sent before the server has taken the token on that very socket.
- A device that was registered is registered again on every socket, and its calls come back.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from midcall.client.backoff import Backoff
from midcall.client.errors import (
    CONNECTION_ERROR,
    VoiceError,
    told,
)
from midcall.client.events import Emitter, Tasks
from midcall.client.leg import Leg
from midcall.client.line import Line, Open, Settle
from midcall.client.sockets import Unreachable
from midcall.client.states import DEVICE_EVENTS, State
from midcall.client.switchboard import Switchboard
from midcall.wire import frames

TOKEN_SECONDS: Final = 10
"""How long before its end an app is told that the token expires, as in the SDK."""

UNSENT_FRAMES: Final = 1_000
"""How many hangups and digits wait for a socket; past the mark the oldest are dropped."""

TOO_BIG: Final = 1009
"""The close code of a server that was sent more than it takes (RFC 6455, section 7.4.1)."""

_CONNECTED: Final = "connected"
_READY: Final = "ready"
_OFFLINE: Final = "offline"


class Signalling:
    """One device's signalling: a ``Station`` to its line, a ``Switch`` to its calls.

    ``face`` is what listeners are given of the device; ``invited`` makes a call of an invite.
    ``answer_seconds`` is how long the server may take to answer what is asked of it.
    """

    def __init__(
        self,
        open_socket: Open,
        *,
        token: str,
        face: object,
        invited: Callable[[frames.ServerInvite], None],
        backoff: Backoff,
        sleep: Callable[[float], Awaitable[None]],
        reconnect_seconds: float,
        answer_seconds: float,
    ) -> None:
        self.token = token
        self.reconnect_seconds = reconnect_seconds
        self.tasks = Tasks()
        self.emitter = Emitter(DEVICE_EVENTS, self.tasks)
        self.state = State.UNREGISTERED
        self.connected: frames.Connected | None = None
        self.calls = Switchboard()
        self._face = face
        self._invited = invited
        self._backoff = backoff
        self._answer_seconds = answer_seconds
        self._line = Line(open_socket, self, self.tasks, backoff, sleep)
        self._answers = Emitter(frozenset({_CONNECTED, _READY, _OFFLINE}), self.tasks)
        self._linked = False
        self._wants_calls = False
        self._token_refused = False
        self._unsent: deque[frames.ClientFrame] = deque(maxlen=UNSENT_FRAMES)
        self._expiry: asyncio.TimerHandle | None = None
        self._trouble = "the server did not answer in time"
        self._last_error: VoiceError | None = None

    # --- what an app waits for

    async def link(self) -> None:
        """Return when the server has taken the token; raise ``VoiceError`` if it does not."""
        if self.state is State.DESTROYED:
            raise RuntimeError("the device is destroyed")
        if not self._linked:
            self._line.start()
            if self._token_refused:
                # The server waits for another one on the socket that there is.
                self._listen()
            await self._answer(_CONNECTED)

    async def register(self) -> None:
        """Return when the device can be called."""
        if self._registered:
            return
        self._wants_calls = True
        try:
            if self._linked:
                self._ask_for_calls()
            else:
                await self.link()  # and the wish is said behind that
            if not self._registered:
                await self._answer(_READY)
        except BaseException:
            self._wants_calls = False
            if self.state is State.REGISTERING:
                self._move(State.UNREGISTERED)
            raise

    async def unregister(self) -> None:
        """Return when the device cannot be called any more."""
        self._wants_calls = False
        if self.send(frames.Register(media=frames.MediaCapabilities(audio=False))):
            await self._answer(_OFFLINE)

    async def renew(self, token: str) -> None:
        """Use another token from now on; return when the server has taken it, if there is a socket.

        Raises ``VoiceError`` if it does not take it: the one before it goes on to count then.
        """
        before, self.token = self.token, token
        if not self._listen():
            return
        try:
            await self._answer(_CONNECTED)
        except VoiceError:
            self.token = before
            raise

    async def destroy(self) -> None:
        """Leave every call, and the server."""
        if self.state is State.DESTROYED:
            return
        self.calls.leave()
        if self._expiry is not None:
            self._expiry.cancel()
        self._move(State.DESTROYED)
        await self._line.stop()
        self._answers.fail_waiters(RuntimeError("the device is destroyed"))
        self.emitter.end_streams()
        await self.tasks.end()

    async def _answer(self, name: str) -> None:
        try:
            await self._answers.wait_for(name, self._answer_seconds)
        except TimeoutError:
            raise VoiceError(CONNECTION_ERROR, self._trouble) from None

    # --- what calls ask for

    def send(self, frame: frames.ClientFrame) -> bool:
        """Queue a frame if the server has taken the device; tell whether it has."""
        return self._linked and self._line.send(frame)

    async def may_dial(self) -> None:
        """Return when the server has taken the token, and a call can be begun."""
        await self.link()
        await self.calls.may_dial(self._answer_seconds)

    def dial(self, leg: Leg, invite: frames.ClientInvite) -> None:
        """Begin a call."""
        self.calls.dial(leg)
        if not self.send(invite):
            leg.lost()

    def send_when_linked(self, frame: frames.ClientFrame) -> None:
        """Queue a frame now, or when the server takes the device again."""
        if not self.send(frame):
            self._unsent.append(frame)

    def ended(self, leg: Leg) -> None:
        """Forget a call that is over."""
        self.calls.ended(leg)

    # --- what the line tells

    @property
    def in_call(self) -> bool:
        """Whether there is a call to come back to."""
        return self.calls.in_call

    def opened(self) -> None:
        """Present the token on a socket."""
        self._listen()

    def lost(self, code: int, reason: str) -> None:
        """Go on without a socket."""
        self._trouble = f"the socket was closed: {code} {reason}".rstrip()
        self._unlink()
        if code == TOO_BIG:
            self.calls.give_up_largest()
        self.calls.lost()

    def unreachable(self, trouble: Unreachable) -> None:
        """Go on without a socket, for now or for good."""
        self._trouble = f"no connection to the server: {trouble.reason}"
        error = VoiceError(CONNECTION_ERROR, self._trouble)
        self._emit_error(error)
        if trouble.lasting:
            self._answers.fail_waiters(error)
            self.calls.end(error)

    def take(self, frame: frames.ServerFrame, settle: Settle) -> None:
        """Dispatch a frame; ``settle`` is called when everybody who listens has had it."""
        if isinstance(frame, frames.ServerMessage):
            leg = self.calls.find(frame.callsid)
            if leg is not None:
                leg.came(frame, settle)
                return
        else:
            self._dispatch(frame)
        settle()

    # --- frames

    def _dispatch(self, frame: frames.ServerFrame) -> None:
        match frame:
            case frames.Connected():
                self._welcome(frame)
            case frames.Ready():
                self._move(State.REGISTERED)
                self._answers.emit(_READY)
            case frames.Offline():
                self._move(State.UNREGISTERED)
                self._answers.emit(_OFFLINE)
            case frames.Close():
                self._dismiss()
            case frames.Error():
                self._refused(frame)
            case frames.ServerInvite():
                self._invited(frame)
            case frames.ServerMessage():
                raise AssertionError("messages are settled by whoever listens")
            case _:
                self.calls.take(frame)

    def _welcome(self, frame: frames.Connected) -> None:
        self.connected = frame
        self._backoff.reset()
        self._watch_expiry(frame.token.ttl)
        first, self._linked = not self._linked, True
        if first:
            if self._wants_calls:
                self._ask_for_calls()
            self.calls.linked()
            while self._unsent and self.send(self._unsent[0]):
                self._unsent.popleft()
        self._answers.emit(_CONNECTED)

    def _refused(self, frame: frames.Error) -> None:
        failure = frame.error
        error = told(failure.code, failure.message, frame.voiceeventsid)
        leg = self.calls.find(frame.callsid) if frame.callsid is not None else None
        if frame.voiceeventsid is not None:
            if leg is not None:
                leg.refused(error)
            return
        self._last_error = error
        self._trouble = str(error)
        self._emit_error(error, leg)
        if failure.retry_after is not None:
            self._backoff.advise(failure.retry_after)
        elif leg is None:
            self._token_refused = not self._linked
            self._answers.fail_waiters(error)

    def _dismiss(self) -> None:
        """Do not come back by oneself: the server has said that it is no use."""
        error = self._last_error or VoiceError(CONNECTION_ERROR, "the server sends it away")
        self._wants_calls = False
        self._answers.fail_waiters(error)
        self.calls.end(error)
        self._unlink()
        self._line.hang_up_soon()

    # --- small things

    @property
    def _registered(self) -> bool:
        return self.state is State.REGISTERED

    def _listen(self) -> bool:
        self._token_refused = False
        return self._line.send(
            frames.Listen(token=self.token, reconnect_timeout=self.reconnect_seconds)
        )

    def _unlink(self) -> None:
        self._linked = self._token_refused = False
        if self.state in {State.REGISTERED, State.REGISTERING}:
            self._move(State.UNREGISTERED)

    def _ask_for_calls(self) -> None:
        if self.state is not State.REGISTERING:
            self._move(State.REGISTERING)
        self.send(frames.Register())

    def _move(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.emitter.emit(state.value)

    def _watch_expiry(self, ttl: int) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = asyncio.get_running_loop().call_later(
            max(0, ttl - TOKEN_SECONDS), self.emitter.emit, "token_will_expire", self._face
        )

    def _emit_error(self, error: VoiceError, leg: Leg | None = None) -> None:
        self.emitter.emit("error", error, leg.face if leg is not None else None)
