"""TwiML: a class a verb. What each attribute means is in the TwiML pages of the original."""

import msgspec

from midcall.model.calls import CallEvent
from midcall.model.endpoints import Endpoint

DIAL_TIMEOUT_SECONDS = 30
"""How long ``<Dial>`` rings unless told otherwise (TwiML ``<Dial>`` page)."""

DIAL_TIME_LIMIT_SECONDS = 14_400
"""How long a dialled call may last unless told otherwise: four hours (TwiML ``<Dial>`` page)."""


class Parameter(msgspec.Struct, frozen=True):
    """A name and a value that travel with an incoming call; duplicates are kept, in order."""

    name: str
    value: str


class Client(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Client>``: ring every device that is registered under an identity."""

    identity: str
    parameters: tuple[Parameter, ...] = ()
    status_callback: Endpoint | None = None
    status_callback_events: frozenset[CallEvent] = frozenset({CallEvent.COMPLETED})


class Dial(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Dial>``: ring its nouns at once, join the first that accepts. Times are in seconds."""

    clients: tuple[Client, ...]
    action: Endpoint | None = None
    timeout_seconds: int = DIAL_TIMEOUT_SECONDS
    time_limit_seconds: int = DIAL_TIME_LIMIT_SECONDS
    caller_id: str | None = None
    answer_on_bridge: bool = False


class Pause(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Pause>``: keep the line quiet for some seconds."""

    length_seconds: int = 1


class Redirect(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Redirect>``: go on with another document."""

    endpoint: Endpoint


class Hangup(msgspec.Struct, frozen=True, tag=True):
    """``<Hangup>``: end the call."""


class Reject(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Reject>``: refuse the call; only as the first verb is it refused unanswered."""

    busy: bool = False


Verb = Dial | Pause | Redirect | Hangup | Reject


class TwimlWarning(msgspec.Struct, frozen=True):
    """Something in a document that midcall reads over, under its documented code."""

    code: int
    text: str


class Document(msgspec.Struct, frozen=True):
    """A parsed document: what to do, in order, and what was read over."""

    verbs: tuple[Verb, ...]
    warnings: tuple[TwimlWarning, ...] = ()
