"""Sockets of the client, against WebSocket servers on loopback."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
import trustme
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from midcall.client.sockets import SocketEnded, Unreachable, open_websocket
from tests.integration.client.conftest import within
from tests.support.site import free_port

Refuse = Callable[[ServerConnection, Request], Response | None]


@asynccontextmanager
async def serving(
    tls: ssl.SSLContext | None = None, refuse: Refuse | None = None
) -> AsyncIterator[int]:
    """Serve sockets that repeat what they hear, and end at ``bye``; give the port."""

    async def repeat(connection: ServerConnection) -> None:
        async for text in connection:
            if text == "bye":
                await connection.close(1012, "restart")
            await connection.send(text)

    async with serve(repeat, "127.0.0.1", 0, ssl=tls, process_request=refuse) as server:
        port: int = server.sockets[0].getsockname()[1]
        yield port


async def test_texts_pass_until_the_server_ends_the_socket() -> None:
    """What is sent and heard are texts; the end says what the server said."""
    async with serving() as port:
        socket = await open_websocket(f"ws://127.0.0.1:{port}/signal", None)
        await socket.send("héllo")
        assert await within(socket.receive()) == "héllo"
        await socket.send("bye")
        with pytest.raises(SocketEnded) as ended:
            await within(socket.receive())
        assert (ended.value.code, ended.value.reason) == (1012, "restart")
        with pytest.raises(SocketEnded):
            await socket.send("too late")
        await socket.close()


async def test_a_certificate_is_trusted_if_it_is_said_to_be() -> None:
    """With the CA a socket opens; without it the reason is told, and it lasts."""
    ca = trustme.CA()
    server_tls, client_tls = (
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
        (ssl.create_default_context()),
    )
    ca.issue_cert("127.0.0.1").configure_cert(server_tls)
    ca.configure_trust(client_tls)
    async with serving(server_tls) as port:
        url = f"wss://127.0.0.1:{port}/signal"
        socket = await open_websocket(url, client_tls)
        await socket.send("hello")
        assert await within(socket.receive()) == "hello"
        await socket.close()
        with pytest.raises(Unreachable) as refused:
            await open_websocket(url, None)
        assert refused.value.lasting
        assert "certificate" in refused.value.reason


@pytest.mark.parametrize(("status", "lasting"), [(404, True), (503, False), (429, False)])
async def test_an_answer_that_is_no_websocket_is_told(status: int, lasting: bool) -> None:
    """What a proxy says while its server restarts does not last, a page that is not there does."""

    def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(HTTPStatus(status), "no")

    async with serving(refuse=refuse) as port:
        with pytest.raises(Unreachable, match=str(status)) as refused:
            await open_websocket(f"ws://127.0.0.1:{port}/signal", None)
        assert refused.value.lasting is lasting


async def test_a_server_that_is_down_may_come_back() -> None:
    """Nobody at the port is no reason to give up."""
    with pytest.raises(Unreachable) as refused:
        await open_websocket(f"ws://127.0.0.1:{free_port()}/signal", None)
    assert not refused.value.lasting
