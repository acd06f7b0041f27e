"""Trouble as a list: what goes wrong on the line, and at whom callbacks go to.

    midcall.faults = [Drop("message", number=2), Cut(after="answer"), FailCallback(times=2)]

Each fault counts for itself, from the moment at which it is in the list. Frames have the names of
the signalling (``message``, ``ack``, ``answer``, …); ``heartbeat`` is the text of one line feed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Way: TypeAlias = Literal["to device", "to server"]
"""Which way a frame goes: some names, as ``message`` and ``answer``, go both ways."""

Kind: TypeAlias = Literal["message", "status", "receipt"]
"""What a callback tells of: a message from an SDK, a stage of a call, how a message came out."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Lose a frame: the one of that ``number``, counted from 1, or each if that is ``None``.

    ``way`` and ``identity`` narrow it to one direction and to the phones of one identity.
    """

    frame: str
    number: int | None = 1
    way: Way | None = None
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """Hold a frame up, and what is behind it, for so many seconds: each, or that ``number``."""

    frame: str
    seconds: float
    number: int | None = None
    way: Way | None = None
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """Lose the socket right behind a frame, without a word. The frame itself arrives."""

    after: str
    number: int | None = 1
    way: Way | None = None
    identity: str | None = None

    @property
    def frame(self) -> str:
        """The frame's name, as the other faults have it."""
        return self.after


@dataclass(frozen=True, slots=True)
class FailCallback:
    """Have callbacks fail before they leave, so many ``times``: always, if that is ``None``.

    ``status`` is the answer that the customer's server seems to give; ``None`` is a connection that
    is refused, which is tried again at once and so counts twice. ``retry_after_seconds`` goes with
    an answer. ``path`` and ``kind`` narrow it to the callbacks of one URL path, of one kind.
    Requests for TwiML are no callbacks.
    """

    status: int | None = 503
    times: int | None = 1
    path: str | None = None
    kind: Kind | None = None
    retry_after_seconds: float | None = None


LineFault: TypeAlias = Drop | Delay | Cut
Fault: TypeAlias = Drop | Delay | Cut | FailCallback


class FaultList(list[Fault]):
    """Faults, and how often each has met what it is about. It is changed like any list."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        super().__init__(faults)
        # By identity: two faults that read the same are two faults.
        self._met: dict[int, tuple[Fault, int]] = {}

    def met(self, fault: Fault) -> int:
        """Count one more thing that a fault is about; return how many that makes."""
        _, before = self._met.get(id(fault), (fault, 0))
        self._met[id(fault)] = fault, before + 1
        return before + 1

    def on_line(self, frame: str, way: Way, identity: str) -> list[LineFault]:
        """Return the faults that happen to this frame."""
        about = (
            fault
            for fault in tuple(self)
            if not isinstance(fault, FailCallback)
            and fault.frame == frame
            and fault.way in {None, way}
            and fault.identity in {None, identity}
        )
        return [fault for fault in about if self.met(fault) == fault.number or not fault.number]

    def at_callback(self, path: str, kind: Kind) -> FailCallback | None:
        """Return the fault that happens to this callback."""
        for fault in tuple(self):
            if (
                isinstance(fault, FailCallback)
                and fault.path in {None, path}
                and fault.kind in {None, kind}
                and (fault.times is None or self.met(fault) <= fault.times)
            ):
                return fault
        return None
