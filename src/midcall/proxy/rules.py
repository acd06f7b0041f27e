"""Whom the proxy connects: a pure decision.

What a program meant for Twilio is answered by midcall or by nobody. Where other hosts are tunnelled
as well, a name of Twilio's that midcall does not replace is refused all the same: a request with
credentials in it must not leave the site because of a region in its host.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal, TypeAlias

from midcall.proxy import refusals
from midcall.proxy.heads import Target
from midcall.proxy.refusals import Refusal

Others: TypeAlias = Literal["refuse", "tunnel"]

HTTPS_PORT: Final = 443
_TWILIO: Final = "twilio.com"


class Way(Enum):
    """Where a tunnel leads."""

    HOME = auto()
    """To midcall itself."""
    OUTSIDE = auto()
    """To the host that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """``names`` are those in midcall's certificate, and ``port`` is the one on which it listens.

    Of ``others``, hosts that are none of these, nobody is connected to, or everybody.
    """

    names: frozenset[str]
    port: int
    others: Others = "refuse"


def decide(target: Target, rules: Rules) -> Way | Refusal:
    """Decide where a tunnel leads, or why there is none."""
    if _is_twilio(target.host):
        if target.host not in rules.names:
            return refusals.not_replaced(target.host)
        if target.port != HTTPS_PORT:
            return refusals.other_port(target.host, target.port)
        return Way.HOME
    # Some libraries send through the proxy what is for midcall's own address, NO_PROXY or not.
    if target.host in rules.names and target.port == rules.port:
        return Way.HOME
    if rules.others == "tunnel":
        return Way.OUTSIDE
    return refusals.other_host(target.host, target.port)


def _is_twilio(host: str) -> bool:
    return host == _TWILIO or host.endswith("." + _TWILIO)
