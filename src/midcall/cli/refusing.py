"""How a command says that it cannot be carried out."""

import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import uvloop

from midcall.app.options import Options
from midcall.app.settings import Profile, Settings, SettingsError, load
from midcall.app.sockets import CannotListen
from midcall.store.faults import StoreUnusable

REFUSED = 2
"""The exit code when a setting is wrong."""

FAILED = 1
"""The exit code when something else is in the way."""

INTERRUPTED = 130
"""The exit code of a program that SIGINT ended, as shells have it."""


class Refused(Exception):
    """A command cannot be carried out; the text says why."""


def load_or_complain(stated: Mapping[str, object], profile: Profile) -> Settings | None:
    """Load the settings; say what is wrong with them, if anything is."""
    try:
        return load(stated, profile=profile)
    except SettingsError as error:
        for problem in error.problems:
            complain(problem)
        return None


def run(work: Coroutine[Any, Any, None]) -> int:
    """Do a command's work; return its exit code."""
    try:
        uvloop.run(work)
    except (StoreUnusable, CannotListen, Refused, OSError) as error:
        complain(str(error) or type(error).__name__)
        return FAILED
    except KeyboardInterrupt:
        # Before the server takes work it has nothing to finish.
        return INTERRUPTED
    return 0


def carry_out(
    options: Options,
    work: Callable[[Settings], Coroutine[Any, Any, None]],
    *,
    profile: Profile = "dev",
) -> int:
    """Do a command's work with the settings that its options make; return its exit code."""
    settings = load_or_complain(options.stated(), profile)
    return REFUSED if settings is None else run(work(settings))


def complain(sentence: str) -> None:
    """Say what is wrong."""
    print(f"midcall: {sentence}", file=sys.stderr)
