"""Builds the documentation site, and checks what MkDocs does not.

``make docs`` runs it: the site is built into ``dist/docs`` with warnings as errors, then every link
of every built page is followed. Within the site it must lead to a page, and to a place on it if it
names one; to the outside only its form is looked at, because a build asks nobody for anything. No
page may load anything from another host.
"""

import logging
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from mkdocs.commands.build import build as build_site
from mkdocs.config import load_config

ROOT: Final = Path(__file__).parents[1]
SITE: Final = ROOT / "dist" / "docs"

_LOADED: Final = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src")}
"""What a browser asks for by itself. ``<link>`` is looked at by its relation."""

_LOADED_RELATIONS: Final = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch"}

_FAR_STYLE: Final = re.compile(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", re.IGNORECASE)


def build(site: Path = SITE) -> None:
    """Build the site; raise ``SystemExit`` if MkDocs has anything to say against it."""
    configuration = ROOT / "mkdocs.yml"
    build_site(load_config(str(configuration), site_dir=str(site), strict=True))


def complaints(site: Path) -> list[str]:
    """Return what is wrong with the links of a built site."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    wrong = [
        f"{path.relative_to(site)}: {complaint}"
        for path, page in pages.items()
        for complaint in _complaints_of(path, page, pages, site)
    ]
    far = [
        f"{style.relative_to(site)}: loads something from another host"
        for style in sorted(site.rglob("*.css"))
        if _FAR_STYLE.search(style.read_text(encoding="utf-8"))
    ]
    return wrong + far


class Page(HTMLParser):
    """What a built page links to, what it loads, and the places on it that have a name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what matters of a tag."""
        given = {name: value or "" for name, value in attrs}
        self.places.update(given[name] for name in ("id", "name") if given.get(name))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.loaded += [given[name] for one, name in _LOADED if one == tag and name in given]
        if tag == "link" and _LOADED_RELATIONS & set(given.get("rel", "").split()):
            self.loaded.append(given.get("href", ""))


def _complaints_of(path: Path, page: Page, pages: dict[Path, Page], site: Path) -> Iterator[str]:
    for link in page.loaded:
        if urlsplit(link).netloc:
            yield f"loads {link} from another host"
        elif not _target(path, link, site).is_file():
            yield f"loads {link}, which is not there"
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            yield from _complain_of_far(link)
        else:
            yield from _complain_of_near(path, link, pages, site)


def _complain_of_far(link: str) -> Iterator[str]:
    parts = urlsplit(link)
    if parts.scheme not in {"https", "mailto"}:
        yield f"links to {link}: https is wanted"
    elif parts.scheme == "https" and "." not in (parts.hostname or ""):
        yield f"links to {link}, which names no host"


def _complain_of_near(path: Path, link: str, pages: dict[Path, Page], site: Path) -> Iterator[str]:
    target = _target(path, link, site)
    fragment = unquote(urlsplit(link).fragment)
    if not target.is_file():
        yield f"links to {link}, which is not there"
    elif fragment and target in pages and fragment not in pages[target].places:
        yield f"links to {link}, and there is no such place on that page"


def _target(path: Path, link: str, site: Path) -> Path:
    """Return the file that a link of a page leads to."""
    name = unquote(urlsplit(link).path)
    if not name:
        return path
    target = site / name.lstrip("/") if name.startswith("/") else path.parent / name
    target = target.resolve()
    return target / "index.html" if target.is_dir() else target


def main() -> int:
    """Build and check; print what is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    build()
    wrong = complaints(SITE)
    for complaint in wrong:
        print(complaint, file=sys.stderr)
    if not wrong:
        print(f"docs: {SITE.relative_to(ROOT)}/index.html")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
