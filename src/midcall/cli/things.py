"""``midcall keys`` and ``midcall apps``: what an account has."""

from typing import Final

from cyclopts import App

from midcall.app.settings import Settings
from midcall.cli.asking import asking
from midcall.cli.printing import show, show_one
from midcall.cli.program import NOTHING_STATED, Json, Stated, app
from midcall.cli.refusing import carry_out

KEYS: Final = {"sid": "key", "friendly_name": "name", "date_created": "since"}

APPS: Final = {
    "sid": "application",
    "friendly_name": "name",
    "voice_url": "voice URL",
    "date_created": "since",
}

keys = App(name="keys", help="API keys, whose secrets sign Access Tokens.")
apps = App(name="apps", help="TwiML applications: what an outgoing call is told to do.")
app.command(keys)
app.command(apps)


@keys.default
def list_keys(*, as_json: Json = False, options: Stated = NOTHING_STATED) -> int:
    """Show the API keys, newest first.

    Parameters
    ----------
    as_json
        Print JSON, for programs.
    options
        The settings: the server at the public URL is asked.
    """
    return carry_out(options, lambda settings: _list(settings, "Keys", KEYS, as_json=as_json))


@keys.command(name="create")
def create_key(name: str = "", *, as_json: Json = False, options: Stated = NOTHING_STATED) -> int:
    """Make an API key. Its secret is shown this once.

    Parameters
    ----------
    name
        What to call it.
    as_json
        Print JSON, for programs.
    options
        The settings: the server at the public URL is asked.
    """
    return carry_out(
        options, lambda settings: _create(settings, "Keys", {"FriendlyName": name}, as_json=as_json)
    )


@keys.command(name="remove")
def remove_key(sid: str, *, options: Stated = NOTHING_STATED) -> int:
    """Remove an API key: tokens that it signed are good no longer.

    Parameters
    ----------
    sid
        Its SID.
    options
        The settings: the server at the public URL is asked.
    """
    return carry_out(options, lambda settings: _remove(settings, f"Keys/{sid}"))


@apps.default
def list_apps(*, as_json: Json = False, options: Stated = NOTHING_STATED) -> int:
    """Show the TwiML applications, newest first.

    Parameters
    ----------
    as_json
        Print JSON, for programs.
    options
        The settings: the server at the public URL is asked.
    """
    return carry_out(
        options, lambda settings: _list(settings, "Applications", APPS, as_json=as_json)
    )


@apps.command(name="create")
def create_app(
    voice_url: str,
    *,
    name: str = "",
    as_json: Json = False,
    options: Stated = NOTHING_STATED,
) -> int:
    """Make a TwiML application.

    Parameters
    ----------
    voice_url
        The URL that answers with TwiML.
    name
        What to call it.
    as_json
        Print JSON, for programs.
    options
        The settings: the server at the public URL is asked.
    """
    parameters = {"VoiceUrl": voice_url, "FriendlyName": name}
    return carry_out(
        options, lambda settings: _create(settings, "Applications", parameters, as_json=as_json)
    )


@apps.command(name="remove")
def remove_app(sid: str, *, options: Stated = NOTHING_STATED) -> int:
    """Remove a TwiML application.

    Parameters
    ----------
    sid
        Its SID.
    options
        The settings: the server at the public URL is asked.
    """
    return carry_out(options, lambda settings: _remove(settings, f"Applications/{sid}"))


async def _list(settings: Settings, path: str, columns: dict[str, str], *, as_json: bool) -> None:
    async with asking(settings) as rest:
        found = [one async for one in rest.pages(path, path.lower())]
    show(found, columns, as_json=as_json, empty="There are none.")


async def _create(
    settings: Settings, path: str, parameters: dict[str, str], *, as_json: bool
) -> None:
    async with asking(settings) as rest:
        made = await rest.ask("POST", path, **parameters)
    wanted = {*KEYS, *APPS, "secret"}
    show_one(
        made if as_json else {name: value for name, value in made.items() if name in wanted},
        as_json=as_json,
    )


async def _remove(settings: Settings, path: str) -> None:
    async with asking(settings) as rest:
        await rest.ask("DELETE", path)
    print("Removed.")
