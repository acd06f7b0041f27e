"""What the judge works on: a history and the records, and what a finding is."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from tests.crash.records import Message, Records
from tests.support.ledger import Abandoned, Fact

DOWNLINK: Final = "downlink"
UPLINK: Final = "uplink"
OVER: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""The statuses in which a call ends (Calls resource, ``status``)."""


class Rule(StrEnum):
    """What is promised."""

    SURPRISE = "nothing unexpected happens to a client"
    MISSING_DOWNLINK = "every downlink that was answered with 201 arrives"
    MISSING_UPLINK = "every uplink that was acked comes to every callback"
    RECORD = "there is a record of all that was answered with 201 or acked"
    SETTLED = "every message comes to its end"
    DOWNLINK_ORDER = "downlinks arrive in the order in which they were accepted"
    UPLINK_ORDER = "uplinks are accepted in the order in which they were said"
    SEQUENCE = "SequenceNumbers come in order, without a gap, one in flight"
    REPEAT = "a repeat has the same SID, the same content and the same token"
    KEY = "what is asked for again under its key is there once, with one SID"
    SOURCE = "nothing arrives that nobody sent"
    CALL = "a call that is over has ended for everybody, and its callbacks say so in order"


class Finding(NamedTuple):
    """A promise that was broken, and by what."""

    rule: Rule
    what: str


class Case:
    """A history and the records, sorted for the rules."""

    def __init__(self, history: Sequence[Fact], records: Records) -> None:
        self.history: Final = history
        self.records: Final = records
        self.abandoned: Final = {fact.leg for fact in history if isinstance(fact, Abandoned)}
        self.by_content: Final[defaultdict[tuple[str, str], list[tuple[str, Message]]]] = (
            defaultdict(list)
        )
        """The downlinks of a leg with a content."""
        for (leg, sid), message in records.messages.items():
            if message.direction == DOWNLINK:
                self.by_content[leg, message.content].append((sid, message))

    def position(self, leg: str, sid: str) -> int | None:
        """Return the position that a message was given, if it is kept."""
        message = self.records.messages.get((leg, sid))
        return message.position if message is not None else None


Check = Callable[[Case], Iterator[Finding]]
"""Looks for breaches of one promise, and says nothing about what another check is for."""
