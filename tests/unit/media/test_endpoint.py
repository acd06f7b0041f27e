"""What an endpoint hears, beat by beat, without a connection behind it."""

from midcall.media.playback import PlayEnd
from midcall.media.sounds import silence, tone
from midcall.media.stats import ConnectionState
from tests.unit.media.phones import LOUD, Phone


async def test_an_endpoint_hears_silence_at_first() -> None:
    """Silence is sent frame by frame, because nothing at all looks like a broken connection."""
    phone = Phone("A")
    await phone.beat(3)
    assert phone.hears() == "..."


async def test_bridged_endpoints_hear_each_other_and_nothing_else() -> None:
    """What one says the other hears at once, and no silence is mixed in between."""
    one, other = Phone("A"), Phone("B")
    one.endpoint.join(other.endpoint)
    for _ in range(3):
        await one.say(LOUD)
        await other.beat()
        await one.beat()
    assert other.hears() == "vvv"
    assert one.hears() == "..."


async def test_a_talker_who_stops_is_followed_by_silence() -> None:
    """Where nothing arrives for a fifth of a second, silence fills in until something does."""
    one, other = Phone("A"), Phone("B")
    one.endpoint.join(other.endpoint)
    await one.say(LOUD)
    await other.beat(13)
    await one.say(LOUD)
    await other.beat()
    assert other.hears() == "v" + "..." + "v"


async def test_sources_switch_without_a_break_in_the_stream() -> None:
    """Silence, ring-back, a voice, a prompt: one stream, numbered throughout."""
    one, other = Phone("A"), Phone("B")
    await one.beat()
    one.endpoint.start_playing().begin(tone((440,), 1.0, 8000), 8000)
    await one.beat(2)
    one.endpoint.join(other.endpoint)
    await other.say(LOUD)
    prompt = one.endpoint.start_playing()
    prompt.begin(tone((440,), 0.02, 8000), 8000)
    await other.say(LOUD)
    await one.beat(2)
    await other.say(LOUD)
    sent = list(one.wire.sent)
    assert one.hears() == ".~~v~v"
    assert [(p.sequence - sent[0].sequence) & 0xFFFF for p in sent] == [0, 1, 2, 3, 4, 5]
    assert len({p.ssrc for p in sent}) == 1
    assert await prompt.wait(0) is PlayEnd.FINISHED


async def test_joining_interrupts_what_is_played_on_both_sides() -> None:
    """Ring-back ends when someone answers."""
    one, other = Phone("A"), Phone("B")
    playing = [phone.endpoint.start_playing() for phone in (one, other)]
    one.endpoint.join(other.endpoint)
    assert [await playback.wait(0) for playback in playing] == [PlayEnd.INTERRUPTED] * 2


async def test_parting_leaves_both_in_silence() -> None:
    """After parting neither hears the other."""
    one, other = Phone("A"), Phone("B")
    one.endpoint.join(other.endpoint)
    other.endpoint.part()
    for phone in (one, other):
        await phone.say(LOUD)
        await phone.beat()
    assert (one.hears(), other.hears()) == (".", ".")


async def test_joining_again_moves_an_endpoint() -> None:
    """Whom one heard before is left in silence."""
    one, other, third = Phone("A"), Phone("B"), Phone("C")
    one.endpoint.join(other.endpoint)
    one.endpoint.join(third.endpoint)
    await one.say(LOUD)
    await other.say(LOUD)
    await other.beat()
    await third.beat()
    assert (one.hears(), other.hears(), third.hears()) == ("", ".", "v")


async def test_a_prompt_waits_for_the_connection() -> None:
    """What is played to a connection that is still coming up is heard from its beginning."""
    phone = Phone("A")
    phone.wire.state = ConnectionState.CONNECTING
    phone.endpoint.start_playing().begin(tone((440,), 0.04, 8000), 8000)
    await phone.beat(5)
    assert phone.hears() == ""
    phone.wire.state = ConnectionState.CONNECTED
    await phone.beat(3)
    assert phone.hears() == "~~"


async def test_a_prompt_ends_even_where_nobody_can_hear_it() -> None:
    """Once the connection has failed, what is played takes its time and is over."""
    phone = Phone("A")
    phone.wire.state = ConnectionState.FAILED
    playback = phone.endpoint.start_playing()
    playback.begin(silence(0.04, 8000), 8000)
    await phone.beat(3)
    assert await playback.wait(0) is PlayEnd.FINISHED
    assert phone.hears() == ""


async def test_silence_is_heard_while_a_prompt_is_being_made() -> None:
    """A prompt that has not begun takes the place of the voice, and is silent."""
    one, other = Phone("A"), Phone("B")
    one.endpoint.join(other.endpoint)
    one.endpoint.start_playing()
    await other.say(LOUD)
    await one.beat(2)
    assert one.hears() == ".."


async def test_a_withdrawn_prompt_interrupts_only_itself() -> None:
    """Who gives up a prompt does not end the one that has taken its place."""
    phone = Phone("A")
    first, second = phone.endpoint.start_playing(), phone.endpoint.start_playing()
    second.begin(tone((440,), 1.0, 8000), 8000)
    phone.endpoint.withdraw(first)
    await phone.beat()
    assert phone.hears() == "~"
    phone.endpoint.withdraw(second)
    await phone.beat()
    assert phone.hears() == "."


async def test_keys_are_reported_and_heard() -> None:
    """A key is reported once with its endpoint, and passes to the other side."""
    one, other = Phone("A"), Phone("B")
    one.endpoint.join(other.endpoint)
    await one.say(LOUD)
    await one.say(bytes([1, 10, 0, 160]), 126)
    assert one.digits == [("A", "1")]
    assert other.hears() == "vk"


async def test_release_closes_and_parts() -> None:
    """A released endpoint is over, and its partner alone."""
    one, other = Phone("A"), Phone("B")
    one.endpoint.join(other.endpoint)
    playback = one.endpoint.start_playing()
    await one.endpoint.release()
    await other.say(LOUD)
    await other.beat()
    assert one.wire.state is ConnectionState.CLOSED
    assert await playback.wait(0) is PlayEnd.INTERRUPTED
    assert (one.hears(), other.hears()) == ("", ".")
