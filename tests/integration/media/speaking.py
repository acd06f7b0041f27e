"""What the tests that hear a real voice need."""

import os
import shutil

import pytest

needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None and not os.environ.get("CI"),
    reason="espeak-ng is not installed (tools/setup.sh test installs it)",
)
"""Skips where the program is missing, but never in CI: there its absence is a failure."""
