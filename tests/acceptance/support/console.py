"""The console as a person uses it, and two softphones that talk while somebody looks.

A console's tab keeps what the browser complained of. The softphones have no audio, so a call
between them is quick; their server has none either.
"""

import re
from collections.abc import Callable
from typing import Any, Final, Literal

from playwright.async_api import BrowserContext, Locator

from tests.acceptance.support.browsers import Chromium, Tab
from tests.acceptance.support.libraries import make_token
from tests.acceptance.support.loops import LoopThread
from tests.acceptance.support.phones import Callers
from tests.acceptance.support.processes import PATIENCE_SECONDS, REPOSITORY
from tests.acceptance.support.servers import Midcall
from tests.support.softphone import Softphone

AXE: Final = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"

VIEWS: Final = ("", "calls", "messages", "endpoints", "debugger", "phone")

# A refused log-in is an answer that browsers report by themselves.
_EXPECTED: Final = re.compile(r"Failed to load resource: .* 401 ")

_CHECK: Final = """
    async () => {
        const { violations, passes } = await axe.run(document, {
            // The phones in a frame are a page of their own.
            exclude: [['iframe']],
        });
        return {
            passes: passes.length,
            violations: violations.map(({ id, nodes }) =>
                `${id}: ${nodes.map(({ html }) => html).join(' | ')}`),
        };
    }
"""


class Console(Tab):
    """A tab with the console in it."""

    def __init__(
        self, chromium: Chromium, context: BrowserContext, midcall: Midcall, fragment: str = ""
    ) -> None:
        self.complaints: list[str] = []
        context.on("console", self._note)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        chromium.run(context.add_init_script(path=AXE))
        self._midcall = midcall
        super().__init__(chromium, context, f"{midcall.url}/console{fragment}")

    def _note(self, message: Any) -> None:
        if message.type in {"error", "warning"} and not _EXPECTED.search(message.text):
            self.complaints.append(message.text)

    def log_in(self, auth_token: str | None = None) -> None:
        """Fill in the log-in and send it."""
        credentials = self._midcall.credentials
        self.write("Account SID", credentials.account_sid)
        self.write("Auth token", auth_token or credentials.auth_token)
        self.click("Log in")

    def go(self, view: str) -> None:
        """Go to a view by its address, and wait until it shows what the server said."""
        self.evaluate("(view) => { location.hash = `#/${view}`; }", view)
        self.until(
            f"location.hash === '#/{view}'"
            " && !document.querySelector('[aria-busy], .trouble:not(:empty)')"
        )
        self.wait_until_live()

    def wait_until_live(self) -> None:
        """Wait until the page is told of changes."""
        self.until("document.getElementById('live').dataset.live === 'live'")

    def follow(self, link: str) -> None:
        """Press a link of this name."""
        self.press_on(self.page.get_by_role("link", name=link, exact=True).first)

    def press_on(self, target: Locator) -> None:
        """Press whatever this is."""
        self._chromium.run(target.click(timeout=PATIENCE_SECONDS * 1000))

    def reads(self, *texts: str) -> None:
        """Wait until a person reads all this on the page."""
        self.until(f"{list(texts)!r}.every((text) => document.body.innerText.includes(text))")

    def back(self) -> None:
        """Press the browser's back button."""
        self._chromium.run(self.page.go_back())

    def reload(self) -> None:
        """Load the page again."""
        self._chromium.run(self.page.reload())

    def key(self, name: str) -> None:
        """Press a key wherever the focus is."""
        self._chromium.run(self.page.keyboard.press(name))

    def resize(self, width: int, height: int) -> None:
        """Give the page another size."""
        self._chromium.run(self.page.set_viewport_size({"width": width, "height": height}))

    def dress(self, scheme: Literal["light", "dark"]) -> None:
        """Give the page another colour scheme."""
        self._chromium.run(self.page.emulate_media(color_scheme=scheme))

    def picture(self, path: str, *, whole: bool = True) -> None:
        """Take a picture, of the whole page or of what fits into the window."""
        self.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
        self._chromium.run(self.page.screenshot(path=path, full_page=whole, animations="disabled"))

    @property
    def heading(self) -> str:
        """The heading of the view."""
        return str(self.evaluate("() => document.querySelector('h1')?.textContent ?? ''"))

    @property
    def focused(self) -> str:
        """The text of what has the focus."""
        return str(self.evaluate("() => document.activeElement.textContent.trim()"))

    def unfold(self) -> None:
        """Open everything that is folded."""
        self.evaluate(
            "() => document.querySelectorAll('details').forEach((d) => { d.open = true; })"
        )

    def violations(self) -> list[str]:
        """Return what axe finds wrong with the page as it is."""
        found = self.evaluate(_CHECK)
        assert found["passes"] > 10, "axe looked at nothing"
        violations = found["violations"]
        assert isinstance(violations, list)
        return violations

    def is_wider_than_the_window(self) -> bool:
        """Tell whether something is cut off sideways."""
        return bool(self.evaluate("() => document.documentElement.scrollWidth > innerWidth"))


class Watchers(Callers):
    """People with consoles, each with a browser of their own."""

    def console(
        self,
        fragment: str = "",
        *,
        size: tuple[int, int] = (1280, 800),
        scheme: Literal["light", "dark"] = "light",
    ) -> Console:
        """Open somebody's console; nobody is logged in yet."""
        return Console(self._chromium, self._context(size, scheme), self._midcall, fragment)


class Softphones:
    """Two devices, one of which calls the other."""

    def __init__(self, midcall: Midcall, application_sid: str, *identities: str) -> None:
        self._thread = LoopThread("softphones")
        url = f"wss://{midcall.host}/signal"
        self._phones = [
            Softphone(
                url, make_token(midcall.credentials, identity, application_sid), midcall.tls()
            )
            for identity in identities
        ]
        self._callee = identities[1]
        self.sids: list[str] = []

    def call(self) -> None:
        """Sign both in, let the first call the second, and the second accept."""
        self._thread.run(self._call())

    async def _call(self) -> None:
        alice, bob = self._phones
        await alice.sign_in()
        await bob.sign_in()
        await alice.invite(f"To={self._callee}")
        parent = (await alice.find("ringing"))["callsid"]
        child = (await bob.find("invite"))["callsid"]
        await bob.accept(child)
        await alice.find("answer")
        self.sids = [parent, child]

    def say(self, index: int, content: Any) -> str:
        """Let a device send a message; return its SID when it is acknowledged."""

        async def say() -> str:
            phone = self._phones[index]
            sid = await phone.message(self.sids[index], content)
            while (await phone.find("ack"))["voiceeventsid"] != sid:
                pass
            return sid

        return self._thread.run(say())

    def hear(self, index: int) -> Any:
        """Wait for the next message to a device; return its content."""
        return self._thread.run(self._phones[index].find("message"))["content"]

    def hear_the_end(self, index: int) -> None:
        """Wait until a device is told that its call is over."""
        self._thread.run(self._phones[index].find("hangup"))

    def leave(self) -> None:
        """Close both sockets."""

        async def leave() -> None:
            for phone in self._phones:
                await phone.leave()

        self._thread.run(leave())
        self._thread.stop()


NewCall = Callable[..., Softphones]
"""Puts two devices in a call with each other."""
