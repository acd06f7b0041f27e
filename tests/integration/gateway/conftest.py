import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from tests.support.customer import Customer
from tests.support.site import Site
from tests.support.softphone import Softphone


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what is here time: starting a server is slow on a machine that is busy."""
    for item in items:
        if "tests/integration/gateway/" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a server that every test of this process shares; each uses identities of its own.

    An app that is rung is taken to listen soon, so that nobody waits for the time of a ringtone.
    """
    directory = tmp_path_factory.mktemp("site")
    site = Site(directory, log_level="debug", incoming_hold_seconds="0.1").start()
    yield site
    assert site.stop() == 0


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """Give a server that the test may do anything with; it has not been started."""
    site = Site(tmp_path)
    yield site
    if site.running:
        site.stop()


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    """Give a customer's web server."""
    async with Customer() as customer:
        yield customer


@pytest.fixture
def name() -> Callable[[str], str]:
    """Give a maker of identities that no other test uses."""
    suffix = secrets.token_hex(4)
    return lambda given: f"{given}-{suffix}"


class NewPhone(Protocol):
    """Makes a device that is gone when the test ends."""

    def __call__(
        self, identity: str | None, application: str | None = None, *, at: Site | None = None
    ) -> Softphone: ...


@pytest.fixture
async def phone(request: pytest.FixtureRequest) -> AsyncIterator[NewPhone]:
    """Give a maker of softphones."""
    async with AsyncExitStack() as stack:

        def make(
            identity: str | None, application: str | None = None, *, at: Site | None = None
        ) -> Softphone:
            chosen: Site = at or request.getfixturevalue("site")
            made = chosen.phone(identity, application)
            stack.push_async_callback(made.leave)
            return made

        yield make


class Pair(NamedTuple):
    """Two devices in a call with each other."""

    alice: Softphone
    bob: Softphone
    parent: str
    child: str
    alice_reconnect: str
    bob_reconnect: str


class Connect(Protocol):
    """Puts two devices of new identities in a call with each other."""

    async def __call__(self, at: Site | None = None) -> Pair: ...


@pytest.fixture
async def connect(
    request: pytest.FixtureRequest,
    customer: Customer,
    phone: NewPhone,
    name: Callable[[str], str],
) -> Connect:
    """Give a maker of calls between two devices, alice calling bob."""

    async def make(at: Site | None = None) -> Pair:
        chosen: Site = at or request.getfixturevalue("site")
        application = await chosen.application(customer.dials(name("bob")))
        alice = await phone(name("alice"), application, at=chosen).sign_in()
        bob = await phone(name("bob"), at=chosen).sign_in()
        await alice.invite()
        parent = (await alice.expect("ringing"))["callsid"]
        answer = await alice.expect("answer", callsid=parent)
        invite = await bob.expect("invite")
        await bob.accept(invite["callsid"])
        await customer.status("in-progress")
        return Pair(alice, bob, parent, invite["callsid"], answer["reconnect"], invite["reconnect"])

    return make
