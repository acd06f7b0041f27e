"""``midcall check`` and ``midcall migrate``: before a server is started."""

from midcall.app.checks import Finding, Verdict, examine
from midcall.app.settings import Profile, Settings
from midcall.cli.printing import console, show_json
from midcall.cli.program import NOTHING_STATED, Json, Stated, app
from midcall.cli.refusing import FAILED, REFUSED, Refused, carry_out, load_or_complain
from midcall.store.sqlite import open_store

MARKS = {
    Verdict.FINE: "[green]ok[/]",
    Verdict.LACKING: "[yellow]--[/]",
    Verdict.WRONG: "[red]no[/]",
}


@app.command
def check(
    *, profile: Profile = "dev", as_json: Json = False, options: Stated = NOTHING_STATED
) -> int:
    """Look whether a server could run here: its settings, and what it needs of the machine.

    Parameters
    ----------
    profile
        Whether it is for `midcall dev` or for `midcall serve`.
    as_json
        Print JSON, for programs.
    options
        The settings.
    """
    settings = load_or_complain(options.stated(), profile)
    if settings is None:
        return REFUSED
    findings = examine(settings)
    if as_json:
        show_json(findings)
    else:
        _print(findings)
    return FAILED if any(one.verdict is Verdict.WRONG for one in findings) else 0


@app.command
def migrate(*, options: Stated = NOTHING_STATED) -> int:
    """Bring the store's tables up to date, without starting a server.

    Parameters
    ----------
    options
        The settings: the store is the one that they name.
    """
    return carry_out(options, _migrate)


def _print(findings: list[Finding]) -> None:
    for one in findings:
        console().print(f"{MARKS[one.verdict]} {one.what}: {one.says}")


async def _migrate(settings: Settings) -> None:
    if settings.store_path is None:
        raise Refused("a store in memory has no tables to keep")
    store = await open_store(settings.store, master_key=settings.store_key)
    await store.close()
    print(f"The tables of {settings.store_path} are up to date.")
