"""The documentation site: built without a warning, whole, and content with its own host."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from tests.acceptance.support.browsers import Chromium, Tab, Traffic
from tests.acceptance.support.processes import REPOSITORY
from tests.docs.blocks import DOCS
from tests.docs.served import serving
from tools import docs, docs_navigation

RELATIVE_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)\s]*)?\)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does."""
    directory = tmp_path_factory.mktemp("site")
    docs.build(directory)
    return directory


@pytest.fixture(scope="module")
def origin(site: Path) -> Iterator[str]:
    """Serve the site."""
    with serving(Starlette(routes=[Mount("/", StaticFiles(directory=site))])) as origin:
        yield origin


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    """Pages, places on them, pictures and scripts are there; other hosts are linked by HTTPS."""
    assert docs.complaints(site) == []


def test_every_page_is_in_the_navigation(site: Path) -> None:
    """Whatever is in a folder of the documentation is built and can be found from every page."""
    home = docs.Page((site / "index.html").read_text(encoding="utf-8"))
    for page in DOCS.rglob("*.md"):
        built = page.relative_to(DOCS).with_suffix(".html").as_posix()
        assert built in {link.removeprefix("./") for link in home.links}, built


def test_reading_asks_no_other_host(chromium: Chromium, origin: str) -> None:
    """A page in a browser loads everything from where it is itself."""
    traffic = Traffic()
    tab = Tab(chromium, chromium.context(traffic), f"{origin}/explanation/delivery.html")
    tab.until("document.querySelector('article h1')")
    assert "What is promised" in tab.text()
    assert traffic.hosts() == {origin.removeprefix("http://")}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_of_the_pages_outside_of_the_site_lead_somewhere(name: str) -> None:
    """What a page at the top of the repository links to is in the repository."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    for link in RELATIVE_LINK.findall(text):
        assert (REPOSITORY / link).exists(), link


# --- the checks themselves


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ('<a href="gone.html">', "links to gone.html, which is not there"),
        ('<a href="other.html#gone">', "there is no such place"),
        ('<a href="#gone">', "there is no such place"),
        ('<a href="http://example.com/">', "https is wanted"),
        ('<a href="https:///page">', "names no host"),
        ('<img src="https://example.com/a.png">', "from another host"),
        ('<script src="//example.com/a.js"></script>', "from another host"),
        ('<link rel="stylesheet" href="https://example.com/a.css">', "from another host"),
        ('<link rel="preconnect" href="https://example.com">', "from another host"),
        ('<img src="gone.png">', "loads gone.png, which is not there"),
    ],
)
def test_what_is_wrong_with_a_page_is_said(tmp_path: Path, html: str, complaint: str) -> None:
    """Each kind of broken or far link is a complaint that names the page."""
    (tmp_path / "index.html").write_text(html)
    (tmp_path / "other.html").write_text('<h1 id="here">')
    (found,) = docs.complaints(tmp_path)
    assert found.startswith("index.html: ")
    assert complaint in found


@pytest.mark.parametrize(
    "html",
    [
        '<a href="other.html#here">',
        '<a href="/other.html">',
        '<a href="./">',
        '<a href="">',
        '<a href="mailto:somebody@example.com">',
        '<a href="https://example.com/page#anything">',
        '<link rel="canonical" href="https://example.com/">',
    ],
)
def test_what_is_right_with_a_page_is_left_alone(tmp_path: Path, html: str) -> None:
    """Links within the site and to other hosts by HTTPS are no complaints."""
    (tmp_path / "index.html").write_text(html)
    (tmp_path / "other.html").write_text('<h1 id="here">')
    assert docs.complaints(tmp_path) == []


def test_a_style_that_loads_from_another_host_is_found(tmp_path: Path) -> None:
    """Fonts and pictures of styles count too."""
    (tmp_path / "a.css").write_text("@font-face { src: url(https://fonts.example.com/a.woff2) }")
    assert docs.complaints(tmp_path) == ["a.css: loads something from another host"]


def test_a_new_page_comes_into_the_navigation_by_itself(tmp_path: Path) -> None:
    """Pages with a place of their own come first, the others follow by name."""
    for name in ("how-to/zebra.md", "how-to/ape.md", "how-to/docker.md", "tutorial/one.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    navigation = docs_navigation.navigation(tmp_path)
    assert navigation[:3] == [
        {"Home": "index.md"},
        {"Tutorial": ["tutorial/one.md"]},
        {"How to": ["how-to/docker.md", "how-to/ape.md", "how-to/zebra.md"]},
    ]
