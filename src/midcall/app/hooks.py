"""Where a program that has the server inside itself takes part in it: its clock, and what it makes.

Nothing is hooked in a server of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from midcall.app.time import utc_now
from midcall.delivery.egress import Intercept


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What an embedding program says and hears.

    ``wall`` is the time of day, aware and in UTC. ``intercept`` may answer a request to a
    customer's server in that server's place. ``committed`` is told after every commit.
    """

    wall: Callable[[], datetime] = utc_now
    intercept: Intercept | None = None
    committed: Callable[[], None] | None = None


NO_HOOKS = Hooks()
