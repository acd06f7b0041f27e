"""Connection overrides: how a webhook's URL fragment says how it wants to be asked.

``https://example.com/voice#rc=2&rp=5xx,ct&ct=2000`` (webhooks "connection overrides" page). What
cannot be used is a warning, and the default applies: a callback is sent all the same.
"""

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from midcall.model.codes import Code
from midcall.model.twiml import TwimlWarning

RETRY_POLICIES: Final = frozenset({"4xx", "5xx", "ct", "rt", "all"})
"""What a request can be repeated after: an answer of that class, a timeout, or any failure."""

EDGES: Final = frozenset(
    "ashburn dublin frankfurt roaming sao-paulo singapore sydney tokyo umatilla".split()
)
"""The edges of the original. Requests leave from here whichever is named."""

MAX_FRAGMENT_CHARACTERS: Final = 2048
"""How much of a fragment is read: every override there is takes less than two hundred."""

_MAX_WARNINGS: Final = 10
_SHOWN_CHARACTERS: Final = 40
_EDGE: Final = re.compile(r"[a-z][a-z-]{0,39}", re.ASCII)
_INTERCONNECT: Final = "-ix"


class Overrides(msgspec.Struct, frozen=True, kw_only=True):
    """How a request is made.

    ``connect_seconds`` is for one attempt to connect, ``read_seconds`` for the first of the answer,
    ``total_seconds`` for all attempts together. ``retry_count`` is how often a failed request is
    repeated, if ``retry_policies`` names what failed. ``sni`` is whether the TLS handshake names
    the host. ``edges`` are in the order in which attempts take turns; midcall has none to choose
    from. ``warnings`` is what was passed over.
    """

    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    total_seconds: float = 15.0
    retry_count: int = 1
    retry_policies: frozenset[str] = frozenset({"ct"})
    sni: bool = True
    edges: tuple[str, ...] = ()
    warnings: tuple[TwimlWarning, ...] = ()


class _Unusable(Exception):
    """A value that an override cannot have."""

    def __init__(self, rule: str, code: Code = Code.OVERRIDE_RETRY) -> None:
        super().__init__(rule)
        self.rule = rule
        self.code = code


def parse_overrides(url: str) -> Overrides:
    """Return the overrides in a URL's fragment; what is not said there has its default.

    The dictionary has codes for edges (11240-11242) and for the retry policy (11243); whatever
    else is wrong with an override is told under the last, too.
    """
    fragment = url.partition("#")[2][:MAX_FRAGMENT_CHARACTERS]
    chosen: dict[str, Any] = {}
    warnings: list[TwimlWarning] = []
    for pair in filter(None, fragment.split("&")):
        name, _, value = pair.partition("=")
        try:
            field, read = _override(name)
            chosen[field] = read(unquote(value))
        except _Unusable as fault:
            what = f"connection override {pair[:_SHOWN_CHARACTERS]!r}: {fault.rule}"
            warnings.append(TwimlWarning(int(fault.code), what))
    return Overrides(**chosen, warnings=tuple(warnings[:_MAX_WARNINGS]))


Reading = Callable[[str], object]


def _override(name: str) -> tuple[str, Reading]:
    if name not in _OVERRIDES:
        raise _Unusable(f"it must be one of {', '.join(_OVERRIDES)}")
    return _OVERRIDES[name]


def _number(value: str, least: int, most: int) -> int:
    digits = value.isascii() and value.isdecimal() and len(value) <= len(str(most))
    if not digits or not least <= int(value) <= most:
        raise _Unusable(f"it must be a whole number from {least} to {most}")
    return int(value)


def _count(value: str) -> int:
    return _number(value, 0, 5)


def _seconds(most_ms: int) -> Reading:
    """Return how to read a number of milliseconds, as seconds."""
    return lambda value: _number(value, 100, most_ms) / 1000


def _policies(value: str) -> frozenset[str]:
    policies = frozenset(value.split(","))
    if not policies <= RETRY_POLICIES:
        raise _Unusable(f"it must be of {', '.join(sorted(RETRY_POLICIES))}")
    return policies


def _flag(value: str) -> bool:
    if value not in {"y", "n"}:
        raise _Unusable("it must be y or n")
    return value == "y"


def _edges(value: str) -> tuple[str, ...]:
    edges = tuple(value.split(","))
    for edge in edges:
        if not _EDGE.fullmatch(edge):
            raise _Unusable("it must be names of edges, parted by commas", Code.OVERRIDE_EDGE)
        if edge.endswith(_INTERCONNECT):
            raise _Unusable("there are no private connections", Code.OVERRIDE_INTERCONNECT)
        if edge not in EDGES:
            raise _Unusable("this edge is unknown", Code.OVERRIDE_EDGE_UNSUPPORTED)
    return edges


_OVERRIDES: Final[dict[str, tuple[str, Reading]]] = {
    "ct": ("connect_seconds", _seconds(10_000)),
    "rt": ("read_seconds", _seconds(15_000)),
    "tt": ("total_seconds", _seconds(15_000)),
    "rc": ("retry_count", _count),
    "rp": ("retry_policies", _policies),
    "sni": ("sni", _flag),
    "e": ("edges", _edges),
}
