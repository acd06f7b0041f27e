"""What a device says and does, against a server that the test plays."""

import asyncio

import pytest

from midcall.client import Call, Device, Message, VoiceError, line
from midcall.client.device import Surroundings
from midcall.client.sockets import Unreachable
from midcall.wire import frames
from tests.unit.client.wires import CALL, PATIENCE_SECONDS, Wire, Wires, message

INVITE = frames.ServerInvite(
    callsid=CALL, sdp="v=0", parameters={"CallSid": CALL}, reconnect="come back"
)


async def registered(wires: Wires, **options: float) -> tuple[Device, Wire]:
    """Give a device that is registered, and its socket."""
    device = wires.device(**options)
    registering = asyncio.ensure_future(device.register())
    wire = await wires.next()
    await wire.hear_listen()
    assert await wire.hear() == frames.Register()
    wire.say(frames.Ready())
    await registering
    return device, wire


async def answered(wires: Wires, **options: float) -> tuple[Device, Wire, Call]:
    """Give a device in a call, and its socket."""
    device, wire = await registered(wires, **options)
    coming = asyncio.ensure_future(device.wait_for("incoming", PATIENCE_SECONDS))
    await asyncio.sleep(0)
    wire.say(INVITE)
    call = await coming
    assert isinstance(call, Call)
    await call.accept()
    assert isinstance(await wire.hear(), frames.ClientAnswer)
    return device, wire, call


async def test_nothing_is_said_before_the_token_is_good() -> None:
    """A call, and a wish to be called, wait for ``connected``."""
    wires = Wires()
    async with wires.device(reconnect_seconds=12) as device:
        calling = asyncio.ensure_future(device.connect({"To": "bob"}))
        wire = await wires.next()
        listen = await wire.hear()
        assert (listen.token, listen.reconnect_timeout) == ("token", 12)
        await asyncio.sleep(0)
        assert wire.sent.empty()
        token = frames.TokenState(identity="alice", ttl=60)
        wire.say(frames.Connected(region="r", edge="e", home="h", token=token))
        call = await calling
        invite = await wire.hear()
        assert isinstance(invite, frames.ClientInvite)
        assert invite.callsid.startswith("TJS")
        assert invite.twilio.params == "To=bob"
        assert (device.identity, device.edge, call.status()) == ("alice", "e", "connecting")


async def test_an_echo_waits_for_listeners() -> None:
    """A coroutine listener that has not returned holds back the echo behind its message."""
    wires = Wires()
    device, wire, call = await answered(wires)
    async with device:
        gate = asyncio.Event()
        begun = asyncio.Event()

        async def listen(came: Message) -> None:
            begun.set()
            await gate.wait()

        call.on("message_received", listen)
        wire.beat()
        assert await wire.hear() == "\n"
        wire.say(message(1, "KX1"))
        wire.beat()
        wire.beat()
        await begun.wait()
        sid = call.post_message("meanwhile")
        said = await wire.hear()
        assert said.voiceeventsid == sid
        assert wire.sent.empty()
        gate.set()
        assert [await wire.hear(), await wire.hear()] == ["\n", "\n"]


async def test_what_is_not_understood_is_read_over() -> None:
    """Junk, and frames of calls that nobody knows, disturb nothing."""
    wires = Wires()
    device, wire = await registered(wires)
    async with device:
        wire.junk("junk")
        wire.junk('{"type": "presence"}')
        wire.say(message(1, "KX1"))
        wire.say(frames.ServerHangup(callsid=CALL))
        wire.say(frames.Ringing(callsid=CALL))
        wire.say(frames.Ack(callsid=CALL, voiceeventsid="KX1", acktype="message"))
        wire.beat()
        assert await wire.hear() == "\n"
        assert device.state == "registered"


async def test_a_call_comes_back_and_says_what_was_not_confirmed() -> None:
    """On a new socket: the token, the registration, the call, and its messages in their order."""
    wires = Wires()
    device, wire, call = await answered(wires)
    async with device:
        first, second = call.post_message(1), call.post_message(2)
        await wire.hear()
        await wire.hear()
        wire.say(frames.Ack(callsid=CALL, voiceeventsid=first, acktype="message"))
        wire.cut()
        again = await wires.next()
        third = call.post_message(3)
        call.send_digits("1")
        await again.hear_listen()
        assert await again.hear() == frames.Register()
        invite = await again.hear()
        assert (invite.callsid, invite.reconnect) == (CALL, "come back")
        assert [(await again.hear()).voiceeventsid for _ in range(2)] == [second, third]
        assert await again.hear() == frames.Dtmf(callsid=CALL, dtmf="1")
        again.say(frames.ServerAnswer(callsid=CALL, reconnect="another"))
        await call.wait_for("reconnected", PATIENCE_SECONDS)
        again.cut()
        last = await wires.next()
        await last.hear_listen()
        await last.hear()
        assert (await last.hear()).reconnect == "another"
        assert wires.slept == [0.1, 0.1]


async def test_a_renewed_token_does_not_bring_calls_back() -> None:
    """``connected`` on a socket that is there already is about the token only."""
    wires = Wires()
    device, wire, call = await answered(wires)
    async with device:
        renewing = asyncio.ensure_future(device.update_token("another"))
        assert (await wire.hear_listen()).token == "another"
        await renewing
        wire.beat()
        assert await wire.hear() == "\n"
        assert call.status() == "open"


async def test_a_server_that_cannot_be_reached_is_tried_again() -> None:
    """With growing pauses, or the one that the server asked for."""
    wires = Wires()
    wires.trouble = [Unreachable("not there"), Unreachable("still not")]
    device = wires.device()
    codes: list[int] = []
    device.on("error", lambda error, _call: codes.append(error.code))
    async with device:
        registering = asyncio.ensure_future(device.register())
        wire = await wires.next()
        await wire.hear_listen()
        await wire.hear()
        wire.say(frames.Ready())
        await registering
        advice = frames.Failure(code=20503, message="soon", retry_after=2.5)
        wire.say(frames.Error(error=advice))
        wire.cut(1012)
        await (await wires.next()).hear_listen()
    assert wires.slept == [0.1, 0.2, 2.5]
    assert codes == [31005, 31005, 20503]


async def test_trouble_that_lasts_is_raised_at_once() -> None:
    """A certificate that is not trusted today will not be in a second."""
    wires = Wires()
    wires.trouble = [Unreachable("the certificate is not trusted", lasting=True)]
    async with wires.device() as device:
        with pytest.raises(VoiceError) as refused:
            await device.register()
        assert refused.value.code == 31005
        assert "certificate" in refused.value.message
        assert wires.slept == []


async def test_a_server_that_does_not_answer_is_raised_in_time() -> None:
    """Every wait has an end, and says what is known."""
    wires = Wires()
    async with wires.device(answer_seconds=0.01) as device:
        with pytest.raises(VoiceError) as refused:
            await device.register()
        assert refused.value.code == 31005
        assert device.state == "unregistered"


async def test_a_device_that_was_sent_away_stays_away_until_asked() -> None:
    """``close`` ends its calls and the socket; registering anew opens another."""
    wires = Wires()
    device, wire, call = await answered(wires)
    async with device:
        failure = frames.Failure(code=31203, message="no account")
        wire.say(frames.Error(error=failure))
        wire.say(frames.Close())
        await call.wait_for("disconnect", PATIENCE_SECONDS)
        assert call.error is not None
        assert call.error.code == 31203
        registering = asyncio.ensure_future(device.register())
        again = await wires.next()
        assert wire.closed
        await again.hear_listen()
        assert await again.hear() == frames.Register()
        again.say(frames.Ready())
        await registering
        assert wires.slept == []


async def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the watchdog's time is over the device opens another socket."""
    monkeypatch.setattr(line, "SILENCE_SECONDS", 0.01)
    wires = Wires()
    async with wires.device() as device:
        registering = asyncio.ensure_future(device.register())
        silent = await wires.next()
        await wires.next()
        assert silent.aborted
        registering.cancel()


async def test_a_message_that_no_frame_may_hold_is_not_sent_again() -> None:
    """The close code says that something was too big: the biggest is refused, the rest goes on."""
    wires = Wires()
    device, wire, call = await answered(wires)
    async with device:
        small = call.post_message("small")
        sending = asyncio.ensure_future(call.send_message("b" * 100))
        await wire.hear()
        await wire.hear()
        wire.cut(1009)
        with pytest.raises(VoiceError) as refused:
            await sending
        assert refused.value.code == 31212
        again = await wires.next()
        await again.hear_listen()
        await again.hear()
        await again.hear()
        assert (await again.hear()).voiceeventsid == small


async def test_leaving_is_said_before_the_socket_is_closed() -> None:
    """A device that is destroyed hangs up, and its socket is closed behind that."""
    wires = Wires()
    device, wire, call = await answered(wires)
    events = device.events()
    await device.destroy()
    assert await wire.hear() == frames.ClientHangup(callsid=CALL)
    assert (wire.closed, call.status(), device.state) == (True, "closed", "destroyed")
    assert [event.name async for event in events] == ["destroyed"]


async def test_a_listener_of_an_incoming_call_may_hold_the_whole_conversation() -> None:
    """It runs beside everything else: other frames, echoes and calls go on."""
    wires = Wires()
    device, wire = await registered(wires)
    heard: list[int] = []

    async def converse(call: Call) -> None:
        await call.accept()
        async for one in call.received():
            heard.append(one.content)
            call.post_message({"re": one.content})

    async with device:
        device.on("incoming", converse)
        wire.say(INVITE)
        await wire.hear()
        for number in range(3):
            wire.say(message(number, f"KX{number}"))
            wire.beat()
            said = {type(await wire.hear()), type(await wire.hear())}
            assert said == {frames.ClientMessage, str}
        wire.say(frames.ServerHangup(callsid=CALL))
    assert heard == [0, 1, 2]


async def test_an_unknown_event_is_a_mistake() -> None:
    """A listener that would never be called is refused by name."""
    async with Wires().device() as device:
        with pytest.raises(ValueError, match="tokenWillExpire"):
            device.on("tokenWillExpire", print)
        with pytest.raises(ValueError, match="nothing"):
            await device.wait_for("nothing")


async def test_a_listener_can_be_taken_off() -> None:
    """It hears nothing more; to take it off again does no harm."""
    wires = Wires()
    seen: list[str] = []

    def listen() -> None:
        seen.append("registered")

    device = wires.device()
    device.on("registered", listen)
    device.off("registered", listen)
    device.off("registered", listen)
    registering = asyncio.ensure_future(device.register())
    wire = await wires.next()
    await wire.hear_listen()
    wire.say(frames.Ready())
    await registering
    await device.destroy()
    assert seen == []


async def test_a_mistake_in_opening_sockets_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong there, nobody is left waiting."""

    async def fail() -> Wire:
        raise ZeroDivisionError

    surroundings = Surroundings(open_socket=fail)
    async with Device("token", url="https://midcall.test", surroundings=surroundings) as device:
        with pytest.raises(VoiceError, match="ZeroDivisionError"):
            await device.register()
