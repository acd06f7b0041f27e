"""The two tables that hold every rule about a call's status.

A call's status changes in two ways, and each has its table.

**By something that happened to the leg itself.** ``TRANSITIONS`` maps the status and what happened
(a ``Cause``) to the next status. What the table does not hold cannot happen: ``next_status`` raises
``ForbiddenTransition`` and nothing moves. A terminal status has no row, so a call ends once.

**By the status of a leg that it belongs with.** A parent that ended takes its children along; a
child that was answered answers a parent that waited for it; the first child to answer withdraws its
siblings. These rules do not care how a leg came to its status, so they are keyed by both legs'
``Phase`` alone: ``JOINT`` for a parent and its child, ``SIBLINGS`` for two children of one
``<Dial>``. They say what must be done next, and doing it goes through the first table again, so the
two tables can never disagree.

Names of statuses and when each applies: the Calls resource and the TwiML ``<Dial>`` page of the
original. A leg is ``queued`` until its device was told of it.
"""

from enum import Enum, StrEnum
from typing import Final

from midcall.model.calls import CallStatus

QUEUED: Final = CallStatus.QUEUED
RINGING: Final = CallStatus.RINGING
IN_PROGRESS: Final = CallStatus.IN_PROGRESS


class Cause(StrEnum):
    """What happened to one leg."""

    RANG = "rang"
    """Its device was told."""
    ANSWERED = "answered"
    """Both ends talk from here on."""
    HUNG_UP = "hung up"
    """The person at its end left."""
    ENDED = "ended"
    """Its TwiML or the other leg ended it."""
    WITHDRAWN = "withdrawn"
    """Nobody waits for its answer any more."""
    REJECTED = "rejected"
    """Whoever it rang for refused it."""
    UNANSWERED = "unanswered"
    """Nobody was there, or nobody took it in time."""
    FAILED = "failed"
    """It could not be carried out."""


TRANSITIONS: Final[dict[CallStatus, dict[Cause, CallStatus]]] = {
    QUEUED: {
        Cause.RANG: RINGING,
        Cause.ANSWERED: IN_PROGRESS,
        Cause.HUNG_UP: CallStatus.CANCELED,
        Cause.WITHDRAWN: CallStatus.CANCELED,
        Cause.REJECTED: CallStatus.BUSY,
        Cause.UNANSWERED: CallStatus.NO_ANSWER,
        Cause.FAILED: CallStatus.FAILED,
    },
    RINGING: {
        Cause.ANSWERED: IN_PROGRESS,
        Cause.HUNG_UP: CallStatus.CANCELED,
        Cause.WITHDRAWN: CallStatus.CANCELED,
        Cause.REJECTED: CallStatus.BUSY,
        Cause.UNANSWERED: CallStatus.NO_ANSWER,
        Cause.FAILED: CallStatus.FAILED,
    },
    IN_PROGRESS: {
        Cause.HUNG_UP: CallStatus.COMPLETED,
        Cause.ENDED: CallStatus.COMPLETED,
    },
}


class ForbiddenTransition(Exception):
    """A leg cannot change like this. Nothing was moved."""

    def __init__(self, status: CallStatus, cause: Cause) -> None:
        super().__init__(status, cause)
        self.status = status
        self.cause = cause

    def __str__(self) -> str:
        """Name the status and the cause."""
        return f"a call that is {self.status} cannot be {self.cause}"


def next_status(status: CallStatus, cause: Cause) -> CallStatus:
    """Look up what a leg becomes; raise ``ForbiddenTransition`` if it cannot become anything."""
    try:
        return TRANSITIONS[status][cause]
    except KeyError:
        raise ForbiddenTransition(status, cause) from None


class Phase(Enum):
    """As much of a status as another leg cares about."""

    WAITING = "waiting"
    TALKING = "talking"
    OVER = "over"


def phase(status: CallStatus) -> Phase:
    """Return the phase that a status belongs to."""
    if status is IN_PROGRESS:
        return Phase.TALKING
    return Phase.OVER if status.terminal else Phase.WAITING


class Consequence(Enum):
    """What the phases of two legs ask for."""

    NOTHING = "nothing"
    ANSWER_PARENT = "answer the parent"
    JOIN = "connect the two media legs"
    RESUME = "resume the parent's TwiML once no child is left"
    WITHDRAW_CHILD = "cancel the child's invite"
    END_CHILD = "hang the child up"


JOINT: Final[dict[tuple[Phase, Phase], Consequence]] = {
    (Phase.WAITING, Phase.WAITING): Consequence.NOTHING,
    (Phase.WAITING, Phase.TALKING): Consequence.ANSWER_PARENT,
    (Phase.WAITING, Phase.OVER): Consequence.RESUME,
    (Phase.TALKING, Phase.WAITING): Consequence.NOTHING,
    (Phase.TALKING, Phase.TALKING): Consequence.JOIN,
    (Phase.TALKING, Phase.OVER): Consequence.RESUME,
    (Phase.OVER, Phase.WAITING): Consequence.WITHDRAW_CHILD,
    (Phase.OVER, Phase.TALKING): Consequence.END_CHILD,
    (Phase.OVER, Phase.OVER): Consequence.NOTHING,
}
"""(parent, child) → what must be done."""

SIBLINGS: Final[dict[tuple[Phase, Phase], Consequence]] = {
    (Phase.TALKING, Phase.WAITING): Consequence.WITHDRAW_CHILD,
}
"""(the child that changed, another child) → what must be done to the other; else nothing."""
