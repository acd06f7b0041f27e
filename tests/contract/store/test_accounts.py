"""Accounts, API keys and applications, in every store."""

import msgspec
import pytest

from midcall.core.ports import (
    AccountFilter,
    PutAccount,
    PutApiKey,
    PutApplication,
    RemoveApiKey,
    RemoveApplication,
    Store,
)
from midcall.model.accounts import AccountStatus
from midcall.model.sids import AccountSid, ApplicationSid, KeySid
from tests.contract.store.records import (
    ACCOUNT,
    OTHER_ACCOUNT,
    account,
    after,
    api_key,
    application,
    given,
)

EVERYTHING = AccountFilter()


def account_sid(number: int) -> AccountSid:
    """Return the SID of an account."""
    return AccountSid(f"AC{number:032x}")


async def test_an_account_comes_back_as_it_was_put(store: Store) -> None:
    """What was put under a SID is what the SID finds."""
    await store.commit([PutAccount(account())])
    assert await store.find_account(ACCOUNT) == account()


async def test_putting_an_account_again_replaces_it(store: Store) -> None:
    """The second record under a SID takes the place of the first."""
    await store.commit([PutAccount(account()), PutAccount(account(friendly_name="Renamed"))])
    assert await store.find_account(ACCOUNT) == account(friendly_name="Renamed")


async def test_accounts_are_listed_newest_first(store: Store) -> None:
    """A page is cut out of the accounts, newest first; equal times keep their order."""
    made = [account(account_sid(n)) for n in range(1, 5)]
    made.append(msgspec.structs.replace(account(), created_at=after(-1)))
    await store.commit([PutAccount(one) for one in made])
    newest_first = [*made[3::-1], made[4]]
    assert await store.list_accounts(EVERYTHING, offset=0, limit=50) == newest_first
    assert await store.list_accounts(EVERYTHING, offset=3, limit=1) == newest_first[3:4]


SUSPENDED = AccountStatus.SUSPENDED


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (AccountFilter(), [5, 4, 3, 2, 1]),
        (AccountFilter(within=account_sid(1)), [3, 2, 1]),
        (AccountFilter(within=account_sid(2)), [2]),
        (AccountFilter(within=account_sid(4)), [5, 4]),
        (AccountFilter(within=account_sid(9)), []),
        (AccountFilter(friendly_name="Sub"), [5, 3, 2]),
        (AccountFilter(friendly_name="sub"), []),
        (AccountFilter(status=SUSPENDED), [5, 3]),
        (AccountFilter(status=AccountStatus.CLOSED), []),
        (AccountFilter(within=account_sid(1), friendly_name="Sub", status=SUSPENDED), [3]),
    ],
    ids=given,
)
async def test_a_list_of_accounts_can_be_narrowed(
    store: Store, filters: AccountFilter, expected: list[int]
) -> None:
    """An account is within itself and within its owner; every filter that is given has to hold."""
    made = [
        account(account_sid(1)),
        account(account_sid(2), "Sub", owner=account_sid(1)),
        account(account_sid(3), "Sub", owner=account_sid(1), status=SUSPENDED),
        account(account_sid(4)),
        account(account_sid(5), "Sub", owner=account_sid(4), status=SUSPENDED),
    ]
    await store.commit([PutAccount(one) for one in made])
    found = await store.list_accounts(filters, offset=0, limit=50)
    assert [one.sid for one in found] == [account_sid(n) for n in expected]


async def test_an_account_keeps_its_owner_and_changes_its_status(store: Store) -> None:
    """A sub-account that is closed is still its owner's."""
    ours = account(account_sid(2), owner=account_sid(1))
    closed = msgspec.structs.replace(ours, status=AccountStatus.CLOSED, updated_at=after(1))
    await store.commit([PutAccount(ours)])
    assert await store.find_account(ours.sid) == ours
    await store.commit([PutAccount(closed)])
    assert await store.find_account(ours.sid) == closed


async def test_what_was_never_put_is_not_found(store: Store) -> None:
    """A SID that the store does not know finds nothing and fails nothing."""
    assert await store.find_account(AccountSid("AC1")) is None
    assert await store.find_api_key(KeySid("SK1")) is None
    assert await store.find_application(ApplicationSid("AP1")) is None


async def test_a_key_can_be_put_replaced_and_removed(store: Store) -> None:
    """A key is found as it was put last, until it is removed; removing it twice is no error."""
    key = api_key(1)
    renamed = msgspec.structs.replace(key, friendly_name="Renamed", updated_at=after(1))
    await store.commit([PutApiKey(key)])
    assert await store.find_api_key(key.sid) == key
    await store.commit([PutApiKey(renamed)])
    assert await store.find_api_key(key.sid) == renamed
    await store.commit([RemoveApiKey(key.sid), RemoveApiKey(key.sid)])
    assert await store.find_api_key(key.sid) is None


async def test_keys_are_listed_newest_first_for_their_account_only(store: Store) -> None:
    """A page is cut out of the account's keys, newest first; equal times keep their order."""
    keys = [api_key(n, age=10 - n // 2) for n in range(6)]
    foreign = api_key(99, owner=OTHER_ACCOUNT)
    await store.commit([*(PutApiKey(key) for key in keys), PutApiKey(foreign)])
    newest_first = keys[::-1]
    assert await store.list_api_keys(ACCOUNT, offset=0, limit=50) == newest_first
    assert await store.list_api_keys(ACCOUNT, offset=2, limit=3) == newest_first[2:5]
    assert await store.list_api_keys(ACCOUNT, offset=6, limit=3) == []


async def test_replacing_a_key_keeps_its_place_in_the_list(store: Store) -> None:
    """A key that is renamed does not become the newest."""
    first, second = api_key(1), api_key(2)
    await store.commit([PutApiKey(first), PutApiKey(second), PutApiKey(first)])
    assert await store.list_api_keys(ACCOUNT, offset=0, limit=50) == [second, first]


async def test_an_application_comes_back_with_every_attribute(store: Store) -> None:
    """Methods, flags and URLs of an application survive."""
    one = application(1, friendly_name="Phones")
    await store.commit([PutApplication(one)])
    found = await store.find_application(one.sid)
    assert found == one
    assert found.voice_caller_id_lookup is True
    assert found.voice_endpoint == one.voice_endpoint


async def test_applications_can_be_listed_by_name(store: Store) -> None:
    """A friendly name narrows the list to the applications that have exactly it."""
    named = [application(n, friendly_name="Phones", age=-n) for n in range(3)]
    others = [application(9, friendly_name="phones"), application(8, owner=OTHER_ACCOUNT)]
    await store.commit([PutApplication(one) for one in (*named, *others)])
    found = await store.list_applications(ACCOUNT, friendly_name="Phones", offset=0, limit=50)
    assert found == named[::-1]
    everything = await store.list_applications(ACCOUNT, friendly_name=None, offset=0, limit=50)
    assert len(everything) == 4
    page = await store.list_applications(ACCOUNT, friendly_name="Phones", offset=1, limit=1)
    assert page == [named[1]]


async def test_a_removed_application_is_gone(store: Store) -> None:
    """An application is found until it is removed; removing it twice is no error."""
    one = application(1)
    await store.commit([PutApplication(one)])
    await store.commit([RemoveApplication(one.sid), RemoveApplication(one.sid)])
    assert await store.find_application(one.sid) is None
