"""What the server kept, read from its file with nothing of the server's own code."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tests.support.ledger import canonical


class Message(NamedTuple):
    """A user-defined message as it is kept."""

    direction: str
    position: int
    content: str
    state: str


class Records(NamedTuple):
    """All that the judgement needs, by leg and SID, or by leg and idempotency key."""

    messages: dict[tuple[str, str], Message]
    requests: dict[tuple[str, str], str]
    subscriptions: dict[str, str]
    """The leg of each subscription."""
    calls: dict[str, str]
    """The status of each call."""


def read_records(path: Path) -> Records:
    """Read the file of a server that has ended."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        (intact,) = file.execute("PRAGMA integrity_check").fetchone()
        assert intact == "ok", intact
        messages = file.execute(
            "SELECT call_sid, sid, direction, position, content, state FROM messages"
        )
        return Records(
            messages={
                (leg, sid): Message(direction, position, canonical(json.loads(content)), state)
                for leg, sid, direction, position, content, state in messages
            },
            requests={
                (leg, key): sid
                for leg, key, sid in file.execute(
                    "SELECT call_sid, key, sid FROM accepted_requests"
                )
            },
            subscriptions=dict(file.execute("SELECT sid, call_sid FROM subscriptions")),
            calls=dict(file.execute("SELECT sid, status FROM calls")),
        )
