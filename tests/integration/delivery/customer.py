"""A customer's web server on loopback, of which every byte can be chosen."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


class Request(msgspec.Struct, frozen=True):
    """A request as it came: the target is the exact text of the request line."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


Respond = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def response(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """Write a whole response; underscores in header names stand for hyphens."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Customer:
    """Answers with the next of ``answers``, the last one again and again."""

    def __init__(self, answers: tuple[bytes | Respond, ...]) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.connections = 0
        self.port = 0
        self.scheme = "http"
        self._arrived = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def until(self, count: int) -> list[Request]:
        """Wait until so many requests have come."""
        async with asyncio.timeout(30), self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._converse(self.connections, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(
        self, connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while not writer.is_closing():
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = dict(line.split(": ", 1) for line in head[1:] if line)
            body = await reader.readexactly(int(headers.get("Content-Length", "0")))
            request = Request(method, target, headers, body, connection)
            async with self._arrived:
                self.requests.append(request)
                self._arrived.notify_all()
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(request, writer)

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class StartCustomer(Protocol):
    async def __call__(
        self,
        *answers: bytes | Respond,
        tls: ssl.SSLContext | None = None,
        port: socket.socket | None = None,
    ) -> Customer: ...
