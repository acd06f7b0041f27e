"""Takes the README's picture of the phone page: a real call, real messages, a real browser.

    .venv/bin/python -m tools.take_picture

writes docs/images/phone.png. With a directory as an argument it writes the page there at desk and
at phone width, light and dark, to look at after a change.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final, Literal

from tests.acceptance.support.browsers import Chromium, Traffic
from tests.acceptance.support.customer import Customer
from tests.acceptance.support.libraries import make_client
from tests.acceptance.support.phones import SideBySide
from tests.acceptance.support.processes import REPOSITORY
from tests.acceptance.support.servers import Midcall

README_PICTURE: Final = REPOSITORY / "docs" / "images" / "phone.png"
DESK: Final = (1280, 770)
HAND: Final = (390, 780)


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


def main() -> None:
    """Take what was asked for."""
    with tempfile.TemporaryDirectory() as directory:
        midcall = Midcall(Path(directory)).start()
        try:
            if len(sys.argv) == 1:
                take(README_PICTURE, DESK, "light", midcall)
            for target in sys.argv[1:]:
                take(Path(target) / "desk-light.png", DESK, "light", midcall)
                take(Path(target) / "desk-dark.png", DESK, "dark", midcall)
                take(Path(target) / "hand-light.png", HAND, "light", midcall)
                take(Path(target) / "hand-dark.png", HAND, "dark", midcall)
        finally:
            midcall.stop()


if __name__ == "__main__":
    main()
