"""``midcall``: the commands. Each module has a few; importing it adds them to the program."""

import sys

from midcall.cli import (  # noqa: F401 - for the commands that they add
    bench,
    dead,
    demo,
    env,
    serving,
    talking,
    things,
    tokens,
    trust,
    upkeep,
    watching,
)
from midcall.cli.program import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command that was given."""
    sys.exit(app())
