"""A browser for the pages that are read, and for the tutorial that is followed."""

from collections.abc import Iterator

import pytest

from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.processes import PATIENCE_SECONDS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give time to what starts servers and browsers on a busy machine."""
    for item in items:
        if "tests/docs/" in item.path.as_posix() and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(8 * PATIENCE_SECONDS))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """Give a browser."""
    browser = Chromium()
    yield browser
    browser.stop()
