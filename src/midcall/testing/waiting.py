"""Waiting for something that another thread's event loop brings about, with a deadline.

A wait that comes to nothing is a failed assertion: a test says what has to happen, and reads what
happened instead.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

import uvloop

Result = TypeVar("Result")

PATIENCE_SECONDS: Final = 10.0
"""How long something is waited for unless the test says otherwise: far more than it takes."""

MARGIN_SECONDS: Final = 5.0
"""How much longer the calling thread waits than what it waits for, which knows why it ends."""


class NotInTime(AssertionError):
    """What was waited for did not happen."""


class Pulse:
    """Says that something changed, not what. Whoever waits looks for itself."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def beat(self) -> None:
        """Say that something changed."""
        self._next.set()
        self._next = asyncio.Event()

    async def until(
        self,
        look: Callable[[], Awaitable[Result | None]],
        seconds: float,
        complaint: Callable[[], str],
    ) -> Result:
        """Return what ``look`` finds, now or after a beat; raise ``NotInTime``."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    # Taken before looking, so that what changes meanwhile is looked at.
                    changed = self._next
                    if (found := await look()) is not None:
                        return found
                    await changed.wait()
        except TimeoutError:
            raise NotInTime(f"after {seconds:g} s: {complaint()}") from None


class Background:
    """An event loop on a thread of its own, and a way to run things there."""

    def __init__(self, name: str) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result], seconds: float = PATIENCE_SECONDS) -> Result:
        """Run something to its end; raise what it raises, ``NotInTime`` if it takes too long."""
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("a listener cannot wait for the loop that it runs in")
        future = asyncio.run_coroutine_threadsafe(_within(work, seconds), self._loop)
        try:
            return future.result(seconds + MARGIN_SECONDS)
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """End the loop and the thread."""
        future = asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop)
        future.result(MARGIN_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(MARGIN_SECONDS)
        self._loop.close()


async def _within(work: Coroutine[Any, Any, Result], seconds: float) -> Result:
    timeout = asyncio.timeout(seconds)
    try:
        async with timeout:
            return await work
    except TimeoutError:
        if not timeout.expired():
            raise
        raise NotInTime(f"after {seconds:g} s") from None


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
    await asyncio.get_running_loop().shutdown_default_executor()
