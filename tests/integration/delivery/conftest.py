import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import uvloop

from midcall.core.ports import PutAccount
from midcall.delivery.egress import Egress
from midcall.store.sqlite import SqliteStore, open_store
from tests.integration.delivery.account import ACCOUNT
from tests.integration.delivery.bench import Bench
from tests.integration.delivery.certificates import Authority
from tests.integration.delivery.customer import (
    LOOPBACK,
    Customer,
    Respond,
    StartCustomer,
    response,
)


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run on the server's loop, and on both where the loop opens sockets and resolves names."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]]
    factories = {"uvloop": uvloop.new_event_loop}
    if item.path.stem in {"test_egress", "test_attempt", "test_overrides"}:
        factories["asyncio"] = asyncio.new_event_loop
    return factories


@pytest.fixture
async def start_customer() -> AsyncIterator[StartCustomer]:
    """Start customers' servers that end with the test, at a port that is bound already or any."""
    async with AsyncExitStack() as stack:

        async def start(
            *answers: bytes | Respond,
            tls: ssl.SSLContext | None = None,
            port: socket.socket | None = None,
        ) -> Customer:
            customer = Customer(answers or (response(),))
            if port is None:
                port = socket.create_server(("127.0.0.1", 0))
            server = await asyncio.start_server(customer.serve, sock=port, ssl=tls)
            stack.push_async_callback(customer.close)
            stack.callback(server.close)
            customer.port = server.sockets[0].getsockname()[1]
            customer.scheme = "https" if tls else "http"
            return customer

        yield start


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    """A way out that may reach loopback."""
    egress = Egress(allow=LOOPBACK)
    yield egress
    await egress.close()


@pytest.fixture
async def guarded() -> AsyncIterator[Egress]:
    """A way out that may reach public addresses only."""
    egress = Egress()
    yield egress
    await egress.close()


@pytest.fixture(scope="session")
def authority() -> Authority:
    """An authority that no system trusts."""
    return Authority()


@pytest.fixture
def ca_file(authority: Authority, tmp_path: Path) -> Path:
    """The certificate of the authority, as a file."""
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.pem)
    return path


@pytest.fixture
def server_tls(authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS, for ``localhost``."""
    return authority.server_side(tmp_path, "localhost")


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    """A store that knows the account."""
    store = await open_store("sqlite:///:memory:")
    await store.commit([PutAccount(ACCOUNT)])
    yield store
    await store.close()


@pytest.fixture
async def bench(tmp_path: Path, egress: Egress) -> AsyncIterator[Bench]:
    """A bench with one account and a store of its own."""
    store = await open_store(f"sqlite:///{tmp_path}/store.db")
    bench = Bench(store, egress)
    await bench.owe(PutAccount(ACCOUNT))
    yield bench
    await bench.journal.close()
    await store.close()
