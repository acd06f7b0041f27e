"""The tutorial, followed literally: its commands on a clean checkout, its clicks in a browser.

The marks in the page (HTML comments, which readers do not see) say in which terminal a block is
typed, into which file it is saved, and what the person in the browser does or sees meanwhile. A
mark or a block that this test does not know is a failure, so the page cannot say more than is done
here.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import BrowserContext

from tests.acceptance.support.browsers import Chromium, Tab, Traffic
from tests.acceptance.support.phones import MESSAGE_BOX
from tests.acceptance.support.processes import PATIENCE_SECONDS, eventually, free_port
from tests.docs.blocks import DOCS, Block, steps
from tests.docs.checkout import check_out
from tests.docs.stage import without_proxies
from tests.docs.terminal import Terminal

PAGE: Final = DOCS / "tutorial" / "first-message.md"

AGAIN_SECONDS: Final = 2.0
"""After how long somebody who was not heard says it again."""

INSTALLATION: Final = re.compile(r"\.venv/bin/python -m pip install (\w+)\n")

LINK: Final = re.compile(r"https://\S+/phone\?identity=(\w+)")


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, directory: Path, chromium: Chromium) -> None:
        self._directory = directory
        self._chromium = chromium
        self._contexts: list[BrowserContext] = []
        self._terminals: dict[str, Terminal] = {}
        self._tabs: dict[str, Tab] = {}
        self._repeat: Callable[[], None] = lambda: None
        self._environment = {
            **without_proxies(os.environ),
            # Ports that are free; the rest of the environment is that of a first start.
            "MIDCALL_PORT": str(free_port()),
            "MIDCALL_PROXY_PORT": str(free_port()),
            # The packages that are lent know this project by another checkout's path.
            "PYTHONPATH": str(directory / "src"),
        }

    def follow(self, page: str) -> None:
        """Do every step of the page."""
        for step in steps(page):
            if isinstance(step, Block):
                self._take(step)
            else:
                self._heed(step)

    def leave(self) -> None:
        """Close the browser's windows, and end what still runs in the terminals."""
        for context in self._contexts:
            self._chromium.run(context.close())
        for terminal in reversed(self._terminals.values()):
            terminal.interrupt()

    # --- blocks

    def _take(self, block: Block) -> None:
        places = [mark for mark in block.marks if mark.startswith(("terminal: ", "file: "))]
        match block.language, places:
            case "sh", [terminal]:
                self._start(terminal.removeprefix("terminal: "), block.text)
            case "sh", []:
                self._type(block.text)
            case "python", [file]:
                (self._directory / file.removeprefix("file: ")).write_text(block.text)
            case _:
                raise AssertionError(f"nobody would know what to do with line {block.line}")

    def _start(self, terminal: str, text: str) -> None:
        self._terminals[terminal] = self._terminal(text)

    def _type(self, text: str) -> None:
        if found := INSTALLATION.fullmatch(text):
            # Packages are not fetched again, as with the checkout's own: they have to be there.
            assert distribution(found[1]).version
            return
        terminal = self._terminal(text)
        assert terminal.wait() == 0, f"{text}\n{terminal.output}"

    def _terminal(self, text: str) -> Terminal:
        return Terminal(text, self._directory, self._environment)

    # --- marks

    def _heed(self, mark: str) -> None:
        match mark.split(" ", 2):
            case ["terminal:" | "file:", *_]:
                pass  # It is about the block behind it.
            case ["browser:", "open"]:
                self._open()
            case ["browser:", "call"]:
                self._call()
            case ["browser:", who, what] if what.startswith("sees "):
                self._see(who, what.removeprefix("sees "))
            case ["browser:", who, what] if what.startswith("says "):
                self._say(who, what.removeprefix("says "))
            case ["terminal", terminal, what] if what.startswith("shows: "):
                self._hear(terminal, what.removeprefix("shows: "))
            case _:
                raise AssertionError(f"nobody would know what to do: {mark}")

    def _open(self) -> None:
        server = self._terminals["server"]

        def links() -> dict[str, str]:
            assert server.running, server.output
            return {found[1]: found[0] for found in LINK.finditer(server.output)}

        eventually(lambda: "Ctrl+C stops the server." in server.output, "the server is ready", 120)
        for who, link in links().items():
            context = self._chromium.context(Traffic())
            self._contexts.append(context)
            self._tabs[who] = Tab(self._chromium, context, link)
        for tab in self._tabs.values():
            tab.until("document.body.innerText.includes('Ready for calls')")

    def _call(self) -> None:
        alice, bob = self._tabs["alice"], self._tabs["bob"]
        alice.write("Call", "bob")
        alice.click("Call")
        bob.click("Accept")
        for tab in (alice, bob):
            tab.until("window.phone.call?.status() === 'open'")

    def _see(self, who: str, content: str) -> None:
        self._tabs[who].until(f"{_MESSAGES}.includes({_squeezed(content)!r})")

    def _say(self, who: str, content: str) -> None:
        self._tabs[who].write(MESSAGE_BOX, content)
        self._tabs[who].press(MESSAGE_BOX, "Enter")
        self._repeat = partial(self._say, who, content)

    def _hear(self, terminal: str, text: str) -> None:
        """Look for what was said.

        A person takes longer to type than a program to start; who is faster says it again.
        """
        program = self._terminals[terminal]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not program.shows(text, AGAIN_SECONDS):
            assert time.monotonic() < deadline, program.output
            self._repeat()
        program.interrupt()


_MESSAGES: Final = "document.querySelector('ol[data-part=messages]').innerText.replace(/\\s/g, '')"


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.fixture
def reader(tmp_path: Path, chromium: Chromium) -> Iterator[Reader]:
    """Give somebody with a clean checkout and a browser."""
    check_out(tmp_path)
    reader = Reader(tmp_path, chromium)
    yield reader
    reader.leave()


def test_who_follows_the_tutorial_gets_what_it_says(reader: Reader) -> None:
    """Every command succeeds, both phones show every message, and the terminal shows theirs."""
    reader.follow(PAGE.read_text(encoding="utf-8"))
