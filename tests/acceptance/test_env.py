"""Programs that were not changed, with the environment that ``midcall env`` prints and no other.

The Twilio CLI is too large to be among the project's packages. Where ``TWILIO_CLI`` names its
executable, it is run as well:

    npm install --prefix /tmp/twilio-cli twilio-cli@6.2.4
    TWILIO_CLI=/tmp/twilio-cli/node_modules/.bin/twilio make test PYTEST="-k test_env"
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.acceptance.support.customer import Customer, Reply
from tests.acceptance.support.libraries import make_client, make_token
from tests.acceptance.support.processes import PATIENCE_SECONDS, REPOSITORY, Program, free_port
from tests.acceptance.support.servers import MIDCALL, Midcall
from tests.support.softphone import Softphone

CLI: Final = os.environ.get("TWILIO_CLI")
SCRIPTS: Final = REPOSITORY / "tests" / "acceptance" / "unmodified"
TWIML: Final = '<Response><Pause length="600"/></Response>'


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Midcall]:
    """Give a server with a forward proxy."""
    settings = {"MIDCALL_MEDIA": "none", "MIDCALL_PROXY_PORT": str(free_port())}
    server = Midcall(tmp_path_factory.mktemp("proxied"), settings=settings).start()
    yield server
    assert server.stop() == 0, server.program.output


class Shell:
    """A shell that has evaluated what ``midcall env`` printed, and knows nothing else."""

    def __init__(self, midcall: Midcall) -> None:
        self._directory = midcall.directory
        # The account is not among them: it comes out of the store beside which this is run.
        settings = {
            name: midcall.environment[name] for name in ("MIDCALL_PORT", "MIDCALL_PROXY_PORT")
        }
        printing = Program([MIDCALL, "env"], environment=settings, directory=self._directory)
        assert printing.wait() == 0, printing.output
        self._script = printing.output

    async def run(self, *command: str) -> str:
        """Run a program; return what it printed."""
        code, out, err = await self.try_run(*command)
        assert code == 0, f"{command[0]} failed:\n{out}\n{err}"
        return out

    async def try_run(self, *command: str) -> tuple[int | None, str, str]:
        """Run a program; return its exit code and what it printed."""
        script = 'eval "$1"; shift; exec "$@"'
        return await _run(
            "sh", "-euc", script, "sh", self._script, *command, directory=self._directory
        )


async def _run(*command: str, directory: Path) -> tuple[int | None, str, str]:
    program = await asyncio.create_subprocess_exec(
        *command,
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "NODE_PATH": str(REPOSITORY / "node_modules"),
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            out, err = await program.communicate()
    finally:
        if program.returncode is None:
            program.kill()
    return program.returncode, out.decode(), err.decode()


@pytest.fixture(scope="module")
def shell(proxied: Midcall) -> Shell:
    """Give a shell beside the server."""
    return Shell(proxied)


class Talking:
    """A device in a call, and the call's SID."""

    def __init__(self, phone: Softphone, call_sid: str) -> None:
        self.phone = phone
        self.call_sid = call_sid


@pytest_asyncio.fixture
async def talking(proxied: Midcall, customer: Customer) -> AsyncIterator[Talking]:
    """Give a softphone in a call that goes on."""
    voice = customer.endpoint(TWIML)
    client = make_client(proxied)
    application = await asyncio.to_thread(client.applications.create, voice_url=voice.url)
    token = make_token(proxied.credentials, "alice", application.sid)
    async with Softphone(f"wss://{proxied.host}/signal", token, proxied.tls()) as phone:
        await phone.connect()
        await phone.listen()
        await phone.invite()
        call_sid = (await phone.find("answer"))["callsid"]
        yield Talking(phone, call_sid)
        await phone.hang_up(call_sid)


async def test_the_python_library_needs_no_change(
    shell: Shell, talking: Talking, customer: Customer
) -> None:
    """`Client()` sends a message, subscribes and lists calls, all at midcall."""
    hook = customer.endpoint(Reply(status=204))
    printed = await shell.run(
        sys.executable, str(SCRIPTS / "program.py"), talking.call_sid, hook.url
    )
    await _check(talking, json.loads(printed), hook)


async def test_the_node_library_needs_no_change(
    shell: Shell, talking: Talking, customer: Customer
) -> None:
    """`twilio()` sends a message, subscribes and lists calls, all at midcall."""
    hook = customer.endpoint(Reply(status=204))
    printed = await shell.run("node", str(SCRIPTS / "program.cjs"), talking.call_sid, hook.url)
    await _check(talking, json.loads(printed), hook)


@pytest.mark.skipif(CLI is None, reason="TWILIO_CLI does not name the Twilio CLI")
async def test_the_twilio_cli_needs_no_change(
    shell: Shell, talking: Talking, customer: Customer
) -> None:
    """The commands for messages, subscriptions and calls do at midcall what they say."""
    assert CLI is not None
    hook = customer.endpoint(Reply(status=204))
    of_call = ["--call-sid", talking.call_sid, "-o", "json"]
    api = "api:core:calls"
    content = json.dumps({"from": "a program"})
    (message,) = json.loads(
        await shell.run(CLI, f"{api}:user-defined-messages:create", "--content", content, *of_call)
    )
    (subscription,) = json.loads(
        await shell.run(
            CLI,
            f"{api}:user-defined-message-subscriptions:create",
            "--callback",
            hook.url,
            *of_call,
        )
    )
    calls = json.loads(await shell.run(CLI, f"{api}:list", "--status", "in-progress", "-o", "json"))
    told = {
        "message": message["sid"],
        "subscription": subscription["sid"],
        "calls": [call["sid"] for call in calls],
    }
    await _check(talking, told, hook)


async def _check(talking: Talking, told: dict[str, Any], hook: Any) -> None:
    """Check that what a program was told of happened to the call."""
    heard = await talking.phone.find("message")
    assert heard["content"] == {"from": "a program"}
    assert heard["voiceeventsid"] == told["message"]
    assert told["calls"] == [talking.call_sid]
    assert told["subscription"].startswith("ZY")
    said = await talking.phone.message(talking.call_sid, {"from": "the app"})
    await talking.phone.find("ack")
    (request,) = await asyncio.to_thread(hook.wait)
    assert request.json()["Sid"] == said


async def test_everything_else_is_refused_with_a_reason(shell: Shell, proxied: Midcall) -> None:
    """A program in this environment reaches no other host, and is told so."""
    script = "import urllib.request as u, sys; u.urlopen(sys.argv[1])"
    for url in ("https://example.com/", "https://video.twilio.com/"):
        code, _, err = await shell.try_run(sys.executable, "-c", script, url)
        assert code == 1
        assert "403 midcall" in err
    refused = {line["host"] for line in proxied.logged(event="Not forwarded")}
    assert {"example.com", "video.twilio.com"} <= refused
