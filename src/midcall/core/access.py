"""Who may see and change what.

Pure: what was found in the store is an argument. Secrets are compared in constant time, and a user
name that is unknown costs as much as a wrong password, so that neither can be found by measuring.
"""

import hmac
from datetime import datetime

import msgspec

from midcall.core.ports import Entropy
from midcall.model.accounts import Account, AccountStatus, ApiKey, Application
from midcall.model.errors import (
    AccountCredentialsRequired,
    AccountNotActive,
    AuthenticationRequired,
    NotFound,
    ParameterRefused,
)
from midcall.model.numbers import PhoneNumber
from midcall.model.sids import (
    ACCOUNT,
    APPLICATION,
    KEY,
    PHONE_NUMBER,
    AccountSid,
    ApplicationSid,
    KeySid,
    PhoneNumberSid,
    from_entropy,
)

SECRET_BYTES = 16
"""Randomness in a token or secret. In hexadecimal it is 32 characters, letters and digits only:
one of the official libraries refuses any other character in a password."""

ACCOUNT_REFUSED = 21100
"""The code for what an account may not be made or changed to (error 21100)."""


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


def may_enter(caller: Caller, account: Account) -> bool:
    """Tell whether the caller may act in an account: in its own, and in those that it owns.

    An API key opens its own account only (error 21100: "Main account API Keys only grant access to
    main account resources").
    """
    if account.sid == caller.account.sid:
        return True
    return caller.key is None and account.owner_sid == caller.account.sid


def get_entered(caller: Caller, account: Account | None, path: str) -> Account:
    """Return the account that ``path`` lies in, if the caller may act in it.

    Raises ``NotFound``: whether another account exists is nobody else's business.
    """
    if account is None or not may_enter(caller, account):
        raise NotFound(path)
    return account


def check_active(caller: Caller, owner: Account | None, account: Account, *, changes: bool) -> None:
    """Raise ``AccountNotActive`` for what a suspended or closed account may not do any more.

    Its own credentials open nothing, and neither do those of accounts that it owns; ``owner`` is
    the owner of the caller's account. Its owner may still look (and take away), but change nothing
    in it.
    """
    for one in (caller.account, owner):
        if one is not None and one.status is not AccountStatus.ACTIVE:
            raise AccountNotActive
    if changes and account.status is not AccountStatus.ACTIVE:
        raise AccountNotActive


def check_status_change(caller: Caller, account: Account, status: AccountStatus) -> None:
    """Raise ``ParameterRefused`` (21100) for a change of status that nobody may make.

    An account's status is its owner's to change: one that suspended itself could never come back.
    A closed account stays closed.
    """
    if status is account.status:
        return
    if account.sid == caller.account.sid:
        raise ParameterRefused(ACCOUNT_REFUSED, "The status of an account is its owner's to change")
    if account.status is AccountStatus.CLOSED:
        raise ParameterRefused(ACCOUNT_REFUSED, "A closed account cannot be opened again")


def check_own_token(caller: Caller) -> None:
    """Raise ``AccountCredentialsRequired`` if the caller came with an API key.

    What shows or makes credentials needs the account's own, or else whoever finds a key that can
    be revoked could get one that nobody knows of (error 20003: "/Accounts or /Keys").
    """
    if caller.key is not None:
        raise AccountCredentialsRequired


def new_sub_account(owner: Account, friendly_name: str, now: datetime, entropy: Entropy) -> Account:
    """Make an account that another one owns.

    Raises ``ParameterRefused`` (21100) if that one is itself owned: there is one level only.
    """
    if owner.owner_sid is not None:
        raise ParameterRefused(ACCOUNT_REFUSED, "A sub-account cannot own accounts")
    return Account(
        sid=AccountSid(from_entropy(ACCOUNT, entropy(16))),
        auth_token=entropy(SECRET_BYTES).hex(),
        friendly_name=friendly_name,
        created_at=now,
        updated_at=now,
        owner_sid=owner.sid,
    )


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


def new_phone_number(
    account_sid: AccountSid, number: str, now: datetime, entropy: Entropy
) -> PhoneNumber:
    """Make a phone number that leads nowhere yet. Its name is the number, until it is given one."""
    return PhoneNumber(
        sid=PhoneNumberSid(from_entropy(PHONE_NUMBER, entropy(16))),
        account_sid=account_sid,
        number=number,
        friendly_name=number,
        created_at=now,
        updated_at=now,
    )


def fictitious_number(area_code: str, entropy: Entropy) -> str:
    """Make up a North American number in an area, in the exchange 555, which serves nobody."""
    return f"+1{area_code}555{int.from_bytes(entropy(4)) % 10_000:04}"
