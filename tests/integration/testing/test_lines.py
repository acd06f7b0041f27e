"""A phone for tests in other languages: commands in, events out, by lines of JSON."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, Any

import pytest

from midcall.testing import Emulator


class Lines:
    """The other program's side of a phone."""

    def __init__(self, midcall: Emulator, identity: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "midcall.testing", "--url", midcall.url],
            env={"ACCESS_TOKEN": midcall.token(identity)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, line: str) -> None:
        """Write a line."""
        _there(self.process.stdin).write(f"{line}\n")
        _there(self.process.stdin).flush()

    def do(self, command: str, **more: object) -> None:
        """Write a command."""
        self.say(json.dumps({"do": command, **more}))

    def next(self, name: str) -> dict[str, Any]:
        """Read on until an event."""
        for line in _there(self.process.stdout):
            event: dict[str, Any] = json.loads(line)
            if event["event"] == name:
                return event
        raise AssertionError(f"the phone ended before {name!r}")

    def leave(self) -> int:
        """Say nothing more, and wait for the end."""
        _there(self.process.stdin).close()
        return self.process.wait(30)


def _there(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.fixture
def alice(midcall: Emulator) -> Iterator[Lines]:
    """Give a phone of alice's."""
    phone = Lines(midcall, "alice")
    yield phone
    phone.process.kill()
    phone.process.wait(30)
    _there(phone.process.stdout).close()


def test_a_call_is_made_and_taken_by_lines(midcall: Emulator, alice: Lines) -> None:
    """Messages go both ways; what goes wrong is an event; the phone leaves at the end."""
    alice.do("send", content=1)
    assert alice.next("error") == {
        "event": "error",
        "code": 31400,
        "message": "there is no call",
    }
    alice.do("sing")
    assert "no command 'sing'" in alice.next("error")["message"]
    alice.say("not JSON")
    assert alice.next("error")["code"] == 31400
    alice.do("register")
    alice.next("registered")
    bob = midcall.phone("bob")
    theirs = bob.dial("alice", table="4")
    coming = alice.next("incoming")
    assert coming["parameters"]["table"] == "4"
    alice.do("accept")
    assert alice.next("open")["call_sid"] == coming["call_sid"]
    midcall.send(coming["call_sid"], '{"to": "alice"}')
    assert alice.next("message")["content"] == {"to": "alice"}
    alice.do("send", content="x" * 10_001)
    assert alice.next("error")["code"] == 31212
    alice.do("send", content={"from": "alice"})
    said = alice.next("sent")["sid"]
    assert midcall.messages(coming["call_sid"])[-1]["sid"] == said
    bob.hang_up()
    alice.next("closed")
    theirs.wait_until("closed")
    midcall.answer_with(twiml="<Response><Pause length='60'/></Response>")
    alice.do("dial")
    began = alice.next("open")["call_sid"]
    alice.do("hang_up")
    alice.next("closed")
    midcall.wait_for_status(began, "completed")
    assert alice.leave() == 0
