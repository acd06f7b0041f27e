"""A telephone line that can be cut: a TCP proxy in front of the server, on a thread of its own.

A page that is opened through it has its signalling through it as well. Media does not pass here.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from tests.acceptance.support.processes import PATIENCE_SECONDS
from tests.acceptance.support.servers import Midcall

_CHUNK = 65_536

T = TypeVar("T")


class Line:
    """Connections to the server, all cut and mended at once."""

    def __init__(self, midcall: Midcall) -> None:
        self._midcall = midcall
        self._writers: set[asyncio.StreamWriter] = set()
        self._whole = True
        self._moving = asyncio.Event()
        self._moving.set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def host(self) -> str:
        """Host and port, as browsers write them."""
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        """The origin of a page on this line."""
        return f"https://{self.host}"

    def freeze(self) -> None:
        """Let nothing through any more, without either side noticing."""
        self._loop.call_soon_threadsafe(self._moving.clear)

    def cut(self) -> None:
        """Break every connection, with whatever is under way on it, and let nobody through."""

        async def cut() -> None:
            self._whole = False
            for writer in list(self._writers):
                writer.transport.abort()

        self._run(cut())

    def mend(self) -> None:
        """Let connections through again."""

        async def mend() -> None:
            self._whole = True
            self._moving.set()

        self._run(mend())

    def close(self) -> None:
        """End the proxy."""
        self.cut()

        async def close() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._run(close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_SECONDS)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("localhost", self._midcall.port)
        pair = {writer, back}
        self._writers |= pair
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        finally:
            self._writers -= pair
            for one in pair:
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await self._moving.wait()
                writer.write(chunk)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()
