"""What the debugger shows, in every store: notifications and exchanges."""

import pytest

from midcall.core.ports import AddExchange, AddNotification, NotificationFilter, Store
from midcall.model.notifications import Level
from midcall.model.sids import NotificationSid
from tests.contract.store.records import (
    ACCOUNT,
    CALL,
    OTHER_ACCOUNT,
    OTHER_CALL,
    after,
    exchange,
    given,
    notification,
)

EVERYTHING = NotificationFilter()


async def test_a_notification_is_found_as_it_was_added(store: Store) -> None:
    """What was asked and what came back survive, for whoever debugs it."""
    ours, nobodys = notification(1), notification(2, of=None)
    await store.commit([AddNotification(ours), AddNotification(nobodys)])
    assert await store.find_notification(ours.sid) == ours
    assert await store.find_notification(nobodys.sid) == nobodys
    assert await store.find_notification(NotificationSid("NO1")) is None


async def test_notifications_are_listed_newest_first(store: Store) -> None:
    """An account's notifications come newest first, a page at a time."""
    made = [notification(n, age=10 - n // 2) for n in range(6)]
    await store.commit([AddNotification(one) for one in made])
    newest_first = made[::-1]
    listed = store.list_notifications
    assert await listed(ACCOUNT, EVERYTHING, offset=0, limit=50) == newest_first
    assert await listed(ACCOUNT, EVERYTHING, offset=1, limit=2) == newest_first[1:3]
    assert await listed(OTHER_ACCOUNT, EVERYTHING, offset=0, limit=50) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (EVERYTHING, [4, 3, 2, 1]),
        (NotificationFilter(call_sid=CALL), [4, 1]),
        (NotificationFilter(level=Level.ERROR), [4, 3]),
        (NotificationFilter(created_from=after(-20)), [4, 3]),
        (NotificationFilter(created_before=after(-20)), [2, 1]),
        (NotificationFilter(created_from=after(-30), created_before=after(-10)), [3, 2]),
        (NotificationFilter(call_sid=CALL, level=Level.ERROR, created_from=after(-10)), [4]),
        (NotificationFilter(call_sid=CALL, level=Level.ERROR, created_before=after(-10)), []),
    ],
    ids=given,
)
async def test_a_list_of_notifications_can_be_narrowed(
    store: Store, filters: NotificationFilter, expected: list[int]
) -> None:
    """Every filter that is given has to hold; a notification without a call is in no call's list.

    A stretch of time includes its beginning and not its end.
    """
    made = [
        notification(1, age=40),
        notification(2, of=OTHER_CALL, age=30),
        notification(3, of=None, level=Level.ERROR, age=20),
        notification(4, level=Level.ERROR, age=10),
    ]
    await store.commit([AddNotification(one) for one in made])
    found = await store.list_notifications(ACCOUNT, filters, offset=0, limit=50)
    assert [one.sid for one in found] == [notification(n).sid for n in expected]
    assert await store.list_notifications(OTHER_ACCOUNT, filters, offset=0, limit=50) == []


async def test_exchanges_are_listed_oldest_first(store: Store) -> None:
    """A call's exchanges come in the order of their requests, a page at a time.

    An exchange is added when its response is there: a later request may be answered first.
    """
    late, unanswered = exchange(1, age=1), exchange(2, age=3, response_code=None)
    first, second = exchange(3, age=2), exchange(4, age=2)
    elsewhere = exchange(5, of=OTHER_CALL)
    made = (late, unanswered, first, second, elsewhere)
    await store.commit([AddExchange(one) for one in made])
    oldest_first = [unanswered, first, second, late]
    assert await store.list_exchanges(CALL, offset=0, limit=50) == oldest_first
    assert await store.list_exchanges(CALL, offset=1, limit=2) == oldest_first[1:3]
    assert await store.list_exchanges(OTHER_CALL, offset=0, limit=50) == [elsewhere]
