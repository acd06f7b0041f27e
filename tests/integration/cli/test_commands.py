"""The commands, called as the shell calls them, as far as they end by themselves."""

import asyncio
import os
import socket
from pathlib import Path

import jwt
import pytest
from pydantic import SecretStr

from midcall.app.bootstrap import ensure_dev
from midcall.app.settings import Settings
from midcall.app.time import utc_now
from midcall.store.opening import FileLock
from midcall.store.sqlite import open_store
from tests.integration.cli.conftest import Ended, Run
from tests.support.site import free_port


@pytest.fixture
def plain() -> tuple[str, ...]:
    """Give what makes a server that nobody needs."""
    return ("--host", "127.0.0.1", "--port", str(free_port()), "--tls", "off", "--media", "none")


def refused(ended: Ended, *words: str) -> None:
    """Check that a command ended with one clear sentence and exit code 1."""
    assert ended.code == 1
    assert ended.out == ""
    (sentence,) = ended.err.splitlines()
    assert sentence.startswith("midcall: ")
    for word in words:
        assert word in sentence


# --- refusing to start


def test_a_port_in_use_is_named(run: Run) -> None:
    """Two servers on one port: the second says which port it cannot have."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused(
            run("dev", "--host", "127.0.0.1", "--port", port, "--tls", "off"), "127.0.0.1", port
        )
    assert not Path("midcall.db").exists()


def test_a_port_in_use_for_the_proxy_is_named(run: Run) -> None:
    """The forward proxy's port is not to be had: whose it is and its setting are said."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused(
            run("dev", "--port", str(free_port()), "--proxy-port", port),
            "127.0.0.1",
            port,
            "MIDCALL_PROXY_PORT",
        )
    assert not Path("midcall.db").exists()


def test_an_address_that_is_not_here_is_named(run: Run) -> None:
    """A server cannot listen on another machine's address."""
    refused(run("dev", "--host", "192.0.2.1", "--tls", "off"), "192.0.2.1")


def test_a_name_without_an_address_is_named(run: Run) -> None:
    """A host that cannot be looked up is refused by its name."""
    refused(run("dev", "--host", "nowhere.invalid", "--tls", "off"), "nowhere.invalid")


def test_a_store_in_use_is_named(run: Run, plain: tuple[str, ...], tmp_path: Path) -> None:
    """One server a store: the second says whose it is."""
    lock = FileLock(tmp_path / "midcall.db")
    try:
        ended = run("dev", *plain)
    finally:
        lock.release()
    refused(ended, "midcall.db", str(os.getpid()))


def test_a_store_that_is_something_else_is_named(run: Run, plain: tuple[str, ...]) -> None:
    """A file that is no store is left as it is."""
    Path("midcall.db").write_text("my diary" * 1000)
    refused(run("dev", *plain), "midcall.db")
    assert Path("midcall.db").read_text() == "my diary" * 1000


def test_a_store_that_cannot_be_opened_is_named(run: Run, plain: tuple[str, ...]) -> None:
    """A directory in the file's place is told in one sentence."""
    Path("midcall.db").mkdir()
    refused(run("dev", *plain), "midcall.db")


def test_certificates_that_cannot_be_written_are_named(run: Run) -> None:
    """Where the local CA cannot be kept the server does not start."""
    Path("midcall-tls").write_text("in the way")
    refused(run("dev", "--port", str(free_port())), "midcall-tls")


def test_wrong_settings_are_told_at_once(run: Run) -> None:
    """Every wrong setting is named, one a line, with an exit code of its own."""
    ended = run("dev", "--port", "none", "--tls", "maybe")
    assert ended.code == 2
    assert [line.split(":")[1].strip() for line in ended.err.splitlines()] == [
        "MIDCALL_PORT",
        "MIDCALL_TLS",
    ]


def test_serving_assumes_nothing(run: Run) -> None:
    """Without settings ``midcall serve`` names what is missing and starts nothing."""
    ended = run("serve")
    assert ended.code == 2
    assert "MIDCALL_ACCOUNT_SID" in ended.err
    assert os.listdir() == []


# --- tokens


SECRET = "fedcba9876543210fedcba9876543210"


@pytest.fixture
def kept(run: Run) -> Run:
    """Give a runner beside a store that a server has made."""
    settings = Settings(
        account_sid="AC" + "a" * 32,
        auth_token=SecretStr("0123456789abcdef0123456789abcdef"),
        api_key_sid="SK" + "b" * 32,
        api_key_secret=SecretStr(SECRET),
    )

    async def make() -> None:
        store = await open_store(settings.store)
        await ensure_dev(store, settings, utc_now, os.urandom)
        await store.close()

    asyncio.run(make())
    return run


def test_a_token_is_printed(kept: Run) -> None:
    """``midcall token`` prints a token of the kept key, for the application of ``dev``."""
    ended = kept("token", "--identity", "alice", "--ttl", "60")
    assert (ended.code, ended.err) == (0, "")
    claims = jwt.decode(
        ended.out.strip(),
        SECRET,
        algorithms=["HS256"],
        options={"verify_nbf": False},
    )
    assert claims["grants"]["identity"] == "alice"
    assert claims["grants"]["voice"]["outgoing"]["application_sid"].startswith("AP")
    assert claims["exp"] - claims["nbf"] == 60


def test_a_token_for_an_application_that_is_not_there_is_refused(kept: Run) -> None:
    """Rather than a token that cannot call, there is a sentence."""
    unknown = "AP" + "0" * 32
    refused(kept("token", "--identity", "alice", "--application", unknown), unknown)


@pytest.mark.parametrize("ttl", ["0", "-5", "86401"])
def test_a_token_that_nobody_would_take_is_not_made(kept: Run, ttl: str) -> None:
    """The server refuses a token that is over or lives too long, so none is printed."""
    refused(kept("token", "--identity", "alice", f"--ttl={ttl}"), "ttl", ttl)


def test_a_token_for_nobody_is_not_made(kept: Run) -> None:
    """The server refuses an identity with a space, so no token for one is printed."""
    refused(kept("token", "--identity", "al ice"), "U+0020")


def test_a_token_needs_a_store(run: Run) -> None:
    """Where no server has run yet there is no key, and no file is made."""
    refused(run("token", "--identity", "alice"), "midcall.db")
    assert os.listdir() == []
