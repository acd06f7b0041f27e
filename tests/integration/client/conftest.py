import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, Protocol, TypeVar

import pytest
import pytest_asyncio

from midcall.client import Call, Device
from midcall.client.device import Surroundings
from midcall.client.sockets import WebSocket, open_websocket
from tests.integration.gateway.inside import Inside, running_inside
from tests.support.site import Site
from tests.support.softphone import PATIENCE_SECONDS

Result = TypeVar("Result")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what is here in one loop, with the server that it shares, and give it time."""
    for item in items:
        if "tests/integration/client/" in item.path.as_posix():
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.timeout(300))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site() -> AsyncIterator[Inside]:
    """Give a server in this process that tests share; each uses identities of its own."""
    async with running_inside() as site:
        yield site


@pytest.fixture
def name() -> Callable[[str], str]:
    """Give a maker of identities that no other test uses."""
    suffix = secrets.token_hex(4)
    return lambda given: f"{given}-{suffix}"


class Sockets:
    """Opens sockets for one device; the test can cut them, and have none opened for a while."""

    def __init__(self, url: str) -> None:
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.opened = 0
        self._url = url
        self._last: WebSocket | None = None

    async def open(self) -> WebSocket:
        """Open a socket as soon as there may be one."""
        await self.may_open.wait()
        self._last = await open_websocket(self._url, None)
        self.opened += 1
        return self._last

    def cut(self) -> None:
        """Lose the socket without a word."""
        assert self._last is not None
        self._last.abort()

    def cut_off(self) -> None:
        """Lose the socket, and have no other until ``may_open`` is set."""
        self.may_open.clear()
        self.cut()

    @property
    def surroundings(self) -> Surroundings:
        """What makes a device use these sockets."""
        return Surroundings(open_socket=self.open)


class NewDevice(Protocol):
    """Makes a device that is gone when the test ends."""

    def __call__(
        self,
        identity: str | None,
        *,
        at: Site | None = None,
        application: str | None = None,
        token: str | None = None,
        **options: Any,
    ) -> Device: ...


@pytest_asyncio.fixture(loop_scope="session")
async def device(site: Inside) -> AsyncIterator[NewDevice]:
    """Give a maker of devices."""
    async with AsyncExitStack() as stack:

        def make(
            identity: str | None,
            *,
            at: Site | None = None,
            application: str | None = None,
            token: str | None = None,
            **options: Any,
        ) -> Device:
            if at is None:
                at = site
                application = application or site.application_sid
            token = token or at.credentials.token(identity, application)
            made = Device(token, url=at.url, **options)
            stack.push_async_callback(made.destroy)
            return made

        yield make


class Pair(NamedTuple):
    """Two devices in a call with each other, and the call as each has it."""

    alice: Device
    bob: Device
    parent: Call
    child: Call

    @property
    def parent_sid(self) -> str:
        """The CallSid that alice knows."""
        assert self.parent.call_sid is not None
        return self.parent.call_sid


class Connect(Protocol):
    """Puts two devices of new identities in a call with each other."""

    async def __call__(self, **options: Any) -> Pair: ...


@pytest.fixture
def connect(device: NewDevice, name: Callable[[str], str]) -> Connect:
    """Give a maker of calls between two devices, alice calling bob. Options are alice's."""

    async def make(**options: Any) -> Pair:
        alice, bob = device(name("alice"), **options), device(name("bob"))
        return await meet(alice, bob, name("bob"))

    return make


async def meet(alice: Device, bob: Device, to: str) -> Pair:
    """Put two devices in a call with each other."""
    await bob.register()
    coming = asyncio.ensure_future(bob.wait_for("incoming", PATIENCE_SECONDS))
    parent = await alice.connect({"To": to})
    child = await coming
    assert isinstance(child, Call)
    await child.accept()
    await parent.wait_for("accept", PATIENCE_SECONDS)
    return Pair(alice, bob, parent, child)


async def within(what: Awaitable[Result]) -> Result:
    """Wait, with a deadline."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await what
