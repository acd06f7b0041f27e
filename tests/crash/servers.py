"""The customer's side of a crash run: who sends messages by REST, and who takes callbacks."""

import asyncio
import contextlib
import json
from itertools import count
from typing import Any, Final
from uuid import uuid4

import aiohttp

from tests.crash.devices import Talker
from tests.crash.stage import Stage
from tests.support.customer import Received
from tests.support.ledger import Asked, Created, Heard, Subscribed, Taken, Told, canonical

TOKEN: Final = "I-Twilio-Idempotency-Token"
LATER: Final = frozenset({429, 503})
"""What a server answers that has not taken something, and may soon."""

RETRY_SECONDS: Final = 0.1
LATER_TIMES: Final = 100
"""How often in a row that may be the answer: these servers have nothing that stays away so long."""

SLOW_SECONDS: Final = 0.1


class Lost(Exception):
    """There was no answer; whether the request was taken, nobody knows."""


class Refused(Exception):
    """The answer was one that must not be."""


class Sender:
    """A server application with a connection of its own."""

    def __init__(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        self._stage = stage
        self._session = session

    async def post(self, path: str, **form: str) -> dict[str, Any]:
        """Ask once, and again while that is to be done later.

        Raises ``Lost`` without an answer and ``Refused`` after one that must not be.
        """
        for times in count(1):
            try:
                async with self._session.post(f"{path}.json", data=form) as response:
                    status, body = response.status, await response.json()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise Lost from error
            if status == 201:
                created: dict[str, Any] = body
                return created
            if status not in LATER or times == LATER_TIMES:
                self._stage.surprise(f"POST {path} was answered with {status} {body}")
                break
            await asyncio.sleep(RETRY_SECONDS)
        raise Refused

    async def insist(self, path: str, **form: str) -> str:
        """Ask until there is an answer; return the SID in it."""
        while True:
            await self._stage.up.wait()
            try:
                return str((await self.post(path, **form))["sid"])
            except Lost:
                await asyncio.sleep(RETRY_SECONDS)

    # --- downlinks

    async def send_keyed(self, talker: Talker, name: str) -> None:
        """Send under keys: each until it is answered, some several times at once or once more."""
        number = 0
        while self._stage.busy:
            await talker.downlinks.room()
            content, key = canonical({"by": name, "number": number}), str(uuid4())
            talker.downlinks.begin(content)
            number += 1
            copies = self._stage.chance.choice((1, 1, 1, 1, 4))
            asks = (self._create_keyed(talker.leg, content, key) for _ in range(copies))
            await asyncio.gather(*asks)
            if self._stage.chance.random() < 0.1:
                await self._create_keyed(talker.leg, content, key)

    async def send_once(self, talker: Talker, name: str) -> None:
        """Send without keys: what got no answer is not asked for again."""
        number = 0
        while self._stage.busy:
            await talker.downlinks.room()
            await self._stage.up.wait()
            content = canonical({"by": name, "number": number})
            number += 1
            talker.downlinks.begin(content)
            self._stage.ledger.note(Asked(leg=talker.leg, content=content))
            path = f"Calls/{talker.leg}/UserDefinedMessages"
            try:
                sid = (await self.post(path, Content=content))["sid"]
            except (Lost, Refused):
                talker.downlinks.end(content)
            else:
                self._stage.ledger.note(Created(leg=talker.leg, content=content, sid=sid))

    async def _create_keyed(self, leg: str, content: str, key: str) -> None:
        self._stage.ledger.note(Asked(leg=leg, content=content, key=key))
        path = f"Calls/{leg}/UserDefinedMessages"
        with contextlib.suppress(Refused):
            sid = await self.insist(path, Content=content, IdempotencyKey=key)
            self._stage.ledger.note(Created(leg=leg, content=content, sid=sid, key=key))

    async def leave_word(self, leg: str, number: int) -> None:
        """Send to a device that is away, so many times."""
        for one in range(number):
            content = canonical({"for": "nobody", "number": one})
            await self._create_keyed(leg, content, str(uuid4()))

    # --- subscriptions

    async def subscribe(self, talker: Talker) -> None:
        """Ask for every subscription of a device's leg, for the first time or once more."""
        for lane in talker.lanes:
            path = f"Calls/{talker.leg}/UserDefinedMessageSubscriptions"
            callback = self._stage.customer.url(lane)
            with contextlib.suppress(Refused):
                sid = await self.insist(path, Callback=callback, IdempotencyKey=lane)
                self._stage.ledger.note(Subscribed(leg=talker.leg, lane=lane, sid=sid))


class Desk:
    """Where callbacks arrive. Some are answered late, some with 500 the first time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._known: set[tuple[str, str]] = set()

    def open_lane(self, talker: Talker, lane: str) -> None:
        """Take the callbacks of a subscription of a device."""
        talker.lanes.append(lane)

        async def answer(received: Received) -> int:
            fields = received.fields
            heard = Heard(
                lane=lane,
                sid=fields["Sid"],
                number=int(fields["SequenceNumber"]),
                content=canonical(json.loads(fields["Content"])),
                token=received.headers[TOKEN],
            )
            self._stage.ledger.note(heard)
            if await self._fails(lane, heard.token):
                return 500
            self._stage.ledger.note(Taken(lane=lane, sid=heard.sid))
            talker.uplinks.end((lane, heard.sid))
            return 204

        self._stage.customer.answers[lane] = answer

    def open_status(self, path: str) -> None:
        """Take status callbacks."""

        async def answer(received: Received) -> int:
            fields = received.fields
            self._stage.ledger.note(
                Told(
                    call=fields["CallSid"],
                    status=fields["CallStatus"],
                    number=int(fields["SequenceNumber"]),
                    token=received.headers[TOKEN],
                    fields=canonical(fields),
                )
            )
            return 500 if await self._fails(path, received.headers[TOKEN]) else 204

        self._stage.customer.answers[path] = answer

    async def _fails(self, path: str, token: str) -> bool:
        new = (path, token) not in self._known
        self._known.add((path, token))
        chance = self._stage.chance.random()
        if chance < 0.05:
            await asyncio.sleep(SLOW_SECONDS)  # A slow server, not a wait for anything.
        return new and self._stage.busy and chance > 0.99
