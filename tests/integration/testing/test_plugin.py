"""The pytest plugin, as a user has it: a suite in a directory and a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest

def test_a_message_arrives(midcall):
    alice, bob = midcall.phone("alice"), midcall.phone("bob")
    call = alice.dial("bob")
    bob.accept()
    midcall.subscribe(call.sid, midcall.inbox.url("/messages"))
    alice.send({"hello": "server"})
    assert midcall.received("/messages")[0].fields["Content"] == '{"hello":"server"}'

def test_every_test_begins_with_an_empty_server(midcall):
    assert midcall.calls() == []

def test_settings_come_from_the_configuration(midcall):
    assert setting(midcall, "sequence_start") == 1
    assert setting(midcall, "held_messages") == 7

@pytest.mark.midcall(held_messages=3)
class TestSettings:
    def test_of_a_class(self, midcall):
        assert setting(midcall, "held_messages") == 3

    @pytest.mark.midcall(held_messages=4, callback_format="form")
    def test_nearest_to_the_test_win(self, midcall):
        assert setting(midcall, "held_messages") == 4
        assert setting(midcall, "callback_format") == "form"

def test_that_fails(midcall):
    midcall.received("/messages", seconds=0.01)

@pytest.mark.midcall(held_messages="many")
def test_with_a_setting_that_cannot_be(midcall):
    pass

def setting(midcall, name):
    return getattr(midcall._site.server.settings, name)
"""

CONFIGURATION = """
[pytest]
addopts = --strict-markers -p no:randomly -p no:cacheprovider -p no:schemathesis
midcall_settings =
    sequence_start = 1
    held_messages = 5
"""


# The other plugins of this environment take long to load.
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p midcall"}


def run(directory: Path, *options: str, **variables: str) -> str:
    """Run the suite of a directory; return what pytest printed."""
    environment = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    environment |= variables
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    return ended.stdout + ended.stderr


def test_a_users_suite_runs_with_the_plugin(tmp_path: Path) -> None:
    """Messages pass, settings are chosen near and far, and what fails says why."""
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text(CONFIGURATION)
    printed = run(tmp_path, "--midcall", "held_messages=7")
    assert "5 passed" in printed, printed
    assert "1 failed, " in printed
    assert "1 error" in printed
    assert "fewer than 1 new requests came at /messages" in printed
    assert "held_messages" in printed.partition("test_with_a_setting_that_cannot_be")[2]


@pytest.mark.long
def test_what_is_no_setting_is_said_before_a_server_is_started(tmp_path: Path) -> None:
    """A line without an equals sign."""
    (tmp_path / "test_suite.py").write_text("def test_nothing(midcall): pass\n")
    printed = run(tmp_path, "--midcall", "fast", **ALONE)
    assert "'fast' is not a setting of midcall: write NAME=VALUE" in printed


@pytest.mark.long
def test_a_suite_that_does_not_ask_for_it_loads_nothing(tmp_path: Path) -> None:
    """The plugin is there in every run of pytest, and costs an import of its own."""
    (tmp_path / "test_suite.py").write_text(
        "import sys\n"
        "def test_nothing():\n"
        "    loaded = {name for name in sys.modules if name.startswith('midcall')}\n"
        "    assert loaded == {'midcall', 'midcall.testing', 'midcall.testing.plugin'}\n"
    )
    assert "1 passed" in run(tmp_path, **ALONE)
