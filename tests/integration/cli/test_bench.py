"""``midcall bench``: a server of its own on disk, and figures beside figures of the same run."""

import json

import pytest

from midcall.cli import bench_server
from midcall.cli.bench_report import Latency, measured
from tests.integration.cli.conftest import Run


@pytest.mark.long
def test_a_small_bench_is_measured(run: Run) -> None:
    """Every message of every call, both ways, each in some time."""
    ended = run("bench", "--calls", "2", "--messages", "3", "--json")
    assert ended.code == 0, ended.err
    report = json.loads(ended.out)
    assert report["calls"] == 2
    assert (report["downlink"]["messages"], report["uplink"]["messages"]) == (6, 6)
    for part in (report["downlink"]["durable"], report["downlink"]["arrived"], report["commit"]):
        assert 0 < part["p50_ms"] <= part["p95_ms"] <= part["p99_ms"]
    assert report["uplink"]["per_second"] > 0


@pytest.mark.long
def test_a_bench_without_a_server_says_why(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what the server said."""
    monkeypatch.setattr(bench_server, "PROGRAM", "print('no disk')")
    ended = run("bench", "--calls", "1")
    assert ended.code == 1
    assert "the server did not start: no disk" in ended.err


@pytest.mark.parametrize("wrong", ["--calls", "--messages", "--seconds"])
@pytest.mark.long
def test_less_than_one_of_anything_is_refused(run: Run, wrong: str) -> None:
    """Before anything is started."""
    assert run("bench", wrong, "0").code != 0


@pytest.mark.long
def test_times_are_summed_up() -> None:
    """The half, 95 and 99 of a hundred took no longer; of nothing there is nothing."""
    seconds = [number / 1000 for number in range(100, 0, -1)]
    assert measured(seconds) == Latency(p50_ms=51, p95_ms=96, p99_ms=100)
    assert measured([]) == Latency(p50_ms=0, p95_ms=0, p99_ms=0)
