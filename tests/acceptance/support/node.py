"""The official Node library, run by Node."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from tests.acceptance.support.processes import PATIENCE_SECONDS, REPOSITORY, Program
from tests.acceptance.support.servers import Midcall

SCRIPTS: Final = REPOSITORY / "tests" / "acceptance" / "node"


def node(script: str, midcall: Midcall, **task: Any) -> Any:
    """Run a script with a task on its standard input; return what it prints, decoded."""
    ended = subprocess.run(
        [_node(), str(SCRIPTS / script)],
        input=json.dumps(task),
        env=environment(midcall),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, f"{script} failed:\n{ended.stderr}"
    return json.loads(ended.stdout)


class Relay:
    """An Express application that takes callbacks behind ``twilio.webhook()``."""

    def __init__(self, midcall: Midcall) -> None:
        self._program = Program(
            [_node(), str(SCRIPTS / "relay.mjs")],
            environment=environment(midcall),
            directory=REPOSITORY,
        )
        self.url: str = json.loads(self._program.next_line())["url"]

    def next(self) -> dict[str, Any]:
        """Return the next request that the middleware let through, or refused."""
        record = json.loads(self._program.next_line())
        assert isinstance(record, dict)
        return record

    def stop(self) -> None:
        """Stop the application."""
        self._program.stop()


def environment(midcall: Midcall) -> dict[str, str]:
    """Return what the library's documentation asks for, and the development CA."""
    path = str(Path(_node()).parent)
    return {
        "PATH": path,
        "NODE_EXTRA_CA_CERTS": str(midcall.ca),
        "TWILIO_ACCOUNT_SID": midcall.credentials.account_sid,
        "TWILIO_AUTH_TOKEN": midcall.credentials.auth_token,
        "MIDCALL_URL": midcall.url,
    }


def _node() -> str:
    found = shutil.which("node")
    assert found, "Node is missing; `make test` installs it"
    return found
