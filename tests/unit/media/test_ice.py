"""What the room adds to aioice, without sockets."""

from midcall.media.ice import LOOPBACK, QUEUE_MARK, HostConnection, machine_addresses
from midcall.media.settings import ListenAddress


def test_the_machine_is_reached_on_loopback_last() -> None:
    """Every address of the machine is used, and loopback even where it is the only one."""
    addresses = machine_addresses()
    assert addresses[-1] == ListenAddress(LOOPBACK)
    assert len(set(addresses)) == len(addresses)


async def test_strangers_cannot_fill_the_queue() -> None:
    """What nobody reads is dropped past the mark."""
    connection = HostConnection([ListenAddress(LOOPBACK)], None)
    for _ in range(2 * QUEUE_MARK):
        connection.data_received(b"\x80", 1)
    assert connection._queue.qsize() == QUEUE_MARK
