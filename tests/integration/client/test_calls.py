"""Calls between two Python devices."""

import asyncio
from collections.abc import Callable

import pytest

from midcall.client import Call, VoiceError
from tests.integration.client.conftest import Connect, NewDevice, within
from tests.integration.gateway.inside import Inside
from tests.support.softphone import PATIENCE_SECONDS

Name = Callable[[str], str]


async def test_two_devices_call_each_other(device: NewDevice, name: Name, site: Inside) -> None:
    """One calls with parameters, the other sees them and answers; both are open, then closed."""
    alice, bob = device(name("alice")), device(name("bob"))
    await bob.register()
    assert (bob.state, bob.identity) == ("registered", name("bob"))
    events = bob.events()
    parent = await alice.connect({"To": name("bob"), "order no": "1 & 2", "é": "ü=%"})
    assert (parent.direction, parent.call_sid) == ("OUTGOING", None)
    coming = await within(anext(events))
    child = coming.arguments[0]
    assert coming.name == "incoming"
    assert isinstance(child, Call)
    assert (child.direction, child.status()) == ("INCOMING", "pending")
    assert child.parameters["From"] == f"client:{name('alice')}"
    assert child.parameters["CallSid"] == child.call_sid
    assert child.custom_parameters["order no"] == "1 & 2"
    assert child.custom_parameters["é"] == "ü=%"
    await child.accept()
    await parent.wait_for("accept", PATIENCE_SECONDS)
    assert (parent.status(), child.status()) == ("open", "open")
    assert alice.calls == (parent,)
    assert alice.is_busy
    assert await site.status(str(parent.call_sid)) == "in-progress"
    await parent.disconnect()
    assert await child.wait_for("disconnect", PATIENCE_SECONDS) is child
    assert (parent.status(), child.status()) == ("closed", "closed")
    assert not bob.calls
    assert not bob.is_busy


async def test_a_call_rings_before_it_is_answered(device: NewDevice, name: Name) -> None:
    """``ringing`` comes with the CallSid, ``accept`` behind it, each listener is told once."""
    alice = device(name("alice"))
    call = await alice.connect({"To": name("nobody")})
    seen: list[str] = []
    call.on("ringing", lambda early: seen.append(f"ringing {early} {call.status()}"))
    call.on("accept", lambda same: seen.append(f"accept {same is call}"))
    call.on("disconnect", lambda same: seen.append(f"disconnect {same is call}"))
    await call.wait_for("disconnect", PATIENCE_SECONDS)
    assert seen == ["ringing False ringing", "accept True", "disconnect True"]
    assert call.call_sid is not None


async def test_a_call_is_rejected(device: NewDevice, name: Name) -> None:
    """Whoever rejects has a closed call, and whoever called is hung up on."""
    alice, bob = device(name("alice")), device(name("bob"))
    await bob.register()
    rejected = asyncio.get_running_loop().create_future()

    async def refuse(call: Call) -> None:
        await call.reject()
        rejected.set_result(call)

    bob.on("incoming", refuse)
    parent = await alice.connect({"To": name("bob")})
    child = await within(rejected)
    assert child.status() == "closed"
    await parent.wait_for("disconnect", PATIENCE_SECONDS)


async def test_a_call_that_is_ignored_goes_on_ringing(device: NewDevice, name: Name) -> None:
    """Another device of the identity can still take it."""
    alice, deaf, bob = device(name("alice")), device(name("bob")), device(name("bob"))
    await deaf.register()
    await bob.register()
    coming = [
        asyncio.ensure_future(one.wait_for("incoming", PATIENCE_SECONDS)) for one in (deaf, bob)
    ]
    parent = await alice.connect({"To": name("bob")})
    ignored, child = await asyncio.gather(*coming)
    await ignored.ignore()
    await child.accept()
    assert ignored.status() == "closed"
    message = asyncio.ensure_future(child.wait_for("disconnect", PATIENCE_SECONDS))
    await parent.wait_for("accept", PATIENCE_SECONDS)
    await parent.disconnect()
    await message


async def test_a_call_is_withdrawn_from_whoever_was_slower(device: NewDevice, name: Name) -> None:
    """Of two devices of an identity one takes the call, the other is told ``cancel``."""
    alice, slow, bob = device(name("alice")), device(name("bob")), device(name("bob"))
    await slow.register()
    await bob.register()
    coming = [
        asyncio.ensure_future(one.wait_for("incoming", PATIENCE_SECONDS)) for one in (slow, bob)
    ]
    await alice.connect({"To": name("bob")})
    lost, child = await asyncio.gather(*coming)
    await child.accept()
    await lost.wait_for("cancel", PATIENCE_SECONDS)
    assert lost.status() == "closed"


async def test_several_calls_at_once_keep_their_names(device: NewDevice, name: Name) -> None:
    """Calls that one device begins at the same time each get a CallSid of their own."""
    alice, bob = device(name("alice")), device(name("bob"))
    bob.on("incoming", lambda call: call.accept())
    await bob.register()
    begun = await asyncio.gather(
        *(alice.connect({"To": name("bob"), "n": str(n)}) for n in range(4))
    )
    for call in begun:
        await call.wait_for("accept", PATIENCE_SECONDS)
    assert len({call.call_sid for call in begun}) == 4
    for call in begun:
        await call.send_message({"from": call.call_sid})
        await call.disconnect()
    assert not alice.calls


async def test_a_call_given_up_before_it_has_a_name_leaves_none_to_the_next(
    device: NewDevice, name: Name, site: Inside
) -> None:
    """What the server says of a call that was hung up at once is not taken for the next call's."""
    alice = device(name("alice"))
    first = await alice.connect({"To": name("nobody")})
    await first.disconnect()
    second = await alice.connect({"To": name("nobody")})
    await second.wait_for("disconnect", PATIENCE_SECONDS)
    assert first.call_sid != second.call_sid
    assert first.status() == "closed"


async def test_a_context_ends_the_call_and_the_device(connect: Connect) -> None:
    """``async with`` hangs up; destroying a device ends its calls, and once is enough."""
    pair = await connect()
    async with pair.parent:
        pass
    await pair.child.wait_for("disconnect", PATIENCE_SECONDS)
    ended = asyncio.ensure_future(pair.alice.wait_for("destroyed", PATIENCE_SECONDS))
    await asyncio.sleep(0)
    await pair.alice.destroy()
    await pair.alice.destroy()
    await ended
    assert pair.alice.state == "destroyed"
    with pytest.raises(RuntimeError):
        await pair.alice.connect()


async def test_whoever_waits_for_what_will_not_come_is_told_why(
    device: NewDevice, name: Name
) -> None:
    """An application that does not exist ends the call with 31001, which every wait raises."""
    alice = device(name("alice"), application="AP" + "0" * 32)
    call = await alice.connect({"To": name("bob")})
    with pytest.raises(VoiceError) as refused:
        await call.wait_for("accept", PATIENCE_SECONDS)
    assert refused.value.code == 31001
    assert call.error is refused.value
    with pytest.raises(VoiceError):
        await call.wait_for("ringing")


async def test_parameters_that_are_too_long_end_the_call(device: NewDevice, name: Name) -> None:
    """The server's refusal of an invite reaches the call that it was for."""
    call = await device(name("alice")).connect({"To": "x" * 1000})
    with pytest.raises(VoiceError) as refused:
        await call.wait_for("ringing", PATIENCE_SECONDS)
    assert (refused.value.code, refused.value.name) == (31103, "MaxParameterLengthExceededError")


async def test_digits_go_to_the_other_side(connect: Connect) -> None:
    """Digits are taken in a call, refused by their letters, and refused when it is over."""
    pair = await connect()
    pair.parent.send_digits("12w#*")
    with pytest.raises(ValueError, match="digits"):
        pair.parent.send_digits("x")
    await pair.parent.send_message("still there")
    await pair.parent.disconnect()
    with pytest.raises(VoiceError):
        pair.parent.send_digits("1")
