"""The pytest plugin: the fixture ``midcall``, a server that is empty for every test.

    def test_the_app_answers(midcall):
        alice, bob = midcall.phone("alice"), midcall.phone("bob")
        call = alice.dial("bob")
        bob.accept()
        midcall.send(call.sid, '{"hello": "alice"}')
        assert alice.received()[0].content == {"hello": "alice"}

Settings are those of ``midcall dev``, by their names: for all tests in ``midcall_settings`` of
pytest's configuration, for one run with ``--midcall``, for one test, class or module with the
marker ``midcall``. What is nearest to the test wins.

Nothing of midcall is loaded before a test asks for the fixture.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from midcall.testing.emulator import Emulator

MARKER: Final = "midcall"
INI: Final = "midcall_settings"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what chooses settings."""
    parser.addini(INI, "settings of the midcall fixture, one NAME=VALUE a line", "linelist", [])
    parser.getgroup("midcall").addoption(
        "--midcall",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest=INI,
        help="a setting of the midcall fixture, as --midcall incoming_hold_seconds=0",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line(
        "markers", f"{MARKER}(**settings): settings of the server that the test gets"
    )


@pytest.fixture
def midcall(request: pytest.FixtureRequest) -> "Iterator[Emulator]":
    """Give a server in this process: in memory, on a free port, empty, gone after the test."""
    settings = _settings(request)
    from midcall.testing.emulator import Emulator  # noqa: PLC0415 - loaded when it is used

    with Emulator(**settings) as running:
        yield running


def _settings(request: pytest.FixtureRequest) -> dict[str, object]:
    """Return what was stated, the nearest to the test last."""
    config = request.config
    stated: dict[str, object] = {**_read(config.getini(INI)), **_read(config.getoption(INI))}
    # The marker nearest to the test comes first.
    for marker in reversed(list(request.node.iter_markers(MARKER))):
        stated |= marker.kwargs
    return stated


def _read(lines: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for line in lines:
        name, equals, text = line.partition("=")
        if not equals:
            raise pytest.UsageError(f"{line!r} is not a setting of midcall: write NAME=VALUE")
        pairs[name.strip().lower()] = text.strip()
    return pairs
