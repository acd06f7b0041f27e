"""A clean checkout: what Git would give somebody, with its packages in place.

Fetching the packages again would take minutes and a network. So `.venv` and `node_modules` lead to
those of this checkout, with stamps that tell `tools/setup.sh` that its steps were done; what it
would install is what the lock files name, and these are the same.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.acceptance.support.processes import REPOSITORY

_STAMPED = {
    ".venv/.midcall-run": ("requirements/build.txt", "requirements/run.txt"),
    ".venv/.midcall-project": ("pyproject.toml",),
    "node_modules/.midcall-sdk": ("package.json", "package-lock.json", ".npmrc"),
}
"""The stamps of `tools/setup.sh run`, and the files that each follows."""


def check_out(directory: Path) -> None:
    """Copy what is, or would be, under version control; lend it the packages."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file():  # Git lists what was removed, too.
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, directory / name)
    for folder in (".venv", "node_modules"):
        _lend(REPOSITORY / folder, directory / folder)
    for stamp, followed in _STAMPED.items():
        content = b"".join((directory / name).read_bytes() for name in followed)
        (directory / stamp).write_text(hashlib.sha256(content).hexdigest() + "\n")


def _lend(theirs: Path, ours: Path) -> None:
    """Make a folder whose entries lead to those of another one, but for stamps."""
    ours.mkdir()
    for entry in theirs.iterdir():
        if not entry.name.startswith(".midcall-"):
            (ours / entry.name).symlink_to(entry)
