"""Changes that nobody waits for."""

import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from midcall.model.errors import Unavailable
from midcall.runtime.journal import JournalClosed
from midcall.runtime.recorder import Recorder


class Disk:
    """Takes changes once its troubles are over."""

    def __init__(self, *troubles: Exception) -> None:
        self.kept: list[str] = []
        self._troubles = list(troubles)

    async def commit(self, changes: Sequence[str]) -> None:
        """Keep changes, or have the next trouble."""
        if self._troubles:
            raise self._troubles.pop(0)
        self.kept.extend(changes)


async def _record(disk: Disk, *changes: str) -> None:
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        Recorder(
            disk.commit, lambda name, work: tasks.create_task(work, name=name), rest_seconds=0
        ).record(changes)


async def test_what_happened_is_kept() -> None:
    """At once, if it can be."""
    disk = Disk()
    await _record(disk, "sent", "delivered")
    assert disk.kept == ["sent", "delivered"]


async def test_a_disk_that_is_full_is_waited_for() -> None:
    """However often it refuses, nothing is forgotten and nothing comes twice."""
    disk = Disk(Unavailable(), Unavailable(), Unavailable())
    await _record(disk, "delivered")
    assert disk.kept == ["delivered"]


@pytest.mark.parametrize(("trouble", "said"), [(JournalClosed(), 0), (ValueError("content"), 1)])
async def test_what_can_never_be_kept_is_let_go(trouble: Exception, said: int) -> None:
    """A server that stops does not wait for it; a mistake is logged, without what it was about."""
    disk = Disk(trouble)
    with capture_logs() as logs:
        await _record(disk, "delivered")
    assert disk.kept == []
    assert len(logs) == said
    assert "content" not in str(logs)
