"""The token bucket."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from midcall.core.messages.rate import Bucket, Rate, full, saved, take
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


def test_who_could_not_send_may_send_it_all_at_once() -> None:
    """What the rate would have let pass meanwhile is not lost to the burst; and only that."""
    bucket, _ = _pass(full(RATE, NOW), 3)
    back = saved(bucket, RATE, NOW + timedelta(seconds=10))
    bucket, passed = _pass(back, 100, seconds=10)
    assert passed == 20
    assert _pass(bucket, 100, seconds=3600)[1] == 3


def test_nobody_saves_up_for_ever() -> None:
    """A device may be away for minutes, not for a day."""
    back = saved(full(RATE, NOW), RATE, NOW + timedelta(days=1))
    assert _pass(back, 1000, seconds=86400)[1] == 3 + 2 * 300


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    """Time that did not pass is no time, not a debt."""
    bucket, passed = _pass(full(RATE, NOW), 1, seconds=-60)
    assert passed == 1
    assert _pass(bucket, 10, seconds=-60)[1] == 2


def test_a_clock_that_goes_back_makes_nobody_wait_for_it() -> None:
    """Even an empty bucket goes on at its rate: the hour that is taken back is not waited for."""
    bucket, _ = _pass(full(RATE, NOW), 3)
    bucket, passed = _pass(bucket, 10, seconds=-3600)
    assert passed == 1
    assert _pass(bucket, 10, seconds=-3599.5)[1] == 1


def test_nothing_is_saved_up_while_the_clock_is_put_back() -> None:
    """Nor is anything lost."""
    bucket = saved(Bucket(2, NOW), RATE, NOW - timedelta(seconds=60))
    assert bucket == Bucket(2, NOW - timedelta(seconds=60))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=60))
def test_a_clock_that_goes_to_and_fro_gives_one_message_for_each_step_back(
    pauses: list[float],
) -> None:
    """So many pass at most beyond what the burst and the time that passed allow."""
    bucket, at, passed = full(RATE, NOW), 0.0, 0
    for pause in pauses:
        at += pause
        taken = take(bucket, RATE, NOW + timedelta(seconds=at))
        if taken is not None:
            bucket, passed = taken, passed + 1
    ahead = sum(pause for pause in pauses if pause > 0)
    back = sum(1 for pause in pauses if pause < 0)
    assert passed <= RATE.burst + RATE.per_second * ahead + back + 1e-3


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
