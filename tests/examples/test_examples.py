"""The examples run as they are, each by the command that its README names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

BESIDE_PYTHON = Path(sys.executable).parent


def run(example: str, *command: str) -> str:
    """Run a command in an example's directory; return what it printed, and insist on success."""
    environment = {
        name: text
        for name, text in os.environ.items()
        if "PYTEST" not in name and not name.startswith("MIDCALL_")
    }
    environment["PATH"] = f"{BESIDE_PYTHON}{os.pathsep}{environment['PATH']}"
    environment["PYTHON"] = sys.executable
    # The other plugins of this environment take long to load.
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p midcall"}
    ended = subprocess.run(
        command,
        cwd=EXAMPLES / example,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.timeout(120)
def test_the_flask_application_passes_its_tests() -> None:
    """With the fixture, served as it is."""
    printed = run("flask_app", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "4 passed" in printed


@pytest.mark.timeout(120)
def test_the_node_application_passes_its_tests() -> None:
    """Against a server of its own, with a phone on lines of JSON."""
    printed = run("node_app", "node", "--test")
    assert "pass 2" in printed
