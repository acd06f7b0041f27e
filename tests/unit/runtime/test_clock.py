"""The clock is driven by a time of day and a monotonic clock that tests move by hand."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from midcall.runtime.clock import SteadyClock

START = datetime(2026, 1, 1, tzinfo=UTC)
GRAIN = timedelta(microseconds=1)


class World:
    """Time passes when it is told to; the time of day may also be put forward or back."""

    def __init__(self) -> None:
        self.wall = START
        self.monotonic = 1234.5
        self.clock = SteadyClock(lambda: self.wall, lambda: self.monotonic)

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.monotonic += seconds

    def is_put(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)

    def shown(self) -> float:
        """Return what the clock shows, in seconds after the start."""
        return (self.clock() - START).total_seconds()


def test_it_is_the_time_of_day() -> None:
    """Aware, in UTC, and as exact as that is."""
    world = World()
    world.passes(3600.000001)
    assert world.clock() == world.wall
    assert world.clock().tzinfo is UTC


def test_it_jumps_ahead_with_the_time_of_day() -> None:
    """A step ahead is followed at once: what is due by then is due."""
    world = World()
    world.is_put(3600)
    assert world.clock() == world.wall


def test_it_goes_on_at_half_speed_after_the_time_of_day_was_put_back() -> None:
    """It neither goes back nor stands still, and catches up after twice the step."""
    world = World()
    world.passes(100)
    assert world.shown() == 100
    world.is_put(-30)
    assert world.shown() == 100
    for after, shown in [(10, 105), (50, 125), (58, 129), (60, 130), (61, 131)]:
        world.passes(after - (world.monotonic - 1234.5 - 100))
        assert world.shown() == shown
    assert world.clock() == world.wall


def test_a_step_back_that_nobody_saw_costs_nothing() -> None:
    """The time of day had passed what was last shown before anybody asked again."""
    world = World()
    world.passes(5)
    world.is_put(-2)
    assert world.clock() == world.wall


def test_it_catches_up_though_nobody_asks() -> None:
    """An hour later the small step back is forgotten."""
    world = World()
    world.is_put(-30)
    world.clock()
    world.passes(3600)
    assert world.clock() == world.wall


def test_it_moves_however_often_it_is_asked() -> None:
    """Steps that are shorter than a microsecond add up."""
    world = World()
    world.is_put(-30)
    for _ in range(1000):
        world.passes(4e-7)
        world.clock()
    assert world.clock() - START >= timedelta(microseconds=199)


def test_a_step_ahead_ends_the_waiting() -> None:
    """The time of day was put right again."""
    world = World()
    world.is_put(-3600)
    world.passes(10)
    assert world.shown() == 5
    world.is_put(3600)
    assert world.clock() == world.wall


seconds = st.floats(0, 1e4) | st.floats(0, 1e-5)
steps = st.lists(st.tuples(seconds, st.just(0.0) | st.floats(-1e4, 1e4)), max_size=30)


@given(steps)
def test_it_never_goes_back_nor_stands_still_and_catches_up(
    moves: list[tuple[float, float]],
) -> None:
    """Whatever is done to the time of day: half speed at least, and never behind it."""
    world = World()
    before = world.clock()
    latest = world.wall
    for passed, put in moves:
        world.passes(passed)
        world.is_put(put)
        now = world.clock()
        assert now >= before + timedelta(seconds=passed / 2) - 2 * GRAIN
        assert now >= before
        assert now >= world.wall
        before, latest = now, max(latest + timedelta(seconds=passed), world.wall)
        assert now <= latest
    ahead = (before - world.wall).total_seconds()
    world.passes(2 * ahead + 1e-5)
    assert world.clock() == world.wall
