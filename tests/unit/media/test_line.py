"""Lines: two endpoints without a device, back to back."""

import pytest

from midcall.media.line import Line
from midcall.media.playback import Playback, PlayEnd
from midcall.media.sounds import silence, tone
from midcall.media.stats import ConnectionState
from tests.unit.media.phones import LOUD, Phone

RATE = 8000


def chain() -> tuple[Phone, Line, Line, Phone]:
    """Connect two phones through a pair of lines."""
    ann, bob = Phone("ann"), Phone("bob")
    near, far = Line.pair("near", "far")
    ann.endpoint.join(near)
    bob.endpoint.join(far)
    return ann, near, far, bob


def play(line: Line, seconds: float) -> Playback:
    """Begin to play a tone to a line."""
    playback = line.start_playing()
    playback.begin(tone((440,), seconds, RATE), RATE)
    return playback


async def test_phones_hear_each_other_through_a_pair_of_lines() -> None:
    """What one says comes out at the other end as it was said, both ways, keys too."""
    ann, _, _, bob = chain()
    await ann.say(LOUD)
    await ann.say(bytes([1, 10, 0, 160]), 126)
    await bob.say(LOUD)
    assert (ann.hears(), bob.hears()) == ("v", "vk")
    assert ann.digits == [("ann", "1")]


async def test_phones_hear_each_other_through_several_pairs() -> None:
    """Lines can be joined to lines."""
    ann, near, far, bob = chain()
    first, second = Line.pair("first", "second")
    far.join(first)
    second.join(bob.endpoint)
    await ann.say(LOUD)
    await bob.say(LOUD)
    assert (ann.hears(), bob.hears()) == ("v", "v")
    assert near.stats().bridged_to == "ann"


async def test_nobody_hears_an_end_that_is_in_no_bridge() -> None:
    """What is said to a line goes nowhere while nobody is at its other end."""
    ann, near, far = Phone("ann"), *Line.pair("near", "far")
    ann.endpoint.join(near)
    await ann.say(LOUD)
    await far.beat()
    assert ann.hears() == ""


async def test_what_is_played_to_a_line_is_heard_at_the_other_end() -> None:
    """A prompt for the far line is heard by who is bridged to the near one, and by nobody else."""
    ann, _, far, bob = chain()
    playback = play(far, 0.04)
    for _ in range(4):
        await far.beat()
        await ann.beat()
        await bob.beat()
    assert ann.hears() == "~~"
    assert bob.hears() == "...."
    assert await playback.wait(0) is PlayEnd.FINISHED


async def test_what_is_played_to_the_phone_itself_comes_first() -> None:
    """A phone that hears a prompt of its own does not hear the one that is played to a line."""
    ann, _, far, _ = chain()
    play(far, 1.0)
    own = ann.endpoint.start_playing()
    own.begin(silence(1.0, RATE), RATE)
    await far.beat()
    await ann.beat()
    assert ann.hears() == "."


async def test_what_is_played_to_a_line_takes_the_place_of_the_voice() -> None:
    """While a line hears a prompt, who speaks into it is not heard at the other end."""
    ann, _, far, bob = chain()
    play(far, 1.0)
    await bob.say(LOUD)
    await bob.say(bytes([1, 10, 0, 160]), 126)
    await far.beat()
    await ann.say(LOUD)
    assert ann.hears() == "~"
    assert bob.hears() == "v"


async def test_joining_a_line_interrupts_what_it_is_played() -> None:
    """It is with lines as with devices."""
    near, far = Line.pair("near", "far")
    playback = play(near, 1.0)
    Phone("ann").endpoint.join(near)
    assert await playback.wait(0) is PlayEnd.INTERRUPTED
    assert far.stats().bridged_to is None


async def test_a_prompt_goes_on_where_nobody_hears_it() -> None:
    """Who joins late hears the rest, and without anybody it still comes to its end."""
    ann, near, far = Phone("ann"), *Line.pair("near", "far")
    playback = play(far, 0.06)
    await far.beat()
    ann.endpoint.join(near)
    for _ in range(3):
        await far.beat()
    assert ann.hears() == "~~"
    assert await playback.wait(0) is PlayEnd.FINISHED


@pytest.mark.parametrize("pairs", [1, 2])
async def test_a_prompt_waits_for_the_listeners_connection(pairs: int) -> None:
    """As with a device of its own, the beginning of a prompt is not lost, however far away."""
    ann, near, far = Phone("ann"), *Line.pair("near", "far")
    for _ in range(pairs - 1):
        first, second = Line.pair("first", "second")
        near.join(first)
        near = second
    ann.endpoint.join(near)
    ann.wire.state = ConnectionState.CONNECTING
    play(far, 0.04)
    for _ in range(5):
        await far.beat()
    ann.wire.state = ConnectionState.CONNECTED
    for _ in range(3):
        await far.beat()
    assert ann.hears() == "~~"


async def test_a_ring_of_lines_comes_to_rest() -> None:
    """A prompt on a line whose other end is bridged back to it is over in its time."""
    near, far = Line.pair("near", "far")
    near.join(far)
    playback = play(near, 0.04)
    for _ in range(3):
        await near.beat()
        await far.beat()
    assert await playback.wait(0) is PlayEnd.FINISHED


async def test_a_released_line_leaves_its_other_end_silent() -> None:
    """The other end is still there, in its bridge, and carries nothing."""
    ann, near, far, bob = chain()
    playback = play(near, 1.0)
    await far.release()
    await near.beat()
    await ann.say(LOUD)
    await bob.say(LOUD)
    await near.release()
    await near.release()
    assert (ann.hears(), bob.hears()) == ("", "")
    assert await playback.wait(0) is PlayEnd.INTERRUPTED
    assert near.stats().state is ConnectionState.CLOSED
