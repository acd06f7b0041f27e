"""Phone numbers, in every store."""

import msgspec
import pytest

from midcall.core.ports import (
    NumberFilter,
    PutAccount,
    PutPhoneNumber,
    RemovePhoneNumber,
    Store,
)
from midcall.model.errors import Fault
from midcall.model.sids import PhoneNumberSid
from tests.contract.store.records import (
    ACCOUNT,
    OTHER_ACCOUNT,
    account,
    after,
    given,
    phone_number,
)


async def test_a_phone_number_comes_back_with_every_attribute(store: Store) -> None:
    """A number is found by its SID and by itself, whoever owns it."""
    one = phone_number(1, owner=OTHER_ACCOUNT, friendly_name="Front desk")
    await store.commit([PutPhoneNumber(one)])
    assert await store.find_phone_number(one.sid) == one
    assert await store.find_number(one.number) == one
    assert await store.find_phone_number(PhoneNumberSid("PN1")) is None
    assert await store.find_number("+15005559999") is None


async def test_a_phone_number_put_again_is_replaced(store: Store) -> None:
    """A later record with the same SID is the only one that is left; its place stays."""
    first, second = phone_number(1), phone_number(2)
    changed = msgspec.structs.replace(
        first, account_sid=OTHER_ACCOUNT, friendly_name="Theirs", updated_at=after(1)
    )
    await store.commit([PutPhoneNumber(first), PutPhoneNumber(second)])
    await store.commit([PutPhoneNumber(changed)])
    assert await store.find_number(first.number) == changed
    found = await store.list_phone_numbers(ACCOUNT, NumberFilter(), offset=0, limit=50)
    assert found == [second]


async def test_a_number_has_one_owner(store: Store) -> None:
    """A number that is taken, by whichever account, is refused with the code that says so.

    Nothing of the commit is written, whether the number was to be added or changed.
    """
    taken, mine = phone_number(1, owner=OTHER_ACCOUNT), phone_number(2)
    await store.commit([PutPhoneNumber(taken), PutPhoneNumber(mine)])
    added = msgspec.structs.replace(phone_number(3), number=taken.number)
    changed = msgspec.structs.replace(mine, number=taken.number)
    for refused in (added, changed):
        with pytest.raises(Fault) as refusal:
            await store.commit([PutAccount(account()), PutPhoneNumber(refused)])
        assert (refusal.value.code, refusal.value.http_status) == (21422, 400)
        assert taken.number not in str(refusal.value)
    assert await store.find_number(taken.number) == taken
    assert await store.find_phone_number(mine.sid) == mine
    assert await store.find_account(ACCOUNT) is None


async def test_a_removed_number_is_free_again(store: Store) -> None:
    """A number is its owner's until it is removed; removing it twice is no error."""
    one = phone_number(1)
    await store.commit([PutPhoneNumber(one)])
    await store.commit([RemovePhoneNumber(one.sid), RemovePhoneNumber(one.sid)])
    assert await store.find_phone_number(one.sid) is None
    theirs = msgspec.structs.replace(phone_number(2, owner=OTHER_ACCOUNT), number=one.number)
    await store.commit([PutPhoneNumber(theirs)])
    assert await store.find_number(one.number) == theirs


async def test_phone_numbers_are_listed_newest_first(store: Store) -> None:
    """A page is cut out of the account's numbers, newest first; equal times keep their order."""
    made = [phone_number(n, age=10 - n // 2) for n in range(6)]
    foreign = phone_number(99, owner=OTHER_ACCOUNT)
    await store.commit([*(PutPhoneNumber(one) for one in made), PutPhoneNumber(foreign)])
    newest_first = made[::-1]
    filters = NumberFilter()
    assert await store.list_phone_numbers(ACCOUNT, filters, offset=0, limit=50) == newest_first
    assert await store.list_phone_numbers(ACCOUNT, filters, offset=1, limit=2) == newest_first[1:3]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (NumberFilter(number="+15005550002"), [2]),
        (NumberFilter(number="+15005550004"), []),
        (NumberFilter(friendly_name="Desk"), [3, 2]),
        (NumberFilter(friendly_name="desk"), []),
        (NumberFilter(number="+15005550001", friendly_name="Desk"), []),
    ],
    ids=given,
)
async def test_a_list_of_phone_numbers_can_be_narrowed(
    store: Store, filters: NumberFilter, expected: list[int]
) -> None:
    """Every filter that is given has to hold, to the letter."""
    made = [
        phone_number(1),
        phone_number(2, friendly_name="Desk"),
        phone_number(3, friendly_name="Desk"),
        phone_number(4, friendly_name="Desk", owner=OTHER_ACCOUNT),
    ]
    await store.commit([PutPhoneNumber(one) for one in made])
    found = await store.list_phone_numbers(ACCOUNT, filters, offset=0, limit=50)
    assert found == [made[n - 1] for n in expected]
