"""Access: who gets in, and where to."""

from datetime import UTC, datetime

import pytest

from midcall.core import access
from midcall.model.accounts import Account, ApiKey
from midcall.model.errors import (
    AccountCredentialsRequired,
    AuthenticationRequired,
    NotFound,
)
from midcall.model.sids import AccountSid, KeySid, is_sid

AT = datetime(2026, 1, 2, tzinfo=UTC)


def account(letter: str = "a", token: str = "token") -> Account:
    """Return an account."""
    return Account(
        sid=AccountSid("AC" + letter * 32),
        auth_token=token,
        friendly_name="",
        created_at=AT,
        updated_at=AT,
    )


def api_key(owner: Account, secret: str = "secret") -> ApiKey:
    """Return a key of an account."""
    return ApiKey(
        sid=KeySid("SK" + "b" * 32),
        account_sid=owner.sid,
        secret=secret,
        friendly_name="",
        created_at=AT,
        updated_at=AT,
    )


def counting(size: int, /) -> bytes:
    """Return bytes that are no accident."""
    return bytes(range(size))


def test_an_account_gets_in_with_its_token() -> None:
    """The account's own token makes a caller without a key."""
    caller = access.authenticate("token", account=account())
    assert caller == access.Caller(account=account())


def test_a_key_gets_in_with_its_secret() -> None:
    """A key's secret makes a caller of the key's account."""
    key = api_key(account())
    caller = access.authenticate("secret", account=account(), key=key)
    assert caller == access.Caller(account=account(), key=key)


@pytest.mark.parametrize("password", ["", "Token", "token ", "secret", "tökén", "token\0"])
def test_a_wrong_password_does_not_get_in(password: str) -> None:
    """Anything but the token is refused, the secret of a key of the account too."""
    with pytest.raises(AuthenticationRequired):
        access.authenticate(password, account=account())


def test_the_accounts_token_does_not_open_a_key() -> None:
    """A key needs its own secret."""
    with pytest.raises(AuthenticationRequired):
        access.authenticate("token", account=account(), key=api_key(account()))


@pytest.mark.parametrize("password", ["", "anything"])
def test_nobody_does_not_get_in(password: str) -> None:
    """A name that stands for nothing is refused with any password, the empty one too."""
    with pytest.raises(AuthenticationRequired):
        access.authenticate(password, account=None)


def test_an_empty_secret_opens_nothing() -> None:
    """An account without a token, by a mistake of set-up, cannot be entered."""
    with pytest.raises(AuthenticationRequired):
        access.authenticate("", account=account(token=""))


def test_a_key_without_its_account_does_not_get_in() -> None:
    """A key whose account is gone, or is another one, opens nothing."""
    key = api_key(account())
    for found in (None, account("c")):
        with pytest.raises(AuthenticationRequired):
            access.authenticate("secret", account=found, key=key)


def test_another_account_looks_unknown() -> None:
    """A path in another account is not found; in the caller's own it is let through."""
    caller = access.Caller(account=account())
    access.check_account(caller, account().sid, "/path")
    with pytest.raises(NotFound, match="/path"):
        access.check_account(caller, account("c").sid, "/path")


def test_a_key_cannot_reach_credentials() -> None:
    """What shows or makes credentials is for the account's own token."""
    access.check_own_token(access.Caller(account=account()))
    with pytest.raises(AccountCredentialsRequired):
        access.check_own_token(access.Caller(account=account(), key=api_key(account())))


def test_a_new_key_has_a_secret_that_every_library_takes() -> None:
    """The secret has 32 letters and digits, the SID the form of a key's."""
    key = access.new_api_key(account().sid, "Phones", AT, counting)
    assert is_sid("SK", key.sid)
    assert len(key.secret) == 32
    assert key.secret.isascii()
    assert key.secret.isalnum()
    assert (key.account_sid, key.friendly_name, key.created_at) == (account().sid, "Phones", AT)


def test_a_new_application_belongs_to_its_account() -> None:
    """It has a SID of its own kind and does nothing yet."""
    application = access.new_application(account().sid, AT, counting)
    assert is_sid("AP", application.sid)
    assert application.account_sid == account().sid
    assert application.voice_endpoint is None
