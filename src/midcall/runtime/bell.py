"""A bell that many listen to: it says that something happened, not what.

Whoever listens looks for itself. Rings that come while it looks are one more ring; none is missed
between two waits.
"""

import asyncio
import contextlib


class Bell:
    """Rung whenever there may be something new."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._over = False

    def __len__(self) -> int:
        """Count the listeners."""
        return len(self._listeners)

    def ring(self) -> None:
        """Say that there may be something new."""
        for listener in self._listeners:
            listener.rung.set()

    def listen(self) -> "Listener":
        """Listen from now on."""
        listener = Listener(self)
        self._listeners.add(listener)
        if self._over:
            listener.end()
        return listener

    def forget(self, listener: "Listener") -> None:
        """Let one listen no more."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """Send every listener away: the server stops."""
        self._over = True
        for listener in self._listeners:
            listener.end()


class Listener:
    """One that listens to a bell; fulfils the ``Feed`` port."""

    def __init__(self, bell: Bell) -> None:
        self.rung = asyncio.Event()
        self.rang = False
        self._bell = bell
        self._over = False

    def end(self) -> None:
        """Wait for nothing any more."""
        self._over = True
        self.rung.set()

    async def wait(self, seconds: float) -> bool:
        """Return when the bell was rung since the last call, or after ``seconds``.

        ``rang`` tells which of the two it was. Returns ``False`` when the server stops.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.rung.wait()
        self.rang = self.rung.is_set()
        self.rung.clear()
        return not self._over

    def close(self) -> None:
        """Listen no more."""
        self._bell.forget(self)
