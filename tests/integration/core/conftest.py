"""A store in memory, and a node on it."""

from collections.abc import AsyncIterator

import pytest

from midcall.store.sqlite import SqliteStore, open_store
from tests.integration.core.node import Node


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    """Open a store in memory."""
    opened = await open_store("sqlite:///:memory:")
    yield opened
    await opened.close()


@pytest.fixture
async def node(store: SqliteStore) -> AsyncIterator[Node]:
    """Run the heart of a server on it."""
    running = Node(store)
    yield running
    await running.close()
