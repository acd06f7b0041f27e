"""The console's files and how they are served, asked without a socket."""

import asyncio
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from midcall.console import pages, phone

APPLICATION = Starlette(
    routes=[
        *pages.routes(),
        *phone.routes(phone.PhoneSettings(sdk_path=None, public_host="localhost:8443")),
    ]
)
STATIC = Path(pages.__file__).parent / "static" / "console"
SCRIPTS = sorted(path.name for path in STATIC.glob("*.js"))


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


def get(path: str, method: str = "GET") -> Answer:
    """Ask the console, and the phone whose files it shares, for a path."""
    sent: list[dict[str, Any]] = []
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for event in asked:
            return event
        await asyncio.Event().wait()  # The peer stays and says nothing more.
        raise AssertionError

    async def send(event: Any) -> None:
        sent.append(event)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost:8443")],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8443),
    }
    asyncio.run(APPLICATION(scope, receive, send))
    headers = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    body = b"".join(part.get("body", b"") for part in sent[1:])
    return Answer(sent[0]["status"], headers, body.decode())


class Named(HTMLParser):
    """Collects the files that a page loads and the ids that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.files: list[str] = []
        self.ids: set[str] = set()
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"src", "href"} and value and not value.startswith("#"):
                self.files.append(value)
            if name == "id" and value:
                self.ids.add(value)
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")
        if tag == "script" and "src" not in dict(attrs):
            self.inline.append("script")


def directives() -> dict[str, str]:
    """Return the policy of the page, part by part."""
    policy = get("/console").headers["content-security-policy"]
    split = (part.partition(" ") for part in policy.split("; "))
    return {name: value for name, _, value in split}


def imports(name: str) -> list[str]:
    """Return what a script imports."""
    text = get(f"/console/static/{name}").text
    return re.findall(r"^import .*from '(/[^']+)'", text, re.MULTILINE)


def test_every_file_that_the_page_names_is_served_by_this_server() -> None:
    """Each address in the page is a path of this server that answers 200."""
    files = Named(get("/console").text).files
    assert "/console/static/console.js" in files
    assert all(file.startswith("/") and not file.startswith("//") for file in files)
    assert {get(file).status for file in files} == {200}


@pytest.mark.parametrize("name", SCRIPTS)
def test_everything_that_a_script_imports_is_served_as_a_script(name: str) -> None:
    """Each import answers 200, with a script's media type."""
    answers = [get(path) for path in imports(name)]
    assert {answer.status for answer in answers} <= {200}
    assert all(answer.headers["content-type"].startswith("text/javascript") for answer in answers)


def test_no_script_is_there_that_nothing_imports() -> None:
    """From the page's one script every other is reached."""
    reached = {"console.js"}
    while (
        more := {
            path.rpartition("/")[2]
            for name in reached
            for path in imports(name)
            if path.startswith("/console/")
        }
        - reached
    ):
        reached |= more
    assert reached == set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_make_no_markup_out_of_text(name: str) -> None:
    """What devices and servers say cannot become elements, scripts or styles."""
    text = get(f"/console/static/{name}").text
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in text


@pytest.mark.parametrize("name", [*SCRIPTS, "console.css", "timeline.css"])
def test_nobody_elses_host_is_named_but_in_samples_of_code(name: str) -> None:
    """No file loads anything from anywhere; samples name an example, and the host they replace."""
    named = set(re.findall(r"(?:https?:)?//([\w.-]+\.\w+)", get(f"/console/static/{name}").text))
    allowed = {
        "samples.js": {"example.com", "api.twilio.com", "github.com"},
        "actions.js": {"example.com"},  # a placeholder
        "elements.js": {"www.w3.org"},  # the name of SVG, which nobody asks for
    }
    assert named <= allowed.get(name, set())


def test_every_part_of_the_page_that_the_script_needs_is_there() -> None:
    """The ids that the script looks up are the page's."""
    listed = re.search(r"\[((?:'[a-z-]+',? ?)+)\]\s*\.map\(\(id\)", get("/console").text + _main())
    assert listed is not None
    assert set(re.findall(r"'([a-z-]+)'", listed[1])) <= Named(get("/console").text).ids


def _main() -> str:
    return get("/console/static/console.js").text


def test_the_page_has_nothing_that_its_policy_forbids() -> None:
    """There is no script, listener or style in the markup."""
    assert Named(get("/console").text).inline == []


def test_a_policy_confines_the_console_to_this_server() -> None:
    """Scripts, styles, pictures, requests and frames are this server's; everything else is none."""
    assert directives() == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "frame-src": "'self'",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }


@pytest.mark.parametrize("path", ["/console", "/console/static/console.js", "/console/static/x"])
def test_no_answer_is_guessed_at_or_sends_its_address_on(path: str) -> None:
    """Types are taken as declared, and no other site learns where a reader came from."""
    headers = get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["console.html", "..", "..%2fpages.py", "phone.js", "session", ""])
def test_other_files_are_not_served(name: str) -> None:
    """Only the console's scripts and styles are to be had, whatever the name."""
    assert get(f"/console/static/{name}").status == 404


@pytest.mark.parametrize("path", ["/console", "/console/static/console.js"])
def test_the_pages_are_read_only(path: str) -> None:
    """Nothing here takes anything."""
    assert get(path, method="POST").status == 405
