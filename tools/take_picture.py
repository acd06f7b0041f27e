"""Takes the pictures of the pages for the docs: a real call, real messages, a real browser.

    .venv/bin/python -m tools.take_picture

writes docs/images/phone.png and docs/images/console-*.png. With a directory as an argument it
writes the pages there at desk and at phone width, light and dark, to look at after a change.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from tests.acceptance.support.browsers import Chromium, Traffic
from tests.acceptance.support.console import VIEWS, Console, Watchers
from tests.acceptance.support.customer import Customer, Reply
from tests.acceptance.support.libraries import make_client
from tests.acceptance.support.phones import SideBySide
from tests.acceptance.support.processes import REPOSITORY
from tests.acceptance.support.servers import Midcall

IMAGES: Final = REPOSITORY / "docs" / "images"
DESK: Final = (1280, 770)
HAND: Final = (390, 780)
LONG: Final = (1280, 1500)
CHARTED: Final = "document.querySelectorAll('.charts polyline')[0]?.points.length >= 5"
"""The SDK reports every ten seconds; this is when a chart says something."""


def converse(phones: SideBySide, midcall: Midcall, customer: Customer) -> None:
    """Let alice call bob, and let both write with the server."""
    client = make_client(midcall)
    phones.call()
    parent, child = phones.call_sids()
    for sid in (parent, child):
        client.calls(sid).user_defined_message_subscriptions.create(
            callback=customer.endpoint().url
        )
    to_alice, to_bob = (client.calls(sid).user_defined_messages for sid in (parent, child))
    phones.receive(1, to_bob.create(content='{"caller": {"name": "Alice", "orders": 7}}').sid)
    phones.receive(0, to_alice.create(content='{"seat": {"choose": ["window", "aisle"]}}').sid)
    phones.say(0, '{"seat": "window"}')
    phones.receive(1, to_bob.create(content='{"caller": {"chose": "window"}}').sid)
    phones.receive(0, to_alice.create(content='{"booked": "14A"}').sid)
    phones.say(1, "window seat booked, 14A")


def take(
    path: Path, size: tuple[int, int], scheme: Literal["light", "dark"], midcall: Midcall
) -> None:
    """Take one picture."""
    chromium = Chromium()
    customer = Customer().start()
    try:
        context = chromium.context(Traffic(), size=size, scheme=scheme)
        phones = SideBySide(chromium, context, midcall, "alice", "bob")
        converse(phones, midcall, customer)
        phones.step_back()
        phones.wait_until_loud()
        path.parent.mkdir(parents=True, exist_ok=True)
        phones.picture(str(path))
    finally:
        chromium.stop()
        customer.stop()


@contextmanager
def watched(midcall: Midcall) -> Iterator[tuple[Console, str]]:
    """Give a console that is logged in, and a call with something of everything in it."""
    chromium = Chromium()
    customer = Customer().start()
    watchers = Watchers(chromium, midcall)
    try:
        context = chromium.context(Traffic(), size=DESK)
        phones = SideBySide(chromium, context, midcall, "alice", "bob")
        converse(phones, midcall, customer)
        parent, _ = phones.call_sids()
        reply = Reply(status=500, body=b"out of order", content_type="text/plain")
        broken = customer.endpoint(reply)
        client = make_client(midcall)
        client.calls(parent).user_defined_message_subscriptions.create(callback=broken.url)
        phones.say(0, '{"meal": "vegetarian"}')
        broken.wait(2)
        console = watchers.console(size=DESK)
        console.log_in()
        console.reads("Credentials")
        console.go(f"calls/{parent}")
        console.until(CHARTED, patience_seconds=90)
        yield console, parent
    finally:
        watchers.leave()
        chromium.stop()
        customer.stop()


def take_console(midcall: Midcall) -> None:
    """Take the pictures of the console that the docs show."""
    with watched(midcall) as (console, _):
        console.resize(*LONG)
        console.picture(str(IMAGES / "console-call.png"), whole=False)
        console.resize(*DESK)
        console.go("calls")
        console.picture(str(IMAGES / "console-calls.png"), whole=False)
        console.go("")
        console.picture(str(IMAGES / "console-start.png"), whole=False)
        console.dress("dark")
        console.go("debugger")
        console.picture(str(IMAGES / "console-debugger.png"), whole=False)


def look_at_console(directory: Path, midcall: Midcall) -> None:
    """Take every view of the console, at both widths and in both schemes."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    with watched(midcall) as (console, sid):
        for view in (*VIEWS, f"calls/{sid}"):
            name = view.replace(sid, "one").replace("/", "-") or "start"
            for scheme in schemes:
                console.dress(scheme)
                for width, size in (("desk", DESK), ("hand", HAND)):
                    console.resize(*size)
                    console.go(view)
                    console.picture(str(directory / f"console-{name}-{width}-{scheme}.png"))


def main() -> None:
    """Take what was asked for."""
    settings = {"MIDCALL_CALLBACK_RETRIES": "0.5"}
    with tempfile.TemporaryDirectory() as directory:
        midcall = Midcall(Path(directory), settings=settings).start()
        try:
            if len(sys.argv) == 1:
                take(IMAGES / "phone.png", DESK, "light", midcall)
                take_console(midcall)
            for target in map(Path, sys.argv[1:]):
                take(target / "desk-light.png", DESK, "light", midcall)
                take(target / "desk-dark.png", DESK, "dark", midcall)
                take(target / "hand-light.png", HAND, "light", midcall)
                take(target / "hand-dark.png", HAND, "dark", midcall)
                look_at_console(target, midcall)
        finally:
            midcall.stop()


if __name__ == "__main__":
    main()
