"""A call as its device keeps it: where it stands, and what the server, the line and the app do.

Everything here happens at once; what takes time (audio, listeners) runs beside it as a task.

Invariants
- A call that is closed stays closed, and nobody waits for it any more.
- Messages go out in the order in which the app sent them, on every socket anew from the first one
  that the server has not confirmed.
- A call has a reconnect token or it ends with its socket.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, assert_never

from midcall.client.errors import (
    MEDIA_FAILED,
    SIGNALING_DISCONNECTED,
    UNEXPECTED_STATE,
    UNKNOWN_ERROR,
    VoiceError,
    told,
)
from midcall.client.events import Emitter, Tasks
from midcall.client.media import CallMedia
from midcall.client.messages import Inbox, Message
from midcall.client.outbox import Outbox, Unconfirmed
from midcall.client.states import CALL_EVENTS, LASTING, Direction, Status
from midcall.wire import frames

LegFrame = frames.Ringing | frames.ServerAnswer | frames.ServerHangup | frames.Cancel | frames.Ack
"""What the server says of one call, beside messages."""


class Switch(Protocol):
    """What a call has of its device."""

    tasks: Tasks
    reconnect_seconds: float

    def send(self, frame: frames.ClientFrame) -> bool:
        """Queue a frame if the server has taken the device; tell whether it has."""
        ...

    def send_when_linked(self, frame: frames.ClientFrame) -> None:
        """Queue a frame now, or when the server takes the device again."""
        ...

    def ended(self, leg: "Leg") -> None:
        """A call is over."""
        ...


class Leg:
    """One call of a device. ``face`` is what listeners are given of it.

    ``named`` is set once nothing is to be heard any more of what the call is called.
    """

    def __init__(
        self,
        switch: Switch,
        media: CallMedia,
        *,
        name: str,
        direction: Direction,
        reconnect: str = "",
    ) -> None:
        incoming = direction is Direction.INCOMING
        self.face: Any = None
        self.media = media
        self.name = name
        self.direction = direction
        self.call_sid = name if incoming else None
        self.status = Status.PENDING if incoming else Status.CONNECTING
        self.error: VoiceError | None = None
        self.happened: set[str] = set()
        self.named = asyncio.Event()
        self.emitter = Emitter(CALL_EVENTS, switch.tasks)
        self.inbox = Inbox(
            lambda: self.emitter.listeners("message_received"), switch.tasks, "a call"
        )
        self._switch = switch
        self._reconnect = reconnect
        self._outbox = Outbox()
        self._attached = True
        self._described = incoming
        self._away: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    # --- what the server says

    def is_called(self, callsid: str) -> bool:
        """Whether the server means this call."""
        return callsid in (self.call_sid, self.name)

    def take(self, frame: LegFrame) -> None:
        """Go on with what the server says."""
        match frame:
            case frames.Ringing():
                self._ringing(frame)
            case frames.ServerAnswer():
                self._answered(frame)
            case frames.ServerHangup():
                self._hung_up(frame)
            case frames.Cancel():
                self.close("cancel")
            case frames.Ack():
                self._acked(frame)
            case _:
                assert_never(frame)

    def _ringing(self, frame: frames.Ringing) -> None:
        self._learn(frame.callsid)
        if self.status in {Status.CONNECTING, Status.RINGING}:
            self.status = Status.RINGING
            self._emit("ringing", False)  # there is no early media

    def _answered(self, frame: frames.ServerAnswer) -> None:
        self._learn(frame.callsid)
        if self.status is Status.CLOSED:
            return
        self._reconnect = frame.reconnect or self._reconnect
        if self.status is Status.RECONNECTING:
            self._stop_waiting()
            self.status = Status.OPEN
            self._emit("reconnected")
            return
        if frame.sdp and not self._described:
            self._described = True
            self._switch.tasks.spawn("answer to an offer", self._describe(frame.sdp))
        self.opened()

    def _hung_up(self, frame: frames.ServerHangup) -> None:
        self.named.set()
        failure = frame.error
        error = told(failure.code, failure.message) if failure is not None else None
        self.close("disconnect", error)

    def _acked(self, frame: frames.Ack) -> None:
        if frame.acktype == "message":
            message = self._outbox.confirm(frame.voiceeventsid)
            if message is not None:
                self._emit("message_sent", message)

    def refused(self, error: VoiceError) -> bool:
        """Tell whether a refusal is about a message of this call; it is over with it if so."""
        known = self._outbox.fail(error.voice_event_sid or "", error)
        if known:
            self._emit("error", error)
        return known

    def came(self, frame: frames.ServerMessage, settle: Callable[[], None]) -> None:
        """Give a message to whoever listens; ``settle`` is called when they have it."""
        message = Message(
            content=frames.read_content(frame.content),
            content_type=frame.contenttype,
            message_type=frame.messagetype,
            voice_event_sid=frame.voiceeventsid,
        )
        self.inbox.put(message, settle)

    # --- what the line does

    def lost(self) -> None:
        """The socket is gone."""
        self._attached = False
        self.named.set()
        error = VoiceError(SIGNALING_DISCONNECTED, "the signalling connection was lost")
        if self.status is Status.PENDING:
            # The server withdraws an invite with the socket that it was made on.
            self.close("cancel")
        elif self._reconnect and self.status in {Status.OPEN, Status.RECONNECTING}:
            if self.status is Status.OPEN:
                self.status = Status.RECONNECTING
                loop = asyncio.get_running_loop()
                self._away = loop.call_later(self._switch.reconnect_seconds, self._away_too_long)
                self._emit("reconnecting", error)
        else:
            self.close("disconnect", error)

    def linked(self) -> None:
        """The server has taken the device anew: come back to the call, and say what was not heard.

        It is said behind the coming back, so that the call is the device's again when it is heard.
        """
        if self.status is Status.RECONNECTING:
            self._switch.send(
                frames.ClientInvite(
                    callsid=self.call_sid or self.name,
                    sdp=self.media.description,
                    reconnect=self._reconnect,
                )
            )
        self._attached = True
        self._flush()

    def largest_message(self) -> Unconfirmed | None:
        """Return the longest of the messages that the server has not confirmed."""
        return self._outbox.largest()

    # --- what the app does

    def opened(self) -> None:
        """Note that the call is answered, by either side."""
        if self.status not in {Status.OPEN, Status.CLOSED}:
            self.status = Status.OPEN
            self._emit("accept", self.face)

    def post(self, message: Message, content: frames.Content) -> Unconfirmed:
        """Send a message, now or as soon as that is possible.

        Raises ``VoiceError`` 31211 if the call is over, 31206 if too many wait.
        """
        if self.status is Status.CLOSED:
            raise VoiceError(UNEXPECTED_STATE, "the call is closed")
        kept = self._outbox.add(message, content)
        if self._can_send:
            self._send(kept)
        return kept

    def press(self, digits: str) -> None:
        """Press keys; raise ``VoiceError`` 31211 if the call is not answered."""
        if self.status not in {Status.OPEN, Status.RECONNECTING}:
            raise VoiceError(UNEXPECTED_STATE, f"the call is {self.status}")
        self._switch.send_when_linked(frames.Dtmf(callsid=self.call_sid or self.name, dtmf=digits))

    def take_up(self, answer: str) -> None:
        """Answer a call that comes in, unless it was withdrawn meanwhile."""
        if self.status is Status.CONNECTING:
            self._switch.send(frames.ClientAnswer(callsid=self.name, sdp=answer))
            self.opened()

    def refuse(self, error: VoiceError | None = None) -> None:
        """Reject a call that comes in; ``error`` is why, if it is for a failure."""
        if self.status is not Status.CLOSED:
            self._switch.send(frames.Reject(callsid=self.name))
            self.close("reject", error)

    def hang_up(self, error: VoiceError | None = None) -> None:
        """Leave the call; ``error`` is why, if it is for a failure."""
        if self.status is not Status.CLOSED:
            reason = error.message if error is not None else None
            name = self.call_sid or self.name
            self._switch.send_when_linked(frames.ClientHangup(callsid=name, message=reason))
            self.close("disconnect", error)

    def mute(self, muted: bool) -> None:
        """Send silence, or what there is to send again."""
        self.media.mute(muted)
        self._emit("mute", muted, self.face)

    def close(self, name: str | None, error: VoiceError | None = None) -> None:
        """End the call here. ``name`` is the event that says so."""
        if self.status is Status.CLOSED:
            return
        self.status = Status.CLOSED
        self.error = error
        self._stop_waiting()
        self._closing = self._switch.tasks.spawn("end of audio", self.media.close())
        if error is not None:
            self._emit("error", error)
        if name is not None:
            self._emit(name, *([self.face] if name == "disconnect" else []))
        self.emitter.fail_waiters(self.over)
        for kept in self._outbox:
            sid = kept.message.voice_event_sid
            text = "the call ended before the server confirmed the message"
            self._outbox.fail(sid, VoiceError(UNEXPECTED_STATE, text, voice_event_sid=sid))
        self.inbox.end()
        self._switch.ended(self)

    @property
    def over(self) -> VoiceError:
        """What is raised at whoever waits for something that a call which is over does not do."""
        return self.error or VoiceError(UNKNOWN_ERROR, "the call is over")

    async def closed(self) -> None:
        """Return when the audio is let go of."""
        if self._closing is not None:
            await asyncio.wait([self._closing])

    # --- small things

    @property
    def _can_send(self) -> bool:
        return self.call_sid is not None and self._attached

    def _learn(self, call_sid: str) -> None:
        if self.call_sid is None:
            self.call_sid = call_sid
            self.named.set()
            self._flush()

    def _flush(self) -> None:
        if self._can_send:
            for kept in self._outbox:
                self._send(kept)

    def _send(self, kept: Unconfirmed) -> None:
        message = kept.message
        self._switch.send(
            frames.ClientMessage(
                callsid=self.call_sid or self.name,
                content=kept.content,
                contenttype=message.content_type,
                messagetype=message.message_type,
                voiceeventsid=message.voice_event_sid,
            )
        )

    async def _describe(self, answer: str) -> None:
        try:
            await self.media.accept(answer)
        except Exception as error:
            self.hang_up(VoiceError(MEDIA_FAILED, f"the server's answer cannot be used: {error}"))

    def _away_too_long(self) -> None:
        seconds = self._switch.reconnect_seconds
        text = f"the signalling connection was lost for {seconds:g} s"
        self.hang_up(VoiceError(SIGNALING_DISCONNECTED, text))

    def _stop_waiting(self) -> None:
        if self._away is not None:
            self._away.cancel()
            self._away = None

    def _emit(self, name: str, *arguments: Any) -> None:
        if name in LASTING:
            self.happened.add(name)
        self.emitter.emit(name, *arguments)
