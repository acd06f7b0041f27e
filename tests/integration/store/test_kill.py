"""What was acknowledged survives ``kill -9``."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from midcall.model.messages import Direction
from midcall.store.sqlite import open_store
from tests.contract.store.records import CALL

KILLS = int(os.environ.get("TEST_KILLS", "3"))
"""How often to kill; ``TEST_KILLS=200`` for a long look."""


async def acknowledged_until_killed(url: str, enough: int, root: Path) -> list[str]:
    """Run the committer, kill it after so many acknowledgements, return all that it wrote."""
    committer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.store.committer", url),
        stdout=asyncio.subprocess.PIPE,
        cwd=root,
    )
    assert committer.stdout is not None
    lines: list[bytes] = []
    try:
        async with asyncio.timeout(30):
            while len(lines) < enough and (line := await committer.stdout.readline()):
                lines.append(line)
    finally:
        committer.send_signal(signal.SIGKILL)
    # What it wrote before it died was acknowledged as well.
    lines += (await committer.stdout.read()).splitlines(keepends=True)
    assert await committer.wait() == -signal.SIGKILL
    # A line may have been cut off by the kill; then nobody has read it.
    return [line.decode().strip() for line in lines if line.endswith(b"\n")]


@pytest.mark.timeout(60 + 10 * KILLS)
async def test_every_acknowledged_message_survives_a_kill(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """After each kill every acknowledged message is there, whole, in its place, with its entry."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    for kill in range(KILLS):
        enough = 1 + kill * 97 % 400
        acknowledged = await acknowledged_until_killed(url, enough, pytestconfig.rootpath)
        assert len(acknowledged) >= enough

        store = await open_store(url)
        written = await store.next_position(CALL, Direction.DOWNLINK)
        found = await store.downlinks(CALL, after=-1, limit=written)
        # Later ones may be there that nobody was told of, but no gap before them: the order of
        # submission is the order of writing.
        assert [one.position for one in found] == list(range(written))
        assert set(acknowledged) <= {one.sid for one in found}
        # A message and what it owes were one commit.
        newest = found[-len(acknowledged) :]
        assert [await store.open_entries(one.sid, CALL) for one in newest] == [1] * len(newest)
        await store.close()
