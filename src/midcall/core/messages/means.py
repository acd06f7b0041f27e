"""What every part of the message service works with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from midcall.core.calls.rooms import Rooms
from midcall.core.messages.creating import Creates
from midcall.core.messages.entries import EntryWriter
from midcall.core.messages.recall import Recall
from midcall.core.messages.settings import MessageSettings
from midcall.core.messages.standing import Standing
from midcall.core.ports import Entropy, Journal, Store
from midcall.model.messages import UserDefinedMessage
from midcall.model.sids import CallSid, MessageSid


class Replies(Protocol):
    """Where those who wait for a device's answer meet it."""

    async def expect(
        self,
        key: tuple[CallSid, MessageSid],
        seconds: float,
        look: Callable[[], Awaitable[UserDefinedMessage | None]],
    ) -> UserDefinedMessage | None:
        """Return what ``look`` finds or is told for ``key``; ``None`` after ``seconds``."""
        ...

    def tell(self, key: tuple[CallSid, MessageSid], value: UserDefinedMessage) -> None:
        """Give an answer to those who wait for it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The rooms, the ports, and what stands between the two for messages."""

    rooms: Rooms
    store: Store
    journal: Journal
    entropy: Entropy
    replies: Replies
    settings: MessageSettings
    standing: Standing
    creates: Creates
    recall: Recall
    entries: EntryWriter


def gather(
    *,
    rooms: Rooms,
    store: Store,
    journal: Journal,
    entropy: Entropy,
    replies: Replies,
    settings: MessageSettings,
) -> Means:
    """Put the means together."""
    standing = Standing(store)
    return Means(
        rooms=rooms,
        store=store,
        journal=journal,
        entropy=entropy,
        replies=replies,
        settings=settings,
        standing=standing,
        creates=Creates(rooms, store),
        recall=Recall(store, standing, settings.waiting_downlinks),
        entries=EntryWriter(entropy, settings.first_sequence_number),
    )
