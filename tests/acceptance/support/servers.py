"""midcall itself, as a subprocess: started as people start it, asked over HTTPS only."""

import base64
import secrets
import signal
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.acceptance.support.processes import REPOSITORY, Program, eventually, free_port

MIDCALL: Final = str(REPOSITORY / ".venv" / "bin" / "midcall")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An account and its API key, made up for one run."""

    account_sid: str = field(default_factory=lambda: "AC" + secrets.token_hex(16))
    auth_token: str = field(default_factory=lambda: secrets.token_hex(16))
    key_sid: str = field(default_factory=lambda: "SK" + secrets.token_hex(16))
    key_secret: str = field(default_factory=lambda: secrets.token_hex(16))

    def environment(self) -> dict[str, str]:
        """Return the settings that make the server have them from the start."""
        return {
            "MIDCALL_ACCOUNT_SID": self.account_sid,
            "MIDCALL_AUTH_TOKEN": self.auth_token,
            "MIDCALL_API_KEY_SID": self.key_sid,
            "MIDCALL_API_KEY_SECRET": self.key_secret,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTPS."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, decoded."""
        return msgspec.json.decode(self.body)


class Midcall:
    """A running server with its store in a directory of its own."""

    def __init__(
        self,
        directory: Path,
        *,
        credentials: Credentials | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.credentials = credentials or Credentials()
        self.port = free_port()
        self.ca = directory / "midcall-tls" / "ca.pem"
        self.environment = {
            "MIDCALL_PORT": str(self.port),
            # The next port may be another server's.
            "MIDCALL_PROXY_PORT": "0",
            "MIDCALL_STORE": f"sqlite:///{directory / 'midcall.db'}",
            "MIDCALL_LOG_FORMAT": "json",
            **self.credentials.environment(),
            **(settings or {}),
        }
        self.command = "dev"
        self._program: Program | None = None

    @property
    def host(self) -> str:
        """Host and port, as browsers write them."""
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        """The origin."""
        return f"https://{self.host}"

    @property
    def program(self) -> Program:
        """The process."""
        assert self._program is not None, "start it first"
        return self._program

    def start(self) -> "Midcall":
        """Start the server and wait until it says that it is ready."""
        self._program = Program(
            [MIDCALL, self.command], environment=self.environment, directory=self.directory
        )
        eventually(self._is_ready, "the server says that it is ready")
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server; return its exit code."""
        return self.program.stop(how)

    def _is_ready(self) -> bool:
        assert self.program.running, f"the server ended:\n{self.program.output}"
        if not self.ca.exists():
            return False
        try:
            return self.request("GET", "/readyz", as_account=False).status == 200
        except (OSError, urllib.error.URLError):
            return False

    def tls(self) -> ssl.SSLContext:
        """Return what a client needs to trust the server, and nothing else."""
        return ssl.create_default_context(cafile=str(self.ca))

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        as_account: bool = True,
    ) -> Answer:
        """Ask for a path with exactly this body and these headers."""
        request = urllib.request.Request(self.url + path, body, dict(headers or {}), method=method)
        if as_account and not request.has_header("Authorization"):
            request.add_header("Authorization", basic(self.credentials))
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=self.tls()), urllib.request.ProxyHandler({})
        )
        try:
            with opener.open(request, timeout=30) as response:
                return Answer(response.status, _lower(response.headers.items()), response.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Answer(refusal.code, _lower(refusal.headers.items()), refusal.read())

    def logged(self, **wanted: object) -> list[dict[str, Any]]:
        """Return the log lines that have these keys with these values."""
        found = []
        for line in list(self.program.lines):
            try:
                record = msgspec.json.decode(line)
            except msgspec.DecodeError:
                continue  # What is printed for people at the start.
            if isinstance(record, dict) and all(record.get(k) == v for k, v in wanted.items()):
                found.append(record)
        return found


def basic(credentials: Credentials, user: str | None = None, password: str | None = None) -> str:
    """Compose an Authorization header (RFC 7617)."""
    pair = f"{user or credentials.account_sid}:{password or credentials.auth_token}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}
