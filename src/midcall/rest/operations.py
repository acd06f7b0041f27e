"""Operations: what each method does at each path, declared once.

An operation names its verb, its parameters and its answer. The routes and the OpenAPI document are
both made of it, and so is what a verb gets to see: a parameter that is not declared is not there
for it. So neither can say something that the other does not do.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta
from starlette.responses import Response

from midcall.model import sids
from midcall.wire.forms import Form
from midcall.wire.shapes import UrlText

if TYPE_CHECKING:
    from midcall.rest.door import Ask

Verb: TypeAlias = "Callable[[Ask], Awaitable[Response]]"

Waits: TypeAlias = Callable[[Form], float]
"""Says how many seconds an operation with this form is to wait for somebody outside."""


class Support(StrEnum):
    """What becomes of a parameter."""

    SUPPORTED = "supported"
    IGNORED = "accepted and ignored"
    OWN = "midcall's own"
    """Supported, and unknown to the original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter of a query, a form or the headers.

    ``type`` says what values it has, as msgspec reads types. ``about`` adds what the name does not
    say.
    """

    name: str
    type: Any = str
    required: bool = False
    support: Support = Support.SUPPORTED
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The answer is a page of ``item``s under ``name``; ``meta`` in the newer APIs' envelope."""

    name: str
    item: type[msgspec.Struct]
    meta: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """The answer goes on: server-sent events, each with an ``item`` as JSON.

    It is 204 and empty where there is nothing to come any more.
    """

    item: type[msgspec.Struct]


def wait_for_nobody(_: Form) -> float:
    """Return no seconds: everything that is needed is here."""
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a method does at a path.

    ``answer`` is ``None`` where the answer is empty. ``changes`` tells whether an account that is
    not active may not have it any more. ``waits`` adds to the time that the door gives it.
    """

    id: str
    verb: Verb
    status: int = 200
    answer: type[msgspec.Struct] | Listing | Events | None = None
    query: tuple[Field, ...] = ()
    form: tuple[Field, ...] = ()
    headers: tuple[Field, ...] = ()
    changes: bool = False
    waits: Waits = wait_for_nobody
    query_names: frozenset[str] = field(init=False, repr=False)
    form_names: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Gather the names: they are looked up on every request."""
        object.__setattr__(self, "query_names", frozenset(one.name for one in self.query))
        object.__setattr__(self, "form_names", frozenset(one.name for one in self.form))

    @property
    def filters(self) -> tuple[str, ...]:
        """The names of a list's own parameters."""
        return tuple(one.name for one in self.query if one not in PAGING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A path and what each method does there. Methods are in capitals."""

    path: str
    operations: Mapping[str, Operation]


_HEX: Final = "[0-9a-fA-F]"


def _sid(prefix: str) -> re.Pattern[str]:
    return re.compile(f"^{prefix}{_HEX}{{32}}$", re.ASCII)


PATH_NAMES: Final[Mapping[str, re.Pattern[str]]] = {
    "AccountSid": _sid(sids.ACCOUNT),
    "ApplicationSid": _sid(sids.APPLICATION),
    "CallSid": _sid(sids.CALL),
    "CallbackId": re.compile(f"^{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}$", re.ASCII),
    "KeySid": _sid(sids.KEY),
    "MessageSid": _sid(sids.MESSAGE),
    "NotificationSid": _sid(sids.NOTIFICATION),
    "PhoneNumberSid": _sid(sids.PHONE_NUMBER),
    "SubscriptionSid": _sid(sids.SUBSCRIPTION),
}
"""What a path may name, and what such a name looks like: a SID, or a callback's UUID."""

PAGING: Final = (
    Field(name="PageSize", type=Annotated[int, Meta(ge=1, le=1000)], about="50 unless given."),
    Field(name="Page", type=Annotated[int, Meta(ge=0)], about="Counts from 0."),
    Field(
        name="PageToken", support=Support.IGNORED, about="Pages are cut by their number and size."
    ),
)

LAST_EVENT_ID: Final = Field(
    name="Last-Event-ID", about="The last event that was seen; those behind it come first."
)
"""What a client sends that comes back (HTML, "Server-sent events")."""


def create(
    id: str,
    verb: Verb,
    answer: type[msgspec.Struct],
    *form: Field,
    waits: Waits = wait_for_nobody,
) -> Operation:
    """Return an operation that makes something."""
    return Operation(
        id=id, verb=verb, status=201, answer=answer, form=form, changes=True, waits=waits
    )


def fetch(id: str, verb: Verb, answer: type[msgspec.Struct]) -> Operation:
    """Return an operation that shows something."""
    return Operation(id=id, verb=verb, answer=answer)


def lists(id: str, verb: Verb, answer: Listing, *filters: Field) -> Operation:
    """Return an operation that shows a page of a list."""
    return Operation(id=id, verb=verb, answer=answer, query=(*filters, *PAGING))


def streams(id: str, verb: Verb, answer: Events, *query: Field) -> Operation:
    """Return an operation that tells of what happens, from the event on that the client names."""
    return Operation(id=id, verb=verb, answer=answer, query=query, headers=(LAST_EVENT_ID,))


def update(id: str, verb: Verb, answer: type[msgspec.Struct], *form: Field) -> Operation:
    """Return an operation that changes something."""
    return Operation(id=id, verb=verb, answer=answer, form=form, changes=True)


def delete(id: str, verb: Verb) -> Operation:
    """Return an operation that takes something away."""
    return Operation(id=id, verb=verb, status=204)


def ignored(*names: str, type: Any = str) -> tuple[Field, ...]:
    """Return parameters that the original has and that change nothing here."""
    return tuple(Field(name=name, type=type, support=Support.IGNORED) for name in names)


def own(name: str, type: Any = str, about: str = "") -> Field:
    """Return a parameter that the original does not have."""
    return Field(name=name, type=type, support=Support.OWN, about=about)


def urls(*names: str) -> tuple[Field, ...]:
    """Return parameters that are the URLs of webhooks."""
    return tuple(Field(name=name, type=UrlText) for name in names)
