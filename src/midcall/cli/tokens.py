"""``midcall token``: Access Tokens for the Voice SDK."""

from midcall.app import bootstrap
from midcall.app.bootstrap import Credentials, mint_token
from midcall.app.settings import Settings
from midcall.app.time import utc_now
from midcall.cli.program import NOTHING_STATED, Stated, app
from midcall.cli.refusing import Refused, carry_out
from midcall.model.accounts import Application
from midcall.model.errors import InvalidIdentity
from midcall.model.sids import AccountSid, ApplicationSid
from midcall.store.sqlite import open_for_reading
from midcall.wire.tokens import MAX_LIFETIME_SECONDS, check_identity


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
    return carry_out(options, lambda settings: _print_token(settings, identity, application, ttl))


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
