"""What no SDK sends: it is answered at the door, and disturbs nobody."""

from collections.abc import Callable

import aiohttp
import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import InvalidStatus

from midcall.core.limits import FRAME_BYTES
from midcall.gateway import closing
from midcall.gateway.limits import LIMITS
from tests.integration.gateway.conftest import Connect, NewPhone
from tests.support.site import Site
from tests.support.softphone import Closed, new_message_sid, write, write_message

Name = Callable[[str], str]
CALL = "CA" + "0" * 32


@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        "",
        "{}",
        "[" * 10_000,
        write("presence"),
        write("hangup"),
        write("hangup", callsid=7),
        write("message", callsid=CALL, content=1),
        write("register", media="yes"),
        write("invite", callsid="TJS1"),
        write("invite", callsid="TJS1", sdp={"type": "offer"}),
        write("answer", callsid="x" * 1000, sdp="v=0"),
        '{"type": "listen", "payload": {"token": ["a"]}}',
    ],
)
async def test_malformed_frames_disturb_no_call(connect: Connect, text: str) -> None:
    """A frame that cannot be understood is answered with 31100, and the call goes on."""
    pair = await connect()
    await pair.alice.say(text)
    assert (await pair.alice.expect("error"))["error"]["code"] == 31100
    await pair.alice.message(pair.parent, "still here")
    await pair.alice.expect("ack", callsid=pair.parent)


async def test_a_malformed_message_is_answered_to_its_sender(connect: Connect) -> None:
    """The error names the call and the message, so that it reaches the app that sent it."""
    pair = await connect()
    sid = new_message_sid()
    half_an_emoji = write_message(pair.parent, "HERE", sid).replace("HERE", "\\ud83d")
    await pair.alice.say(half_an_emoji)
    refused = await pair.alice.expect("error", callsid=pair.parent, voiceeventsid=sid)
    assert refused["error"]["code"] == 31100


async def test_binary_frames_end_the_socket(phone: NewPhone, name: Name) -> None:
    """The protocol is text; whoever sends anything else speaks another one."""
    device = await phone(name("alice")).sign_in()
    await device.say(b"\x00\x01")
    assert await device.next() == Closed(*closing.NOT_TEXT)


async def test_text_that_is_no_utf8_ends_the_socket(site: Site) -> None:
    """Invalid UTF-8 is the WebSocket layer's to refuse (RFC 6455, section 8.1)."""
    async with open_socket(site.signalling, compression=None, proxy=None) as socket:
        await socket.send(b"\xff\xfe", text=True)
        await socket.wait_closed()
        assert socket.close_code == 1007


async def test_a_huge_frame_ends_the_socket(phone: NewPhone, name: Name) -> None:
    """A frame past the limit is not read (RFC 6455, code 1009)."""
    device = await phone(name("alice")).sign_in()
    await device.say("x" * (FRAME_BYTES + 1))
    ended = await device.ended()
    assert ended.code == 1009


async def test_the_largest_frame_is_read(phone: NewPhone, name: Name) -> None:
    """A frame of exactly the limit is a frame like any other."""
    device = await phone(name("alice")).sign_in()
    await device.say("x" * FRAME_BYTES)
    assert (await device.expect("error"))["error"]["code"] == 31100


async def test_whoever_sends_nothing_but_garbage_is_sent_away(phone: NewPhone, name: Name) -> None:
    """Fifty malformed frames are answered; one more is enough."""
    device = await phone(name("alice")).sign_in()
    for _ in range(LIMITS.malformed_frames + 1):
        await device.say("garbage")
    for _ in range(LIMITS.malformed_frames + 1):
        await device.expect("error")
    assert await device.next() == Closed(*closing.TOO_MANY_ERRORS)


async def test_unasked_heartbeats_are_nothing(phone: NewPhone, name: Name) -> None:
    """A client that sends heartbeats of its own is left alone."""
    device = await phone(name("alice")).sign_in()
    for _ in range(2 * LIMITS.malformed_frames):
        await device.say("\n")
    await device.nothing()


async def test_pings_are_answered(site: Site) -> None:
    """A client that pings gets its pong (RFC 6455, section 5.5.2)."""
    async with open_socket(site.signalling, compression=None, proxy=None) as socket:
        await (await socket.ping())


async def test_compression_is_not_offered(site: Site) -> None:
    """Small JSON gains nothing from it, and every connection would keep a window."""
    async with open_socket(site.signalling, compression="deflate", proxy=None) as socket:
        assert not socket.protocol.extensions


async def test_there_is_one_address_for_signalling(site: Site) -> None:
    """A WebSocket elsewhere, and plain HTTP here, are refused."""
    with pytest.raises(InvalidStatus):
        await open_socket(site.signalling + "s", proxy=None)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{site.url}/signal") as response,
    ):
        assert response.status in {404, 405, 426}
