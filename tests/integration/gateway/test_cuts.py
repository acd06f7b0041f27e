"""A device whose socket is cut at any step of its conversation, and that comes back.

The same two conversations are held again and again, one with a call that the device makes and one
with a call that it gets. Each time the socket is cut at another step: when the device has said its
part and not heard the reply, or right behind the reply. Then the device does what the SDK does: it
connects, presents its token, says what it could not say meanwhile, and comes back to its call with
the call's token. Whatever the server had done by then, nothing may be lost, doubled or left over.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

import pytest
import pytest_asyncio

from midcall.model.messages import Direction, MessageState
from tests.integration.gateway.inside import Inside, running_inside
from tests.support.softphone import OFFER, PATIENCE_SECONDS, Frame, Softphone, new_message_sid

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Inside]:
    """Give a server that all of these conversations share."""
    async with running_inside() as site:
        yield site


class Conversation:
    """One device's conversation, what the device knows of it, and what it has to show for it.

    Every step has two halves: what is said, and what is heard of it. ``call`` and ``token`` are the
    device's, ``owed`` are downlinks that it has not confirmed, ``confirmed`` those that it has.
    """

    def __init__(self, site: Inside) -> None:
        suffix = secrets.token_hex(4)
        self.site = site
        self.alice, self.bob = f"alice-{suffix}", f"bob-{suffix}"
        self.phone: Softphone
        self.other: Softphone
        self.registers = self.began = False
        self.call = self.token = self.others_call = ""
        self.ended = False
        self.said: list[str] = []
        self.acked: list[str] = []
        self.owed: list[str] = []
        self.confirmed: list[str] = []

    async def begin(self) -> None:
        """Have the device connected, and the other one ready."""
        await self.phone.connect()
        await self.other.sign_in()

    async def leave(self) -> None:
        """Put both devices away."""
        await self.phone.leave()
        await self.other.leave()

    # --- steps: what is said, and what is heard of it

    async def say_listen(self) -> None:
        await self.phone.send("listen", token=self.phone.token, reconnectTimeout=30)

    async def hear_connected(self) -> None:
        await self.phone.expect("connected")

    async def say_register(self) -> None:
        self.registers = True
        await self.phone.send("register", media={"audio": True})

    async def hear_ready(self) -> None:
        await self.phone.expect("ready")

    async def say_message(self) -> None:
        sid = new_message_sid()
        self.said.append(sid)
        await self.phone.message(self.call, {"number": len(self.said)}, sid)

    async def hear_ack(self) -> None:
        await self.phone.expect("ack", voiceeventsid=self.said[-1])
        self.acked.append(self.said[-1])

    async def say_downlink(self) -> None:
        """Let the device be sent a message; it has it, and does not say so."""
        self.phone.echoes = False
        sid = await self.site.send(self.call, '"for the device"')
        self.owed.append(sid)
        await self.phone.expect("message", voiceeventsid=sid)

    async def hear_receipt(self) -> None:
        """Let the device say so, and the server hear it."""
        await self.phone.heartbeat()
        self.phone.echoes = True
        while self.phone.unanswered:
            await self.phone.echo()
        await self.phone.nothing()
        self.confirmed += self.owed
        self.owed.clear()

    async def say_digits(self) -> None:
        await self.phone.send("dtmf", callsid=self.call, dtmf="1#")

    async def hear_nothing(self) -> None:
        await self.phone.nothing()

    async def say_reinvite(self) -> None:
        await self.phone.send("reinvite", callsid=self.call, sdp=OFFER)

    async def hear_answer(self) -> None:
        await self.phone.expect("answer", callsid=self.call)

    async def say_goodbye(self) -> None:
        self.ended = True
        await self.phone.hang_up(self.call)

    async def hear_goodbye(self) -> None:
        await self.other.find("hangup")

    # --- the cut

    async def lose(self) -> None:
        """Cut the device's socket."""
        self.phone.cut()
        await self.phone.leave()
        self.phone.echoes = True

    async def come_back(self) -> None:
        """Do what the SDK does on its next socket, and hold the server to its word."""
        await self._be_talked_to()
        await self.phone.connect()
        await self.say_listen()
        flushed = new_message_sid()
        if self.call:
            await self.phone.message(self.call, "flushed", flushed)
            self.said.append(flushed)
        await self.hear_connected()
        if self.call and isinstance(came := await self.phone.next(), Frame):
            assert came.payload["voiceeventsid"] == flushed
            self.acked += [flushed] if came.type == "ack" else []
        if self.registers:
            await self.say_register()
            await self.hear_ready()
        if self.token and not self.ended:
            await self._re_attach()

    async def _be_talked_to(self) -> None:
        """Send the device something while it is away; a call that is over takes nothing."""
        if self.call:
            path = f"Calls/{self.call}/UserDefinedMessages"
            status, answer = await self.site.try_rest("POST", path, Content='"while away"')
            assert status in {201, 400}
            self.owed += [answer["sid"]] if status == 201 else []

    async def _re_attach(self) -> None:
        """Come back to the call: it is over, or what is owed comes, in order, and nothing else."""
        await self.phone.reattach(self.call, self.token)
        came = await self.phone.next()
        assert isinstance(came, Frame)
        assert came.payload["callsid"] == self.call
        if came.type == "hangup":
            self.ended = True
            return
        assert came.type == "answer"
        for sid in self.owed:
            await self.phone.expect("message", voiceeventsid=sid)
        await self.phone.nothing()
        self.confirmed += self.owed
        self.owed.clear()

    @property
    def lost(self) -> bool:
        """Whether the device has no call to go on with: it is over, or it was not told enough."""
        return self.ended or (self.began and not self.token)

    # --- the end

    async def check(self) -> None:
        """Let everything come to its end, then compare what is kept with what was promised."""
        await self._end_what_is_left()
        uplinks = [message.sid for message in await self.site.keeps(self.call, Direction.UPLINK)]
        assert len(set(uplinks)) == len(uplinks)
        assert uplinks == [sid for sid in self.said if sid in uplinks]
        assert [sid for sid in self.acked if sid not in uplinks] == []
        downlinks = await self.site.keeps(self.call, Direction.DOWNLINK)
        assert {message.sid for message in downlinks} == {*self.confirmed, *self.owed}
        states = {str(message.sid): message.state for message in downlinks}
        assert {states[sid] for sid in self.confirmed} <= {MessageState.DELIVERED}
        assert {states[sid] for sid in self.owed} <= {MessageState.EXPIRED}

    async def _end_what_is_left(self) -> None:
        """End calls whose device cannot come back: otherwise the server waits for it in vain."""
        server = self.site.server
        for family in await server.store.live_families():
            await self.site.try_rest("POST", f"Calls/{family.sid}", Status="completed")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(server.rooms) or server.hub._relays or not await self._all_settled():
                pass

    async def _all_settled(self) -> bool:
        downlinks = await self.site.keeps(self.call, Direction.DOWNLINK)
        return all(message.state.terminal for message in downlinks)


class Made(Conversation):
    """The device calls."""

    def __init__(self, site: Inside) -> None:
        super().__init__(site)
        self.phone = site.phone(self.alice, site.application_sid)
        self.other = site.phone(self.bob)

    async def say_invite(self) -> None:
        self.began = True
        await self.phone.invite(f"To={self.bob}")

    async def hear_ringing(self) -> None:
        self.call = (await self.phone.expect("ringing"))["callsid"]

    async def say_nothing(self) -> None:
        pass

    async def hear_answered(self) -> None:
        self.token = (await self.phone.expect("answer", callsid=self.call))["reconnect"]

    async def say_accept(self) -> None:
        self.others_call = (await self.other.expect("invite"))["callsid"]
        await self.other.accept(self.others_call)

    async def hear_accepted(self) -> None:
        await self.site.reaches(self.others_call, "in-progress")


class Got(Conversation):
    """The device is called."""

    def __init__(self, site: Inside) -> None:
        super().__init__(site)
        self.phone = site.phone(self.bob)
        self.other = site.phone(self.alice, site.application_sid)
        self.invited = ""

    async def say_invited(self) -> None:
        self.began = True
        await self.other.invite(f"To={self.bob}")
        self.others_call = (await self.other.expect("ringing"))["callsid"]

    async def hear_invited(self) -> None:
        invite = await self.phone.expect("invite")
        self.call, self.invited = invite["callsid"], invite["reconnect"]

    async def say_accept(self) -> None:
        # An SDK that has not accepted a call does not come back to it.
        self.token = self.invited
        await self.phone.accept(self.call)

    async def hear_accepted(self) -> None:
        await self.site.reaches(self.call, "in-progress")


class Step(NamedTuple):
    """A step by the names of its halves."""

    say: str
    hear: str


SIGN_IN: Final = (Step("say_listen", "hear_connected"), Step("say_register", "hear_ready"))
TALK: Final = (
    Step("say_message", "hear_ack"),
    Step("say_downlink", "hear_receipt"),
    Step("say_digits", "hear_nothing"),
    Step("say_reinvite", "hear_answer"),
    Step("say_message", "hear_ack"),
    Step("say_goodbye", "hear_goodbye"),
)
MADE: Final = (
    *SIGN_IN,
    Step("say_invite", "hear_ringing"),
    Step("say_nothing", "hear_answered"),
    Step("say_accept", "hear_accepted"),
    *TALK,
)
GOT: Final = (
    *SIGN_IN,
    Step("say_invited", "hear_invited"),
    Step("say_accept", "hear_accepted"),
    *TALK,
)
CUTS: Final = [
    pytest.param(kind, number, replied, id=f"{kind.__name__}-{number}-{half}".lower())
    for kind, steps in ((Made, MADE), (Got, GOT))
    for number, step in enumerate(steps)
    for replied, half in ((False, step.say), (True, step.hear))
]


async def go(talk: Conversation, steps: tuple[Step, ...]) -> None:
    """Take steps, whole."""
    for step in steps:
        await getattr(talk, step.say)()
        await getattr(talk, step.hear)()


@pytest.mark.parametrize(("kind", "number", "replied"), CUTS)
async def test_a_socket_may_be_cut_at_every_step(
    site: Inside, kind: type[Made] | type[Got], number: int, replied: bool
) -> None:
    """The call goes on or ends cleanly; what was promised is kept, once and in order."""
    steps = MADE if kind is Made else GOT
    talk = kind(site)
    try:
        await talk.begin()
        await go(talk, steps[:number])
        await getattr(talk, steps[number].say)()
        if replied:
            await getattr(talk, steps[number].hear)()
        await talk.lose()
        await talk.come_back()
        if not talk.lost:
            await go(talk, steps[number + 1 :])
        await talk.check()
    finally:
        await talk.leave()
