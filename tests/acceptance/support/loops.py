"""An event loop on a thread of its own, so that tests stay plain functions."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from tests.acceptance.support.processes import PATIENCE_SECONDS

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for other threads."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(
        self, coroutine: Coroutine[Any, Any, T], patience_seconds: float = PATIENCE_SECONDS + 15
    ) -> T:
        """Let the thread do something, and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(patience_seconds)

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        if not self._loop.is_running():
            self._loop.close()
