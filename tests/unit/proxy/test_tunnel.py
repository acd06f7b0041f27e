"""Bytes both ways."""

import asyncio

from midcall.proxy.tunnel import carry
from tests.unit.proxy.peers import Peer, until
from tests.unit.runtime.clockwork import clockwork

IDLE_SECONDS = 60.0


def joined(one: Peer, other: Peer) -> asyncio.Task[bool]:
    """Begin to carry between two peers."""
    return asyncio.create_task(
        carry(one.end, other.end, idle_seconds=IDLE_SECONDS), name="the tunnel"
    )


@clockwork
async def test_each_hears_what_the_other_says() -> None:
    """Bytes arrive in order and as they were, in both directions."""
    one, other = Peer(), Peer()
    tunnel = joined(one, other)
    one.says(b"\x16\x03")
    one.says(b"\x01", all=True)
    other.says(b"\x00hello", all=True)
    assert await tunnel
    assert (other.heard, one.heard) == (b"\x16\x03\x01", b"\x00hello")


@clockwork
async def test_who_has_said_everything_still_hears() -> None:
    """The end of one direction is passed on, and the other goes on."""
    one, other = Peer(), Peer()
    tunnel = joined(one, other)
    one.says(b"question", all=True)
    await until(lambda: other.wire.said_all)
    assert not one.wire.said_all
    other.says(b"answer", all=True)
    assert await tunnel
    assert one.heard == b"answer"


@clockwork
async def test_a_tunnel_in_which_nothing_moves_ends() -> None:
    """After the idle time both ways are given up, and that is no end of what was said."""
    loop = asyncio.get_running_loop()
    assert not await joined(Peer(), Peer())
    assert IDLE_SECONDS <= loop.time() < IDLE_SECONDS + 1


@clockwork
async def test_whatever_moves_keeps_both_ways_open() -> None:
    """One end that says something now and then keeps a silent one connected."""
    loop = asyncio.get_running_loop()
    one, other = Peer(), Peer()
    tunnel = joined(one, other)
    for _ in range(5):
        await asyncio.sleep(IDLE_SECONDS - 1)  # Of the clockwork's time.
        one.says(b"\n")
    assert not await tunnel
    assert loop.time() > 5 * (IDLE_SECONDS - 1) + IDLE_SECONDS - 1
    assert other.heard == b"\n" * 5


@clockwork
async def test_who_does_not_read_ends_the_tunnel() -> None:
    """What waits for a peer that does not read is one chunk, and not for ever."""
    one, other = Peer(), Peer()
    other.wire.stick()
    tunnel = joined(one, other)
    one.says(b"a" * 100)
    await until(lambda: other.heard != b"")
    one.says(b"b" * 100)
    assert not await tunnel
    assert other.heard == b"a" * 100


@clockwork
async def test_a_broken_end_ends_the_tunnel() -> None:
    """When a connection is reset the other end does not wait."""
    one, other = Peer(), Peer()
    tunnel = joined(one, other)
    one.breaks()
    assert not await tunnel
    assert asyncio.get_running_loop().time() < 1


@clockwork
async def test_closing_waits_for_the_reader_only_so_long() -> None:
    """An end whose peer does not read the rest is cut off."""
    peer = Peer()
    peer.wire.lingers = True
    await peer.end.close(5.0)
    assert peer.wire.aborted
    assert 5 <= asyncio.get_running_loop().time() < 6
