"""The beat, on a clock that the test moves."""

from midcall.media.metronome import Metronome


class FakeTime:
    """A clock that moves only when someone sleeps or a beat takes time."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def beats(count: int, durations: dict[int, float]) -> list[float]:
    """Run for some beats, of which some take time; return when each began, in ms."""
    time = FakeTime()
    begun: list[float] = []

    async def beat() -> None:
        begun.append(round((time.now - 100.0) * 1000))
        time.now += durations.get(len(begun) - 1, 0.0)

    await Metronome(beat, lambda: len(begun) < count, clock=time, sleep=time.sleep).run()
    return begun


async def test_beats_come_every_20_ms() -> None:
    """The time that a beat takes is not added to the time between beats."""
    assert await beats(5, {1: 0.005, 2: 0.015}) == [0, 20, 40, 60, 80]


async def test_a_short_delay_is_caught_up_with() -> None:
    """After a beat of 50 ms the next ones follow at once, until they are on time again."""
    assert await beats(6, {1: 0.05}) == [0, 20, 70, 70, 80, 100]


async def test_a_long_delay_is_given_up() -> None:
    """After a second in which nothing ran, beats go on from there instead of in a burst."""
    assert await beats(4, {1: 1.0}) == [0, 20, 1020, 1040]


async def test_it_ends_when_it_is_no_longer_wanted() -> None:
    """Nobody listening, no beat."""
    assert await beats(0, {}) == []


async def test_it_can_be_started_twice_and_stopped_twice() -> None:
    """Starting what beats and stopping what does not beat do no harm."""
    time = FakeTime()
    count = 0

    async def beat() -> None:
        nonlocal count
        count += 1

    metronome = Metronome(beat, lambda: True, clock=time)
    await metronome.stop()
    metronome.start()
    metronome.start()
    await metronome.stop()
    await metronome.stop()
    assert count <= 1
