"""A server for ``midcall bench``: a process of its own, with its store on disk."""

import asyncio
import contextlib
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from midcall.app.time import utc_now
from midcall.cli.refusing import Refused
from midcall.model.sids import AccountSid, ApplicationSid, KeySid
from midcall.wire import tokens

START_SECONDS: Final = 60.0
"""How long the server may take to start."""

STOP_SECONDS: Final = 20.0
"""How long it may take to stop; then it is killed."""

PROGRAM: Final = "from midcall.cli.main import main; main()"

UNLIMITED: Final = "1000000"
"""What one client may do is not what is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A server, and the account that it was started with."""

    port: int
    account_sid: str = field(default_factory=lambda: "AC" + secrets.token_hex(16))
    auth_token: str = field(default_factory=lambda: secrets.token_hex(16))
    key_sid: str = field(default_factory=lambda: "SK" + secrets.token_hex(16))
    key_secret: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def url(self) -> str:
        """The origin."""
        return f"http://127.0.0.1:{self.port}"

    def token(self, identity: str, application: str) -> str:
        """Make an Access Token."""
        return tokens.mint(
            account_sid=AccountSid(self.account_sid),
            key_sid=KeySid(self.key_sid),
            secret=self.key_secret,
            now=utc_now(),
            identity=identity,
            lifetime_seconds=3600,
            incoming_allowed=False,
            outgoing_application_sid=ApplicationSid(application),
        )

    def environment(self, directory: Path) -> dict[str, str]:
        """Return the server's settings, and nothing of what is set here."""
        inherited = {
            name: text for name, text in os.environ.items() if not name.startswith("MIDCALL_")
        }
        return inherited | {
            "MIDCALL_HOST": "127.0.0.1",
            "MIDCALL_PORT": str(self.port),
            "MIDCALL_PROXY_PORT": "0",
            "MIDCALL_TLS": "off",
            "MIDCALL_MEDIA": "none",
            "MIDCALL_STORE": f"sqlite:///{directory / 'bench.db'}",
            "MIDCALL_LOG_LEVEL": "error",
            "MIDCALL_ACCOUNT_SID": self.account_sid,
            "MIDCALL_AUTH_TOKEN": self.auth_token,
            "MIDCALL_API_KEY_SID": self.key_sid,
            "MIDCALL_API_KEY_SECRET": self.key_secret,
            "MIDCALL_ACCOUNT_RATE": UNLIMITED,
            "MIDCALL_ACCOUNT_BURST": UNLIMITED,
            "MIDCALL_FRAME_RATE": UNLIMITED,
            "MIDCALL_FRAME_BURST": UNLIMITED,
            "MIDCALL_MESSAGE_RATE": UNLIMITED,
            "MIDCALL_MESSAGE_BURST": UNLIMITED,
            "MIDCALL_KEPT_UPLINKS": UNLIMITED,
            "MIDCALL_HELD_MESSAGES": UNLIMITED,
        }


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Bench]:
    """Run a server; raise ``Refused`` if it does not start."""
    bench = Bench(port=_free_port())
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", PROGRAM, "dev"),
        cwd=directory,
        env=bench.environment(directory),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        drain = await _until_ready(process)
        yield bench
        drain.cancel()
    finally:
        await _end(process)


async def _until_ready(process: asyncio.subprocess.Process) -> asyncio.Task[None]:
    """Wait until the server takes work; return what goes on reading what it prints."""
    if process.stdout is None:
        raise AssertionError("its output is a pipe")
    printed: list[str] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            async for line in process.stdout:
                printed.append(line.decode(errors="replace"))
                if "midcall is ready" in printed[-1]:
                    return asyncio.create_task(_drain(process.stdout), name="bench server's output")
    raise Refused(f"the server did not start: {''.join(printed).strip() or 'it said nothing'}")


async def _drain(output: asyncio.StreamReader) -> None:
    while await output.readline():
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
