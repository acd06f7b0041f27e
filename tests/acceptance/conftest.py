"""One server, one browser and one customer's web server for a whole run; the rest for each test."""

from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from twilio.rest import Client

from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Answering, Customer, Endpoint, Reply
from tests.acceptance.support.libraries import make_client
from tests.acceptance.support.node import Relay
from tests.acceptance.support.phones import Callers
from tests.acceptance.support.processes import PATIENCE_SECONDS
from tests.acceptance.support.servers import Midcall


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here, and give it time: browsers on a busy machine are slow to start."""
    for item in items:
        if "tests/acceptance/" in item.path.as_posix():
            item.add_marker(pytest.mark.acceptance)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(4 * PATIENCE_SECONDS))


@pytest.fixture(scope="session")
def midcall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Midcall]:
    """Give a running server."""
    server = Midcall(tmp_path_factory.mktemp("midcall")).start()
    yield server
    assert server.stop() == 0, server.program.output


@pytest.fixture(scope="session")
def customer() -> Iterator[Customer]:
    """Give a customer's web server."""
    server = Customer().start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def relay(midcall: Midcall) -> Iterator[Relay]:
    """Give an Express application behind the Node library's middleware."""
    application = Relay(midcall)
    yield application
    application.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """Give a browser."""
    browser = Chromium()
    yield browser
    browser.stop()


@pytest.fixture(scope="session")
def client(midcall: Midcall) -> Client:
    """Give the official Python library, pointed at the server."""
    return make_client(midcall)


class NewApplication(Protocol):
    """Opens an address that answers with TwiML, and makes an application of it."""

    def __call__(
        self, answer: Answering | Reply | str | bytes, **parameters: Any
    ) -> tuple[str, Endpoint]: ...


@pytest.fixture
def application(client: Client, customer: Customer) -> NewApplication:
    """Give a maker of TwiML applications: ``(its SID, the address that is asked)``."""

    def make(answer: Answering | Reply | str | bytes, **parameters: Any) -> tuple[str, Endpoint]:
        voice = customer.endpoint(answer)
        made = client.applications.create(voice_url=voice.url, **parameters)
        assert made.sid is not None
        return made.sid, voice

    return make


@pytest.fixture
def callers(chromium: Chromium, midcall: Midcall) -> Iterator[Callers]:
    """Give people with phones; whatever they do, nothing may leave the site."""
    people = Callers(chromium, midcall)
    yield people
    people.leave()
    assert people.strangers() == set()
