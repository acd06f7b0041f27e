import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, Protocol, TypeVar

import pytest
import pytest_asyncio

from midcall.client import Call, Device
from tests.integration.client.inside import Inside, running_inside
from tests.support.softphone import PATIENCE_SECONDS

Result = TypeVar("Result")


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


class NewDevice(Protocol):
    """Makes a device that is gone when the test ends."""

    def __call__(self, identity: str | None, **options: Any) -> Device: ...


@pytest_asyncio.fixture(loop_scope="session")
async def device(site: Inside) -> AsyncIterator[NewDevice]:
    """Give a maker of devices."""
    async with AsyncExitStack() as stack:

        def make(identity: str | None, **options: Any) -> Device:
            at: Inside = options.pop("at", site)
            token = options.pop("token", None) or at.credentials.token(identity, at.application)
            made = Device(token, **({"url": at.url} | options))
            stack.push_async_callback(made.destroy)
            return made

        yield make


class Pair(NamedTuple):
    """Two devices in a call with each other, and the call as each has it."""

    alice: Device
    bob: Device
    parent: Call
    child: Call


class Connect(Protocol):
    """Puts two devices of new identities in a call with each other."""

    async def __call__(self, **options: Any) -> Pair: ...


@pytest.fixture
def connect(device: NewDevice, name: Callable[[str], str]) -> Connect:
    """Give a maker of calls between two devices, alice calling bob."""

    async def make(**options: Any) -> Pair:
        alice, bob = device(name("alice"), **options), device(name("bob"), **options)
        await bob.register()
        parent = await alice.connect({"To": name("bob")})
        child = await within(incoming(bob))
        await child.accept()
        await parent.wait_for("accept", PATIENCE_SECONDS)
        return Pair(alice, bob, parent, child)

    return make


async def incoming(device: Device) -> Call:
    """Wait for a call that comes in, or came in already."""
    waiting = [call for call in device.calls if call.status() == "pending"]
    call = waiting[0] if waiting else await device.wait_for("incoming")
    assert isinstance(call, Call)
    return call


async def within(what: Awaitable[Result]) -> Result:
    """Wait, with a deadline."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await what
