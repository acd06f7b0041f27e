"""Who may see and change what.

Pure: what was found in the store is an argument. Secrets are compared in constant time, and a user
name that is unknown costs as much as a wrong password, so that neither can be found by measuring.
"""

import hmac
from datetime import datetime

import msgspec

from midcall.core.ports import Entropy
from midcall.model.accounts import Account, ApiKey, Application
from midcall.model.errors import (
    AccountCredentialsRequired,
    AuthenticationRequired,
    NotFound,
)
from midcall.model.sids import (
    APPLICATION,
    KEY,
    AccountSid,
    ApplicationSid,
    KeySid,
    from_entropy,
)

SECRET_BYTES = 16
"""Randomness in an API key's secret. In hexadecimal it is 32 characters, letters and digits only:
one of the official libraries refuses any other character in a password."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: an account, with its own token or with one of its API keys."""

    account: Account
    key: ApiKey | None = None


def authenticate(password: str, *, account: Account | None, key: ApiKey | None = None) -> Caller:
    """Return who asks, if ``password`` fits what the user name stands for.

    ``account`` is the account of that name, or the account of the API key of that name, which is
    then given as ``key``. Raises ``AuthenticationRequired``.
    """
    expected = key.secret if key is not None else account.auth_token if account is not None else ""
    fits = hmac.compare_digest(password.encode(), expected.encode())
    # An empty secret is a mistake of set-up, not an open door.
    if account is None or not expected or not fits:
        raise AuthenticationRequired
    if key is not None and key.account_sid != account.sid:
        raise AuthenticationRequired
    return Caller(account=account, key=key)


def check_account(caller: Caller, account_sid: str, path: str) -> None:
    """Raise ``NotFound`` if ``path`` lies in another account than the caller's.

    Whether that account exists is nobody else's business.
    """
    if account_sid != caller.account.sid:
        raise NotFound(path)


def check_own_token(caller: Caller) -> None:
    """Raise ``AccountCredentialsRequired`` if the caller came with an API key.

    What shows or makes credentials needs the account's own, or else whoever finds a key that can
    be revoked could get one that nobody knows of (error 20003: "/Accounts or /Keys").
    """
    if caller.key is not None:
        raise AccountCredentialsRequired


def new_api_key(
    account_sid: AccountSid, friendly_name: str, now: datetime, entropy: Entropy
) -> ApiKey:
    """Make an API key with a SID and a secret of its own."""
    return ApiKey(
        sid=KeySid(from_entropy(KEY, entropy(16))),
        account_sid=account_sid,
        secret=entropy(SECRET_BYTES).hex(),
        friendly_name=friendly_name,
        created_at=now,
        updated_at=now,
    )


def new_application(account_sid: AccountSid, now: datetime, entropy: Entropy) -> Application:
    """Make an application that does nothing yet."""
    return Application(
        sid=ApplicationSid(from_entropy(APPLICATION, entropy(16))),
        account_sid=account_sid,
        friendly_name="",
        created_at=now,
        updated_at=now,
    )
