"""The unmodified SDK without any option that points it here: only names lead to the server.

Where ``voice-js.<edge>.twilio.com`` resolves to midcall, the SDK's defaults work, edges included.
"""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from tests.acceptance.conftest import NewApplication
from tests.acceptance.support.browsers import ARGUMENTS, Chromium, Tab, Traffic
from tests.acceptance.support.libraries import make_token
from tests.acceptance.support.servers import Midcall

WAIT = '<Response><Pause length="600"/></Response>'


class Renamed(Chromium):
    """A browser to which Twilio's signalling hosts are this server."""

    def __init__(self, port: int) -> None:
        self._rules = f"MAP voice-js.*.twilio.com:443 127.0.0.1:{port}"
        super().__init__()

    async def _open(self) -> tuple[Browser, Any]:
        owner = await async_playwright().start()
        browser = await owner.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[*ARGUMENTS, f"--host-resolver-rules={self._rules}"],
        )
        return browser, owner


@pytest.fixture(scope="module")
def renamed(midcall: Midcall) -> Iterator[Renamed]:
    """Give a browser to which Twilio's signalling hosts are this server."""
    browser = Renamed(midcall.port)
    yield browser
    browser.stop()


@pytest.mark.parametrize(
    ("options", "host", "edge"),
    [
        ({}, "roaming", "ashburn"),
        ({"edge": "tokyo"}, "tokyo", "tokyo"),
        ({"edge": ["sydney", "dublin"]}, "sydney", "sydney"),
    ],
)
@pytest.mark.long
def test_the_sdk_connects_to_the_edge_that_it_asks_for(
    renamed: Renamed,
    midcall: Midcall,
    application: NewApplication,
    options: dict[str, Any],
    host: str,
    edge: str,
) -> None:
    """The host's name is the edge, roaming is ashburn; the SDK calls there, and loses no token."""
    app, _ = application(WAIT)
    token = make_token(midcall.credentials, f"edgar-{host}", app)
    traffic = Traffic()
    context = renamed.context(traffic)
    tab = Tab(renamed, context, f"https://voice-js.{host}.twilio.com/phone")
    tab.evaluate(
        """async ({ token, options }) => {
            window.device = new Twilio.Device(token, { ...options, logLevel: 'silent' });
            await window.device.register();
            window.call = await window.device.connect();
        }""",
        {"token": token, "options": options},
    )
    tab.until("window.call.status() === 'open'")
    assert tab.evaluate("() => window.device.edge") == edge
    assert tab.evaluate("() => window.device.identity") == f"edgar-{host}"
    asked = {url for url in traffic.urls if url.startswith("wss:")}
    assert asked == {f"wss://voice-js.{host}.twilio.com/signal"}
    tab.evaluate("() => window.device.destroy()")
    renamed.run(context.close())
    reports = {name for name in traffic.hosts() if name.startswith("eventgw")}
    assert reports <= {f"eventgw.{midcall.host}"}
