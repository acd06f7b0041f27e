"""The server's own life: its beginning, its end, and beginning again on the same store."""

import json
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.acceptance.support.libraries import make_client, make_token, refusal
from tests.acceptance.support.processes import Program, eventually, free_port
from tests.acceptance.support.servers import MIDCALL, Credentials, Midcall
from tests.acceptance.support.signalling import Signalling


@contextmanager
def running(server: Midcall) -> Iterator[Midcall]:
    """Run a server for a while; it ends well."""
    server.start()
    try:
        yield server
    finally:
        assert server.stop() == 0, server.program.output


def run(*arguments: str, directory: Path, **environment: str) -> tuple[int, str]:
    """Run a command to its end; return its exit code and all that it printed."""
    program = Program([MIDCALL, *arguments], environment=environment, directory=directory)
    code = program.wait()
    return code, program.output


# --- midcall dev ----------------------------------------------------------------------------------


def test_dev_makes_what_it_needs_and_says_it_ready_to_paste(tmp_path: Path) -> None:
    """Without any setting but a port: credentials, links, a curl, the libraries, the CA."""
    server = Midcall(tmp_path)
    server.environment = {"MIDCALL_PORT": str(server.port)}
    with running(server):
        said = eventually(
            lambda: server.program.output if "Ctrl+C" in server.program.output else "",
            "the welcome",
        )
        account = re.search(r"\bAC[0-9a-f]{32}\b", said)
        token = re.search(r"Auth token\s+([A-Za-z0-9]{32,})", said)
        assert account is not None
        assert token is not None
        assert re.search(r"\bSK[0-9a-f]{32}\b", said)
        assert f"{server.url}/phone?identity=alice" in said
        assert f"{server.url}/phone?identity=bob" in said
        assert "curl" in said
        assert "UserDefinedMessages.json" in said
        assert f"base_url = '{server.url}'" in said
        assert f"baseUrl = '{server.url}'" in said
        assert (tmp_path / "midcall.db").exists()
        assert str(server.ca) in said
        client = make_client(
            Midcall(tmp_path, credentials=Credentials(account_sid=account[0], auth_token=token[1])),
        )
        client.api.base_url = server.url
        assert client.api.accounts(account[0]).fetch().sid == account[0]
        [application] = client.applications.list()
        assert application.friendly_name


def test_the_curl_that_dev_prints_works(tmp_path: Path) -> None:
    """The printed commands are run as they are: without an active call they are refused well."""
    server = Midcall(tmp_path)
    with running(server):
        said = eventually(
            lambda: server.program.output if "Ctrl+C" in server.program.output else "",
            "the welcome",
        )
        block = re.search(r"^  CALL=.*?UserDefinedMessages\.json$", said, re.MULTILINE | re.DOTALL)
        assert block is not None, said
        ended = subprocess.run(
            ["bash", "-c", block[0]],
            capture_output=True,
            text=True,
            timeout=45,
            check=True,
            env={"PATH": "/usr/bin:/bin"},
        )
        assert json.loads(ended.stdout)["code"] in {20404, 20004}


def test_the_certificate_is_for_every_name_that_the_sdk_and_the_libraries_use(
    midcall: Midcall,
) -> None:
    """A client that trusts the CA trusts the server under Twilio's names, and no other."""
    names = ["localhost", "127.0.0.1", "eventgw.localhost", "api.twilio.com", "monitor.twilio.com"]
    names += [f"voice-js.{edge}.twilio.com" for edge in ("roaming", "ashburn", "tokyo", "sydney")]
    for name in names:
        assert handshake(midcall, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(midcall, "www.example.com")


def handshake(midcall: Midcall, name: str) -> bool:
    """Shake hands with the server as if it had this name."""
    with (
        socket.create_connection(("127.0.0.1", midcall.port), timeout=30) as plain,
        midcall.tls().wrap_socket(plain, server_hostname=name) as wrapped,
    ):
        return wrapped.version() is not None


def test_probes_answer_without_credentials(midcall: Midcall) -> None:
    """``/healthz`` and ``/readyz`` are for whoever watches the server."""
    for path in ("/healthz", "/readyz"):
        assert midcall.request("GET", path, as_account=False).status == 200


@pytest.mark.parametrize(
    "how", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)]
)
def test_a_signal_stops_the_server_cleanly(tmp_path: Path, how: signal.Signals) -> None:
    """With a socket open and an idle HTTP connection, the exit code is 0 and no error is logged."""
    server = Midcall(tmp_path).start()
    client = make_client(server)
    assert client.applications.list()
    with Signalling(server) as device:
        device.listen(make_token(server.credentials, "xena"))
        assert server.stop(how) == 0
    assert "Traceback" not in server.program.output
    assert server.logged(level="error") == []


@pytest.mark.long
def test_a_server_on_the_same_store_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """Accounts, keys, applications and calls are there again, and so is the CA."""
    server = Midcall(tmp_path)
    with running(server):
        client = make_client(server)
        application = client.applications.create(friendly_name="kept")
        key = client.new_keys.create(friendly_name="kept")
        ca = server.ca.read_bytes()
    with running(server):
        client = make_client(server, str(key.sid), str(key.secret))
        assert client.applications(str(application.sid)).fetch().friendly_name == "kept"
        assert server.ca.read_bytes() == ca
        assert len(client.applications.list(friendly_name="midcall dev")) == 1


@pytest.mark.long
def test_two_accounts_in_one_store_do_not_see_each_other(tmp_path: Path) -> None:
    """Another account's things look unknown, by whichever credentials."""
    first, second = Credentials(), Credentials()
    with running(Midcall(tmp_path, credentials=first)) as server:
        application = make_client(server).applications.create(friendly_name="of the first")
    with running(Midcall(tmp_path, credentials=second)) as server:
        client = make_client(server)
        assert "of the first" not in [app.friendly_name for app in client.applications.list()]
        with pytest.raises(TwilioRestException) as refused:
            client.applications(str(application.sid)).fetch()
        assert refusal(refused.value) == (404, 20404)
        with pytest.raises(TwilioRestException) as refused:
            client.api.accounts(first.account_sid).fetch()
        assert refusal(refused.value) == (404, 20404)


@pytest.mark.long
def test_a_second_server_on_the_same_store_is_refused(midcall: Midcall, tmp_path: Path) -> None:
    """Two servers would write over each other: the second one says so and ends."""
    code, said = run(
        "dev",
        directory=tmp_path,
        MIDCALL_PORT=str(free_port()),
        MIDCALL_STORE=midcall.environment["MIDCALL_STORE"],
    )
    assert code != 0
    assert "Traceback" not in said
    assert "midcall.db" in said


@pytest.mark.long
def test_a_port_that_is_taken_is_said(midcall: Midcall, tmp_path: Path) -> None:
    """The second server on a port ends with a sentence."""
    code, said = run("dev", directory=tmp_path, MIDCALL_PORT=str(midcall.port))
    assert code != 0
    assert str(midcall.port) in said
    assert "Traceback" not in said


# --- midcall token --------------------------------------------------------------------------------


@pytest.mark.long
def test_a_token_from_the_command_line_works(midcall: Midcall, tmp_path: Path) -> None:
    """``midcall token`` prints a token, and nothing else, while the server runs."""
    code, said = run("token", "--identity", "yves", directory=tmp_path, **midcall.environment)
    assert code == 0, said
    [token] = said.split()
    with Signalling(midcall) as device:
        assert device.listen(token)["token"]["identity"] == "yves"
        device.send("register", media={"audio": True})
        device.expect("ready")


@pytest.mark.long
def test_a_token_needs_an_identity(midcall: Midcall, tmp_path: Path) -> None:
    """Without ``--identity`` the command says what is missing."""
    code, said = run("token", directory=tmp_path, **midcall.environment)
    assert code != 0
    assert "identity" in said.lower()


# --- midcall serve --------------------------------------------------------------------------------


@pytest.mark.long
def test_serve_without_settings_names_each_that_is_missing(tmp_path: Path) -> None:
    """Nothing is assumed: every missing setting is named, and nothing is made."""
    code, said = run("serve", directory=tmp_path)
    assert code != 0
    for name in (
        "HOST",
        "PORT",
        "PUBLIC_URL",
        "TLS",
        "STORE",
        "MEDIA",
        "ACCOUNT_SID",
        "AUTH_TOKEN",
        "API_KEY_SID",
        "API_KEY_SECRET",
    ):
        assert f"MIDCALL_{name}" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_wrong_settings_are_refused_by_name_and_all_at_once(tmp_path: Path) -> None:
    """Values that cannot be: the server does not start, and names every setting."""
    wrong = {
        "MIDCALL_PORT": "many",
        "MIDCALL_TLS": "maybe",
        "MIDCALL_STORE": "mysql://localhost",
        "MIDCALL_EGRESS_ALLOW": "everything",
        "MIDCALL_SEQUENCE_START": "7",
        "MIDCALL_CALLBACK_FORMAT": "xml",
        "MIDCALL_ACCOUNT_SID": "AC1",
        "MIDCALL_AUTH_TOKEN": "tooshorttobeasecret",
    }
    code, said = run("dev", directory=tmp_path, **wrong)
    assert code != 0
    for name in wrong:
        assert name in said
    assert "tooshorttobeasecret" not in said
    assert "Traceback" not in said


def test_serve_serves_what_it_was_told_to(tmp_path: Path, midcall: Midcall) -> None:
    """With everything stated it serves, makes no application, and gives out no tokens."""
    server = Midcall(tmp_path)
    certificate = midcall.ca.parent
    server.ca = midcall.ca
    server.environment |= {
        "MIDCALL_HOST": "localhost",
        "MIDCALL_PUBLIC_URL": server.url,
        "MIDCALL_TLS": "files",
        "MIDCALL_TLS_CERT": str(certificate / "server.pem"),
        "MIDCALL_TLS_KEY": str(certificate / "server.key"),
        "MIDCALL_MEDIA": "none",
    }
    server.command = "serve"
    with running(server):
        client = make_client(server)
        assert client.applications.list() == []
        refused = server.request("GET", "/phone/token?identity=zoe", as_account=False)
        assert refused.status == 404
        page = server.request("GET", "/phone", as_account=False)
        assert b'data-mints="no"' in page.body
        with Signalling(server) as device:
            device.listen(make_token(server.credentials, "zoe"))
    assert server.credentials.auth_token not in server.program.output
    assert server.credentials.key_secret not in server.program.output
