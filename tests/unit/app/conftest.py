"""An environment without settings, and an empty working directory, for every test here."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Forget what the machine that runs the tests has set."""
    for name in [name for name in os.environ if name.upper().startswith("MIDCALL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
