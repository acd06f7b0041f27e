"""The stores that the contract holds for: each test here runs against each of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from midcall.core.ports import Store
from midcall.store.sqlite import open_store

Opening = Callable[[], Awaitable[Store]]


@pytest.fixture(params=["sqlite file", "sqlite in memory"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Open the adapter under test; called again, open the same store again if it is durable."""
    path = ":memory:" if request.param == "sqlite in memory" else tmp_path / "store.db"

    async def opened() -> Store:
        return await open_store(f"sqlite:///{path}")

    return opened


@pytest.fixture
async def store(opening: Opening) -> AsyncIterator[Store]:
    """Open an empty store for one test."""
    opened = await opening()
    yield opened
    await opened.close()
