"""Python devices that lose their sockets in a call, and come back."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from midcall.client import VoiceError
from midcall.model.messages import Direction, MessageState
from tests.integration.client.conftest import Connect, NewDevice, Sockets, meet, within
from tests.integration.gateway.inside import Inside
from tests.support.site import Site
from tests.support.softphone import PATIENCE_SECONDS

Name = Callable[[str], str]


async def test_messages_wait_for_a_device_that_was_cut_off(connect: Connect, site: Inside) -> None:
    """What is sent meanwhile, either way, arrives after it came back: once, and in order."""
    sockets = Sockets(site.signalling)
    pair = await connect(surroundings=sockets.surroundings)
    call, sid = pair.parent, pair.parent_sid
    seen: list[str] = []
    call.on("reconnecting", lambda error: seen.append(f"reconnecting {error.code}"))
    call.on("reconnected", lambda: seen.append("reconnected"))
    received = call.received()
    before = await site.send(sid, '"before"')
    assert (await within(anext(received))).voice_event_sid == before
    sockets.cut_off()
    await call.wait_for("reconnecting", PATIENCE_SECONDS)
    assert call.status() == "reconnecting"
    sids = [await site.send(sid, str(number)) for number in range(5)]
    posted = [call.post_message(number) for number in range(5)]
    sockets.may_open.set()
    assert [(await within(anext(received))).voice_event_sid for _ in sids] == sids
    await call.send_message("the last")
    assert call.status() == "open"
    assert seen == ["reconnecting 53001", "reconnected"]
    kept = await site.keeps(sid, Direction.UPLINK)
    assert [message.sid for message in kept][:5] == posted
    assert await site.status(sid) == "in-progress"
    await site.reaches_state(sid, sids[-1], MessageState.DELIVERED)


async def test_a_message_whose_ack_was_lost_is_taken_once(connect: Connect, site: Inside) -> None:
    """What was written when the socket was cut is sent again with its SID, in its place."""
    sockets = Sockets(site.signalling)
    pair = await connect(surroundings=sockets.surroundings)
    sids: list[str] = []
    for number in range(6):
        sids += [pair.parent.post_message(f"{number} {index}") for index in range(5)]
        await asyncio.sleep(0)  # the writer has its turn, the answers have none
        sockets.cut()
        await pair.parent.wait_for("reconnected", PATIENCE_SECONDS)
    sids.append(await pair.parent.send_message("the last"))
    kept = await site.keeps(pair.parent_sid, Direction.UPLINK)
    assert [message.sid for message in kept] == sids


async def test_a_message_that_comes_again_is_not_given_to_the_app_again(
    connect: Connect, site: Inside
) -> None:
    """One whose listener had not returned when the socket was cut is delivered, and heard once."""
    sockets = Sockets(site.signalling)
    pair = await connect(surroundings=sockets.surroundings)
    begun, may_end = asyncio.Event(), asyncio.Event()
    heard: list[str] = []

    async def listen(message: object) -> None:
        heard.append(getattr(message, "voice_event_sid", ""))
        begun.set()
        await may_end.wait()

    pair.parent.on("message_received", listen)
    sid = await site.send(pair.parent_sid, '"once"')
    await within(begun.wait())
    sockets.cut()
    await pair.parent.wait_for("reconnected", PATIENCE_SECONDS)
    may_end.set()
    await site.reaches_state(pair.parent_sid, sid, MessageState.DELIVERED)
    assert heard == [sid]


async def test_a_device_is_registered_again(device: NewDevice, name: Name, site: Inside) -> None:
    """A device without a call comes back as well, and can be called as before."""
    sockets = Sockets(site.signalling)
    alice, bob = device(name("alice")), device(name("bob"), surroundings=sockets.surroundings)
    await bob.register()
    gone = asyncio.ensure_future(bob.wait_for("unregistered", PATIENCE_SECONDS))
    back = asyncio.ensure_future(bob.wait_for("registered", PATIENCE_SECONDS))
    await asyncio.sleep(0)
    sockets.cut()
    await gone
    await back
    assert sockets.opened == 2
    await meet(alice, bob, name("bob"))


async def test_a_call_without_a_token_to_come_back_ends_with_its_socket(
    device: NewDevice, name: Name, site: Inside
) -> None:
    """One that rings here is withdrawn; the server does not keep it either."""
    sockets = Sockets(site.signalling)
    alice, bob = device(name("alice")), device(name("bob"), surroundings=sockets.surroundings)
    await bob.register()
    coming = asyncio.ensure_future(bob.wait_for("incoming", PATIENCE_SECONDS))
    parent = await alice.connect({"To": name("bob")})
    child = await coming
    sockets.cut()
    await child.wait_for("cancel", PATIENCE_SECONDS)
    await parent.wait_for("disconnect", PATIENCE_SECONDS)


async def test_a_call_that_ended_meanwhile_is_told_of(connect: Connect, site: Inside) -> None:
    """Whoever comes back to a call that is over is told so, and its messages fail."""
    sockets = Sockets(site.signalling)
    pair = await connect(surroundings=sockets.surroundings)
    sockets.cut_off()
    await pair.parent.wait_for("reconnecting", PATIENCE_SECONDS)
    sending = asyncio.ensure_future(pair.parent.send_message("is anybody there?"))
    await site.rest("POST", f"Calls/{pair.parent_sid}", Status="completed")
    await site.reaches(pair.parent_sid, "completed")
    sockets.may_open.set()
    with pytest.raises(VoiceError) as refused:
        await within(sending)
    assert refused.value.code in {31211, 31404}
    await pair.parent.wait_for("disconnect", PATIENCE_SECONDS)
    assert pair.parent.error is not None
    assert pair.parent.error.code == 31404


async def test_a_call_hung_up_while_its_socket_is_down_ends_there_too(
    connect: Connect, site: Inside
) -> None:
    """The hangup waits for the next socket."""
    sockets = Sockets(site.signalling)
    pair = await connect(surroundings=sockets.surroundings)
    sockets.cut_off()
    await pair.parent.wait_for("reconnecting", PATIENCE_SECONDS)
    await pair.parent.disconnect()
    sockets.may_open.set()
    await pair.child.wait_for("disconnect", PATIENCE_SECONDS)


async def test_a_call_that_was_away_too_long_ends(connect: Connect, site: Inside) -> None:
    """Past ``reconnect_seconds`` a call is given up here, and the server hears of it."""
    sockets = Sockets(site.signalling)
    pair = await connect(surroundings=sockets.surroundings, reconnect_seconds=0.05)
    sockets.cut_off()
    await pair.parent.wait_for("disconnect", PATIENCE_SECONDS)
    assert pair.parent.error is not None
    assert pair.parent.error.code == 53001
    sockets.may_open.set()
    await pair.child.wait_for("disconnect", PATIENCE_SECONDS)


async def test_a_call_outlives_a_server_that_was_killed(
    tmp_path: Path, device: NewDevice, name: Name
) -> None:
    """Both devices come back to the next server by themselves, and what was sent arrives."""
    site = Site(tmp_path)
    site.start()
    try:
        made = await site.rest("GET", "Applications")
        application = str(made["applications"][0]["sid"])
        alice = device(name("alice"), at=site, application=application)
        bob = device(name("bob"), at=site, application=application)
        pair = await meet(alice, bob, name("bob"))
        # Behind it, that bob has accepted is on disk as well.
        await pair.child.send_message("here I am")
        sid = await site.send(pair.parent_sid, '"kept"')
        received = pair.parent.received()
        assert (await within(anext(received))).voice_event_sid == sid
        away = [
            asyncio.ensure_future(call.wait_for("reconnecting", PATIENCE_SECONDS))
            for call in (pair.parent, pair.child)
        ]
        await asyncio.sleep(0)
        site.stop(signal.SIGKILL)
        await asyncio.gather(*away)
        sending = asyncio.ensure_future(pair.parent.send_message("after the night"))
        await asyncio.to_thread(site.start)
        await within(sending)
        await pair.child.send_message("here too")
        sid = await site.send(pair.parent_sid, '"again"')
        assert (await within(anext(received))).voice_event_sid == sid
        assert await site.status(pair.parent_sid) == "in-progress"
    finally:
        if site.running:
            site.stop()
