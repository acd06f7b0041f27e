"""The calls of one device: which of them the server means, and what they all hear of.

Invariants
- Only one call at a time waits for its CallSid: ``ringing`` says what a call is called, but not
  which one is meant. It is waited for even if the app has given it up meanwhile, so that the next
  call does not take its name.
"""

import asyncio

from midcall.client.errors import (
    CONNECTION_ERROR,
    PAYLOAD_SIZE_EXCEEDED,
    VoiceError,
)
from midcall.client.leg import Leg, LegFrame
from midcall.client.states import Status
from midcall.wire import frames


class Switchboard:
    """The calls of one device. ``legs`` are those that are not over, oldest first."""

    def __init__(self) -> None:
        self.legs: list[Leg] = []
        self._dialled: Leg | None = None

    @property
    def in_call(self) -> bool:
        """Whether there is a call to come back to."""
        return any(leg.status is Status.RECONNECTING for leg in self.legs)

    # --- which one

    def find(self, callsid: str) -> Leg | None:
        """Return the call that is called so."""
        return next((leg for leg in self._known() if leg.is_called(callsid)), None)

    def take(self, frame: LegFrame) -> None:
        """Tell a call what the server says of it; what concerns no call is read over."""
        leg = self.find(frame.callsid)
        if leg is None and isinstance(frame, frames.Ringing | frames.ServerAnswer):
            leg = self._nameless()
        if leg is not None:
            leg.take(frame)

    async def may_dial(self, answer_seconds: float) -> None:
        """Return when the call that was begun last has its CallSid, or never gets one.

        Raises ``VoiceError`` 31005 if the server does not say so in time.
        """
        if self._dialled is None:
            return
        try:
            async with asyncio.timeout(answer_seconds):
                await self._dialled.named.wait()
        except TimeoutError:
            text = "the server does not answer the call before this one"
            raise VoiceError(CONNECTION_ERROR, text) from None

    def dial(self, leg: Leg) -> None:
        """Note a call that is begun."""
        self._dialled = leg
        self.legs.append(leg)

    def _nameless(self) -> Leg | None:
        dialled = self._dialled
        return dialled if dialled is not None and dialled.call_sid is None else None

    def _known(self) -> list[Leg]:
        """Return the calls that the server may still speak of."""
        last = [] if self._dialled is None or self._dialled in self.legs else [self._dialled]
        return self.legs + last

    # --- all of them

    def linked(self) -> None:
        """Have every call come back: the server has taken the device anew."""
        for leg in tuple(self.legs):
            leg.linked()

    def lost(self) -> None:
        """Tell every call that the socket is gone."""
        for leg in self._known():
            leg.lost()

    def end(self, error: VoiceError) -> None:
        """End every call for a fault."""
        for leg in tuple(self.legs):
            leg.close("disconnect", error)

    def leave(self) -> None:
        """Reject what comes in, and hang up what is under way."""
        for leg in tuple(self.legs):
            if leg.status is Status.PENDING:
                leg.refuse()
            leg.hang_up()

    def ended(self, leg: Leg) -> None:
        """Forget a call that is over."""
        if leg in self.legs:
            self.legs.remove(leg)

    def give_up_largest(self) -> None:
        """Let a message go that the server will not even read: sent again, it would end as now."""
        candidates = [(leg, kept) for leg in self.legs if (kept := leg.largest_message())]
        if candidates:
            leg, kept = max(candidates, key=lambda one: len(bytes(one[1].content)))
            sid = kept.message.voice_event_sid
            text = "the server does not take a frame of that size"
            leg.refused(VoiceError(PAYLOAD_SIZE_EXCEEDED, text, voice_event_sid=sid))
