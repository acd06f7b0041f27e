"""``/docs``: the two descriptions, read by a person in a browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.request import urlopen

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import midcall
from midcall.console import phone, reference
from midcall.rest import routes as rest
from midcall.wire import frames_description
from midcall.wire.frames.client import CLIENT_TYPES
from midcall.wire.frames.server import SERVER_TYPES
from tests.acceptance.support.browsers import Chromium, Tab, Traffic
from tests.acceptance.support.processes import REPOSITORY
from tests.docs.served import serving

AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"

OPENAPI = rest.document()
OPERATIONS = [
    operation["operationId"]
    for operations in OPENAPI["paths"].values()
    for operation in operations.values()
]


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Serve the page with what it loads."""

    async def openapi(_request: Request) -> Response:
        return Response(msgspec.json.encode(OPENAPI), media_type="application/json")

    settings = phone.PhoneSettings(sdk_path=None, public_host="localhost:8443")
    routes = [
        *reference.routes("https://localhost:8443"),
        *phone.routes(settings),
        Route("/openapi.json", openapi),
    ]
    with serving(Starlette(routes=routes)) as origin:
        yield origin


class Reader:
    """Somebody who opens the page; what the browser asks for is kept."""

    def __init__(self, chromium: Chromium, origin: str) -> None:
        self._chromium = chromium
        self._origin = origin
        self.traffic = Traffic()

    def open(
        self,
        fragment: str = "",
        *,
        size: tuple[int, int] = (1100, 800),
        scheme: Literal["light", "dark"] = "light",
    ) -> Tab:
        context = self._chromium.context(self.traffic, size=size, scheme=scheme)
        tab = Tab(self._chromium, context, f"{self._origin}/docs{fragment}")
        tab.until("document.body.dataset.state === 'shown'")
        return tab

    def violations(self, tab: Tab) -> list[Any]:
        """Return what axe has against a page."""
        return self._chromium.run(_violations(tab))


@pytest.fixture(scope="module")
def reader(chromium: Chromium, origin: str) -> Reader:
    """Give a reader."""
    return Reader(chromium, origin)


@pytest.fixture(scope="module")
def page(reader: Reader) -> Tab:
    """Give the page, opened once for those who only look at it."""
    return reader.open()


def ids(tab: Tab) -> list[str]:
    """Return what the page shows, in its order."""
    found = tab.evaluate("() => [...document.querySelectorAll('.operation')].map(({id}) => id)")
    assert isinstance(found, list)
    return found


def test_every_operation_and_every_frame_is_shown_once(page: Tab) -> None:
    """The page has what the two documents have, and each has a name of its own to link to."""
    shown = ids(page)
    assert len(shown) == len(set(shown)) + 1, "only the heartbeat goes both ways"
    assert {name.lower() for name in OPERATIONS} <= set(shown)
    frames = len(CLIENT_TYPES) + len(SERVER_TYPES) + 2
    assert len(shown) == len(OPERATIONS) + frames


def test_an_operation_shows_its_parameters_its_answer_and_a_command(reader: Reader) -> None:
    """A link opens the operation that it names, with what one needs to use it."""
    tab = reader.open("#createuserdefinedmessage")
    text = tab.until("document.querySelector('details[open]:has(.inside)')?.innerText")
    for wanted in ("Content", "required", "IdempotencyKey", "ReplyTimeout", "midcall's own"):
        assert wanted in text
    assert "at least 1, at most 60" in text
    assert "CreatedUserDefinedMessageResource" in text
    assert "--data-urlencode 'Content=…'" in text


def test_a_search_leaves_what_has_every_word(reader: Reader) -> None:
    """Typing narrows the page to the operations and frames that speak of it."""
    tab = reader.open()
    tab.write("Find", "dtmf keys")
    shown = tab.evaluate(
        """() => [...document.querySelectorAll('.operation')]
            .filter((one) => one.checkVisibility()).map(({id}) => id)"""
    )
    assert shown == ["dtmf"]
    assert tab.until("document.getElementById('found').textContent") == "1 found"


def test_the_page_asks_nobody_but_its_server(reader: Reader, page: Tab, origin: str) -> None:
    """No script, font, style or picture comes from another host."""
    assert ids(page)
    assert reader.traffic.hosts() == {origin.removeprefix("http://")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_read_by_everybody(
    reader: Reader, scheme: Literal["light", "dark"]
) -> None:
    """There is no violation that axe could find, with an operation of each kind open."""
    tab = reader.open("#createuserdefinedmessage", scheme=scheme)
    tab.evaluate("() => { document.getElementById('listcall').open = true; }")
    tab.until("document.querySelectorAll('details[open] .inside').length === 2")
    # axe is put in from outside of the page's own policy, as an extension of the browser is.
    assert reader.violations(tab) == []


async def _violations(tab: Tab) -> list[Any]:
    session = await tab.page.context.new_cdp_session(tab.page)
    await session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    run = """axe.run().then(({ violations }) =>
        JSON.stringify(violations.map(({ id, nodes }) => [id, nodes[0].html])))"""
    answer = await session.send(
        "Runtime.evaluate", {"expression": run, "awaitPromise": True, "returnByValue": True}
    )
    found: list[Any] = json.loads(answer["result"]["value"])
    return found


def test_nothing_is_cut_off_on_a_narrow_screen(reader: Reader) -> None:
    """At phone width the page does not scroll sideways."""
    tab = reader.open("#createcall", size=(360, 700))
    tab.until("document.querySelector('details[open] .inside')")
    assert tab.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_page_runs_under_a_strict_policy(origin: str) -> None:
    """Scripts come from this server only, and text is never taken for markup."""
    with urlopen(f"{origin}/docs") as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy


def test_the_description_of_the_signalling_is_served(origin: str) -> None:
    """``/asyncapi.json`` is the document, for the host under which clients reach the server."""
    with urlopen(f"{origin}/asyncapi.json") as answer:
        assert answer.headers["Content-Type"] == "application/json"
        served = json.load(answer)
    assert served == frames_description.document(midcall.__version__, "localhost:8443")


@pytest.mark.parametrize("name", ["gone.js", "docs.html", "..%2Fphone.html"])
def test_only_the_files_of_the_page_are_served(origin: str, name: str) -> None:
    """A name that is not one of the page's scripts and styles leads to nothing."""
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{origin}/docs/{name}")
    with refused.value as answer:
        assert answer.code == 404


def test_the_page_has_nothing_written_into_its_tags() -> None:
    """No script, handler or style is in the page itself, so the policy need not allow any."""
    html = Path(reference.__file__).parent.joinpath("static/docs/docs.html").read_text()
    assert "style=" not in html
    assert " on" not in html.replace(" one", "").replace(" of", "")
    assert html.count("<script") == 1
