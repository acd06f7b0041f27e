"""Queries and statements as the database plans them: each is answered by an index."""

import sqlite3
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from midcall.core.ports import (
    AccountFilter,
    CallFilter,
    EntryFilter,
    MessageFilter,
    NotificationFilter,
    NumberFilter,
)
from midcall.store.executing import prepared
from midcall.store.migrating import migrate
from midcall.store.opening import connect
from midcall.store.reading import (
    accounts,
    calls,
    messages,
    outbox,
    requests,
    subscriptions,
    timeline,
)
from midcall.store.reading.queries import Listing, Query
from midcall.store.writing import Statement, ageing, records, removing
from midcall.store.writing import messages as message_changes
from midcall.store.writing import outbox as outbox_changes
from midcall.store.writing import traces as trace_changes

FILTERS: dict[str, type[msgspec.Struct]] = {
    "ACCOUNTS": AccountFilter,
    "CALLS": CallFilter,
    "ENTRIES": EntryFilter,
    "UNFINISHED_ENTRIES": EntryFilter,
    "MESSAGES": MessageFilter,
    "UNDELIVERED_MESSAGES": MessageFilter,
    "NOTIFICATIONS": NotificationFilter,
    "PHONE_NUMBERS": NumberFilter,
}
READING: dict[str, object] = {}
for module in (accounts, calls, messages, outbox, requests, subscriptions, timeline):
    READING |= vars(module)
WRITING: dict[str, object] = {}
for module in (ageing, message_changes, outbox_changes, records, removing, trace_changes):
    WRITING |= vars(module)
LISTINGS: dict[str, Listing[Any]] = {
    name: one for name, one in READING.items() if isinstance(one, Listing)
}
LISTED = {
    f"{name} by {'+'.join(narrowed) or 'nothing'}": listing.narrowed(dict.fromkeys(narrowed, 1))[0]
    for name, listing in LISTINGS.items()
    for size in range(len(listing.conditions) + 1)
    for narrowed in combinations(listing.conditions, size)
}
SINGLE: dict[str, Query[Any]] = {
    name: one for name, one in READING.items() if isinstance(one, Query)
}
QUERIES = {name: query.select for name, query in (LISTED | SINGLE).items()}
STATEMENTS: dict[str, Statement] = {
    name: one for name, one in WRITING.items() if isinstance(one, Statement)
}
STATEMENTS |= {f"removal {n}": one for n, one in enumerate(removing.REMOVAL)}
STATEMENTS |= {f"clearing {n}": one for n, one in enumerate(removing.CLEARING)}
STATEMENTS |= {f"old {kind}": one for kind, one in ageing.AGEING.items()}
STATEMENTS |= {
    f"{name} {part}": one
    for name, settling in WRITING.items()
    if isinstance(settling, message_changes.Settling)
    for part, one in settling._asdict().items()
}
SORTED = {
    # Of a moment's entries the order is that of lane and position; of a call or a subscription
    # there are few to be sorted.
    "ENTRIES",
    "UNFINISHED_ENTRIES",
    # A leg is told of once, however many of its messages are overdue.
    "LEGS_WITH_OVERDUE",
    # A history is put together of lists that have an order each; what is looked at of requests is a
    # sample of a limited size.
    "HISTORY",
    "MADE",
    "FAILED",
    "OWED_PENDING",
    "OWED_DEAD",
}


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    """Open an empty database with all tables."""
    opened = connect(None)
    migrate(opened, Path("store.db"))
    yield opened
    opened.close()


def plan(connection: sqlite3.Connection, statement: Statement | sa.Select[Any]) -> list[str]:
    """Return the steps in which the database means to answer."""
    ready = prepared(statement)
    names = {*statement.compile().params, "limit", "offset"}
    values = ready.values(dict.fromkeys(names, 1))
    explained = connection.execute(f"EXPLAIN QUERY PLAN {ready.sql}", values)
    return [step for *_, step in explained.fetchall()]


@pytest.mark.parametrize("name", [*QUERIES, *STATEMENTS])
def test_an_index_answers(connection: sqlite3.Connection, name: str) -> None:
    """No statement walks over a whole table, and no long list is sorted after it was found."""
    statement = QUERIES[name] if name in QUERIES else STATEMENTS[name]
    steps = plan(connection, statement)
    walks = [step for step in steps if step.startswith("SCAN") and " INDEX " not in step]
    # `busy` is a parameter that is read like a table, a sample was found by an index; SQLite's own
    # table has a row for each counter.
    few = ("VIRTUAL TABLE", "sqlite_sequence", "SCAN sample", "SCAN history")
    assert [walk for walk in walks if not any(one in walk for one in few)] == []
    if name.partition(" ")[0] not in SORTED:
        assert [step for step in steps if "TEMP B-TREE" in step] == []


@pytest.mark.parametrize(
    ("name", "index"),
    [
        (
            "CALLS by started_from+started_before",
            "(account_sid=? AND created_at>? AND created_at<?",
        ),
        ("CALLS by status+started_before", "(account_sid=? AND status=? AND created_at<?"),
        ("CALLS by parent_call_sid", "(account_sid=? AND parent_call_sid=?"),
        ("NOTIFICATIONS by call_sid", "(call_sid=?"),
        ("NOTIFICATIONS by created_from", "(account_sid=? AND created_at>?"),
        ("EXCHANGES", "(call_sid=?"),
        ("MESSAGES by nothing", "ix_messages_account_sid_id (account_sid=?"),
        ("MESSAGES by call_sid", "ix_messages_call_sid_id (call_sid=?"),
        ("MESSAGES by call_sid+direction+state", "(call_sid=?"),
        ("UNDELIVERED_MESSAGES by state", "ix_messages_undelivered (account_sid=? AND state=?"),
        ("MESSAGES by search", "ix_messages_account_sid_id (account_sid=? AND id>?"),
        ("MESSAGES by call_sid+search", "ix_messages_call_sid_id (call_sid=? AND id>?"),
        ("HISTORY", "COVERING INDEX ix_traces_call_sid_at_id (call_sid=?"),
        ("HISTORY", "COVERING INDEX ix_exchanges_call_sid_requested_at_id (call_sid=?"),
        ("MADE", "ix_calls_account_sid_created_at_id (account_sid=? AND created_at>?"),
        ("FAILED", "ix_entries_account_sid_created_at (account_sid=? AND created_at>?"),
        ("OWED_DEAD", "ix_entries_unfinished (account_sid=? AND state=?"),
        ("ADD_TRACE", "calls USING INDEX"),
        ("UPLINKS", "(call_sid=? AND direction=?"),
        ("REPLY", "ix_messages_replies (call_sid=? AND in_reply_to=?"),
        ("WAITING_DOWNLINKS", "ix_messages_unsettled (call_sid=? AND direction=?"),
        ("LEGS_WITH_OVERDUE", "ix_messages_unsent (created_at<?"),
        ("ENTRY", "ix_entries_token (token=?"),
        ("ENTRIES by nothing", "ix_entries_account_sid_created_at (account_sid=?"),
        ("ENTRIES by call_sid", "(call_sid=?"),
        ("ENTRIES by call_sid+message_sid", "(call_sid=? AND message_sid=?"),
        ("ENTRIES by subscription_sid", "(lane>? AND lane<?"),
        ("UNFINISHED_ENTRIES by state", "ix_entries_unfinished (account_sid=? AND state=?"),
        ("UNFINISHED_ENTRIES by state+subscription_sid", "(lane>? AND lane<?"),
        ("OPEN_ENTRIES", "(call_sid=? AND message_sid=?"),
        ("DEAD_ENTRIES", "(call_sid=? AND message_sid=?"),
        ("CALLS_ENDED", "ix_calls_ended_at (ended_at<?"),
        ("CALLS_WITH_CONTENT", "ix_calls_uncleared (ended_at<?"),
        ("SETTLE_MESSAGE tell", "(call_sid=? AND sid=?"),
        ("SETTLE_MESSAGE lead", "ix_entries_waiting (call_sid=? AND message_sid=?"),
        ("SETTLE_MESSAGE release", "ix_entries_waiting (call_sid=? AND message_sid=?"),
        ("EXPIRE_MESSAGES tell", "ix_messages_unsettled (call_sid=?"),
        ("EXPIRE_MESSAGES settle", "ix_messages_unsettled (call_sid=?"),
        ("EXPIRE_MESSAGES lead", "ix_entries_waiting (call_sid=?"),
        ("EXPIRE_HELD settle", "ix_messages_unsettled (call_sid=? AND direction=?"),
        ("HOLD_MESSAGES", "ix_messages_unsettled (call_sid=? AND direction=?"),
        ("old message-event", "ix_message_events_at (at<?"),
        ("old accepted-request", "ix_accepted_requests_created_at (created_at<?"),
    ],
)
def test_an_index_narrows(connection: sqlite3.Connection, name: str, index: str) -> None:
    """What narrows a list most is looked up, and not picked out of a longer list."""
    steps = plan(connection, (QUERIES | STATEMENTS)[name])
    assert [step for step in steps if index in step]


@pytest.mark.parametrize("name", FILTERS)
def test_every_attribute_of_a_filter_narrows(name: str) -> None:
    """A filter that the port has and the store would pass over is noticed here."""
    attributes = {field.name for field in msgspec.structs.fields(FILTERS[name])}
    assert set(LISTINGS[name].conditions) == attributes


@pytest.mark.parametrize("name", ["MESSAGE_EVENTS", "MESSAGE_EVENTS_OF_CALL"])
def test_events_are_looked_up_from_their_number_on(
    connection: sqlite3.Connection, name: str
) -> None:
    """A client that reads on costs what it has not read, however much there was before."""
    events, message = plan(connection, QUERIES[name])
    assert "AND id>?)" in events or "AND rowid>?)" in events
    assert "(call_sid=? AND sid=?)" in message


def test_the_queries_are_all_there() -> None:
    """The lists above are not empty by mistake."""
    assert set(LISTINGS) == {*FILTERS, "APPLICATIONS"}
    assert len(LISTED) == 8 + 256 + 16 + 4 + 2 + 2 * 32 + 2 * 16
    assert len(SINGLE) > 30
    assert len(STATEMENTS) > 65
