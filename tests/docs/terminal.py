"""A terminal in which a reader of the pages types."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PATIENCE_SECONDS: Final = 120.0
"""How long what was typed may take: each command starts Python, on a machine that is busy."""

SHELL: Final = ("bash", "-euo", "pipefail", "-c")


class Terminal:
    """What was typed, as a shell runs it, and what there is to read of it."""

    def __init__(self, text: str, directory: Path, environment: Mapping[str, str]) -> None:
        with tempfile.NamedTemporaryFile("wb", dir=directory, delete=False) as shown:
            self._shown = Path(shown.name)
            self._process = subprocess.Popen(
                [*SHELL, text],
                cwd=directory,
                env={**environment, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=shown,
                stderr=subprocess.STDOUT,
                # As in a terminal, Ctrl+C is for all that was started there.
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """All that was printed so far."""
        return self._shown.read_text(encoding="utf-8")

    @property
    def running(self) -> bool:
        """Whether what was typed has not ended."""
        return self._process.poll() is None

    def shows(self, text: str, patience_seconds: float) -> bool:
        """Wait until something is printed; tell whether it was."""
        deadline = time.monotonic() + patience_seconds
        while text not in self.output:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)  # Between two looks at another process.
        return True

    def wait(self) -> int:
        """Wait for the end; return the exit code."""
        return self._process.wait(PATIENCE_SECONDS)

    def interrupt(self) -> None:
        """Press Ctrl+C, and wait for the end."""
        if self.running:
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            self.wait()
        finally:
            if self.running:
                os.killpg(self._process.pid, signal.SIGKILL)
