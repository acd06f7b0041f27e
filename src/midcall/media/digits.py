"""Keypad digits that arrive as RTP events (RFC 4733).

A device repeats an event in many packets: every 20 ms while the key is down, and the last one three
times. All of them carry the RTP timestamp at which the key went down, so each key is reported once,
with the first packet that arrives, whatever is lost of the rest.
"""

import struct
from dataclasses import dataclass

KEYS = "0123456789*#ABCD"
"""Event codes 0 to 15 (RFC 4733 section 3.2). Code 16, the hook flash, is no key."""

_EVENT = struct.Struct("!BBH")


@dataclass(frozen=True, slots=True)
class KeypadEvent:
    """An event's payload (RFC 4733 section 2.3). ``duration`` is in units of the event's clock."""

    code: int
    ended: bool
    duration: int

    @classmethod
    def parse(cls, payload: bytes) -> "KeypadEvent":
        """Read a payload.

        Raises ``ValueError`` if it is too short.
        """
        if len(payload) < _EVENT.size:
            raise ValueError("a telephone event has four octets")
        code, flags, duration = _EVENT.unpack_from(payload)
        return cls(code, bool(flags & 0x80), duration)


class Keypad:
    """Reports each key of one RTP stream once."""

    def __init__(self) -> None:
        self._code: int | None = None
        self._started: int | None = None
        self._duration = 0

    def press(self, payload: bytes, timestamp: int) -> str | None:
        """Take an event packet; return the key if this is the first that is heard of it."""
        try:
            event = KeypadEvent.parse(payload)
        except ValueError:
            return None
        known = timestamp == self._started or self._goes_on(event, timestamp)
        if not known and self._is_late(timestamp):
            return None
        self._code, self._started, self._duration = event.code, timestamp, event.duration
        if known or event.code >= len(KEYS):
            return None
        return KEYS[event.code]

    def _goes_on(self, event: KeypadEvent, timestamp: int) -> bool:
        """Tell whether a new timestamp is only the next segment of a key that is held long.

        The duration has 16 bits; a longer event starts anew where the full segment ended
        (RFC 4733 section 2.5.1.3).
        """
        return (
            event.code == self._code
            and self._started is not None
            and self._duration == 0xFFFF
            and timestamp == (self._started + self._duration) & 0xFFFF_FFFF
        )

    def _is_late(self, timestamp: int) -> bool:
        """Tell whether a packet belongs to a key before the current one."""
        return self._started is not None and (self._started - timestamp) & 0xFFFF_FFFF < 0x8000_0000
