"""TwiML: a class a verb. What each attribute means is in the TwiML pages of the original."""

import msgspec

from midcall.model.calls import CallEvent
from midcall.model.endpoints import Endpoint

IDENTITY_CHARACTERS = 256
"""The longest identity (TwiML ``<Client>`` page)."""

DIAL_TIMEOUT_SECONDS = 30
"""How long ``<Dial>`` rings unless told otherwise (TwiML ``<Dial>`` page)."""

DIAL_TIME_LIMIT_SECONDS = 14_400
"""How long a dialled call may last unless told otherwise: four hours (TwiML ``<Dial>`` page)."""


class Parameter(msgspec.Struct, frozen=True):
    """A name and a value that travel with an incoming call; duplicates are kept, in order."""

    name: str
    value: str


GATHER_TIMEOUT_SECONDS = 5
"""How long ``<Gather>`` waits for the next key (TwiML ``<Gather>`` page)."""


class Client(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Client>``: ring every device that is registered under an identity.

    ``url`` is TwiML that the called party hears before the two are joined.
    """

    identity: str
    parameters: tuple[Parameter, ...] = ()
    url: Endpoint | None = None
    status_callback: Endpoint | None = None
    status_callback_events: frozenset[CallEvent] = frozenset({CallEvent.COMPLETED})


class Number(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Number>``: call a phone number. ``send_digits`` are pressed once it is answered."""

    number: str
    send_digits: str = ""
    url: Endpoint | None = None
    status_callback: Endpoint | None = None
    status_callback_events: frozenset[CallEvent] = frozenset({CallEvent.COMPLETED})


Noun = Client | Number


class Dial(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Dial>``: ring its nouns, at once or one by one; join the first that accepts.

    Times are in seconds. With ``progress_events`` the caller's device is told of every stage of
    its children in call messages (``events="call-progress-event"``).
    """

    nouns: tuple[Noun, ...]
    action: Endpoint | None = None
    timeout_seconds: int = DIAL_TIMEOUT_SECONDS
    time_limit_seconds: int = DIAL_TIME_LIMIT_SECONDS
    caller_id: str | None = None
    answer_on_bridge: bool = False
    hangup_on_star: bool = False
    ring_tone: str = ""
    sequential: bool = False
    progress_events: bool = False


class Say(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Say>``: speak a text. ``loop`` times, 0 is without end."""

    text: str
    voice: str = ""
    language: str = ""
    loop: int = 1


class Play(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Play>``: play the sound at a URL ``loop`` times, 0 is without end; or press ``digits``."""

    url: str = ""
    digits: str = ""
    loop: int = 1


class Pause(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Pause>``: keep the line quiet for some seconds."""

    length_seconds: int = 1


Prompt = Say | Play | Pause


class Gather(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Gather>``: collect keys while prompts play; the first key ends the prompts.

    It ends with ``finish_on_key``, after ``num_digits`` keys, or ``timeout_seconds`` after the
    prompts or the last key. Without an ``action`` the keys go to the document's own URL.
    """

    prompts: tuple[Prompt, ...] = ()
    action: Endpoint | None = None
    timeout_seconds: int = GATHER_TIMEOUT_SECONDS
    num_digits: int | None = None
    finish_on_key: str = "#"
    action_on_empty_result: bool = False


class Redirect(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Redirect>``: go on with another document."""

    endpoint: Endpoint


class Hangup(msgspec.Struct, frozen=True, tag=True):
    """``<Hangup>``: end the call."""


class Reject(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``<Reject>``: refuse the call; only as the first verb is it refused unanswered."""

    busy: bool = False


Verb = Dial | Say | Play | Pause | Gather | Redirect | Hangup | Reject


class TwimlWarning(msgspec.Struct, frozen=True):
    """Something in a document that midcall reads over, under its documented code."""

    code: int
    text: str


class Document(msgspec.Struct, frozen=True):
    """A parsed document: what to do, in order, and what was read over."""

    verbs: tuple[Verb, ...]
    warnings: tuple[TwimlWarning, ...] = ()
