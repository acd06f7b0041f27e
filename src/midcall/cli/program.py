"""The program that every command belongs to, and what they all take."""

from typing import Annotated

from cyclopts import App, Parameter

from midcall import __version__
from midcall.app.options import Options

app = App(
    name="midcall",
    version=__version__,
    help="Messages in the middle of a call, for the Voice SDK and the helper libraries of Twilio.",
)

Stated = Annotated[Options, Parameter(name="*", group="Settings")]
"""The settings as options: where the server is, or how it is to be."""

NOTHING_STATED = Options()

Json = Annotated[bool, Parameter(name="--json", negative=())]
"""Whether to print JSON, for programs."""

app.register_install_completion_command(name="--install-completion")
