"""A program that commits without end and says what was acknowledged; its parent kills it.

    python -m tests.integration.store.committer sqlite:////path/to/store.db

It writes a line with a SID to its standard output as soon as the commit of that message and its
outbox entry has returned, and never before.
"""

import asyncio
import os
import sys

from midcall.core.ports import AddEntry, AddMessage
from midcall.model.messages import Direction
from midcall.runtime.journal import Journal
from midcall.store.sqlite import open_store
from tests.contract.store.records import CALL, entry, message

CALLERS = 20


async def commit_without_end(url: str) -> None:
    """Commit from many callers at once, each its own messages, in the order of their positions."""
    store = await open_store(url)
    journal = Journal(store.commit)
    positions = iter(range(await store.next_position(CALL, Direction.DOWNLINK), sys.maxsize))

    async def call() -> None:
        for position in positions:
            one = message(position, direction=Direction.DOWNLINK)
            owed = entry("lane", position, carries=one.sid)
            await journal.commit([AddMessage(one), AddEntry(owed)])
            os.write(sys.stdout.fileno(), f"{one.sid}\n".encode())

    await asyncio.gather(*(call() for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(commit_without_end(sys.argv[1]))
