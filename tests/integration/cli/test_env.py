"""``midcall env``, as a shell takes it."""

import json
import os
import shlex
import socket
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from midcall.app.certificates import ensure_certificates
from midcall.app.settings import load
from midcall.cli.env import Part, compose, read_system_cas, write_bundle, write_for
from midcall.cli.main import app
from tests.support.site import free_port

ACCOUNT = "AC" + "0" * 32
TOKEN = "0123456789abcdef" * 2
STRANGE = 'it\'s a "dir" $HOME `x` \\n;'


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give an empty working directory with a name that needs quotes, and no settings."""
    for name in [name for name in os.environ if name.startswith("MIDCALL_")]:
        monkeypatch.delenv(name)
    directory = tmp_path / STRANGE
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


@pytest.fixture
def ca(directory: Path) -> Path:
    """Give the CA that a server made in the working directory."""
    made = ensure_certificates(Path("midcall-tls"), public_host="localhost", now=datetime.now(UTC))
    return made.ca.resolve()


@pytest.fixture
def env(directory: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a runner of ``midcall env`` for a stated account."""

    def call(*words: str, stated: bool = True) -> Ended:
        account = ("--account-sid", ACCOUNT, "--auth-token", TOKEN) if stated else ()
        code = app(("env", *account, *words), result_action="return_value")
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return call


def evaluated(script: str, before: dict[str, str]) -> dict[str, str]:
    """Return the environment of a shell that has evaluated what was printed."""
    ended = subprocess.run(
        ["sh", "-euc", 'eval "$1"; exec env -0', "sh", script],
        env={"PATH": os.environ["PATH"], **before},
        capture_output=True,
        check=True,
        timeout=30,
    )
    pairs = ended.stdout.decode().rstrip("\0").split("\0")
    return dict(pair.split("=", 1) for pair in pairs)


def test_a_shell_that_evaluates_it_has_proxy_ca_and_account(env: Run, ca: Path) -> None:
    """What is printed is right for `eval` as it stands, wherever the CA lies."""
    port = free_port()
    printed = env("--port", "9443", "--proxy-port", str(port)).out
    known = evaluated(printed, {"TWILIO_REGION": "ie1", "TWILIO_API_KEY": "SK1", "OTHER": "stays"})
    proxy = f"http://127.0.0.1:{port}"
    assert (known["HTTPS_PROXY"], known["https_proxy"], known["HTTP_PROXY"]) == (proxy,) * 3
    assert "http_proxy" not in known
    assert known["NO_PROXY"] == known["no_proxy"] == "localhost,127.0.0.1,::1"
    assert known["NODE_EXTRA_CA_CERTS"] == str(ca)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "TWILIO_CA_BUNDLE"):
        assert known[name] == str(ca.with_name("bundle.pem"))
    assert (known["TWILIO_ACCOUNT_SID"], known["TWILIO_AUTH_TOKEN"]) == (ACCOUNT, TOKEN)
    assert not {"TWILIO_REGION", "TWILIO_EDGE", "TWILIO_API_KEY", "TWILIO_API_SECRET"} & set(known)
    assert known["OTHER"] == "stays"


def test_every_variable_has_a_comment_above_it(env: Run, ca: Path) -> None:
    """Who reads it learns what each part is for, and first of all how to use it."""
    lines = env().out.splitlines()
    assert lines[0] == '# eval "$(midcall env)"'
    assert sum(line.startswith("# ") for line in lines) >= 7


def test_json_is_for_programs(env: Run, ca: Path) -> None:
    """The same variables as an object; null is for those that must not be there."""
    variables = json.loads(env("--shell", "json").out)
    assert variables["TWILIO_AUTH_TOKEN"] == TOKEN
    assert variables["TWILIO_REGION"] is None
    assert variables == {
        name: value
        for part in compose(load({}, profile="dev"), ACCOUNT, TOKEN, ca, ca.parent / "bundle.pem")
        for name, value in part.variables.items()
    }


def test_other_shells_have_their_own_quotes() -> None:
    """A value goes through fish and PowerShell as it is."""
    parts = [Part("why", {"A": "it's \\ $x", "B": None})]
    fish, powershell = write_for("fish")(parts), write_for("powershell")(parts)
    assert fish.splitlines()[1:] == ["# why", r"set -gx A 'it\'s \\ $x'", "set -e B"]
    assert powershell.splitlines()[1:] == [
        "# why",
        r"$Env:A = 'it''s \ $x'",
        "Remove-Item Env:B -ErrorAction SilentlyContinue",
    ]


def test_the_proxy_is_the_next_port_by_default(env: Run, ca: Path) -> None:
    """Where nothing is said, the proxy is beside the server, as `midcall dev` starts it."""
    assert "HTTPS_PROXY=http://127.0.0.1:9444\n" in env("--port", "9443").out


@pytest.mark.parametrize(
    ("listens", "proxy"),
    [("0.0.0.0", "http://127.0.0.1:9"), ("::", "'http://[::1]:9'"), ("::1", "'http://[::1]:9'")],
)
def test_the_wildcard_address_is_reached_on_loopback(
    env: Run, ca: Path, listens: str, proxy: str
) -> None:
    """A proxy that listens everywhere has an address that programs can connect to."""
    printed = env("--proxy-host", listens, "--proxy-port", "9").out
    assert f"export HTTPS_PROXY={proxy}\n" in printed


def test_it_says_when_nobody_listens_yet(env: Run, ca: Path) -> None:
    """The environment is printed all the same; the warning is not part of it."""
    ended = env("--proxy-port", str(free_port()))
    assert ended.code == 0
    assert "midcall dev" in ended.err
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        ended = env("--proxy-host", "127.0.0.1", "--proxy-port", str(proxy.getsockname()[1]))
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "ca.pem"),
        (("--tls", "off"), "MIDCALL_TLS"),
        (("--proxy-port", "0"), "MIDCALL_PROXY_PORT"),
    ],
)
def test_where_there_is_nothing_to_point_at_nothing_is_printed(
    env: Run, words: tuple[str, ...], said: str
) -> None:
    """No CA yet, no TLS or no proxy: one sentence, and nothing for `eval`."""
    ended = env(*words)
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err


def test_without_an_account_nothing_is_printed(env: Run, ca: Path) -> None:
    """The account is the stated one or that of the store, and without either there is none."""
    ended = env(stated=False)
    assert (ended.code, ended.out) == (1, "")
    assert "midcall.db" in ended.err


# --- the bundle


def test_the_bundle_has_the_systems_cas_and_the_local_one(ca: Path) -> None:
    """One file replaces the system's for most programs, so it says all that the system says."""
    bundle = write_bundle(ca, "the system's\n")
    assert bundle == ca.with_name("bundle.pem")
    assert bundle.read_text() == ca.read_text() + "\nthe system's\n"
    assert bundle.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in ca.parent.iterdir()) == [
        "bundle.pem", "ca.key", "ca.pem", "server.key", "server.pem",
    ]  # fmt: skip


def test_the_bundle_follows_the_ca(ca: Path) -> None:
    """When the CA was made anew, so is the bundle; otherwise the file stays as it is."""
    bundle = write_bundle(ca, "system")
    before = bundle.stat().st_ino
    assert write_bundle(ca, "system").stat().st_ino == before
    ca.write_text("another CA")
    assert write_bundle(ca, "system").read_text().startswith("another CA\n")


def test_the_systems_cas_are_found() -> None:
    """On a system that has any, they are certificates in PEM."""
    found = read_system_cas()
    assert not found or "-----BEGIN CERTIFICATE-----" in found


def test_a_certificate_of_a_public_ca_needs_no_variables(ca: Path) -> None:
    """Where the server's own CA is not in play no CA is named."""
    parts = compose(
        load({"public_url": "https://voice.example.com"}, profile="dev"), "A", "B", None, None
    )
    names = {name for part in parts for name in part.variables}
    assert not names & {"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"}
    assert {"HTTPS_PROXY", "NO_PROXY"} <= names


def test_what_is_quoted_for_sh_is_quoted_as_python_would() -> None:
    """Nothing in a value can end its quotes."""
    line = write_for("sh")([Part("why", {"A": STRANGE})]).splitlines()[-1]
    assert shlex.split(line) == ["export", f"A={STRANGE}"]
