"""``midcall calls``, ``call``, ``subscriptions`` and ``tail``: looking at what happens."""

from typing import Any, Final

from rich.text import Text

from midcall.app.settings import Settings
from midcall.cli.asking import Rest, asking
from midcall.cli.printing import console, show, show_json, show_one
from midcall.cli.program import NOTHING_STATED, Json, Stated, app
from midcall.cli.refusing import carry_out

CALLS: Final = {
    "sid": "call",
    "parent_call_sid": "dialled by",
    "from": "from",
    "to": "to",
    "status": "status",
    "direction": "direction",
    "date_created": "since",
    "duration": "seconds",
}

STANDING: Final = {
    "sid": "subscription",
    "callback": "where to",
    "application_sid": "application",
    "identity": "identity",
    "direction": "direction",
    "date_created": "since",
}

OF_A_CALL: Final = {
    "sid": "subscription",
    "callback": "where to",
    "replay": "replay",
    "date_created": "since",
}

COLOURS: Final = {
    "status": "cyan",
    "verb": "magenta",
    "message": "green",
    "alert": "red",
    "attempt": "yellow",
    "request": "yellow",
    "delivered": "green",
    "expired": "red",
    "failed": "red",
}


@app.command
def calls(
    *,
    status: str | None = None,
    limit: int = 50,
    as_json: Json = False,
    options: Stated = NOTHING_STATED,
) -> int:
    """Show the calls, newest first.

    Parameters
    ----------
    status
        Only those with this status, such as in-progress.
    limit
        How many at most.
    as_json
        Print JSON, for programs.
    options
        The settings: the server at the public URL is asked.
    """
    filters = {} if status is None else {"Status": status}
    return carry_out(
        options,
        lambda settings: _list(settings, "Calls", "calls", CALLS, filters, limit, as_json=as_json),
    )


@app.command
def call(sid: str, *, as_json: Json = False, options: Stated = NOTHING_STATED) -> int:
    """Show one call, and everything that happened to it.

    Parameters
    ----------
    sid
        Its CallSid.
    as_json
        Print JSON, for programs.
    options
        The settings: the server at the public URL is asked.
    """
    return carry_out(options, lambda settings: _show_call(settings, sid, as_json=as_json))


@app.command
def subscriptions(
    call: str | None = None, *, as_json: Json = False, options: Stated = NOTHING_STATED
) -> int:
    """Show the account's standing subscriptions, or those of a call.

    Parameters
    ----------
    call
        SID of a call.
    as_json
        Print JSON, for programs.
    options
        The settings: the server at the public URL is asked.
    """
    resource, name = "UserDefinedMessageSubscriptions", "user_defined_message_subscriptions"
    path, columns = (f"Calls/{call}/{resource}", OF_A_CALL) if call else (resource, STANDING)
    return carry_out(
        options, lambda settings: _list(settings, path, name, columns, {}, 1000, as_json=as_json)
    )


@app.command
def tail(
    call: str | None = None, *, as_json: Json = False, options: Stated = NOTHING_STATED
) -> int:
    """Show SDK messages and receipts as they come, until it is interrupted.

    Parameters
    ----------
    call
        SID of the call to watch; by default every call.
    as_json
        Print JSON, one event a line, for programs.
    options
        The settings: the server at the public URL is asked.
    """
    return carry_out(options, lambda settings: _tail(settings, call, as_json=as_json))


async def _list(
    settings: Settings,
    path: str,
    name: str,
    columns: dict[str, str],
    filters: dict[str, str],
    limit: int,
    *,
    as_json: bool,
) -> None:
    async with asking(settings) as rest:
        found = await rest.first(limit, path, name, **filters)
    show(found, columns, as_json=as_json, empty="There are none.")


async def _show_call(settings: Settings, sid: str, *, as_json: bool) -> None:
    async with asking(settings) as rest:
        call = await rest.ask("GET", f"Calls/{sid}")
        timeline = [one async for one in rest.pages(f"Calls/{sid}/Timeline", "timeline")]
    if as_json:
        show_json({"call": call, "timeline": timeline})
        return
    show_one(call, as_json=False)
    print()
    for item in timeline:
        console().print(_line(item))


def _line(item: dict[str, Any]) -> Text:
    """Write one thing that happened: when, what, and what there is to know of it."""
    details = "  ".join(f"{name}={value}" for name, value in item["details"].items())
    line = Text(f"{item['date'].partition('T')[2]}  ")
    line.append(f"{item['kind']:<9}", style=COLOURS.get(item["kind"], ""))
    return line.append(f" {item['name']}  ").append(details.replace("\n", " "), style="dim")


async def _tail(settings: Settings, call: str | None, *, as_json: bool) -> None:
    path = f"Calls/{call}/" if call else ""
    async with asking(settings) as rest:
        await _follow(rest, f"{path}UserDefinedMessages/Stream", as_json=as_json)


async def _follow(rest: Rest, path: str, *, as_json: bool) -> None:
    async for kind, text, message in rest.events(path):
        if as_json:
            print(text, flush=True)
            continue
        state = message["state"]
        line = Text(f"{message['date_settled'] or message['date_created']}  {message['call_sid']} ")
        line.append(f" {kind} {state:<9}", style=COLOURS.get(state, "cyan"))
        console().print(line.append(f" {message['sid']}  {message['content']}"))
