"""What the debugger shows, in every store."""

from midcall.core.ports import AddNotification, Store
from tests.contract.store.records import ACCOUNT, CALL, OTHER_ACCOUNT, OTHER_CALL, notification


async def test_notifications_are_listed_newest_first(store: Store) -> None:
    """An account's notifications come newest first, a page at a time."""
    made = [notification(n, age=10 - n // 2) for n in range(6)]
    await store.commit([AddNotification(one) for one in made])
    newest_first = made[::-1]
    assert await store.notifications(ACCOUNT, call=None, offset=0, limit=50) == newest_first
    assert await store.notifications(ACCOUNT, call=None, offset=1, limit=2) == newest_first[1:3]
    assert await store.notifications(OTHER_ACCOUNT, call=None, offset=0, limit=50) == []


async def test_notifications_can_be_those_of_one_call(store: Store) -> None:
    """A call narrows the list; a notification without a call is in the whole list only."""
    ours, theirs, nobodys = (
        notification(1),
        notification(2, of=OTHER_CALL),
        notification(3, of=None),
    )
    await store.commit([AddNotification(one) for one in (ours, theirs, nobodys)])
    assert await store.notifications(ACCOUNT, call=CALL, offset=0, limit=50) == [ours]
    assert await store.notifications(ACCOUNT, call=None, offset=0, limit=50) == [
        nobodys,
        theirs,
        ours,
    ]
    assert await store.notifications(OTHER_ACCOUNT, call=CALL, offset=0, limit=50) == []
