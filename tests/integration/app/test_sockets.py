"""Listening sockets."""

import socket

import pytest

from midcall.app.sockets import CannotListen, close_all, listen
from tests.support.site import free_port


def test_a_name_is_listened_on_at_every_address() -> None:
    """Each address of a name that this machine has gets a socket of its own, on the same port."""
    port = free_port()
    found = {entry[4][0] for entry in socket.getaddrinfo("localhost", port)}
    opened = listen("localhost", port)
    try:
        assert {one.getsockname()[0] for one in opened} <= found
        for one in opened:
            with socket.create_connection(one.getsockname()[:2], timeout=5):
                assert one.getsockname()[1] == port
    finally:
        close_all(opened)


def test_a_port_is_had_from_the_start() -> None:
    """Of two servers that start together on one port, the second is refused at once."""
    opened = listen("127.0.0.1", free_port())
    try:
        port = opened[0].getsockname()[1]
        with pytest.raises(CannotListen, match=f"127.0.0.1 port {port}"):
            listen("127.0.0.1", port)
    finally:
        close_all(opened)


def test_a_port_can_be_had_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart the connections of the server before do not keep the port."""
    opened = listen("127.0.0.1", free_port())
    address = opened[0].getsockname()
    with socket.create_connection(address, timeout=5) as client:
        opened[0].setblocking(True)
        served, _ = opened[0].accept()
        served.close()  # who closes first, keeps the connection in TIME_WAIT
        assert client.recv(1) == b""
    close_all(opened)
    close_all(listen(*address))


def test_an_address_family_that_is_switched_off_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``localhost`` has an IPv6 address also where the machine has none (RFC 6761)."""
    port = free_port()
    stream = socket.SOCK_STREAM
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_, **__: [
            (socket.AF_INET6, stream, 6, "", ("2001:db8::1", port, 0, 0)),
            (socket.AF_INET, stream, 6, "", ("127.0.0.1", port)),
        ],
    )
    opened = listen("localhost", port)
    close_all(opened)
    assert len(opened) == 1


def test_nothing_stays_open_when_one_address_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is taken at one address is not had at another either."""
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        stream = socket.SOCK_STREAM
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *_, **__: [
                (socket.AF_INET, stream, 6, "", ("127.0.0.1", port)),
                (socket.AF_INET, stream, 6, "", ("127.0.0.2", port)),
            ],
        )
        with pytest.raises(CannotListen):
            listen("localhost", port)
    socket.create_server(("127.0.0.1", port)).close()
