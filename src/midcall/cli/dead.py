"""``midcall dead`` and ``midcall redrive``: what was given up, and sending it again."""

from typing import Annotated, Final

from cyclopts import Parameter

from midcall.app.settings import Settings
from midcall.cli.asking import asking
from midcall.cli.printing import show
from midcall.cli.program import NOTHING_STATED, Json, Stated, app
from midcall.cli.refusing import Refused, carry_out

COLUMNS: Final = {
    "id": "id",
    "kind": "what",
    "call_sid": "call",
    "url": "where to",
    "attempt_count": "attempts",
    "date_created": "since",
}


@app.command
def dead(
    *, call: str | None = None, as_json: Json = False, options: Stated = NOTHING_STATED
) -> int:
    """Show the callbacks that were given up.

    Parameters
    ----------
    call
        SID of the call whose callbacks are wanted; by default those of every call.
    as_json
        Print JSON, for programs.
    options
        The settings: the server at the public URL is asked.
    """
    return carry_out(options, lambda settings: _show(settings, call, as_json=as_json))


@app.command
def redrive(
    *ids: str,
    call: str | None = None,
    every: Annotated[bool, Parameter(name="--all", negative=())] = False,
    options: Stated = NOTHING_STATED,
) -> int:
    """Send callbacks again that were given up.

    Parameters
    ----------
    ids
        The ids of callbacks, as `midcall dead` shows them.
    call
        SID of the call whose callbacks are to be sent again.
    every
        Every one that was given up.
    options
        The settings: the server at the public URL is asked.
    """
    return carry_out(options, lambda settings: _redrive(settings, ids, call, every=every))


async def _show(settings: Settings, call: str | None, *, as_json: bool) -> None:
    filters = {"State": "dead"} if call is None else {"State": "dead", "CallSid": call}
    async with asking(settings) as rest:
        found = [one async for one in rest.pages("Callbacks", "callbacks", **filters)]
    show(found, COLUMNS, as_json=as_json, empty="Nothing was given up.")


async def _redrive(
    settings: Settings, ids: tuple[str, ...], call: str | None, *, every: bool
) -> None:
    if bool(ids) + (call is not None) + every != 1:
        raise Refused("name callbacks, or a call with --call, or say --all")
    async with asking(settings) as rest:
        if ids:
            for one in ids:
                await rest.ask("POST", f"Callbacks/{one}", State="pending")
            count = len(ids)
        else:
            filters = {} if call is None else {"CallSid": call}
            answer = await rest.ask("POST", "Callbacks/Redrive", **filters)
            count = answer["redriven"]
    print("One was sent again." if count == 1 else f"{count} were sent again.")
