"""Programs that the tests start: ports, waiting for a sign of life, reading what they print."""

import os
import queue
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

REPOSITORY: Final = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS: Final = 45.0
"""How long a test waits for something that has to happen: generous, and never what is measured."""

T = TypeVar("T")


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    assert isinstance(port, int)
    return port


def eventually(
    look: Callable[[], T | None], what: str, patience_seconds: float = PATIENCE_SECONDS
) -> T:
    """Look until there is something to see; fail, naming it, when patience ends."""
    deadline = time.monotonic() + patience_seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience_seconds} s in vain: {what} (last: {seen!r})")
        time.sleep(0.05)  # Between two looks at another process; nothing depends on the pause.


class Program:
    """A subprocess whose lines are collected as they come."""

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str], directory: Path
    ) -> None:
        inherited = {key: text for key, text in os.environ.items() if not _is_ours(key)}
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env={**inherited, **environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self.lines: list[str] = []
        self._new: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name=f"read {command[0]}", daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return "".join(self.lines)

    @property
    def running(self) -> bool:
        """Whether the program has not ended."""
        return self._process.poll() is None

    def next_line(self, patience_seconds: float = PATIENCE_SECONDS) -> str:
        """Return the next line that nobody has taken; fail if none comes."""
        try:
            return self._new.get(timeout=patience_seconds)
        except queue.Empty:
            raise AssertionError(f"no line in {patience_seconds} s after:\n{self.output}") from None

    def wait(self, patience_seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for the end; return the exit code."""
        code = self._process.wait(patience_seconds)
        self._reader.join(patience_seconds)
        return code

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask the program to end, insist if it does not, return the exit code."""
        if self.running:
            self._process.send_signal(how)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.wait()
            raise AssertionError(f"{how.name} did not end it:\n{self.output}") from None

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.lines.append(line)
                self._new.put(line)


def _is_ours(name: str) -> bool:
    return name.startswith(("MIDCALL_", "TWILIO_")) or name.lower().endswith("_proxy")
