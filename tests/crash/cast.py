"""Everybody who takes part in a crash run, from the first call to the last word."""

import asyncio
import contextlib
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

from tests.crash.case import OVER
from tests.crash.devices import Restless, Talker
from tests.crash.servers import Desk, Sender
from tests.crash.stage import Stage
from tests.support.ledger import Abandoned, Ledger, Placed, Surprise, Told
from tests.support.softphone import PATIENCE_SECONDS, Softphone

STATUS: Final = "/status"
LAST_WORDS_SECONDS: Final = 2 * PATIENCE_SECONDS
"""How long all that is under way may take to arrive: callbacks that failed wait their turn."""

LOST_CAUSE_SECONDS: Final = 2.0
"""The same once something is known to be wrong: then it is not worth waiting for the rest."""


class Cast:
    """The devices, the applications, and what each does all the time.

    ``talkers`` are in two calls that go on through all kills. One pair of devices leaves its call
    for ever, another makes calls all the time.
    """

    def __init__(self, stage: Stage, stack: AsyncExitStack) -> None:
        self.stage = stage
        self.talkers: list[Talker] = []
        self._stack = stack
        self._desk = Desk(stage)
        self._load: list[asyncio.Task[None]] = []
        self._restless: list[asyncio.Task[None]] = []
        self._living: list[asyncio.Task[None]] = []

    @property
    def ledger(self) -> Ledger:
        """What all of them see."""
        return self.stage.ledger

    @property
    def _patience(self) -> float:
        wrong = any(isinstance(fact, Surprise) for fact in self.ledger.history)
        return LOST_CAUSE_SECONDS if wrong else LAST_WORDS_SECONDS

    # --- beginning

    async def begin(self) -> None:
        """Make the calls and the subscriptions, and begin with the load."""
        self._desk.open_status(STATUS)
        subscriber = await self._sender()
        self.talkers += await self._connect("alice", "bob", careful=False)
        self.talkers += await self._connect("carol", "dora", careful=True)
        for number, talker in enumerate(self.talkers):
            for lane in range(1 + (number == 0)):
                self._desk.open_lane(talker, f"/messages/{number}/{lane}")
            await subscriber.subscribe(talker)
            self._living.append(self._spawn(talker.live()))
            self._load.append(self._spawn(talker.chat()))
            keyed, unkeyed = await self._sender(), await self._sender()
            self._load.append(self._spawn(keyed.send_keyed(talker, f"keyed {number}")))
            self._load.append(self._spawn(unkeyed.send_once(talker, f"unkeyed {number}")))
        restless = Restless(self.stage, await self._phone("erin", "frank"), self._device("frank"))
        self._restless += [self._spawn(restless.call()), self._spawn(restless.answer())]

    async def abandon(self) -> None:
        """Have a call whose devices go for good, with words for one of them left behind."""
        for talker in await self._connect("grace", "heidi", careful=False):
            self.ledger.note(Abandoned(leg=talker.leg))
            talker.phone.cut()
            await talker.phone.leave()
        await (await self._sender()).leave_word(talker.leg, 5)

    async def ask_again(self) -> None:
        """Ask for every subscription once more, under its key."""
        sender = await self._sender()
        for talker in self.talkers:
            await sender.subscribe(talker)

    async def _connect(self, caller: str, callee: str, *, careful: bool) -> list[Talker]:
        alice = await (await self._phone(caller, callee)).connect()
        bob = await self._device(callee).sign_in()
        await alice.listen()
        await alice.invite()
        parent = (await alice.find("ringing"))["callsid"]
        reconnect = (await alice.find("answer"))["reconnect"]
        invite = await bob.find("invite")
        child = invite["callsid"]
        await bob.accept(child)
        await self.stage.site.reaches(child, "in-progress")
        first = Talker(self.stage, alice, careful=careful)
        second = Talker(self.stage, bob, careful=careful)
        first.join(parent, reconnect)
        second.join(child, invite["reconnect"])
        for leg in (parent, child):
            self.ledger.note(Placed(call=leg))
        return [first, second]

    async def _phone(self, identity: str, callee: str) -> Softphone:
        """Give a device that calls another one."""
        customer = self.stage.customer
        made = await self.stage.site.rest(
            "POST",
            "Applications",
            VoiceUrl=customer.dials(callee, 'answerOnBridge="true"' if callee == "frank" else ""),
            StatusCallback=customer.url(STATUS),
        )
        return self._device(identity, made["sid"])

    def _device(self, identity: str, application: str | None = None) -> Softphone:
        phone = self.stage.site.phone(identity, application)
        phone.token = self.stage.site.credentials.token(identity, application, seconds=86_400)
        self._stack.push_async_callback(phone.leave)
        return phone

    async def _sender(self) -> Sender:
        return Sender(self.stage, await self._stack.enter_async_context(self.stage.session()))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=getattr(work, "__qualname__", "cast"))
        self._stack.push_async_callback(_end, task)
        return task

    # --- ending

    async def fall_quiet(self) -> None:
        """Begin nothing new; return when all that was under way has arrived."""
        self.stage.busy = False
        async with asyncio.timeout(self._patience):
            for talker in self.talkers:
                await talker.there.wait()
        await self._done()
        await self._arrive()
        # What is decided later is committed later: behind the ack of a last word, and behind its
        # callbacks, every receipt of what came before it is kept as well.
        for talker in self.talkers:
            await talker.say({"last": talker.leg})
        await self._arrive()

    async def _arrive(self) -> None:
        """Wait until nothing is under way; what stays away is for the judge to name."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                for talker in self.talkers:
                    await talker.uplinks.empty()
                    await talker.downlinks.empty()

    async def _done(self) -> None:
        """Let everybody finish what is begun; raise what went wrong with anybody."""
        await asyncio.wait(self._load, timeout=self._patience)
        self._load += self._restless
        for task in self._load:
            task.cancel()
        for ended in await asyncio.gather(*self._load, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def hang_up(self) -> None:
        """End the calls of the talkers, from one end."""
        self.stage.over = True
        for caller, callee in zip(self.talkers[::2], self.talkers[1::2], strict=True):
            await caller.phone.hang_up(caller.leg)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await callee.left.wait()
        for task in self._living:
            await _end(task)

    async def see_the_end(self) -> None:
        """Return when the end of every call has been told of."""
        ended = asyncio.Event()

        def over() -> bool:
            history = self.ledger.history
            placed = {fact.call for fact in history if isinstance(fact, Placed)}
            told = {f.call for f in history if isinstance(f, Told) and f.status in OVER}
            return placed <= told

        def watch(fact: object) -> None:
            if isinstance(fact, Told) and over():
                ended.set()

        self.ledger.watch = watch
        if not over():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    await ended.wait()


async def _end(task: asyncio.Task[None]) -> None:
    """End a task; what went wrong with it is raised here."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
