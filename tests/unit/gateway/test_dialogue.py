"""What a dialogue makes of frames, where the order of things or a failure inside is the point.

The hub, the session and the frames are real. The services keep what they were asked, in order.
"""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from midcall.core.calls.service import Offer
from midcall.core.messages.service import Uplink
from midcall.core.ports import Invitation, Peer
from midcall.gateway import closing
from midcall.gateway.closing import Closing
from midcall.gateway.dialogue import (
    CROWDED_SECONDS,
    LONGEST_AWAY_SECONDS,
    Doorway,
    SignallingDialogue,
)
from midcall.gateway.hub import Hub
from midcall.gateway.limits import LIMITS, Limits
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.errors import BadMedia, CallNotFound, Fault, TokenSignatureInvalid, Unavailable
from midcall.model.families import Device, DeviceId, SessionId
from midcall.model.sids import AccountSid, ApplicationSid, CallSid, KeySid
from midcall.model.twiml import Parameter
from midcall.wire import frames
from midcall.wire.session import Received, Refused, ServerSession
from midcall.wire.tokens import AccessToken

OURS = AccountSid("AC" + "1" * 32)
CALL = CallSid("CA" + "1" * 32)
MESSAGE = "KX" + "1" * 32
NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


class Connection:
    """A socket as the dialogue sees it."""

    def __init__(self) -> None:
        self.session = ServerSession()
        self.sent: list[frames.ServerFrame] = []
        self.closed: Closing | None = None
        self.refused = asyncio.Event()

    def send(self, frame: frames.ServerFrame) -> None:
        self.sent.append(frame)
        if isinstance(frame, frames.Error):
            self.refused.set()

    def close(self, why: Closing) -> None:
        self.closed = why


class Services:
    """Calls and messages that keep what they were asked, and answer when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.lost_calls: list[tuple[tuple[CallSid, ...], int]] = []
        self.committed = asyncio.Event()
        self.committed.set()
        self.failure: Exception | None = None

    async def _answer(self) -> None:
        if self.failure is not None:
            raise self.failure
        await self.committed.wait()

    async def place(
        self,
        peer: Peer,
        application_sid: ApplicationSid | None,
        parameters: tuple[Parameter, ...],
        offer: Offer,
    ) -> CallSid:
        self.asked.append("place")
        await self._answer()
        return CALL

    def accept(self, peer: Peer, sid: CallSid, answer: Offer) -> None:
        self.asked.append(f"accept {sid}")
        if self.failure is not None:
            raise self.failure

    async def attach(self, peer: Peer, sid: CallSid, token: str, offer: Offer) -> None:
        self.asked.append(f"attach {sid}")

    def press(self, peer: Peer, sid: CallSid, digits: str) -> None:
        self.asked.append(f"press {digits} on {sid}")

    def hang_up(self, peer: Peer, sid: CallSid) -> None:
        self.asked.append(f"hang up {sid}")

    async def restart_media(self, peer: Peer, sid: CallSid, offer: Offer) -> None:
        await self._answer()

    def lost(self, session: SessionId, calls: tuple[CallSid, ...], keep_seconds: int) -> None:
        self.lost_calls.append((calls, keep_seconds))

    async def receive(self, peer: Peer, uplink: Uplink) -> None:
        self.asked.append(f"message {uplink.content} on {uplink.call_sid}")
        await self._answer()


class Desk:
    """A dialogue with everything around it."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.services = Services()
        self.spawned: list[str] = []
        self.connection = Connection()
        self.token: AccessToken | Fault = token()
        self.hub = Hub(
            store=None,  # type: ignore[arg-type]  # nothing is relayed here
            spawn=self._spawn,
            later=lambda _seconds, _call: None,
            record=lambda _changes: None,
            clock=lambda: NOW,
            limits=limits,
        )
        doorway = Doorway(
            calls=self.services,  # type: ignore[arg-type]  # the part of it that is used
            messages=self.services,  # type: ignore[arg-type]
            check_token=self._check,  # type: ignore[arg-type]
            hub=self.hub,
            clock=lambda: NOW,
            wall=lambda: NOW,
            home="localhost:8443/insights?",
            keep_seconds=30,
        )
        self.dialogue = SignallingDialogue(
            doorway,
            self.connection,  # type: ignore[arg-type]  # the part of it that is used
            "ashburn",
        )

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        work.close()
        self.spawned.append(name)

    def ring(self) -> None:
        """Let a call come in."""
        device = Device(
            id=DeviceId("device"), session=self.dialogue._session, reconnect_token="secret"
        )
        call = Call(
            sid=CALL,
            account_sid=OURS,
            from_address="client:bob",
            to_address="client:alice",
            direction=CallDirection.OUTBOUND_DIAL,
            status=CallStatus.QUEUED,
            created_at=NOW,
            updated_at=NOW,
        )
        self.hub.invite(Invitation(call=call, parameters=(), device=device, sdp="v=0"))

    async def _check(self, _text: str) -> AccessToken:
        if isinstance(self.token, Fault):
            raise self.token
        return self.token

    async def take(self, frame: frames.ClientFrame) -> None:
        """Let a frame come in."""
        await self.dialogue.take(Received(frame))

    async def listen(self, **fields: Any) -> None:
        """Let the token come in."""
        await self.take(frames.Listen(token="a.b.c", **fields))

    def codes(self) -> list[int]:
        """Return the codes of the errors that were sent."""
        return [one.error.code for one in self.connection.sent if isinstance(one, frames.Error)]


def token(identity: str = "alice", *, seconds: float = 600, incoming: bool = True) -> AccessToken:
    """Return what a good token says."""
    return AccessToken(
        account_sid=OURS,
        key_sid=KeySid("SK" + "1" * 32),
        identity=identity,
        expires_at=NOW + timedelta(seconds=seconds),
        incoming_allowed=incoming,
        outgoing_application_sid=ApplicationSid("AP" + "1" * 32),
    )


@pytest.fixture
async def desk() -> Desk:
    """Give a dialogue on a fresh socket."""
    return Desk()


def message(number: int, callsid: str = CALL) -> frames.ClientMessage:
    """Return a message with a number in it."""
    frame = frames.parse(
        f'{{"type":"message","payload":{{"callsid":"{callsid}","content":{number},'
        f'"voiceeventsid":"KX{number:032x}"}}}}'
    )
    assert isinstance(frame, frames.ClientMessage)
    return frame


def ack(number: int, callsid: str = CALL) -> frames.Ack:
    """Return the ack for that message."""
    return frames.Ack(acktype="message", callsid=callsid, voiceeventsid=f"KX{number:032x}")


# --- messages


async def test_messages_have_their_place_before_what_comes_behind_them(desk: Desk) -> None:
    """A message is put to its call before the next frame is taken, though nobody waits for it."""
    await desk.listen()
    desk.services.committed.clear()
    await desk.take(message(1))
    await desk.take(message(2))
    await desk.take(frames.ClientHangup(callsid=CALL))
    assert desk.services.asked == [
        f"message 1 on {CALL}",
        f"message 2 on {CALL}",
        f"hang up {CALL}",
    ]
    assert ack(1) not in desk.connection.sent
    desk.services.committed.set()
    await desk.dialogue.settled()


async def test_no_ack_comes_before_the_commit(desk: Desk) -> None:
    """Acks follow the commit, in the order of the messages."""
    await desk.listen()
    desk.services.committed.clear()
    for number in range(3):
        await desk.take(message(number))
    before = list(desk.connection.sent)
    desk.services.committed.set()
    await desk.dialogue.settled()
    assert desk.connection.sent == [*before, ack(0), ack(1), ack(2)]


async def test_everything_taken_is_settled_before_the_end(desk: Desk) -> None:
    """The dialogue is settled when the last message under way has been answered."""
    await desk.listen()
    await desk.dialogue.settled()
    desk.services.committed.clear()
    await desk.take(message(1))
    settling = asyncio.create_task(desk.dialogue.settled())
    await asyncio.sleep(0)
    assert not settling.done()
    desk.services.committed.set()
    await settling
    assert desk.connection.sent[-1] == ack(1)


async def test_a_message_that_fails_inside_is_refused(desk: Desk) -> None:
    """A failure of ours is an error to the message's sender, not a silence."""
    await desk.listen()
    desk.services.failure = KeyError("content")
    await desk.take(message(1))
    await desk.dialogue.settled()
    refused = desk.connection.sent[-1]
    assert isinstance(refused, frames.Error)
    assert (refused.callsid, refused.voiceeventsid) == (CALL, f"KX{1:032x}")
    assert refused.error.code == Unavailable.code


async def test_a_message_under_the_devices_own_name_for_its_call_is_taken(desk: Desk) -> None:
    """The call is found by the name, and the answer uses it as well."""
    await desk.listen()
    await desk.take(frames.ClientInvite(callsid="TJS1", sdp="v=0"))
    await desk.take(message(1, "TJS1"))
    await desk.dialogue.settled()
    assert desk.services.asked == ["place", f"message 1 on {CALL}"]
    assert desk.connection.sent[-1] == ack(1, "TJS1")


# --- tokens


async def test_a_token_that_cannot_be_checked_now_is_not_refused_for_good(desk: Desk) -> None:
    """While the store fails, devices are told when to come back, and not that they must not."""
    desk.token = Unavailable()
    await desk.listen()
    (advice,) = desk.connection.sent
    assert isinstance(advice, frames.Error)
    assert advice.error.retry_after
    assert desk.connection.closed == closing.TRY_LATER


async def test_a_draining_server_lets_nobody_in(desk: Desk) -> None:
    """A good token that comes too late is sent away for now."""
    await desk.hub.drain()
    await desk.listen()
    assert desk.codes() == [Unavailable.code]
    assert desk.connection.closed == closing.TRY_LATER
    assert not desk.connection.session.authorized


async def test_an_identity_with_too_many_sockets_is_sent_away_for_now() -> None:
    """One socket too many is told when to come back, and closed by name."""
    desk = Desk(Limits(sockets_per_identity=1))
    desk.hub.join(SessionId("other"), desk.connection, OURS, "alice")  # type: ignore[arg-type]
    await desk.listen()
    (advice,) = desk.connection.sent
    assert isinstance(advice, frames.Error)
    assert (advice.error.code, advice.error.retry_after) == (31206, CROWDED_SECONDS)
    assert desk.connection.closed == closing.TOO_MANY_SOCKETS
    assert not desk.connection.session.authorized


async def test_a_wrong_token_leaves_who_is_here_as_it_was(desk: Desk) -> None:
    """The socket of a device that is in stays open with the token before."""
    await desk.listen()
    desk.token = TokenSignatureInvalid()
    await desk.listen()
    assert desk.codes() == [31202]
    assert desk.connection.closed is None
    desk.services.committed.set()
    await desk.take(message(1))
    await desk.dialogue.settled()
    assert desk.connection.sent[-1] == ack(1)


async def test_the_end_of_a_token_ends_the_registration_until_the_next(desk: Desk) -> None:
    """An expired device is told, is not rung, may unregister, and is back with a new token."""
    desk.token = token(seconds=0.001)
    await desk.listen()
    await desk.take(frames.Register())
    assert desk.hub.registered(OURS, "alice")
    await asyncio.wait_for(desk.connection.refused.wait(), 30)
    assert desk.codes() == [31205]
    assert not desk.hub.registered(OURS, "alice")
    desk.token = token()
    await desk.listen()
    assert desk.hub.registered(OURS, "alice")


async def test_a_new_token_without_incoming_calls_ends_the_registration(desk: Desk) -> None:
    """What the newest token does not grant is over."""
    await desk.listen()
    await desk.take(frames.Register())
    desk.token = token(incoming=False)
    await desk.listen()
    assert not desk.hub.registered(OURS, "alice")


async def test_a_new_token_registers_nobody_who_did_not_ask(desk: Desk) -> None:
    """A device that only calls, or took its registration back, stays unregistered."""
    await desk.listen()
    await desk.listen()
    assert not desk.hub.registered(OURS, "alice")
    await desk.take(frames.Register())
    await desk.take(frames.Register(media=frames.MediaCapabilities(audio=False)))
    assert desk.connection.sent[-1] == frames.Offline()
    await desk.listen()
    assert not desk.hub.registered(OURS, "alice")


async def test_an_expired_device_may_unregister_and_nothing_else(desk: Desk) -> None:
    """``unregister()`` resolves after the token's end; registering and calling are refused."""
    desk.token = token(seconds=0)
    await desk.listen()
    await desk.take(frames.Register(media=frames.MediaCapabilities(audio=False)))
    assert desk.connection.sent[-1] == frames.Offline()
    await desk.take(frames.Register())
    assert desk.codes() == [31205]
    await desk.take(frames.ClientInvite(callsid="TJS1", sdp="v=0"))
    over = desk.connection.sent[-1]
    assert isinstance(over, frames.ServerHangup)
    assert over.error is not None
    assert over.error.code == 31205
    assert desk.services.asked == []


# --- calls


async def test_a_call_that_cannot_begin_is_over(desk: Desk) -> None:
    """A failure of ours ends the call that the device tried, under its own name for it."""
    await desk.listen()
    desk.services.failure = KeyError("offer")
    await desk.take(frames.ClientInvite(callsid="TJS1", sdp="v=0"))
    over = desk.connection.sent[-1]
    assert isinstance(over, frames.ServerHangup)
    assert over.callsid == "TJS1"
    assert over.error is not None
    assert over.error.code == Unavailable.code


async def test_an_offer_that_cannot_be_used_does_not_end_the_call(desk: Desk) -> None:
    """A device that is told that its call is over would leave one behind here that is not."""
    await desk.listen()
    desk.services.failure = BadMedia("no codec")
    await desk.take(frames.Reinvite(callsid=CALL, sdp="v=0"))
    refused = desk.connection.sent[-1]
    assert isinstance(refused, frames.Error)
    assert refused.callsid == CALL
    assert refused.error.code == 31400


async def test_an_answer_brings_a_listener(desk: Desk) -> None:
    """An app that answers its incoming call gets the messages that waited for it."""
    await desk.listen()
    desk.ring()
    assert desk.spawned == []
    await desk.take(frames.ClientAnswer(callsid=CALL, sdp="v=0"))
    assert desk.services.asked == [f"accept {CALL}"]
    assert desk.spawned == [f"relay of {CALL}"]


async def test_an_answer_that_comes_too_late_brings_nobody(desk: Desk) -> None:
    """A call that somebody else took has nothing for this app."""
    await desk.listen()
    desk.ring()
    desk.services.failure = CallNotFound(CALL)
    await desk.take(frames.ClientAnswer(callsid=CALL, sdp="v=0"))
    assert desk.spawned == []


async def test_digits_go_to_the_call_without_an_answer(desk: Desk) -> None:
    """The SDK waits for none."""
    await desk.listen()
    before = list(desk.connection.sent)
    await desk.take(frames.Dtmf(callsid=CALL, dtmf="1#"))
    assert desk.services.asked == [f"press 1# on {CALL}"]
    assert desk.connection.sent == before


# --- the end


async def test_the_calls_of_a_lost_socket_hear_of_it(desk: Desk) -> None:
    """Both the call that was placed and the one that was re-attached, although never answered."""
    other = CallSid("CA" + "2" * 32)
    await desk.listen(reconnect_timeout=60)
    await desk.take(frames.ClientInvite(callsid="TJS1", sdp="v=0"))
    await desk.take(frames.ClientInvite(callsid=other, sdp="v=0", reconnect="secret"))
    desk.dialogue.left()
    assert desk.services.lost_calls == [((CALL, other), 60)]


@pytest.mark.parametrize(
    ("asked", "kept"), [(0, 30), (45, 45), (1e300, LONGEST_AWAY_SECONDS), (-1e300, 30)]
)
async def test_legs_are_kept_within_reason(desk: Desk, asked: float, kept: int) -> None:
    """At least as long as the setting says, and as long as the device asks up to a limit."""
    await desk.listen(reconnect_timeout=asked)
    desk.dialogue.left()
    assert desk.services.lost_calls == [((), kept)]


async def test_a_socket_without_a_token_leaves_no_call(desk: Desk) -> None:
    """Whoever never came in is in no call."""
    desk.dialogue.left()
    assert desk.services.lost_calls == [((), 30)]


async def test_no_expiry_comes_after_the_end(desk: Desk) -> None:
    """A token's end after the socket's is nobody's business."""
    desk.token = token(seconds=0)
    await desk.listen()
    desk.dialogue.left()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert desk.codes() == []


async def test_a_refused_frame_is_answered_where_it_came_from(desk: Desk) -> None:
    """The error keeps the names that the frame had."""
    fault = TokenSignatureInvalid()
    await desk.dialogue.take(Refused(fault=fault, callsid=CALL, voiceeventsid=MESSAGE))
    assert desk.connection.sent == [
        frames.Error(error=frames.failure(fault), callsid=CALL, voiceeventsid=MESSAGE)
    ]
