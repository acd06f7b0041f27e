"""Phones in real browser pages."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.integration.media.devices import poll

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    # Without any network, Chromium would otherwise not even try 127.0.0.1.
    "--allow-loopback-in-peer-connection",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
SCRIPT = Path(__file__).with_name("phone.js")


@dataclass(frozen=True)
class Heard:
    """What a page's WebRTC statistics and its ears say."""

    state: str
    ice: str
    packets: int
    lost: int
    level: float
    codec: str
    roundTrip: float | None  # noqa: N815 - as the page says it
    frequency: float

    def hears(self, frequency: float) -> bool:
        """Tell whether this is the loudest frequency, give or take two steps of the analysis."""
        return self.level > 0 and abs(self.frequency - frequency) < 25


class Phone:
    """One page with one connection."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def hang_up(self) -> None:
        """Close the connection and be as new."""
        await self.page.evaluate("async () => { await phone.close(); window.phone = new Phone(); }")

    async def speak(self, frequency: int = 0, codecs: tuple[str, ...] = ("pcmu", "opus")) -> None:
        """Take the microphone: a tone, or the fake device of Chromium if there is no frequency."""
        await self.page.evaluate("([f, c]) => phone.speak(f, c)", [frequency, list(codecs)])

    async def offer(self, *, restart: bool = False) -> str:
        """Return an offer; ``restart`` asks for new ICE credentials."""
        return str(await self.page.evaluate("o => phone.offer(o)", {"iceRestart": restart}))

    async def accept(self, answer: str) -> None:
        """Take an answer."""
        await self.page.evaluate("s => phone.accept(s)", answer)

    async def answer(self, offer: str) -> str:
        """Answer an offer."""
        return str(await self.page.evaluate("s => phone.answer(s)", offer))

    async def press(self, digits: str) -> None:
        """Press keys."""
        await self.page.evaluate("d => phone.press(d)", digits)

    async def retune(self, frequency: int) -> None:
        """Hum another tone."""
        await self.page.evaluate("f => phone.retune(f)", frequency)

    async def heard(self) -> Heard:
        """Return what is heard now."""
        return Heard(**await self.page.evaluate("() => phone.heard()"))

    async def until(self, condition: Callable[[Heard], bool]) -> Heard:
        """Wait until what is heard is as it should be."""
        try:
            return await poll(self.heard, condition)
        except TimeoutError:
            raise AssertionError(f"it did not come about: {await self.heard()}") from None

    async def until_hears(self, frequency: float) -> Heard:
        """Wait until this frequency is the loudest."""
        return await self.until(lambda heard: heard.hears(frequency))

    async def until_more_packets(self, than: int) -> Heard:
        """Wait until more packets than this have come."""
        return await self.until(lambda heard: heard.packets > than)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run Chromium without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def open_phone(browser: Browser) -> Phone:
    """Open a page at a secure origin that exists only inside the browser."""
    context = await browser.new_context(permissions=["microphone"])
    page = await context.new_page()
    await page.route(
        "http://localhost/**",
        lambda route: route.fulfill(content_type="text/html", body="<!doctype html><title>Phone"),
    )
    await page.goto("http://localhost/")
    await page.add_script_tag(path=SCRIPT)
    return Phone(page)
