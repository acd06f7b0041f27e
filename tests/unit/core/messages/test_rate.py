"""The token bucket."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from midcall.core.messages.rate import Bucket, Rate, full, take
from tests.unit.core.calls.stage import NOW

RATE = Rate(per_second=2, burst=3)


def _pass(bucket: Bucket, times: int, seconds: float = 0) -> tuple[Bucket, int]:
    passed = 0
    for _ in range(times):
        taken = take(bucket, RATE, NOW + timedelta(seconds=seconds))
        if taken is not None:
            bucket, passed = taken, passed + 1
    return bucket, passed


def test_a_burst_passes_at_once() -> None:
    """After a quiet time as many pass as the burst allows, and no more."""
    assert _pass(full(RATE, NOW), 10)[1] == 3


def test_what_passes_later_is_the_rate() -> None:
    """Each half second lets one more pass."""
    bucket, _ = _pass(full(RATE, NOW), 3)
    assert take(bucket, RATE, NOW + timedelta(seconds=0.49)) is None
    bucket, passed = _pass(bucket, 10, seconds=0.5)
    assert passed == 1
    assert _pass(bucket, 10, seconds=1.5)[1] == 2


def test_a_long_quiet_time_saves_up_one_burst() -> None:
    """Nothing is saved beyond it."""
    bucket, _ = _pass(full(RATE, NOW), 3)
    assert _pass(bucket, 100, seconds=3600)[1] == 3


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    """Time that did not pass is no time, not a debt."""
    bucket, passed = _pass(full(RATE, NOW), 1, seconds=-60)
    assert passed == 1
    assert _pass(bucket, 10, seconds=-60)[1] == 2


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_never_more_pass_than_the_burst_and_the_rate_allow(pauses: list[float]) -> None:
    """Whenever they come, at most ``burst + rate x time`` pass."""
    bucket, at, passed = full(RATE, NOW), 0.0, 0
    for pause in pauses:
        at += pause
        taken = take(bucket, RATE, NOW + timedelta(seconds=at))
        if taken is not None:
            bucket, passed = taken, passed + 1
    assert passed <= RATE.burst + RATE.per_second * at + 1e-3
