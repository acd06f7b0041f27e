"""How fast a socket is read."""

import pytest

from midcall.gateway.throttle import Throttle


def test_a_burst_passes_at_once() -> None:
    """After a quiet time so many may come together."""
    throttle = Throttle(per_second=10, burst=5)
    assert [throttle.take(0.0) for _ in range(5)] == [0.0] * 5


def test_past_the_burst_each_waits_its_turn() -> None:
    """The first one too many waits for one token, the next for two."""
    throttle = Throttle(per_second=10, burst=5)
    for _ in range(5):
        throttle.take(0.0)
    assert throttle.take(0.0) == pytest.approx(0.1)
    assert throttle.take(0.0) == pytest.approx(0.2)


def test_who_waits_as_long_as_told_keeps_the_rate() -> None:
    """Pauses add up to the rate, neither more nor less."""
    throttle = Throttle(per_second=10, burst=5)
    now = 100.0
    for _ in range(105):
        now += throttle.take(now)
    assert now == pytest.approx(110.0)


def test_a_quiet_time_saves_up_one_burst() -> None:
    """However long it lasts."""
    throttle = Throttle(per_second=10, burst=5)
    throttle.take(0.0)
    pauses = [throttle.take(3600.0) for _ in range(6)]
    assert pauses[:5] == [0.0] * 5
    assert pauses[5] == pytest.approx(0.1)


def test_below_the_rate_nothing_waits() -> None:
    """A client that sends steadily is read as it comes."""
    throttle = Throttle(per_second=10, burst=1)
    assert [throttle.take(number * 0.2) for number in range(100)] == [0.0] * 100
