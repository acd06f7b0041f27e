"""What there was with customers' servers, and what was said, in every store."""

import pytest
from msgspec.structs import replace

from midcall.core.ports import (
    AddEntry,
    AddExchange,
    AddMessage,
    FailedRequest,
    MadeRequest,
    MessageFilter,
    OwedRequests,
    PutFamily,
    SettleEntry,
    Store,
)
from midcall.model.outbox import EntryState
from tests.contract.store.records import (
    ACCOUNT,
    CALL,
    NOW,
    OTHER_ACCOUNT,
    URL,
    after,
    attempt,
    call,
    call_sid,
    entry,
    exchange,
    family,
    message,
)

LEG = call_sid(1)


async def test_the_requests_of_an_accounts_calls_are_found(store: Store) -> None:
    """Newest first, from a time on; those of another account's calls are not among them."""
    await store.commit(
        [PutFamily(family(call(1))), PutFamily(family(call(2, owner=OTHER_ACCOUNT)))]
    )
    ours = [exchange(n, of=LEG, age=-n, response_code=code) for n, code in ((1, 200), (2, None))]
    theirs = exchange(3, of=call_sid(2), age=-3)
    await store.commit([AddExchange(one) for one in (*ours, theirs, exchange(4, of=LEG, age=9))])
    recent = await store.recent_requests(ACCOUNT, NOW)
    assert recent.made == (
        MadeRequest(url=URL, requested_at=after(2), duration_ms=2, status=None),
        MadeRequest(url=URL, requested_at=after(1), duration_ms=1, status=200),
    )


async def test_why_requests_failed_is_found(store: Store) -> None:
    """An attempt that had a response says nothing that its request does not."""
    owed = entry("ZY1", 0)
    await store.commit([AddEntry(owed), AddEntry(entry("ZY2", 0, owner=OTHER_ACCOUNT))])
    await store.commit(
        [
            SettleEntry(owed, attempt(owed, status=None, fault="no connection")),
            SettleEntry(owed, attempt(owed)),
        ]
    )
    recent = await store.recent_requests(ACCOUNT, NOW)
    assert recent.failed == (FailedRequest(url=URL, attempted_at=NOW, fault="no connection"),)
    assert (await store.recent_requests(ACCOUNT, after(1))).failed == ()


async def test_what_is_owed_is_counted(store: Store) -> None:
    """However old it is: what waits for its attempt, and what was given up."""
    dead = [entry("ZY1", n, age=99, state=EntryState.DEAD) for n in range(3)]
    rest = [entry("ZY1", 7), entry("ZY1", 8, state=EntryState.DELIVERED)]
    await store.commit([AddEntry(one) for one in (*dead, *rest)])
    recent = await store.recent_requests(ACCOUNT, NOW)
    assert recent.owed == (
        OwedRequests(url=URL, state=EntryState.PENDING, count=1),
        OwedRequests(url=URL, state=EntryState.DEAD, count=3),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100%", [1]),
        ("%", [1]),
        ("_", [2]),
        ("\\", [2]),
        ("PRICE", [1]),
        ("grüße", [0]),
        ("r", [2, 1, 0]),
        ("nowhere", []),
    ],
)
async def test_messages_are_found_by_what_they_say(
    store: Store, text: str, expected: list[int]
) -> None:
    """A text is looked for as it is written, its ASCII letters in either case."""
    contents = ('{"a":"grüße"}', '{"price":"100%"}', '{"path":"C:\\\\r_x"}')
    for position, content in enumerate(contents):
        await store.commit([AddMessage(replace(message(position), content=content))])
    await store.commit([AddMessage(message(0, of=LEG, owner=OTHER_ACCOUNT))])
    for filters in (MessageFilter(search=text), MessageFilter(search=text, call_sid=CALL)):
        found = await store.list_messages(ACCOUNT, filters, offset=0, limit=50)
        assert [one.position for one in found] == expected
