"""Access Tokens against the accounts and keys that are kept."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from midcall.core.ports import PutAccount, PutApiKey
from midcall.gateway.access import TokenCheck
from midcall.model.accounts import Account, AccountStatus, ApiKey
from midcall.model.errors import NoValidAccount, TokenMissing
from midcall.model.sids import AccountSid, KeySid
from midcall.store.sqlite import SqliteStore, open_store
from midcall.wire import tokens

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
OWNER = Account(
    sid=AccountSid("AC" + "a" * 32),
    auth_token="t" * 32,
    friendly_name="owner",
    created_at=NOW,
    updated_at=NOW,
)
OURS = Account(
    sid=AccountSid("AC" + "b" * 32),
    auth_token="t" * 32,
    friendly_name="ours",
    created_at=NOW,
    updated_at=NOW,
    owner_sid=OWNER.sid,
)
KEY = ApiKey(
    sid=KeySid("SK" + "c" * 32),
    account_sid=OURS.sid,
    secret="s" * 32,
    friendly_name="key",
    created_at=NOW,
    updated_at=NOW,
)


def _token() -> str:
    return tokens.mint(
        account_sid=OURS.sid, key_sid=KEY.sid, secret=KEY.secret, now=NOW, identity="ann"
    )


async def _store(ours: Account, owner: Account) -> SqliteStore:
    store = await open_store("sqlite:///:memory:")
    await store.commit([PutAccount(owner), PutAccount(ours), PutApiKey(KEY)])
    return store


async def test_a_token_of_an_active_account_is_taken() -> None:
    """It says who the device is."""
    store = await _store(OURS, OWNER)
    token = await TokenCheck(store, lambda: NOW + timedelta(seconds=1))(_token())
    assert (token.account_sid, token.identity) == (OURS.sid, "ann")
    await store.close()


@pytest.mark.parametrize("status", [AccountStatus.SUSPENDED, AccountStatus.CLOSED])
@pytest.mark.parametrize("whose", ["its own", "its owner's"])
async def test_a_token_of_an_account_that_may_not_be_used_is_refused(
    status: AccountStatus, whose: str
) -> None:
    """A suspended or closed account has no devices, and neither has one that it owns."""
    stopped = msgspec.structs.replace(OURS if whose == "its own" else OWNER, status=status)
    ours, owner = (stopped, OWNER) if whose == "its own" else (OURS, stopped)
    store = await _store(ours, owner)
    with pytest.raises(NoValidAccount):
        await TokenCheck(store, lambda: NOW)(_token())
    await store.close()


async def test_no_token_is_told_apart_from_a_wrong_one() -> None:
    """The code says that it is missing."""
    store = await _store(OURS, OWNER)
    with pytest.raises(TokenMissing):
        await TokenCheck(store, lambda: NOW)("")
    await store.close()
