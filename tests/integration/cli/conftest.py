"""A runner of commands, and a server that they ask."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from midcall.app import logs
from midcall.cli.main import app
from tests.support.customer import Customer
from tests.support.site import Site


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a runner of commands, in an empty directory and without settings."""
    for name in [name for name in os.environ if name.startswith("MIDCALL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    # Logging belongs to the tests' own process.
    monkeypatch.setattr(logs, "configure", lambda *_: None)

    def call(*words: str) -> Ended:
        try:
            code = app(words, result_action="return_value")
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return call


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a server."""
    running = Site(
        tmp_path_factory.mktemp("site"), incoming_hold_seconds="0", proxy_port="0"
    ).start()
    yield running
    assert running.stop() == 0, running.output


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    """Give a customer's web server."""
    async with Customer() as running:
        yield running
