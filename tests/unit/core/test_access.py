"""Access: who gets in, and where to."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from midcall.core import access
from midcall.model.accounts import Account, AccountStatus, ApiKey
from midcall.model.errors import (
    AccountCredentialsRequired,
    AccountNotActive,
    AuthenticationRequired,
    NotFound,
    ParameterRefused,
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


def owned(owner: Account, letter: str = "e") -> Account:
    """Return an account that another one owns."""
    return replace(account(letter), owner_sid=owner.sid)


def test_another_account_looks_unknown() -> None:
    """A path in another account is not found, nor is one in none; the caller's own lets in."""
    caller = access.Caller(account=account())
    assert access.get_entered(caller, account(), "/path") == account()
    for other in (account("c"), owned(account("c")), None):
        with pytest.raises(NotFound, match="/path"):
            access.get_entered(caller, other, "/path")


def test_an_owner_enters_what_it_owns() -> None:
    """With its own token, not with a key; and what it owns does not enter it."""
    owner, sub = account(), owned(account())
    assert access.get_entered(access.Caller(account=owner), sub, "/path") == sub
    with pytest.raises(NotFound):
        access.get_entered(access.Caller(account=owner, key=api_key(owner)), sub, "/path")
    with pytest.raises(NotFound):
        access.get_entered(access.Caller(account=sub), owner, "/path")


@pytest.mark.parametrize("status", [AccountStatus.SUSPENDED, AccountStatus.CLOSED])
def test_an_account_that_is_not_active_does_nothing(status: AccountStatus) -> None:
    """Its own credentials open nothing, nor do those of what it owns; its owner may look."""
    stopped = replace(owned(account()), status=status)
    with pytest.raises(AccountNotActive):
        access.check_active(access.Caller(account=stopped), account(), stopped, changes=False)
    stopped_owner, sub = replace(account(), status=status), owned(account())
    with pytest.raises(AccountNotActive):
        access.check_active(access.Caller(account=sub), stopped_owner, sub, changes=False)
    owner = access.Caller(account=account())
    access.check_active(owner, None, stopped, changes=False)
    with pytest.raises(AccountNotActive):
        access.check_active(owner, None, stopped, changes=True)


def test_active_accounts_are_let_be() -> None:
    """Nothing stands in the way of an active account in an active one."""
    sub = owned(account())
    access.check_active(access.Caller(account=account()), None, sub, changes=True)
    access.check_active(access.Caller(account=sub), account(), sub, changes=True)


def test_the_status_of_an_account_is_its_owners_to_change() -> None:
    """Nobody locks itself out, and a closed account stays closed."""
    owner, sub = account(), owned(account())
    caller = access.Caller(account=owner)
    access.check_status_change(caller, sub, AccountStatus.SUSPENDED)
    access.check_status_change(caller, owner, AccountStatus.ACTIVE)
    closed = replace(sub, status=AccountStatus.CLOSED)
    for target, status in ((owner, AccountStatus.CLOSED), (closed, AccountStatus.ACTIVE)):
        with pytest.raises(ParameterRefused) as refused:
            access.check_status_change(caller, target, status)
        assert refused.value.code == 21100


def test_a_sub_account_has_an_owner_and_a_token_of_its_own() -> None:
    """It is one level below its owner; there is no second one."""
    made = access.new_sub_account(account(), "Branch", AT, counting)
    assert is_sid("AC", made.sid)
    assert (made.owner_sid, made.friendly_name) == (account().sid, "Branch")
    assert len(made.auth_token) == 32
    assert made.auth_token.isalnum()
    with pytest.raises(ParameterRefused) as refused:
        access.new_sub_account(made, "Twig", AT, counting)
    assert refused.value.code == 21100


def test_a_new_number_is_called_by_its_digits() -> None:
    """It belongs to its account and leads nowhere yet."""
    number = access.new_phone_number(account().sid, "+15005550006", AT, counting)
    assert is_sid("PN", number.sid)
    assert (number.account_sid, number.friendly_name) == (account().sid, "+15005550006")
    assert number.voice_endpoint is None


@given(entropy=st.binary(min_size=4, max_size=4))
def test_a_fictitious_number_is_one_that_serves_nobody(entropy: bytes) -> None:
    """It is in its area's exchange 555, whatever chance says."""
    number = access.fictitious_number("415", lambda size: entropy[:size])
    assert re.fullmatch(r"\+1415555[0-9]{4}", number)


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
