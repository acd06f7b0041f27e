"""The site's navigation, made of the folders of ``docs``: a hook of MkDocs.

A page that somebody adds is in the navigation by being there. Those that are best read in a certain
order come first, in that order; the others follow by name.
"""

from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig

SECTIONS: Final = {
    "tutorial": "Tutorial",
    "how-to": "How to",
    "reference": "Reference",
    "explanation": "Explanation",
    "decisions": "Decisions",
}
"""The folders, in the order of the navigation, with their titles."""

FIRST: Final = {
    "how-to": (
        "local-development.md",
        "point-the-helper-libraries.md",
        "receive-messages.md",
        "python-client.md",
        "look-at-calls.md",
        "test-your-application.md",
        "continuous-integration.md",
        "behind-a-proxy.md",
        "docker.md",
        "systemd.md",
        "move-from-twilio.md",
        "react-native.md",
    ),
    "reference": ("settings.md", "rest.md", "twiml.md", "frames.md", "errors.md", "numbers.md"),
    "explanation": ("delivery.md", "security.md", "differences-from-twilio.md", "mobile.md"),
}
"""What comes first in a folder."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill in the navigation before the site is built."""
    config.nav = navigation(Path(config.docs_dir))
    return config


def navigation(docs: Path) -> list[dict[str, object]]:
    """Return the navigation of the pages in a folder, as MkDocs writes it."""
    sections: list[dict[str, object]] = [
        {title: _pages(docs, folder)} for folder, title in SECTIONS.items()
    ]
    return [{"Home": "index.md"}, *sections]


def _pages(docs: Path, folder: str) -> list[str]:
    there = sorted(path.name for path in (docs / folder).glob("*.md"))
    first = [name for name in FIRST.get(folder, ()) if name in there]
    others = [name for name in there if name not in first]
    return [f"{folder}/{name}" for name in first + others]
