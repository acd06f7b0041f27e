"""What the clients and the endpoints saw, in the order in which they saw it.

The server under test has no part in it: each fact is noted by whoever sent or received something,
at the moment of it. Whether the facts agree with each other, and with what the server keeps, is
judged afterwards (tests/crash/judgement.py).

Invariants
- A fact is never changed or taken back; its place in the history is its time.
- Contents are unique within a leg and written as ``canonical`` writes them, so a content names what
  was asked for also where no SID is known.
"""

import json
from collections.abc import Callable
from typing import Any

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """The root of all facts."""


class Asked(Fact, frozen=True):
    """A downlink is about to be asked for, for the first time or again."""

    leg: str
    content: str
    key: str | None = None


class Created(Fact, frozen=True):
    """A request for a downlink was answered with 201."""

    leg: str
    content: str
    sid: str
    key: str | None = None


class Arrived(Fact, frozen=True):
    """A downlink came to its device; ``socket`` counts the device's sockets."""

    leg: str
    sid: str
    content: str
    socket: int


class Said(Fact, frozen=True):
    """A device has an uplink to send. It may never leave the device."""

    leg: str
    sid: str
    content: str


class Acked(Fact, frozen=True):
    """A device was told that its uplink is kept."""

    leg: str
    sid: str


class Subscribed(Fact, frozen=True):
    """A subscription was answered with 201; ``lane`` is the path of its callback."""

    leg: str
    lane: str
    sid: str


class Heard(Fact, frozen=True):
    """A callback of a subscription came; ``number`` is its ``SequenceNumber``."""

    lane: str
    sid: str
    number: int
    content: str
    token: str


class Taken(Fact, frozen=True):
    """A callback of a subscription is about to be answered with 2xx."""

    lane: str
    sid: str


class Placed(Fact, frozen=True):
    """A caller learned the SID of its call."""

    call: str


class Told(Fact, frozen=True):
    """A status callback came; ``fields`` is all that it says."""

    call: str
    status: str
    number: int
    token: str
    fields: str


class Abandoned(Fact, frozen=True):
    """The device of a leg has gone and does not come back."""

    leg: str


class Surprise(Fact, frozen=True):
    """Something happened to a client that must not happen to it."""

    what: str


class Ledger:
    """A history in the making; ``watch`` is told of each fact right after it was noted."""

    def __init__(self) -> None:
        self.history: list[Fact] = []
        self.watch: Callable[[Fact], None] = lambda _: None

    def note(self, fact: Fact) -> None:
        """Note what has just happened."""
        self.history.append(fact)
        self.watch(fact)


def canonical(content: Any) -> str:
    """Write a JSON value so that equal values are equal texts."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
