"""Engines and devices on loopback, each gone when its test is."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import aioice.ice
import pytest

from midcall.media.engine import AiortcEngine
from midcall.media.settings import ListenAddress, MediaSettings
from tests.integration.media.devices import Device
from tests.integration.media.sockets import udp_sockets

LOOPBACK = MediaSettings(addresses=(ListenAddress("127.0.0.1"),))

MakeDevice = Callable[..., Device]
Call = Callable[[str, Device], Awaitable[None]]


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the devices gather on loopback, which aioice leaves out: tests need no network."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])


@pytest.fixture(autouse=True)
def _no_socket_left() -> Iterator[None]:
    """See that each test, and the server in it, closes what it opens."""
    before = udp_sockets()
    yield
    assert udp_sockets() <= before


@pytest.fixture
def digits() -> list[tuple[str, str]]:
    """Return the digits that the engine reported."""
    return []


@pytest.fixture
async def engine(digits: list[tuple[str, str]]) -> AsyncIterator[AiortcEngine]:
    """Run an engine."""
    running = AiortcEngine(LOOPBACK, on_digit=lambda *digit: digits.append(digit))
    yield running
    await running.close()


@pytest.fixture
async def device() -> AsyncIterator[MakeDevice]:
    """Make devices that hang up at the end."""
    async with AsyncExitStack() as stack:

        def make(frequency: int = 440, codecs: tuple[str, ...] = ("PCMU", "opus")) -> Device:
            made = Device(frequency, codecs)
            stack.push_async_callback(made.close)
            return made

        yield make


@pytest.fixture
def call(engine: AiortcEngine) -> Call:
    """Connect a device as an endpoint."""

    async def connect(endpoint: str, caller: Device) -> None:
        await caller.accept(await engine.answer(endpoint, await caller.offer()))
        await caller.connected()

    return connect
