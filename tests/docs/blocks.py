"""Code in the pages, and the marks that say what is to be done with it.

A mark is an HTML comment on a line of its own; readers do not see it. ``<!-- not run: why -->`` in
front of a block says that it is a fragment. Everything else in Python or ``sh`` is run; ``console``
is a transcript, and other languages are for the eye.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.acceptance.support.processes import REPOSITORY

DOCS: Final = REPOSITORY / "docs"

NOT_RUN: Final = "not run: "

_MARK: Final = re.compile(r"<!--\s*(.*?)\s*-->")
_FENCE: Final = re.compile(r"(?P<indent> *)(?P<fence>`{3,})(?P<language>[\w+-]*)\s*")


class Block(NamedTuple):
    """A block of code: its language, its text, and the line of its page that it begins on.

    ``marks`` are those in front of it, behind the block before.
    """

    language: str
    text: str
    line: int
    marks: tuple[str, ...]

    @property
    def reason_not_to_run(self) -> str | None:
        """Why it is a fragment, if it is said to be one."""
        found = [mark for mark in self.marks if mark.startswith(NOT_RUN)]
        return found[-1].removeprefix(NOT_RUN) if found else None


def steps(page: str) -> Iterator[Block | str]:
    """Yield the marks and blocks of a page in their order."""
    lines = iter(enumerate(page.splitlines(), 1))
    marks: list[str] = []
    for number, line in lines:
        if mark := _MARK.fullmatch(line.strip()):
            marks.append(mark[1])
            yield mark[1]
        elif fence := _FENCE.fullmatch(line):
            indent, closing = len(fence["indent"]), fence["fence"]
            inside: list[str] = []
            for _, inner in lines:
                if inner.strip() == closing:
                    break
                inside.append(inner[indent:])
            text = "\n".join(inside) + "\n"
            yield Block(fence["language"], text, number + 1, tuple(marks))
            marks.clear()


def blocks(path: Path) -> list[Block]:
    """Return the blocks of a page."""
    return [step for step in steps(path.read_text(encoding="utf-8")) if isinstance(step, Block)]


def pages() -> list[Path]:
    """Return the README and the pages of the documentation, without the decisions' history."""
    return [REPOSITORY / "README.md", *sorted(DOCS.rglob("*.md"))]


def name_of(path: Path) -> str:
    """Return a page's name, as people call it."""
    return path.relative_to(REPOSITORY).as_posix()
