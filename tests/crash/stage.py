"""What all who take part in a crash run share: the server, its ledger, and when it is killed."""

import asyncio
import random
import signal
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import aiohttp

from tests.support.customer import Customer
from tests.support.ledger import Acked, Arrived, Created, Fact, Heard, Ledger, Surprise, Taken
from tests.support.site import Site
from tests.support.softphone import PATIENCE_SECONDS

MOMENTS: Final[Sequence[type[Fact]]] = (Acked, Created, Arrived, Heard, Taken)
"""Right behind each of these a commit has just been made, or a receipt is about to be."""

LONGEST_LOAD_SECONDS: Final = 1.2
LATEST_START_SECONDS: Final = 2.0
AIM_SECONDS: Final = 5.0
"""How long an aim may be waited for, should the load be slow; then the kill comes all the same."""


class Aim(NamedTuple):
    """When to kill a server.

    So many facts of a kind after it was ready, at the very last of them; without a kind, so many
    seconds after it was ready; while it ``starts``, so many seconds after it was launched.
    """

    moment: type[Fact] | None = None
    number: int = 0
    seconds: float = 0.0
    starts: bool = False

    def __str__(self) -> str:
        if self.moment is not None:
            return f"at {self.moment.__name__} {self.number}"
        return f"{self.seconds:.3f} s after {'launch' if self.starts else 'ready'}"


def draw_aim(chance: random.Random) -> Aim:
    """Choose when to kill next."""
    how = chance.random()
    if how < 0.1:
        return Aim(seconds=chance.uniform(0, LATEST_START_SECONDS), starts=True)
    if how < 0.5:
        return Aim(seconds=chance.uniform(0, LONGEST_LOAD_SECONDS))
    return Aim(moment=chance.choice(MOMENTS), number=chance.randint(1, 60))


class Flow:
    """What is under way; whoever sends more waits for room, so that the far end sets the pace."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._names: set[Any] = set()
        self._room = asyncio.Event()
        self._empty = asyncio.Event()
        self._tell()

    def __repr__(self) -> str:
        return f"Flow({sorted(map(str, self._names))})"

    def begin(self, name: Any) -> None:
        """Note that something is under way."""
        self._names.add(name)
        self._tell()

    def end(self, name: Any) -> None:
        """Note that it has arrived, or may never."""
        self._names.discard(name)
        self._tell()

    async def room(self) -> None:
        """Wait until more may be under way; as long as it takes, whoever waits is given up."""
        await self._room.wait()

    async def empty(self) -> None:
        """Wait until nothing is under way."""
        await self._empty.wait()

    def _tell(self) -> None:
        for event, holds in (
            (self._room, len(self._names) < self._limit),
            (self._empty, not self._names),
        ):
            if holds:
                event.set()
            else:
                event.clear()


class Stage:
    """A server that is killed and started again, and what everybody else needs of it.

    ``up`` is set while it takes work. ``busy`` is set while there shall be load; ``over`` once no
    call is to go on any more.
    """

    def __init__(self, site: Site, customer: Customer, chance: random.Random) -> None:
        self.site = site
        self.customer = customer
        self.chance = chance
        self.ledger = Ledger()
        self.ledger.watch = self._saw
        self.up = asyncio.Event()
        self.busy = True
        self.over = False
        self._aim = Aim()
        self._left = 0
        self._struck = asyncio.Event()

    def surprise(self, what: str) -> None:
        """Note what must not happen."""
        self.ledger.note(Surprise(what=what))

    async def start(self) -> None:
        """Start the server while everything here goes on."""
        await asyncio.to_thread(self.site.start)
        self.up.set()

    async def strike(self, aim: Aim) -> None:
        """Start the server if there is none, kill it when it is time; return when it is gone."""
        if aim.starts:
            if not self.up.is_set():
                self.site.launch()
            await asyncio.sleep(aim.seconds)  # Chance, not a wait for anything.
        else:
            if not self.up.is_set():
                await self.start()
            await self._reached(aim)
        self.kill()
        assert await asyncio.to_thread(self.site.stop, signal.SIGKILL) == -signal.SIGKILL

    def kill(self) -> None:
        """Kill the server; it is as good as gone when this returns."""
        self.up.clear()
        self._struck.set()
        self.site.kill()

    async def _reached(self, aim: Aim) -> None:
        self._struck.clear()
        self._aim, self._left = aim, aim.number
        try:
            async with asyncio.timeout(AIM_SECONDS if aim.moment else aim.seconds):
                await self._struck.wait()
        except TimeoutError:
            pass
        finally:
            self._left = 0

    def _saw(self, fact: Fact) -> None:
        if self._left and self._aim.moment is type(fact):
            self._left -= 1
            if not self._left:
                self.kill()

    def session(self) -> aiohttp.ClientSession:
        """Open a REST client, with a connection of its own that it keeps."""
        credentials = self.site.credentials
        pair = aiohttp.encode_basic_auth(credentials.account_sid, credentials.auth_token)
        return aiohttp.ClientSession(
            f"{self.site.url}/2010-04-01/Accounts/{credentials.account_sid}/",
            headers={"Authorization": pair},
            timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS),
        )
