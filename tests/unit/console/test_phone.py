"""The phone page's server side, asked without a socket."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from starlette.applications import Starlette

from midcall.console.phone import (
    SDK_INSTALLATION,
    PhoneSettings,
    content_security_policy,
    routes,
)
from midcall.model.errors import InvalidIdentity
from midcall.model.twiml import IDENTITY_CHARACTERS

SDK_TEXT = "window.Twilio = {};\n"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> dict[str, Any]:
        decoded = msgspec.json.decode(self.body)
        assert isinstance(decoded, dict)
        return decoded


class Site:
    """The page's routes, called as a server calls them."""

    def __init__(self, settings: PhoneSettings) -> None:
        self._app = Starlette(routes=routes(settings))

    def get(
        self, target: str, *, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> Answer:
        return asyncio.run(self._request(method, target, headers or {}))

    async def _request(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(target)
        fields = {"host": "localhost:8443", **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(key.encode(), value.encode()) for key, value in fields.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8443),
        }
        sent: list[dict[str, Any]] = []

        received = False

        async def receive() -> dict[str, Any]:
            nonlocal received
            if received:  # The peer stays and says nothing more.
                await asyncio.Event().wait()
            received = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(event: Any) -> None:
            sent.append(event)

        await self._app(scope, receive, send)
        answered = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], answered, b"".join(part["body"] for part in sent[1:]))


@pytest.fixture
def sdk_path(tmp_path: Path) -> Path:
    """Give the place of an SDK."""
    path = tmp_path / "twilio.min.js"
    path.write_text(SDK_TEXT)
    return path


@pytest.fixture
def site(sdk_path: Path) -> Site:
    """Give a server in development."""
    return site_with(sdk_path=sdk_path, mint_token=lambda identity: f"token of {identity}")


def site_with(
    *,
    sdk_path: Path | None = None,
    public_host: str = "localhost:8443",
    mint_token: Callable[[str], str] | None = None,
) -> Site:
    """Make a server with other settings."""
    settings = PhoneSettings(sdk_path=sdk_path, public_host=public_host, mint_token=mint_token)
    return Site(settings)


class Links(HTMLParser):
    """Collects every address that a page loads, links to or sends forms to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"src", "href", "action", "srcset", "poster", "data"}
        self.found += [value for name, value in attrs if name in names and value]


def test_every_file_that_the_page_names_is_served_by_this_server(site: Site) -> None:
    """Each address in the page is a path of this server that answers 200."""
    links = Links(site.get("/phone").text).found
    assert "/phone/twilio.min.js" in links
    assert [link for link in links if not link.startswith("/phone")] == []
    assert {site.get(link).status for link in links} == {200}


def test_every_module_that_a_script_imports_is_served_as_a_script(site: Site) -> None:
    """Each import in the page's scripts answers 200 with a script's media type."""
    imported = re.findall(r"from '([^']+)'", site.get("/phone/phone.js").text)
    assert imported
    for path in imported:
        assert site.get(path).headers["content-type"].startswith("text/javascript")


def test_every_part_that_the_scripts_name_is_in_the_page(site: Site) -> None:
    """No script asks for a part of the page that its markup does not have."""
    parts = set(re.findall(r'data-part="([^"]+)"', site.get("/phone").text))
    script = site.get("/phone/phone.js").text + site.get("/phone/screen.js").text
    named = set(re.findall(r"\bpart\.([a-z]+)\b", script))
    named |= set(re.findall(r"(?:part\['|screen\.on(?:Submit)?\(')([a-z-]+)'", script))
    assert named
    assert named <= parts


@pytest.mark.parametrize("name", ["phone.css", "phone.js", "icon.svg", "twilio.min.js"])
def test_files_are_asked_for_again_and_not_guessed_at(site: Site, name: str) -> None:
    """Files are revalidated, so that an upgrade shows at once, and keep their declared type."""
    headers = site.get(f"/phone/{name}").headers
    assert headers["cache-control"] == "no-cache"
    assert headers["x-content-type-options"] == "nosniff"
    assert "etag" in headers


@pytest.mark.parametrize("name", ["phone.html", "..%2fphone.py", "phone.py", "x"])
def test_other_files_are_not_served(site: Site, name: str) -> None:
    """Only the page's own files are to be had, whatever the name."""
    assert site.get(f"/phone/{name}").status == 404


def test_the_sdk_is_served_as_npm_delivered_it(site: Site) -> None:
    """The SDK arrives byte for byte."""
    assert site.get("/phone/twilio.min.js").text == SDK_TEXT


@pytest.mark.parametrize("installed", [None, Path("/nowhere/twilio.min.js")])
def test_a_missing_sdk_is_explained_in_the_page(installed: Path | None) -> None:
    """Without the SDK's file the page says how to get it, and the file's place does, too."""
    site = site_with(sdk_path=installed)
    page = site.get("/phone").text
    assert 'data-sdk="no"' in page
    assert SDK_INSTALLATION in page
    missing = site.get("/phone/twilio.min.js")
    assert missing.status == 404
    assert SDK_INSTALLATION in missing.text


def test_the_page_is_told_that_the_sdk_is_there_and_tokens_are_minted(site: Site) -> None:
    """The page knows at once what it can do."""
    page = site.get("/phone?identity=alice").text
    assert 'data-sdk="yes"' in page
    assert 'data-mints="yes"' in page


def test_a_policy_confines_the_page_to_this_server(site: Site) -> None:
    """The policy names this server, its signalling and its insights host, and nobody else."""
    policy = site.get("/phone", headers={"host": "127.0.0.1:8443"}).headers[
        "content-security-policy"
    ]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["connect-src"].split() == [
        "'self'",
        "blob:",
        "wss://127.0.0.1:8443",
        "https://eventgw.localhost:8443",
    ]


def test_a_policy_takes_the_default_port_as_it_is() -> None:
    """On the scheme's own port, hosts are written without one."""
    policy = content_security_policy("voice.example.com", "voice.example.com")
    assert "wss://voice.example.com https://eventgw.voice.example.com;" in policy


@pytest.mark.parametrize("host", ["", "a b", "x; script-src *", "exa\tmple", "[::1"])
def test_a_host_that_is_no_host_is_refused(site: Site, host: str) -> None:
    """A Host header that cannot be one is not repeated in the policy."""
    assert site.get("/phone", headers={"host": host}).status == 400


def test_a_token_is_minted_for_the_identity_and_never_kept(site: Site) -> None:
    """In development the page gets a token for the asking, and no cache keeps it."""
    answer = site.get("/phone/token?identity=Zo%C3%AB%20%26%20co")
    assert answer.json() == {"token": "token of Zoë & co"}
    assert answer.headers["cache-control"] == "no-store"


def test_no_token_is_minted_unless_the_operator_said_so(sdk_path: Path) -> None:
    """Without a mint the path refuses, and the page asks people to bring a token."""
    site = site_with(sdk_path=sdk_path)
    refused = site.get("/phone/token?identity=alice")
    assert (refused.status, refused.json()["code"]) == (404, 20404)
    assert 'data-mints="no"' in site.get("/phone").text


@pytest.mark.parametrize(
    "query", ["", "?identity=", f"?identity={'x' * (IDENTITY_CHARACTERS + 1)}"]
)
def test_an_identity_that_can_be_nobodys_gets_no_token(site: Site, query: str) -> None:
    """A missing or endless identity is refused with the code for it."""
    refused = site.get(f"/phone/token{query}")
    assert (refused.status, refused.json()["code"]) == (400, 31105)


def test_what_the_mint_refuses_is_said_to_the_page(sdk_path: Path) -> None:
    """A fault of the mint comes out as its code and its sentence."""

    def refuse(identity: str) -> str:
        raise InvalidIdentity(f"{identity!r} has a control character")

    refused = site_with(sdk_path=sdk_path, mint_token=refuse).get("/phone/token?identity=%01")
    assert refused.status == 400
    assert refused.json() == {
        "code": 31105,
        "message": r"Invalid client name: '\x01' has a control character",
        "status": 400,
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "rebound.example.com"},
        {"host": "localhost.example.com:8443", "sec-fetch-site": "same-origin"},
    ],
)
def test_a_strangers_page_gets_no_token(site: Site, headers: dict[str, str]) -> None:
    """A page of another origin, or one under a name made to point here, is refused."""
    refused = site.get("/phone/token?identity=alice", headers=headers)
    assert (refused.status, refused.json()["code"]) == (403, 20403)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8443", "127.0.0.1:8443", "[::1]:8443", "voice.example.com:443"]
)
def test_the_own_page_gets_a_token_under_every_name_of_the_server(
    sdk_path: Path, host: str
) -> None:
    """Loopback, an IP address and the public name are the server's own."""
    site = site_with(
        sdk_path=sdk_path, public_host="voice.example.com", mint_token=lambda identity: identity
    )
    answer = site.get(
        "/phone/token?identity=alice", headers={"host": host, "sec-fetch-site": "same-origin"}
    )
    assert answer.json() == {"token": "alice"}


@pytest.mark.parametrize("path", ["/phone", "/phone/token", "/phone/phone.js"])
def test_the_page_is_read_only(site: Site, path: str) -> None:
    """Nothing here takes anything."""
    assert site.get(path, method="POST").status == 405
