"""``python -m midcall.testing``: a phone for tests in other languages, by lines of JSON.

It reads commands and writes events, an object a line:

    {"do": "register"}                       {"event": "registered"}
    {"do": "dial", "params": {"To": "bob"}}  {"event": "ringing", "call_sid": "CA…"}
    {"do": "accept"}                         {"event": "open", "call_sid": "CA…"}
    {"do": "send", "content": {"k": 1}}      {"event": "sent", "sid": "KX…"}
                                             {"event": "message", "sid": "KX…", "content": …}
    {"do": "hang_up"}                        {"event": "closed", "call_sid": "CA…"}

An incoming call is the event ``incoming``, what goes wrong ``error`` with the SDK's code. Commands
are done one after another, on the call that was begun or came last. The phone leaves when there are
no more commands.
"""

import argparse
import asyncio
import os
import ssl
import sys
from typing import Any, Final

import msgspec

from midcall.client import Call, Device, Message, VoiceError
from midcall.model.messages import USER_DEFINED_MESSAGE

LINE_BYTES: Final = 1024 * 1024
"""The longest command: many times the longest message."""

BAD_COMMAND: Final = 31400
"""The SDK's code of an argument that cannot be used."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What to do; which of the others counts depends on that."""

    do: str
    params: dict[str, str] = {}
    content: Any = None


class Unknown(Exception):
    """There is no such command, or no call to carry it out on."""


class PhoneOnLines:
    """A device whose app is another program."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._call: Call | None = None
        device.on("registered", lambda: tell("registered"))
        device.on("incoming", self._came)
        device.on("error", lambda error, _: tell_error(error))

    async def do(self, command: Command) -> None:
        """Carry a command out; raise ``Unknown``, ``VoiceError`` or ``TimeoutError``."""
        match command.do:
            case "register":
                await self._device.register()
            case "dial":
                self._watch(await self._device.connect(command.params))
            case "accept":
                await self._current().accept()
            case "reject":
                await self._current().reject()
            case "send":
                tell("sent", sid=await self._current().send_message(command.content))
            case "hang_up":
                await self._current().disconnect()
            case _:
                raise Unknown(f"there is no command {command.do!r}")

    def _current(self) -> Call:
        if self._call is None:
            raise Unknown("there is no call")
        return self._call

    def _came(self, call: Call) -> None:
        self._watch(call)
        tell("incoming", call_sid=call.call_sid, parameters=dict(call.custom_parameters))

    def _watch(self, call: Call) -> None:
        self._call = call
        call.on("ringing", lambda _: tell("ringing", call_sid=call.call_sid))
        call.on("accept", lambda _: tell("open", call_sid=call.call_sid))
        for ended in ("disconnect", "cancel", "reject"):
            call.on(ended, lambda *_: tell("closed", call_sid=call.call_sid))
        call.on("error", tell_error)
        call.on("message_received", _tell_message)


def tell(event: str, **facts: Any) -> None:
    """Write an event."""
    sys.stdout.buffer.write(msgspec.json.encode({"event": event, **facts}) + b"\n")
    sys.stdout.buffer.flush()


def tell_error(error: VoiceError) -> None:
    """Write what went wrong."""
    tell("error", code=error.code, message=str(error))


def _tell_message(message: Message) -> None:
    if message.message_type == USER_DEFINED_MESSAGE:
        tell("message", sid=message.voice_event_sid, content=message.content)


async def serve(url: str, token: str, ca: str | None) -> None:
    """Do what comes on standard input, until it ends."""
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader(limit=LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    tls = ssl.create_default_context(cafile=ca) if ca else None
    async with Device(token, url=url, tls=tls) as device:
        phone = PhoneOnLines(device)
        async for line in commands:
            try:
                await phone.do(msgspec.json.decode(line, type=Command))
            except VoiceError as error:
                tell_error(error)
            except (Unknown, msgspec.DecodeError, ValueError, TypeError, TimeoutError) as error:
                tell("error", code=BAD_COMMAND, message=str(error) or type(error).__name__)


def main() -> None:
    """Run a phone."""
    parser = argparse.ArgumentParser(prog="python -m midcall.testing", description=__doc__)
    parser.add_argument("--url", required=True, help="the server's origin")
    parser.add_argument(
        "--token", default=os.environ.get("ACCESS_TOKEN"), help="an Access Token [ACCESS_TOKEN]"
    )
    parser.add_argument("--ca", help="PEM file of the server's authority")
    stated = parser.parse_args()
    if not stated.token:
        parser.error("say a --token, or set ACCESS_TOKEN")
    asyncio.run(serve(stated.url, stated.token, stated.ca))


if __name__ == "__main__":
    main()
