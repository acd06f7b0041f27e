"""Credentials: who is let in, and for how long whoever was let in may stay."""

import base64
from datetime import UTC, datetime
from typing import cast

import pytest
from msgspec.structs import replace

from midcall.core.access import Caller
from midcall.core.ports import Store
from midcall.model.accounts import Account, AccountStatus, ApiKey
from midcall.model.errors import AuthenticationRequired
from midcall.model.sids import AccountSid, KeySid
from midcall.rest.auth import identify, may_go_on

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
OWNER = Account(
    sid=AccountSid("AC" + "a" * 32),
    auth_token="1" * 32,
    friendly_name="",
    created_at=AT,
    updated_at=AT,
)
SUB = replace(OWNER, sid=AccountSid("AC" + "b" * 32), auth_token="2" * 32, owner_sid=OWNER.sid)
KEY = ApiKey(
    sid=KeySid("SK" + "a" * 32),
    account_sid=SUB.sid,
    secret="3" * 32,
    friendly_name="",
    created_at=AT,
    updated_at=AT,
)


class Shelf:
    """The part of a store that credentials are looked up in."""

    def __init__(self, *accounts: Account, keys: tuple[ApiKey, ...] = ()) -> None:
        self.asked: list[str] = []
        self._accounts = {account.sid: account for account in accounts}
        self._keys = {key.sid: key for key in keys}

    async def find_account(self, sid: AccountSid) -> Account | None:
        """Find an account."""
        self.asked.append("account")
        return self._accounts.get(sid)

    async def find_api_key(self, sid: KeySid) -> ApiKey | None:
        """Find a key."""
        self.asked.append("key")
        return self._keys.get(sid)

    @property
    def store(self) -> Store:
        """The same as the whole port: nothing else of it is asked."""
        return cast("Store", self)


def basic(username: str, password: str) -> str:
    """Return an ``Authorization`` header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def with_status(account: Account, status: AccountStatus) -> Account:
    """Return an account that is so."""
    return replace(account, status=status)


async def test_a_key_that_is_not_there_costs_as_much_as_a_wrong_secret() -> None:
    """The store is asked for the same, so the time does not tell which keys there are."""
    looked_up = []
    for username in (KEY.sid, "SK" + "9" * 32):
        shelf = Shelf(OWNER, SUB, keys=(KEY,))
        with pytest.raises(AuthenticationRequired):
            await identify(basic(username, "wrong"), shelf.store)
        looked_up.append(shelf.asked)
    assert looked_up == [["key", "account"]] * 2


async def test_a_session_speaks_for_its_account() -> None:
    """As long as it and the account are there; a password is not looked for."""
    sessions = {"a session": OWNER.sid, "another": SUB.sid}
    caller = await identify("Bearer a session", Shelf(OWNER).store, sessions.get)
    assert caller == Caller(account=OWNER)
    for header in ("Bearer another", "Bearer none", "Bearer", "Bearer  "):
        with pytest.raises(AuthenticationRequired):
            await identify(header, Shelf(OWNER).store, sessions.get)
    with pytest.raises(AuthenticationRequired):
        await identify("Bearer a session", Shelf(OWNER).store)


SUSPENDED, CLOSED = AccountStatus.SUSPENDED, AccountStatus.CLOSED


@pytest.mark.parametrize(
    ("caller", "account", "shelf", "expected"),
    [
        (Caller(account=OWNER), OWNER, Shelf(OWNER), True),
        (Caller(account=OWNER), OWNER, Shelf(with_status(OWNER, SUSPENDED)), False),
        (Caller(account=OWNER), OWNER, Shelf(), False),
        (Caller(account=SUB), SUB, Shelf(OWNER, SUB), True),
        (Caller(account=SUB), SUB, Shelf(with_status(OWNER, CLOSED), SUB), False),
        (Caller(account=SUB, key=KEY), SUB, Shelf(OWNER, SUB, keys=(KEY,)), True),
        (Caller(account=SUB, key=KEY), SUB, Shelf(OWNER, SUB), False),
        (Caller(account=OWNER), SUB, Shelf(OWNER, with_status(SUB, SUSPENDED)), True),
        (Caller(account=OWNER), SUB, Shelf(OWNER), False),
    ],
)
async def test_whoever_was_let_in_stays_as_long_as_they_would_be_let_in(
    caller: Caller, account: Account, shelf: Shelf, expected: bool
) -> None:
    """The caller's account, its owner and the key count; an owner may look at what it suspended."""
    assert await may_go_on(caller, account, shelf.store) is expected
