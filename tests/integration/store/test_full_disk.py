"""A disk that is full or fails: nothing is half-written, and the store goes on when it can."""

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from midcall.core.ports import AddMessage, PutAccount
from midcall.model.messages import Direction
from midcall.runtime.journal import Journal
from midcall.store.faults import WriteFailed
from midcall.store.sqlite import SqliteStore, open_store
from tests.contract.store.records import ACCOUNT, CALL, account, message

LARGE = '"' + "x" * 9_998 + '"'


def large(position: int) -> AddMessage:
    """Make a message with as much content as there may be."""
    return AddMessage(msgspec.structs.replace(message(position), content=LARGE))


async def fill(store: SqliteStore) -> tuple[int, WriteFailed]:
    """Commit large messages until one fails; return how many there was room for."""
    for position in range(1_000):
        try:
            await store.commit([large(position)])
        except WriteFailed as failure:
            return position, failure
    raise AssertionError("the disk has no limit")


async def test_a_full_disk_fails_the_commit_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """What does not fit is refused whole; what was there stays, and what fits is still taken."""
    store = await open_store(f"sqlite:///{tmp_path / 'store.db'}", max_pages=150)
    await store.commit([PutAccount(account())])
    fitted, failure = await fill(store)
    assert fitted > 10
    assert (failure.reason, failure.temporary) == ("SQLITE_FULL", True)

    renaming = PutAccount(account(friendly_name="Mine"))
    with pytest.raises(WriteFailed):
        await store.commit([renaming, *(large(fitted + n) for n in range(20))])
    assert await store.find_account(ACCOUNT) == account()
    assert await store.next_position(CALL, Direction.DOWNLINK) == fitted

    await store.commit([renaming])
    assert await store.find_account(ACCOUNT) == account(friendly_name="Mine")
    await store.close()


async def test_a_full_disk_fails_only_the_decisions_that_do_not_fit(tmp_path: Path) -> None:
    """Through the journal, a decision that fits is written though its neighbour was not."""
    store = await open_store(f"sqlite:///{tmp_path / 'store.db'}", max_pages=150)
    journal = Journal(store.commit)
    too_much = [large(n) for n in range(200)]
    outcomes = await asyncio.gather(
        journal.commit([PutAccount(account())]),
        journal.commit(too_much),
        journal.commit([AddMessage(message(0))]),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), WriteFailed, type(None)]
    assert await store.find_account(ACCOUNT) == account()
    assert await store.next_position(CALL, Direction.DOWNLINK) == 1
    await store.close()


# In a process of its own: the limit on files is for the whole process. Python ignores SIGXFSZ, so
# the kernel answers a write past the limit with an error, as a failing disk would.
FAILING = """
import asyncio, resource, sys
from midcall.core.ports import PutAccount
from midcall.store.faults import WriteFailed
from midcall.store.sqlite import open_store
from tests.contract.store.records import ACCOUNT, account
from tests.integration.store.test_full_disk import large
from pathlib import Path

async def main():
    path = Path(sys.argv[1])
    store = await open_store(f"sqlite:///{path}")
    await store.commit([PutAccount(account())])
    (_, hard) = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = path.with_name(path.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (log + 20_000, hard))
    try:
        await store.commit([large(n) for n in range(20)])
    except WriteFailed as failure:
        print(failure.reason)
    assert await store.find_account(ACCOUNT) == account()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await store.commit([large(n) for n in range(20)])
    await store.close()
    print("closed")

asyncio.run(main())
"""


async def test_a_failing_disk_fails_the_commit_and_no_other(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """After a write error from the kernel the store is as it was, and takes the same changes."""
    path = tmp_path / "store.db"
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", FAILING, str(path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=pytestconfig.rootpath,
    )
    async with asyncio.timeout(30):
        output, _ = await program.communicate()
    assert output.split() == [b"SQLITE_IOERR_WRITE", b"closed"]
    store = await open_store(f"sqlite:///{path}")
    assert await store.next_position(CALL, Direction.DOWNLINK) == 20
    await store.close()
