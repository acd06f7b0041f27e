"""``midcall trust``: the development CA into the stores of this machine, and out again."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from midcall.app.settings import Settings
from midcall.app.trust_stores import Machine, NotOurs, Outcome, distrust, this_machine, trust
from midcall.cli.program import NOTHING_STATED, Stated, app
from midcall.cli.refusing import REFUSED, Refused, load_or_complain, run


# Not called `trust`, which is what is done.
@app.command(name="trust")
def trust_ca(
    *, remove: Annotated[bool, Parameter(negative=())] = False, options: Stated = NOTHING_STATED
) -> int:
    """Have this system and its browsers trust the development CA.

    Parameters
    ----------
    remove
        Take it out again, and every other one that midcall put in.
    options
        The settings of the server: the CA is beside its store.
    """
    settings = load_or_complain(options.stated(), "dev")
    return REFUSED if settings is None else run(show_trust(settings, remove=remove))


async def show_trust(settings: Settings, *, remove: bool, machine: Machine | None = None) -> None:
    """Change every store, and print a line for each; raise ``Refused`` if one is left to do."""
    machine = machine or this_machine()
    outcomes = await asyncio.to_thread(_change, settings, remove, machine)
    for outcome in outcomes:
        print(f"{'ok  ' if outcome.done else 'TODO'}  {outcome.store}: {outcome.sentence}")
    if not all(outcome.done for outcome in outcomes):
        raise Refused("not every store is as it should be: see TODO above")


def _change(settings: Settings, remove: bool, machine: Machine) -> list[Outcome]:
    if remove:
        return distrust(machine)
    ca = (settings.tls_directory / "ca.pem").resolve()
    if not ca.is_file():
        raise Refused(f"there is no {ca}: start `midcall dev` once, or name its store with --store")
    try:
        return trust(ca, machine)
    except NotOurs as error:
        raise Refused(str(error)) from error
