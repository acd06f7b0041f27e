"""Calls through the services: what devices do, what they are told, what is kept."""

import asyncio

import pytest

from midcall.core.calls.documents import INTERNAL, NO_DOCUMENT
from midcall.core.ports import CallFilter, NotificationFilter, Peer, PutFamily
from midcall.model.calls import CallStatus
from midcall.model.errors import (
    ApplicationNotFound,
    BadMedia,
    CallNotFound,
    InvalidReconnectToken,
    TwimlFault,
    Unavailable,
)
from midcall.model.families import SessionId
from midcall.model.sids import ApplicationSid, CallSid
from midcall.model.twiml import Parameter
from tests.integration.core.node import (
    DIAL_BOB,
    HOLD,
    OURS,
    START,
    THEIRS,
    VOICE_URL,
    Node,
    ann,
    bob,
    offer,
    outcome,
)

UNKNOWN = CallSid("CA" + "f" * 32)


async def test_a_call_from_beginning_to_end(node: Node) -> None:
    """Ann calls, bob rings and accepts, they are joined, bob leaves, both are told and kept."""
    parent, child = await node.talk()
    assert node.phones.of("ann 1") == ["ringing", "answer"]
    assert node.phones.of("bob 1") == ["invite"]
    assert (await node.call(parent)).status is CallStatus.IN_PROGRESS
    assert (await node.call(child)).status is CallStatus.IN_PROGRESS
    node.calls.hang_up(bob(), child)
    await node.quiet()
    assert node.phones.of("bob 1") == ["invite", "forgotten"]
    assert node.phones.of("ann 1") == ["ringing", "answer", "hangup", "forgotten"]
    assert (await node.call(parent)).status is CallStatus.COMPLETED
    assert (await node.call(child)).status is CallStatus.COMPLETED
    assert not node.media.endpoints
    assert len(node.rooms) == 0
    assert not await node.store.live_families()


async def test_media_is_set_up_in_the_order_of_the_call(node: Node) -> None:
    """An offer is answered, ring-back plays, the callee's answer is taken, then both are joined."""
    await node.talk()
    assert [what for what, *_ in node.media.log] == ["answer", "ring", "offer", "accept", "bridge"]


async def test_a_caller_is_told_the_call_only_when_it_is_kept(node: Node) -> None:
    """While the disk is slow nobody hears of the call; then it is the first thing to be heard."""
    application = await node.application(HOLD)
    with node.disk.gate.held():
        placing = asyncio.create_task(node.calls.place(ann(), application, (), offer("sdp")))
        await node.disk.gate.reached()
        assert not node.phones.told
        assert not node.media.log
        assert not placing.done()
    sid = await placing
    await node.quiet()
    assert node.phones.told[0] == ("ringing", "ann 1", sid)
    (first, *_) = node.disk.commits
    assert isinstance(first[0], PutFamily)


async def test_a_call_that_cannot_be_kept_does_not_begin(node: Node) -> None:
    """The device is told to try later; nothing of it is left anywhere."""
    application = await node.application()
    with node.disk.broken():
        assert isinstance(
            await outcome(node.calls.place(ann(), application, (), offer("sdp"))), Unavailable
        )
    await node.wait(60)
    assert not node.phones.told
    assert not node.media.log
    assert not node.customer.asked
    assert len(node.rooms) == 0
    assert not await node.store.list_calls(OURS, CallFilter(), offset=0, limit=10)


async def test_a_caller_who_is_lost_while_its_call_begins_leaves_nothing_behind(
    node: Node,
) -> None:
    """What was submitted is written all the same; the call is then cancelled and let go of."""
    application = await node.application()
    with node.disk.gate.held():
        placing = asyncio.create_task(node.calls.place(ann(), application, (), offer("sdp")))
        await node.disk.gate.reached()
        placing.cancel()
        await asyncio.wait([placing])
        assert placing.cancelled()
    await node.quiet()
    (call,) = await node.store.list_calls(OURS, CallFilter(), offset=0, limit=10)
    assert call.status is CallStatus.CANCELED
    assert len(node.rooms) == 0
    assert not node.media.endpoints
    assert not await node.store.live_families()


@pytest.mark.parametrize("foreign", [True, False])
async def test_an_application_has_to_be_the_accounts_own(node: Node, foreign: bool) -> None:
    """An unknown one and another account's are the same to a device, and so is none."""
    sid = await node.application(account=THEIRS) if foreign else ApplicationSid("AP" + "f" * 32)
    for application in (sid, None):
        with pytest.raises(ApplicationNotFound):
            await node.calls.place(ann(), application, (), offer("sdp"))
    assert not node.disk.commits


async def test_a_document_that_is_kept_here_is_filled_in(node: Node) -> None:
    """An application without a Voice URL dials with its own template."""
    node.phones.register("cat", "cat 1")
    application = await node.application(
        voice_twiml="<Response><Dial><Client>{{To}}</Client></Dial></Response>"
    )
    await node.calls.place(ann(), application, (Parameter("To", "cat"),), offer("sdp"))
    await node.quiet()
    assert node.phones.of("cat 1") == ["invite"]
    assert not node.customer.asked


async def test_an_anonymous_caller_has_a_name(node: Node) -> None:
    """A token without an identity calls as ``client:Anonymous``."""
    nobody = Peer(session=SessionId("ann 1"), account_sid=OURS, identity="")
    sid = await node.place(HOLD, peer=nobody)
    assert (await node.call(sid)).from_address == "client:Anonymous"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (TwimlFault(11200, "gone", VOICE_URL), 11200),
        ("<Response><Dial>", 12100),
        (RuntimeError("a bug"), INTERNAL),
    ],
)
async def test_a_document_that_cannot_be_had_fails_the_call(
    node: Node, document: str | Exception, code: int
) -> None:
    """The status is failed, the device is told, and the debugger shows the documented code."""
    sid = await node.place(document)
    assert (await node.call(sid)).status is CallStatus.FAILED
    assert node.phones.of("ann 1") == ["ringing", "hangup", "forgotten"]
    (shown,) = await node.store.list_notifications(
        OURS, NotificationFilter(call_sid=sid), offset=0, limit=10
    )
    assert shown.code == code


async def test_an_application_with_neither_url_nor_document_fails_the_call(node: Node) -> None:
    """There is nothing that the call could do."""
    application = await node.application(voice_twiml=" ")
    sid = await node.calls.place(ann(), application, (), offer("sdp"))
    await node.quiet()
    (shown,) = await node.store.list_notifications(
        OURS, NotificationFilter(call_sid=sid), offset=0, limit=10
    )
    assert shown.code in {NO_DOCUMENT, 11770}


async def test_a_fallback_takes_over(node: Node) -> None:
    """It is asked what went wrong, with a token of its own."""
    node.customer.pages["https://example.com/fallback"] = HOLD
    application = await node.application(
        TwimlFault(11200, "gone", VOICE_URL), fallback="https://example.com/fallback"
    )
    sid = await node.calls.place(ann(), application, (), offer("sdp"))
    await node.quiet()
    assert (await node.call(sid)).status is CallStatus.IN_PROGRESS
    (first, second) = node.customer.asked
    assert second[0].url == "https://example.com/fallback"
    assert second[1]["ErrorCode"] == "11200"
    assert first[2] != second[2]


# --- devices ------------------------------------------------------------------------------------


async def test_what_nobody_holds_cannot_be_accepted_rejected_or_left(node: Node) -> None:
    """An unknown call, another's call, and another account's call look the same."""
    parent, child = await node.talk()
    foreign = Peer(session=SessionId("ann 1"), account_sid=THEIRS, identity="ann")
    for peer, sid in ((ann(), UNKNOWN), (ann(), child), (bob(), parent), (foreign, parent)):
        with pytest.raises(CallNotFound):
            node.calls.accept(peer, sid, offer("sdp"))
        with pytest.raises(CallNotFound):
            node.calls.reject(peer, sid)
        with pytest.raises(CallNotFound):
            node.calls.hang_up(peer, sid)
        with pytest.raises(CallNotFound):
            await node.calls.restart_media(peer, sid, offer("sdp"))


async def test_a_device_comes_back_with_its_token(node: Node) -> None:
    """The leg moves to the new session; the device is told so, without a description."""
    parent, _ = await node.talk()
    room = node.rooms.find(parent)
    assert room is not None
    token = room.leg(parent).devices[0].reconnect_token
    node.calls.lost(SessionId("ann 1"), (parent,), 30)
    await node.quiet()
    await node.calls.attach(ann("ann 2"), parent, token, offer("sdp"))
    await node.quiet()
    assert node.phones.told[-1] == ("answer", "ann 2", parent, "")
    await node.wait(60)
    assert (await node.call(parent)).status is CallStatus.IN_PROGRESS


async def test_a_token_opens_its_own_leg_only(node: Node) -> None:
    """Wrong tokens, other legs, other identities and other accounts are refused."""
    parent, child = await node.talk()
    room = node.rooms.find(parent)
    assert room is not None
    token = room.leg(parent).devices[0].reconnect_token
    for wrong in ("", token[:-1], f"x{token[1:]}", "\N{SNOWMAN}", room.leg(child).devices[0].id):
        with pytest.raises(InvalidReconnectToken):
            await node.calls.attach(ann("ann 2"), parent, wrong, offer("sdp"))
    foreign = Peer(session=SessionId("x"), account_sid=THEIRS, identity="ann")
    for peer, sid in ((ann(), child), (bob(), parent), (foreign, parent), (ann(), UNKNOWN)):
        with pytest.raises(CallNotFound):
            await node.calls.attach(peer, sid, token, offer("sdp"))


async def test_a_leg_that_rings_is_taken_over_with_its_token(node: Node) -> None:
    """Another device that was given the token answers it; the one that rang is told."""
    node.phones.register("bob", "bob 1")
    parent = await node.place()
    child = node.child(parent)
    room = node.rooms.find(child)
    assert room is not None
    token = room.leg(child).devices[0].reconnect_token
    node.phones.present.add(SessionId("bob 2"))
    await node.calls.attach(bob("bob 2"), child, token, offer("sdp"))
    await node.quiet()
    assert (await node.call(child)).status is CallStatus.IN_PROGRESS
    assert "cancel" in node.phones.of("bob 1")
    assert node.phones.of("bob 2") == ["answer"]


async def test_a_caller_who_was_not_answered_has_no_token(node: Node) -> None:
    """It was not told one, so whoever brings it did not get it from the server."""
    with node.customer.gate.held():
        parent = await node.place()
        room = node.rooms.find(parent)
        assert room is not None
        token = room.leg(parent).devices[0].reconnect_token
        with pytest.raises(InvalidReconnectToken):
            await node.calls.attach(ann("ann 2"), parent, token, offer("sdp"))


async def test_a_frame_before_the_reattach_speaks_for_the_device_that_is_away(node: Node) -> None:
    """The SDK flushes a hangup on its new socket before it re-attaches."""
    parent, child = await node.talk()
    node.calls.lost(SessionId("bob 1"), (child,), 30)
    await node.wait(1)
    for too_early in (bob("bob 2"), bob("bob 2", since=START)):
        with pytest.raises(CallNotFound):
            node.calls.hang_up(too_early, child)
    node.calls.hang_up(bob("bob 2", since=node.runtime.now), child)
    await node.quiet()
    assert (await node.call(child)).status is CallStatus.COMPLETED
    assert (await node.call(parent)).status is CallStatus.COMPLETED


async def test_a_new_offer_is_answered(node: Node) -> None:
    """The path through the network may change in the middle of a call."""
    parent, _ = await node.talk()
    await node.calls.restart_media(ann(), parent, offer("new sdp"))
    assert node.phones.told[-1] == ("answer", "ann 1", parent, "answer to new sdp")


async def test_a_new_offer_that_cannot_be_used_is_refused(node: Node) -> None:
    """The call goes on as it was."""
    parent, _ = await node.talk()
    node.media.fails.add("restart")
    with pytest.raises(BadMedia, match="restart is broken"):
        await node.calls.restart_media(ann(), parent, offer("new sdp"))
    assert (await node.call(parent)).status is CallStatus.IN_PROGRESS


async def test_a_device_that_leaves_during_its_new_offer_leaves_no_media_behind(
    node: Node,
) -> None:
    """What was made for it after it was let go of is let go of as well."""
    parent, _ = await node.talk()
    node.media.only_slow = "restart"
    with node.media.gate.held():
        restarting = asyncio.create_task(node.calls.restart_media(ann(), parent, offer("new sdp")))
        await node.media.gate.reached()
        node.calls.hang_up(ann(), parent)
        await node.quiet()
    assert isinstance(await outcome(restarting), CallNotFound)
    await node.quiet()
    assert not node.media.endpoints


# --- media that fails ---------------------------------------------------------------------------


async def test_an_offer_that_cannot_be_used_fails_the_call(node: Node) -> None:
    """The caller is told why."""
    node.media.fails.add("answer")
    sid = await node.place(HOLD)
    assert node.phones.of("ann 1")[-2:] == ["hangup", "forgotten"]
    fault = next(told[3] for told in node.phones.told if told[0] == "hangup")
    assert isinstance(fault, BadMedia)
    assert (await node.call(sid)).status.terminal


async def test_a_device_without_media_is_not_invited(node: Node) -> None:
    """The dial goes on without it."""
    node.phones.register("bob", "bob 1")
    node.media.fails.add("offer")
    parent = await node.place(DIAL_BOB.replace("<Dial>", '<Dial action="/done">'))
    asked = node.customer.asked[-1][1]
    assert asked["DialCallStatus"] == "failed"
    assert node.phones.of("bob 1") == ["cancel", "forgotten"]
    assert (await node.call(parent)).status is CallStatus.COMPLETED


async def test_a_device_that_went_away_before_its_invite_is_no_answer(node: Node) -> None:
    """Its registration was still there when it was looked for."""
    node.phones.register("bob", "bob 1")
    node.phones.present.discard(SessionId("bob 1"))
    await node.place(DIAL_BOB.replace("<Dial>", '<Dial action="/done">'))
    assert node.customer.asked[-1][1]["DialCallStatus"] == "no-answer"
    assert not node.media.endpoints


async def test_an_answer_that_cannot_be_used_ends_the_callees_call(node: Node) -> None:
    """The callee is told why; the caller's document goes on."""
    node.media.fails.add("accept")
    parent, child = await node.talk()
    assert (await node.call(child)).status is CallStatus.COMPLETED
    assert (await node.call(parent)).status is CallStatus.COMPLETED
    told = next(told for told in node.phones.told if told[:2] == ("hangup", "bob 1"))
    assert isinstance(told[3], BadMedia)


async def test_an_answer_that_nobody_waits_for_is_forgotten(node: Node) -> None:
    """A caller who leaves before it is answered leaves nothing in memory."""
    sid = await node.place(DIAL_BOB.replace("<Dial>", '<Dial answerOnBridge="true">'))
    assert (await node.call(sid)).status is CallStatus.NO_ANSWER
    assert not node.releaser._answers


async def test_ring_back_that_fails_ends_nothing(node: Node) -> None:
    """The call goes on without the sound."""
    node.media.fails.add("ring")
    parent, _ = await node.talk()
    assert (await node.call(parent)).status is CallStatus.IN_PROGRESS
