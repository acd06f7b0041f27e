"""Who asks.

HTTP Basic (RFC 7617): an account and its token, or an API key and its secret. Or a bearer token
(RFC 6750) of somebody who has logged in, which is as good as the account's own.
"""

import base64
import binascii
from collections.abc import Callable

from midcall.core.access import Caller, authenticate, check_active
from midcall.core.ports import Store
from midcall.model.accounts import Account
from midcall.model.errors import AccountNotActive, AuthenticationRequired
from midcall.model.sids import ACCOUNT, KEY, AccountSid, KeySid, is_sid

CHALLENGE = 'Basic realm="midcall", charset="UTF-8"'
"""What ``WWW-Authenticate`` says on every 401."""

BEARER_CHALLENGE = 'Bearer realm="midcall"'
"""What it says to whoever came with a bearer token. Browsers ask people for a password after the
other, over the page that is there to do that."""

Bearer = Callable[[str], AccountSid | None]
"""Tells whose bearer token a text is, if it is one that is good now."""

NOBODY = AccountSid("")
"""The SID of no account."""


def nobody(_: str) -> AccountSid | None:
    """Know no bearer token."""
    return None


async def identify(header: str | None, store: Store, bearer: Bearer = nobody) -> Caller:
    """Return who a request's ``Authorization`` header speaks for.

    Raises ``AuthenticationRequired``, whatever is wrong with it.
    """
    if (token := find_bearer_token(header)) is not None:
        sid = bearer(token)
        account = None if sid is None else await store.find_account(sid)
        if account is None:
            raise AuthenticationRequired
        return Caller(account=account)
    username, password = _credentials(header)
    if is_sid(ACCOUNT, username):
        return authenticate(password, account=await store.find_account(AccountSid(username)))
    if is_sid(KEY, username):
        key = await store.find_api_key(KeySid(username))
        # A key that is not there is looked up as far as one that is: the time tells nothing.
        account = await store.find_account(NOBODY if key is None else key.account_sid)
        return authenticate(password, account=account if key else None, key=key)
    raise AuthenticationRequired


def find_bearer_token(header: str | None) -> str | None:
    """Return the bearer token that a header has, ``None`` if it is of another kind."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def challenge(header: str | None) -> str:
    """Return what ``WWW-Authenticate`` says to whoever came with a header."""
    return CHALLENGE if find_bearer_token(header) is None else BEARER_CHALLENGE


async def may_go_on(caller: Caller, account: Account, store: Store) -> bool:
    """Tell whether whoever was let into an account would be let in again to look at it.

    Its key may have been removed since, and any account of those involved suspended or closed.
    """
    key, own = caller.key, await store.find_account(caller.account.sid)
    if own is None or (key is not None and await store.find_api_key(key.sid) is None):
        return False
    entered = own if account.sid == own.sid else await store.find_account(account.sid)
    owner = None if own.owner_sid is None else await store.find_account(own.owner_sid)
    try:
        check_active(Caller(account=own, key=key), owner, entered or account, changes=False)
    except AccountNotActive:
        return False
    return entered is not None


def _credentials(header: str | None) -> tuple[str, str]:
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        raise AuthenticationRequired
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise AuthenticationRequired from None
    username, colon, password = text.partition(":")
    if not colon:
        raise AuthenticationRequired
    return username, password
