"""Messages on their way to an app: in order, once, and done when it has them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from midcall.client.errors import VoiceError
from midcall.client.events import Listener, Tasks
from midcall.client.messages import KEPT_MESSAGES, Inbox, Message
from midcall.client.outbox import UNCONFIRMED_MESSAGES, Outbox
from midcall.wire import frames


def message(number: int) -> Message:
    """Make a message."""
    return Message(content=number, message_type="t", voice_event_sid=f"KX{number}")


class Box:
    """An inbox, who listens, and what is done."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.done: list[int] = []
        self.tasks = Tasks()
        self.inbox = Inbox(lambda: tuple(self.listeners), self.tasks, "a call")

    def put(self, number: int) -> None:
        self.inbox.put(message(number), lambda: self.done.append(number))

    async def settle(self) -> None:
        """Let everything run that can run."""
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    """Give an inbox."""
    box = Box()
    yield box
    await box.tasks.end()


async def test_one_message_at_a_time(box: Box) -> None:
    """The next begins when every listener of the one before has returned."""
    gate = asyncio.Event()
    seen: list[Any] = []

    async def slow(message: Message) -> None:
        seen.append(("begins", message.content))
        await gate.wait()
        seen.append(("ends", message.content))

    box.listeners += [slow, lambda message: seen.append(("quick", message.content))]
    box.put(1)
    box.put(2)
    await box.settle()
    assert (seen, box.done) == ([("begins", 1)], [])
    gate.set()
    await box.settle()
    assert seen[1:4] == [("ends", 1), ("quick", 1), ("begins", 2)]
    assert box.done == [1, 2]


async def test_a_listener_that_fails_is_reported_and_holds_up_nothing(box: Box) -> None:
    """Its error goes to the loop; the message is done, and the others have it."""
    reported: list[Any] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: reported.append(context["exception"]))
    seen: list[int] = []

    async def fail(message: Message) -> None:
        raise LookupError

    box.listeners += [fail, lambda message: seen.append(message.content)]
    box.put(1)
    await box.settle()
    assert (seen, box.done) == ([1], [1])
    assert [type(error) for error in reported] == [LookupError]


async def test_a_message_that_comes_again_is_done_and_not_heard(box: Box) -> None:
    """The app has it already; the server may know that too."""
    seen: list[int] = []
    box.listeners.append(lambda message: seen.append(message.content))
    for number in (1, 2, 1):
        box.put(number)
    await box.settle()
    assert (seen, box.done) == ([1, 2], [1, 2, 1])


async def test_an_iterated_message_is_done_when_it_was_taken(box: Box) -> None:
    """What nobody has asked for yet is not delivered."""
    received = box.inbox.iterate()
    box.put(1)
    box.put(2)
    await box.settle()
    assert box.done == []
    assert (await anext(received)).content == 1
    await box.settle()
    assert box.done == [1]


async def test_whoever_stops_to_iterate_leaves_the_rest_to_the_next(box: Box) -> None:
    """What was offered and not taken, and what follows, is kept and comes in order."""
    for number in range(4):
        box.put(number)
    async for one in box.inbox.iterate():
        assert one.content == 0
        break
    await box.settle()
    assert (await anext(box.inbox.iterate())).content == 1
    box.put(4)
    await box.settle()
    assert box.done == [0, 1, 2, 3, 4]
    box.inbox.end()
    assert [one.content async for one in box.inbox.iterate()] == [2, 3, 4]


async def test_an_iterator_can_be_closed(box: Box) -> None:
    """What waits for it is kept for the next one."""
    received = box.inbox.iterate()
    box.put(1)
    await box.settle()
    await received.aclose()
    await box.settle()
    assert box.done == [1]
    with pytest.raises(StopAsyncIteration):
        await anext(received)
    assert (await anext(box.inbox.iterate())).content == 1


async def test_a_wait_that_is_given_up_loses_no_message(box: Box) -> None:
    """Whoever waited with a deadline gets the message the next time."""
    received = box.inbox.iterate()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await anext(received)
    box.put(1)
    assert (await anext(received)).content == 1


async def test_only_so_much_is_kept(box: Box) -> None:
    """Of what nobody listens to the newest are kept."""
    for number in range(KEPT_MESSAGES + 5):
        box.put(number)
    await box.settle()
    assert (await anext(box.inbox.iterate())).content == 5


async def test_an_outbox_has_a_mark() -> None:
    """Who sends on and on without being confirmed is told; what is confirmed makes room."""
    outbox = Outbox()
    for number in range(UNCONFIRMED_MESSAGES):
        outbox.add(message(number), frames.write_content(number))
    with pytest.raises(VoiceError) as refused:
        outbox.add(message(-1), frames.write_content(-1))
    assert refused.value.code == 31206
    assert outbox.confirm("KX0") == message(0)
    assert outbox.confirm("KX0") is None
    assert not outbox.fail("KX0", VoiceError(31000, "again"))
    outbox.add(message(-1), frames.write_content(-1))
    assert [kept.message.content for kept in outbox][-2:] == [UNCONFIRMED_MESSAGES - 1, -1]
