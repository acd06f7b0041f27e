"""``midcall``: the commands."""

import sys
from collections.abc import Coroutine
from typing import Annotated, Any, Literal

import uvloop
from cyclopts import App, Parameter

from midcall import __version__
from midcall.app import bootstrap, logs, serving
from midcall.app.bootstrap import Credentials
from midcall.app.certificates import CertificateFiles
from midcall.app.compose import mint_token
from midcall.app.options import Options
from midcall.app.settings import Settings, SettingsError, load
from midcall.app.sockets import CannotListen
from midcall.app.welcome import welcome
from midcall.model.accounts import Application
from midcall.model.errors import InvalidIdentity
from midcall.model.sids import AccountSid, ApplicationSid
from midcall.store.faults import StoreUnusable
from midcall.store.sqlite import open_for_reading
from midcall.wire.tokens import MAX_LIFETIME_SECONDS, check_identity

app = App(
    name="midcall",
    version=__version__,
    help="Messages in the middle of a call, for the Voice SDK and the helper libraries of Twilio.",
)

Stated = Annotated[Options, Parameter(name="*")]

NOTHING_STATED = Options()

REFUSED = 2
"""The exit code when a setting is wrong."""

FAILED = 1
"""The exit code when something else is in the way."""

INTERRUPTED = 130
"""The exit code of a program that SIGINT ended, as shells have it."""


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
    settings = _load(options, "dev")
    if settings is None:
        return REFUSED
    return _run(_print_token(settings, identity, application, ttl))


def main() -> None:
    """Run the command that was given."""
    sys.exit(app())


def _serve(options: Options, profile: Literal["dev", "serve"]) -> int:
    settings = _load(options, profile)
    if settings is None:
        return REFUSED
    logs.configure(settings.log_level, settings.log_format)

    def announce(credentials: Credentials | None, certificates: CertificateFiles | None) -> None:
        if profile == "dev" and credentials is not None:
            ca = certificates.ca.resolve() if certificates is not None else None
            print(welcome(settings, credentials, ca), flush=True)
        else:
            print(f"midcall is ready at {settings.public_url}", flush=True)

    return _run(serving.serve(settings, dev=profile == "dev", announce=announce))


async def _print_token(
    settings: Settings, identity: str, application: str | None, ttl: int
) -> None:
    _check_token(identity, ttl)
    store = await open_for_reading(settings.store)
    try:
        wanted = AccountSid(settings.account_sid) if settings.account_sid else None
        credentials = await bootstrap.find_kept(store, wanted)
        if credentials is None:
            raise _Refused(f"there is no account with a key in {settings.store} yet")
        chosen: Application | None = credentials.application
        if application is not None:
            chosen = await store.find_application(ApplicationSid(application))
            if chosen is None or chosen.account_sid != credentials.account.sid:
                raise _Refused(f"the account has no application {application}")
    finally:
        await store.close()
    print(
        mint_token(
            Credentials(account=credentials.account, key=credentials.key, application=chosen),
            identity,
            ttl,
        )
    )


class _Refused(Exception):
    """A command cannot be carried out; the text says why."""


def _check_token(identity: str, ttl: int) -> None:
    """Refuse to make a token that the server would refuse to take."""
    try:
        check_identity(identity)
    except InvalidIdentity as fault:
        raise _Refused(str(fault)) from fault
    if not 0 < ttl <= MAX_LIFETIME_SECONDS:
        raise _Refused(f"--ttl must be between 1 and {MAX_LIFETIME_SECONDS} seconds, not {ttl}")


def _load(options: Options, profile: Literal["dev", "serve"]) -> Settings | None:
    try:
        return load(options.stated(), profile=profile)
    except SettingsError as error:
        for problem in error.problems:
            _complain(problem)
        return None


def _run(work: Coroutine[Any, Any, None]) -> int:
    try:
        uvloop.run(work)
    except (StoreUnusable, CannotListen, _Refused, OSError) as error:
        _complain(str(error) or type(error).__name__)
        return FAILED
    except KeyboardInterrupt:
        # Before the server takes work it has nothing to finish.
        return INTERRUPTED
    return 0


def _complain(sentence: str) -> None:
    print(f"midcall: {sentence}", file=sys.stderr)
