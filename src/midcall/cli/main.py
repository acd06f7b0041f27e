"""``midcall``: the commands."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

from midcall import __version__
from midcall.app import bootstrap, logs, serving
from midcall.app.bootstrap import Credentials, mint_token
from midcall.app.certificates import CertificateFiles
from midcall.app.options import Options
from midcall.app.settings import Profile, Settings
from midcall.app.time import utc_now
from midcall.app.welcome import welcome
from midcall.cli.dead import redrive as send_again
from midcall.cli.dead import show_dead
from midcall.cli.refusing import REFUSED, Refused, load_or_complain, run
from midcall.model.accounts import Application
from midcall.model.errors import InvalidIdentity
from midcall.model.sids import AccountSid, ApplicationSid
from midcall.store.sqlite import open_for_reading
from midcall.wire.tokens import MAX_LIFETIME_SECONDS, check_identity

app = App(
    name="midcall",
    version=__version__,
    help="Messages in the middle of a call, for the Voice SDK and the helper libraries of Twilio.",
)

Stated = Annotated[Options, Parameter(name="*")]

NOTHING_STATED = Options()


@app.command
def dev(*, options: Stated = NOTHING_STATED) -> int:
    """Serve everything on one port, making what is missing: for development and tests."""
    return _serve(options, "dev")


@app.command
def serve(*, options: Stated = NOTHING_STATED) -> int:
    """Serve with nothing assumed: refuses to start while anything is missing or unsafe."""
    return _serve(options, "serve")


@app.command
def token(
    *,
    identity: str,
    application: str | None = None,
    ttl: int = 3600,
    options: Stated = NOTHING_STATED,
) -> int:
    """Print an Access Token.

    Parameters
    ----------
    identity
        Who the token is for.
    application
        SID of the TwiML application that its calls go through; by default that of `midcall dev`.
    ttl
        For how many seconds it is good.
    options
        The settings: the key is the stated one, or the one in the store.
    """
    settings = load_or_complain(options.stated(), "dev")
    if settings is None:
        return REFUSED
    return run(_print_token(settings, identity, application, ttl))


@app.command
def dead(
    *,
    call: str | None = None,
    json: bool = False,
    options: Stated = NOTHING_STATED,
) -> int:
    """Show the callbacks that were given up.

    Parameters
    ----------
    call
        SID of the call whose callbacks are wanted; by default those of every call.
    json
        Print JSON, for programs.
    options
        The settings: the server at the public URL is asked.
    """
    settings = load_or_complain(options.stated(), "dev")
    return REFUSED if settings is None else run(show_dead(settings, call, as_json=json))


@app.command
def redrive(
    *ids: str,
    call: str | None = None,
    all: Annotated[bool, Parameter(negative=())] = False,
    options: Stated = NOTHING_STATED,
) -> int:
    """Send callbacks again that were given up.

    Parameters
    ----------
    ids
        The ids of callbacks, as `midcall dead` shows them.
    call
        SID of the call whose callbacks are to be sent again.
    all
        Every one that was given up.
    options
        The settings: the server at the public URL is asked.
    """
    settings = load_or_complain(options.stated(), "dev")
    return REFUSED if settings is None else run(send_again(settings, ids, call, every=all))


def main() -> None:
    """Run the command that was given."""
    sys.exit(app())


def _serve(options: Options, profile: Profile) -> int:
    settings = load_or_complain(options.stated(), profile)
    if settings is None:
        return REFUSED
    logs.configure(settings.log_level, settings.log_format)

    def announce(credentials: Credentials | None, certificates: CertificateFiles | None) -> None:
        if profile == "dev" and credentials is not None:
            ca = certificates.ca.resolve() if certificates is not None else None
            print(welcome(settings, credentials, ca), flush=True)
        else:
            print(f"midcall is ready at {settings.public_url}", flush=True)

    return run(serving.serve(settings, dev=profile == "dev", announce=announce))


async def _print_token(
    settings: Settings, identity: str, application: str | None, ttl: int
) -> None:
    _check_token(identity, ttl)
    store = await open_for_reading(settings.store, master_key=settings.store_key)
    try:
        wanted = AccountSid(settings.account_sid) if settings.account_sid else None
        credentials = await bootstrap.find_kept(store, wanted)
        if credentials is None:
            raise Refused(f"there is no account with a key in {settings.store} yet")
        chosen: Application | None = credentials.application
        if application is not None:
            chosen = await store.find_application(ApplicationSid(application))
            if chosen is None or chosen.account_sid != credentials.account.sid:
                raise Refused(f"the account has no application {application}")
    finally:
        await store.close()
    print(
        mint_token(
            Credentials(account=credentials.account, key=credentials.key, application=chosen),
            identity,
            utc_now(),
            ttl,
        )
    )


def _check_token(identity: str, ttl: int) -> None:
    """Refuse to make a token that the server would refuse to take."""
    try:
        check_identity(identity)
    except InvalidIdentity as fault:
        raise Refused(str(fault)) from fault
    if not 0 < ttl <= MAX_LIFETIME_SECONDS:
        raise Refused(f"--ttl must be between 1 and {MAX_LIFETIME_SECONDS} seconds, not {ttl}")
