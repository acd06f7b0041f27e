"""A serial queue with one taker."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.model.errors import Unavailable
from midcall.runtime.mailbox import BATCH_LETTERS, WAITING_LETTERS, Letter, Mailbox
from tests.unit.runtime.clockwork import clockwork


class Taker:
    """Takes letters, answers with their work, and remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[list[object]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.taking = False

    async def __call__(self, letters: Sequence[Letter]) -> None:
        """Take a batch, once the gate is open."""
        assert not self.taking, "two batches at once"
        self.taking = True
        self.batches.append([letter.work for letter in letters])
        await self.gate.wait()
        for letter in letters:
            letter.answer(letter.work)
        self.taking = False


def _task_name(mailbox: Mailbox) -> str | None:
    return mailbox.task.get_name() if mailbox.task is not None else None


@clockwork
async def test_letters_are_taken_together_and_in_order() -> None:
    """What waits at one time makes up one batch."""
    taker = Taker()
    mailbox = Mailbox("m", taker)
    for number in (1, 2, 3):
        mailbox.post(number)
    assert await mailbox.ask(4) == 4
    assert taker.batches == [[1, 2, 3, 4]]


@clockwork
async def test_what_comes_while_a_batch_is_taken_makes_up_the_next() -> None:
    """The taker is never run twice at once."""
    taker = Taker()
    taker.gate.clear()
    mailbox = Mailbox("m", taker)
    first = asyncio.create_task(mailbox.ask(1))
    await asyncio.sleep(1)
    others = [asyncio.create_task(mailbox.ask(number)) for number in (2, 3)]
    await asyncio.sleep(1)
    assert taker.batches == [[1]]
    taker.gate.set()
    assert await asyncio.gather(first, *others) == [1, 2, 3]
    assert taker.batches == [[1], [2, 3]]


@clockwork
async def test_a_batch_is_bounded() -> None:
    """A long queue is taken in pieces."""
    taker = Taker()
    mailbox = Mailbox("m", taker)
    for number in range(2 * BATCH_LETTERS + 1):
        mailbox.post(number)
    assert await mailbox.ask("last") == "last"
    assert [len(batch) for batch in taker.batches] == [BATCH_LETTERS, BATCH_LETTERS, 2]
    assert [work for batch in taker.batches for work in batch] == [
        *range(2 * BATCH_LETTERS + 1),
        "last",
    ]


@clockwork
async def test_nothing_runs_while_there_is_nothing_to_do() -> None:
    """A mailbox that is worked off has no task."""
    mailbox = Mailbox("m", Taker())
    names: list[str | None] = []
    for _ in range(2):
        names.append(_task_name(mailbox))
        asked = asyncio.create_task(mailbox.ask(1))
        await asyncio.sleep(0)
        names.append(_task_name(mailbox))
        await asked
        await asyncio.sleep(0)
    assert names == [None, "m", None, "m"]


@clockwork
async def test_a_refusal_is_raised_where_the_answer_is_waited_for() -> None:
    """Each letter has its own answer."""

    async def take(letters: Sequence[Letter]) -> None:
        for letter in letters:
            if letter.work == "bad":
                letter.refuse(KeyError("bad"))
            else:
                letter.answer("fine")

    mailbox = Mailbox("m", take)
    results = await asyncio.gather(*map(mailbox.ask, ["good", "bad"]), return_exceptions=True)
    assert results[0] == "fine"
    assert isinstance(results[1], KeyError)


@clockwork
async def test_a_taker_that_fails_refuses_its_batch_and_no_other() -> None:
    """The mailbox goes on."""

    async def take(letters: Sequence[Letter]) -> None:
        if letters[0].work == "bad":
            raise RuntimeError("the taker")
        for letter in letters:
            letter.answer(letter.work)

    mailbox = Mailbox("m", take)
    mailbox.post("bad")
    with pytest.raises(RuntimeError, match="the taker"):
        await mailbox.ask("in the same batch")
    assert await mailbox.ask("good") == "good"


@clockwork
async def test_a_letter_says_whether_somebody_waits() -> None:
    """A post is kept; an ask can be refused."""
    kept: list[bool] = []

    async def take(letters: Sequence[Letter]) -> None:
        for letter in letters:
            kept.append(letter.kept)
            letter.refuse(KeyError("no"))
            letter.answer("too late")

    mailbox = Mailbox("m", take)
    mailbox.post(1)
    with pytest.raises(KeyError):
        await mailbox.ask(2)
    assert kept == [True, False]


@clockwork
async def test_whoever_stopped_waiting_does_not_stop_the_work() -> None:
    """What was asked is done; its answer goes nowhere."""
    taker = Taker()
    mailbox = Mailbox("m", taker)
    asked = asyncio.create_task(mailbox.ask(1))
    await asyncio.sleep(0)
    asked.cancel()
    assert await mailbox.ask(2) == 2
    assert taker.batches == [[1, 2]]


@clockwork
async def test_a_mailbox_past_its_mark_takes_posts_only() -> None:
    """A question can be asked again; an event cannot."""
    taker = Taker()
    taker.gate.clear()
    mailbox = Mailbox("m", taker)
    for number in range(WAITING_LETTERS):
        mailbox.post(number)
    with pytest.raises(Unavailable):
        await mailbox.ask("one too many")
    mailbox.post("an event")
    taker.gate.set()
    await asyncio.sleep(1)
    assert taker.batches[-1][-1] == "an event"


@clockwork
async def test_a_closed_mailbox_works_off_what_waits() -> None:
    """It takes nothing more: posts are dropped, questions refused."""
    taker = Taker()
    mailbox = Mailbox("m", taker)
    asked = asyncio.create_task(mailbox.ask(1))
    await asyncio.sleep(0)
    mailbox.close()
    mailbox.post(2)
    with pytest.raises(Unavailable):
        await mailbox.ask(3)
    assert await asked == 1
    assert taker.batches == [[1]]


@given(st.lists(st.integers(0, 4), max_size=40))
def test_every_letter_is_taken_once_and_in_order(pauses: list[int]) -> None:
    """Whenever letters come, and however long each batch takes."""

    @clockwork
    async def story() -> None:
        taken: list[object] = []

        async def take(letters: Sequence[Letter]) -> None:
            await asyncio.sleep(len(letters))
            taken.extend(letter.work for letter in letters)
            for letter in letters:
                letter.answer(letter.work)

        mailbox = Mailbox("m", take)
        asks: list[Awaitable[object]] = []
        for number, pause in enumerate(pauses):
            asks.append(asyncio.create_task(mailbox.ask(number)))
            await asyncio.sleep(pause)
        assert await asyncio.gather(*asks) == list(range(len(pauses)))
        assert taken == list(range(len(pauses)))

    run: Callable[[], None] = story
    run()
