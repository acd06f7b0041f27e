"""Chromium through Playwright, on a thread of its own.

The thread has the event loop, tests stay plain functions. Everything that a page asks for is kept,
so that a test can say that nothing went to anybody else's host.
"""

import shutil
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.acceptance.support.loops import LoopThread
from tests.acceptance.support.processes import PATIENCE_SECONDS

ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A microphone that beeps, and nobody who has to allow it.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)

# Keeps what the SDK makes, without touching the SDK.
_KEEP: Final = """
    window.connections = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...rest) { super(...rest); window.connections.push(this); }
    };
    window.sockets = [];
    window.WebSocket = class extends WebSocket {
        constructor(...rest) {
            super(...rest);
            this.heard = [];
            this.addEventListener('message', ({ data }) => this.heard.push(data));
            window.sockets.push(this);
        }
    };
"""

# A page's own policy forbids to evaluate text in it, so the waiting is one function.
_UNTIL: Final = """
    async (milliseconds) => {
        const deadline = Date.now() + milliseconds;
        for (;;) {
            const value = %s;
            if (value) return value;
            if (Date.now() > deadline) return null;
            await new Promise((resolve) => setTimeout(resolve, 30));
        }
    }
"""

_AUDIO: Final = """
    async () => {
        const sums = { packets: 0, energy: 0 };
        for (const connection of window.connections) {
            for (const report of (await connection.getStats()).values()) {
                if (report.type !== 'inbound-rtp' || report.kind !== 'audio') continue;
                sums.packets += report.packetsReceived ?? 0;
                sums.energy += report.totalAudioEnergy ?? 0;
            }
        }
        return sums;
    }
"""

T = TypeVar("T")


@dataclass(slots=True)
class Traffic:
    """Every address that the pages of one test asked for."""

    urls: list[str] = field(default_factory=list)

    def hosts(self) -> set[str]:
        """Return the hosts, with their ports."""
        return {urlsplit(url).netloc for url in self.urls if urlsplit(url).scheme != "blob"}


@dataclass(frozen=True, slots=True)
class Heard:
    """How much audio has arrived at a page so far."""

    packets: int
    energy: float


class Chromium:
    """One browser for all tests."""

    def __init__(self) -> None:
        self._thread = LoopThread("browser")
        self._browser, self._owner = self.run(self._open())
        _forgive_late_answers(self._browser)

    def run(
        self, coroutine: Coroutine[Any, Any, T], patience_seconds: float = PATIENCE_SECONDS + 15
    ) -> T:
        """Let the browser's thread do something, and wait for it."""
        return self._thread.run(coroutine, patience_seconds)

    async def _open(self) -> tuple[Browser, Any]:
        owner = await async_playwright().start()
        executable = shutil.which("chromium")
        assert executable, "Chromium is missing; `make test` installs it"
        browser = await owner.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        return browser, owner

    def context(
        self,
        traffic: Traffic,
        *,
        size: tuple[int, int] = (900, 800),
        scheme: Literal["light", "dark"] = "light",
    ) -> BrowserContext:
        """Open a context: one person's browser, with nothing in it."""
        return self.run(self._context(traffic, size, scheme))

    async def _context(
        self, traffic: Traffic, size: tuple[int, int], scheme: Literal["light", "dark"]
    ) -> BrowserContext:
        context = await self._browser.new_context(
            ignore_https_errors=True,
            color_scheme=scheme,
            viewport={"width": size[0], "height": size[1]},
        )
        context.on("request", lambda request: traffic.urls.append(request.url))
        context.on(
            "page",
            lambda page: page.on("websocket", lambda socket: traffic.urls.append(socket.url)),
        )
        await context.add_init_script(_KEEP)
        return context

    def stop(self) -> None:
        """Close the browser."""

        async def close() -> None:
            await self._browser.close()
            await self._owner.stop()

        self.run(close())
        self._thread.stop()


def _forgive_late_answers(browser: Browser) -> None:
    """Let the driver answer a command that nobody waits for any more.

    What awaits a command may be cancelled: a listener, when its page closes. The driver answers the
    command and its abortion, and Playwright's client (1.65) then fails whatever is asked next.
    """
    connection: Any = browser._impl_obj._connection
    dispatch = connection.dispatch

    def forgiving(message: dict[str, Any]) -> None:
        answered = message.get("id")
        if not answered or answered in connection._callbacks:
            dispatch(message)

    connection.dispatch = forgiving


class Tab:
    """One page of the browser."""

    def __init__(self, chromium: Chromium, context: BrowserContext, url: str) -> None:
        self._chromium = chromium
        self.page: Page = chromium.run(context.new_page())
        chromium.run(self._go(url))

    async def _go(self, url: str) -> None:
        await self.page.goto(url)

    def evaluate(self, script: str, argument: Any = None) -> Any:
        """Run a function in the page; return what it returns."""
        return self._chromium.run(self.page.evaluate(script, argument))

    def until(self, expression: str, patience_seconds: float = PATIENCE_SECONDS) -> Any:
        """Wait until an expression holds in the page; return its value."""
        value = self.evaluate(_UNTIL % expression, patience_seconds * 1000)
        assert value, f"waited in vain for: {expression}\n{self.story()}"
        return value

    def story(self) -> str:
        """Tell what the page knows, for a test that fails."""
        return str(self._chromium.run(self.page.locator("body").inner_text()))

    def click(self, button: str) -> None:
        """Press a button, as a person would: it must be there and not disabled."""
        target = self.page.get_by_role("button", name=button, exact=True)
        self._chromium.run(target.click(timeout=PATIENCE_SECONDS * 1000))

    def write(self, label: str, text: str) -> None:
        """Fill in a field."""
        field = self.page.get_by_label(label, exact=True)
        self._chromium.run(field.fill(text, timeout=PATIENCE_SECONDS * 1000))

    def press(self, label: str, key: str) -> None:
        """Press a key in a field."""
        self._chromium.run(self.page.get_by_label(label, exact=True).press(key))

    def text(self) -> str:
        """Return what a person reads on the page."""
        return self.story()

    def picture(self, path: str) -> None:
        """Take a picture of the whole page."""
        self._chromium.run(self.page.screenshot(path=path, full_page=True))

    def heard(self) -> Heard:
        """Return how much audio has arrived, from the WebRTC statistics."""
        sums = self.evaluate(_AUDIO)
        return Heard(sums["packets"], sums["energy"])

    def wait_for_audio(self) -> None:
        """Wait until audio that is not silence goes on arriving."""
        before = self.heard()
        self.until(
            f"""(await ({_AUDIO})().then(({{ packets, energy }}) =>
                packets > {before.packets} + 25 && energy > {before.energy} + 1e-6))"""
        )

    def close(self) -> None:
        """Close the page, as a person closes a tab."""
        self._chromium.run(self.page.close())
