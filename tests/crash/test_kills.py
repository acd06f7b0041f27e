"""The whole server under load, killed again and again: what it promised is all there.

``CRASH_KILLS`` sets how often it is killed, ``CRASH_SEED`` when, as far as chance decides that: the
aims are the same, what the server is doing then is not.
"""

import asyncio
import os
import random
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.crash.cast import Cast
from tests.crash.judgement import judge
from tests.crash.records import read_records
from tests.crash.stage import MOMENTS, Stage, draw_aim
from tests.support.customer import Customer
from tests.support.site import Site, lasting_port

KILLS: Final = int(os.environ.get("CRASH_KILLS", "3"))
SEED: Final = int(os.environ.get("CRASH_SEED") or secrets.randbelow(1_000_000))

IMPATIENT: Final = Path(__file__).with_name("impatient.py")


@asynccontextmanager
async def a_stage(directory: Path) -> AsyncIterator[Stage]:
    """Give a server, which has not been started, and a customer's web server beside it."""
    site = Site(
        directory,
        port=lasting_port(),
        log_level="warning",
        message_rate="10000",
        callback_retries="0.2,0.5,1,2,5,10",
        status_retries="0.2,0.5,1,2,5,10",
    )
    async with Customer() as customer:
        try:
            yield Stage(site, customer, random.Random(f"load {SEED}"))
        finally:
            if site.running:
                await asyncio.to_thread(site.stop, signal.SIGKILL)


@pytest.mark.timeout(300 + 20 * KILLS)
async def test_nothing_that_was_promised_is_lost_by_a_kill(tmp_path: Path) -> None:
    """What clients and endpoints noted agrees with the store, however often the server died."""
    say(f"{KILLS} kills, CRASH_SEED={SEED}")
    async with a_stage(tmp_path) as stage, AsyncExitStack() as stack:
        cast = Cast(stage, stack)
        await stage.start()
        await cast.begin()
        await cast.abandon()
        aims = random.Random(SEED)  # Nobody else draws from it: equal seeds, equal aims.
        for number in range(KILLS):
            aim = draw_aim(aims)
            await stage.strike(aim)
            say(f"kill {number + 1} {aim}: {len(stage.ledger.history)} facts so far")
        await stage.start()
        await cast.ask_again()
        await cast.fall_quiet()
        for talker in cast.talkers:
            if (status := await stage.site.status(talker.leg)) != "in-progress":
                stage.surprise(f"{talker.leg} did not go on: {status}")
        await cast.hang_up()

        # The calls that are left have nobody who comes back to them.
        await asyncio.to_thread(stage.site.stop, signal.SIGKILL)
        stage.site.program = [sys.executable, str(IMPATIENT)]
        await stage.start()
        await cast.see_the_end()
        assert await asyncio.to_thread(stage.site.stop) == 0

    facts = Counter(type(fact).__name__ for fact in stage.ledger.history)
    say(", ".join(f"{number} {name}" for name, number in sorted(facts.items())) + "\n")
    findings = judge(stage.ledger.history, read_records(tmp_path / "midcall.db"))
    assert not findings, f"CRASH_SEED={SEED}: {len(findings)}\n" + "\n".join(
        f"{finding.rule}: {finding.what}" for finding in findings[:50]
    )
    assert all(facts[kind.__name__] > KILLS for kind in MOMENTS), "there was no load"


def say(line: str) -> None:
    """Say how far it is: pytest shows it with ``-s``, and when the test fails."""
    sys.stdout.write(f"\n{time.strftime('%T')} {line}")
    sys.stdout.flush()
