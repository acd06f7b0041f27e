"""``midcall trust``: the development CA into the stores of this machine, and out again."""

import asyncio

from midcall.app.settings import Settings
from midcall.app.trust_stores import Machine, NotOurs, Outcome, distrust, this_machine, trust
from midcall.cli.refusing import Refused


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
