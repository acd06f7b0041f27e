"""``midcall dead`` and ``midcall redrive``: what was given up, and sending it again."""

from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from midcall.app.settings import Settings
from midcall.cli.asking import Rest, asking
from midcall.cli.refusing import Refused


async def show_dead(settings: Settings, call: str | None, *, as_json: bool) -> None:
    """Print the callbacks that were given up, newest first."""
    async with asking(settings) as rest:
        dead = [one async for one in rest.pages("Callbacks", "callbacks", **_narrowed(call))]
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(dead)).decode())
    elif dead:
        Console(soft_wrap=True).print(_table(dead))
    else:
        print("Nothing was given up.")


async def redrive(
    settings: Settings, ids: tuple[str, ...], call: str | None, *, every: bool
) -> None:
    """Send callbacks again: those named, those of a call, or every one."""
    if bool(ids) + (call is not None) + every != 1:
        raise Refused("name callbacks, or a call with --call, or say --all")
    async with asking(settings) as rest:
        count = await _redrive_each(rest, ids) if ids else await _redrive_all(rest, call)
    print(f"{count} sent again." if count != 1 else "One sent again.")


async def _redrive_each(rest: Rest, ids: tuple[str, ...]) -> int:
    for one in ids:
        await rest.ask("POST", f"Callbacks/{one}", State="pending")
    return len(ids)


async def _redrive_all(rest: Rest, call: str | None) -> int:
    filters = {} if call is None else {"CallSid": call}
    answer = await rest.ask("POST", "Callbacks/Redrive", **filters)
    count: int = answer["redriven"]
    return count


def _narrowed(call: str | None) -> dict[str, str]:
    return {"State": "dead"} if call is None else {"State": "dead", "CallSid": call}


def _table(dead: list[dict[str, Any]]) -> Table:
    table = Table("id", "what", "call", "where to", "attempts", "since", box=None)
    for one in dead:
        table.add_row(
            one["id"],
            one["kind"],
            one["call_sid"],
            one["url"],
            str(one["attempt_count"]),
            one["date_created"],
        )
    return table
