"""midcall as a process of its own on a loopback port, with what a test needs to speak to it."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from midcall.model.sids import AccountSid, ApplicationSid, KeySid
from midcall.wire import tokens
from tests.support.softphone import PATIENCE_SECONDS, Softphone

START_SECONDS: Final = 120.0
"""How long a server may take to start on a machine that is busy with other tests."""

MIDCALL: Final = str(Path(sys.executable).with_name("midcall"))


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """An account and its API key, made up for one run."""

    account_sid: str = msgspec.field(default_factory=lambda: "AC" + secrets.token_hex(16))
    auth_token: str = msgspec.field(default_factory=lambda: secrets.token_hex(16))
    key_sid: str = msgspec.field(default_factory=lambda: "SK" + secrets.token_hex(16))
    key_secret: str = msgspec.field(default_factory=lambda: secrets.token_hex(16))

    def environment(self) -> dict[str, str]:
        """Return the settings that make a server have them."""
        return {
            "MIDCALL_ACCOUNT_SID": self.account_sid,
            "MIDCALL_AUTH_TOKEN": self.auth_token,
            "MIDCALL_API_KEY_SID": self.key_sid,
            "MIDCALL_API_KEY_SECRET": self.key_secret,
        }

    def token(
        self,
        identity: str | None,
        application: str | None = None,
        *,
        seconds: int = 600,
        incoming: bool = True,
        secret: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> str:
        """Make an Access Token."""
        return tokens.mint(
            account_sid=AccountSid(self.account_sid),
            key_sid=KeySid(self.key_sid),
            secret=secret or self.key_secret,
            now=datetime.now(UTC),
            identity=identity,
            lifetime_seconds=seconds,
            incoming_allowed=incoming,
            outgoing_application_sid=ApplicationSid(application) if application else None,
            outgoing_params=params,
        )


class Site:
    """A server with its store in a directory of its own; it can be started again and again."""

    def __init__(
        self, directory: Path, *, ca: Path | None = None, port: int | None = None, **settings: str
    ) -> None:
        """Prepare a server; ``ca`` is the authority of its certificate if it speaks TLS.

        ``program`` is what is started, with the command behind it.
        """
        self.directory = directory
        self.ca = ca
        self.program = [MIDCALL]
        self.credentials = Credentials()
        self.port = port or free_port()
        self.environment = {
            "MIDCALL_HOST": "127.0.0.1",
            "MIDCALL_PORT": str(self.port),
            "MIDCALL_TLS": "off",
            # With TLS it would be on the next port, which may be another server's.
            "MIDCALL_PROXY_PORT": "0",
            "MIDCALL_MEDIA": "none",
            "MIDCALL_STORE": f"sqlite:///{directory / 'midcall.db'}",
            "MIDCALL_LOG_FORMAT": "json",
            **self.credentials.environment(),
            **{f"MIDCALL_{name.upper()}": text for name, text in settings.items()},
        }
        self._output = directory / "output.txt"
        self._process: subprocess.Popen[bytes] | None = None

    # --- the process

    def launch(self, command: str = "dev") -> subprocess.Popen[bytes]:
        """Start the server without waiting for anything."""
        inherited = {name: text for name, text in os.environ.items() if not _is_setting(name)}
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [*self.program, command],
                cwd=self.directory,
                env={**inherited, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self._process

    def start(self, command: str = "dev") -> "Site":
        """Start the server and wait until it takes work."""
        before = len(self.output)
        process = self.launch(command)
        deadline = time.monotonic() + START_SECONDS
        while "midcall is ready" not in self.output[before:]:
            assert process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)  # Between two looks at another process.
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the server; return its exit code, negative if the signal itself ended it."""
        process = self._launched
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()

    def kill(self) -> None:
        """Kill the server at once, and do not even wait for its end."""
        self._launched.kill()

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._launched.pid

    @property
    def _launched(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "start it first"
        return self._process

    @property
    def running(self) -> bool:
        """Whether there is a server."""
        return self._process is not None and self._process.poll() is None

    @property
    def output(self) -> str:
        """All that every server here has printed and logged."""
        return self._output.read_text() if self._output.exists() else ""

    # --- from outside

    @property
    def url(self) -> str:
        """The origin."""
        return f"{'https' if self.ca else 'http'}://127.0.0.1:{self.port}"

    @property
    def signalling(self) -> str:
        """Where softphones connect."""
        return f"{self.url.replace('http', 'ws', 1)}/signal"

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What a client needs to trust the server, and nothing else."""
        return ssl.create_default_context(cafile=str(self.ca)) if self.ca else None

    def phone(self, identity: str | None, application: str | None = None) -> Softphone:
        """Give a device of an identity, which calls through an application."""
        token = self.credentials.token(identity, application)
        return Softphone(self.signalling, token, self.tls)

    async def rest(self, method: str, path: str, **parameters: str) -> dict[str, Any]:
        """Ask the REST API for something of the account; return the answer's body."""
        status, body = await self.try_rest(method, path, **parameters)
        assert status in {200, 201}, body
        return body

    async def try_rest(
        self, method: str, path: str, **parameters: str
    ) -> tuple[int, dict[str, Any]]:
        """Ask the REST API for something of the account; return the status and the body."""
        account = self.credentials.account_sid
        pair = aiohttp.encode_basic_auth(account, self.credentials.auth_token)
        url = f"{self.url}/2010-04-01/Accounts/{account}/{path}.json"
        async with (
            aiohttp.ClientSession(headers={"Authorization": pair}) as session,
            session.request(method, url, data=parameters or None, ssl=self.tls or True) as response,
        ):
            body: dict[str, Any] = await response.json()
            return response.status, body

    async def application(self, voice_url: str) -> str:
        """Make an application; return its SID."""
        made = await self.rest("POST", "Applications", VoiceUrl=voice_url)
        return str(made["sid"])

    async def send(self, call: str, content: str) -> str:
        """Send a message to a call; return its SID."""
        made = await self.rest("POST", f"Calls/{call}/UserDefinedMessages", Content=content)
        return str(made["sid"])

    async def subscribe(self, call: str, callback: str) -> None:
        """Subscribe to the messages of a call."""
        await self.rest("POST", f"Calls/{call}/UserDefinedMessageSubscriptions", Callback=callback)

    async def status(self, call: str) -> str:
        """Return the status of a call."""
        return str((await self.rest("GET", f"Calls/{call}"))["status"])

    async def reaches(self, call: str, status: str) -> None:
        """Ask for the status of a call until it is this one."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.status(call) != status:
                pass


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def lasting_port() -> int:
    """Return a port that nobody is given by chance while its server is down.

    The kernel gives ports from 32768 on to whoever does not ask for a certain one
    (``net.ipv4.ip_local_port_range``).
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def _is_setting(name: str) -> bool:
    return name.startswith("MIDCALL_") or name.lower().endswith("_proxy")
